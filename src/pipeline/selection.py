"""Which networks, snapshots and patterns a job is about."""

from __future__ import annotations

import numpy as np

EVALUATIONS = ("all", "train", "test")


def chunk_names(initialisations: int, per_chunk: int, needed: int | None = None) -> list[str]:
    """Name the chunks that hold the first initialisations, such as ``000-009``.

    Parameters
    ----------
    initialisations : int
        How many are trained.
    per_chunk : int
    needed : int, optional
        How many of them are needed; all by default.
    """
    needed = min(needed or initialisations, initialisations)
    return [
        f"{start:03d}-{min(start + per_chunk, initialisations) - 1:03d}"
        for start in range(0, needed, per_chunk)
    ]


def chunk_initialisations(chunk: str) -> range:
    """Return the initialisations that a chunk's name stands for."""
    first, last = chunk.split("-")
    return range(int(first), int(last) + 1)


def chosen_snapshots(stored: int, wanted: int | None) -> np.ndarray:
    """Return at most `wanted` indices, evenly taken, the first and the last among them."""
    if wanted is None or wanted >= stored:
        return np.arange(stored)
    return np.unique(np.rint(np.linspace(0, stored - 1, wanted)).astype(np.int64))


def chosen_patterns(choice: str, samples: int, training_samples: np.ndarray) -> np.ndarray:
    """Return the patterns that a network is measured on.

    Parameters
    ----------
    choice : {'all', 'train', 'test'}
    samples : int
        Patterns of the task.
    training_samples : array of int
        Those that the network was trained on.

    Returns
    -------
    patterns : array of int64, increasing

    Raises
    ------
    ValueError
        If no pattern is left, or there is no such choice.
    """
    if choice == "all":
        return np.arange(samples)
    if choice not in EVALUATIONS:
        raise ValueError(f"evaluation {choice!r} is not one of: {', '.join(EVALUATIONS)}")
    trained = np.zeros(samples, dtype=bool)
    trained[training_samples] = True
    patterns = np.flatnonzero(trained if choice == "train" else ~trained)
    if not patterns.size:
        raise ValueError("evaluation on 'test' leaves nothing: all patterns were trained on")
    return patterns
