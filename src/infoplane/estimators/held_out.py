"""What is fitted on one half of the samples and measured on the other."""

from __future__ import annotations

import numpy as np


def halves(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split the samples at random into two halves that hold every class.

    Parameters
    ----------
    labels : array of int, shape (samples,)
        Numbered from 0.
    seed : int

    Returns
    -------
    fitted, held_out : arrays of int64
        Indices; of each class half the samples, an odd one going to `fitted`.

    Raises
    ------
    ValueError
        If a class has a single sample.
    """
    sizes = np.bincount(labels)
    if sizes.min() < 2:
        raise ValueError(
            f"every class must have at least 2 samples, one for each half; class number "
            f"{sizes.argmin()} has {sizes.min()}"
        )
    generator = np.random.default_rng(seed)
    members = [
        generator.permutation(np.flatnonzero(labels == label)) for label in range(len(sizes))
    ]
    fitted = np.concatenate([indices[: (len(indices) + 1) // 2] for indices in members])
    held_out = np.concatenate([indices[(len(indices) + 1) // 2 :] for indices in members])
    return fitted, held_out


def standardised(values: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Scale each unit to mean 0 and standard deviation 1 over some of the samples.

    Parameters
    ----------
    values : array of float, shape (samples, units)
    fitted : array of int
        The samples to take the scale from.

    Returns
    -------
    array of float64, shape (samples, units)
        Units that do not vary among those samples are only shifted.
    """
    values = values.astype(np.float64)
    mean, deviation = values[fitted].mean(axis=0), values[fitted].std(axis=0)
    return (values - mean) / np.where(deviation > 0, deviation, 1.0)
