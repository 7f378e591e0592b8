"""Which patterns of a task a network is trained on."""

from __future__ import annotations

import numpy as np

SPLITS = ("shuffled", "first")


def training_samples(
    labels: np.ndarray, fraction: float, generator: np.random.Generator, split: str = "shuffled"
) -> np.ndarray:
    """Choose a training set: drawn, shuffled and stratified by label, or the first samples.

    Parameters
    ----------
    labels : array of int, shape (samples,)
    fraction : float
        Share of the samples to train on, above 0 and at most 1.
    generator : numpy.random.Generator
    split : str
        One of `SPLITS`. ``"first"`` takes the samples as the task has them, from the first on.

    Returns
    -------
    training : array of int64, shape (round(fraction * samples),)
        Indices of the training samples, if shuffled in random order, each class with its share of
        them, up to one sample.

    Raises
    ------
    ValueError
        If the fraction is outside (0, 1] or leaves nothing to train on, or the first samples lack
        a class.
    """
    if not 0.0 < fraction <= 1.0:
        raise ValueError(f"training fraction must be above 0 and at most 1, not {fraction}")
    classes, counts = np.unique(labels, return_counts=True)
    total = round(fraction * len(labels))
    if total < len(classes):
        raise ValueError(
            f"training fraction {fraction} of {len(labels)} samples leaves fewer than one "
            f"sample for each of {len(classes)} classes"
        )
    if split == "first":
        if missing := sorted(set(classes.tolist()) - set(labels[:total].tolist())):
            raise ValueError(
                f"the first {total} of {len(labels)} samples lack the classes {missing}"
            )
        return np.arange(total)
    # Largest remainders: class sizes that add up to the total exactly.
    shares = counts * (total / len(labels))
    sizes = np.floor(shares).astype(np.int64)
    sizes[np.argsort(sizes - shares, kind="stable")[: total - sizes.sum()]] += 1
    drawn = [
        generator.permutation(np.flatnonzero(labels == label))[:size]
        for label, size in zip(classes, sizes, strict=True)
    ]
    return generator.permutation(np.concatenate(drawn))
