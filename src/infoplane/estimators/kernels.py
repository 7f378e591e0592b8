"""Kernel matrices of samples, shared by the kernel-based measures of dependence."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist, squareform


def squared_distances(values: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distance of every two samples.

    Parameters
    ----------
    values : array of float, shape (samples, units)

    Returns
    -------
    array of float64, shape (samples, samples)
    """
    return squareform(pdist(np.asarray(values, dtype=np.float64), "sqeuclidean"))


def gaussian_kernel(squared: np.ndarray, width: float) -> np.ndarray:
    """Return the kernel exp(-distance^2 / width^2) of pairs of samples.

    Parameters
    ----------
    squared : array of float, of any shape
        Squared distances.
    width : float
        sigma, in units of the distance; sqrt(2) times the standard deviation of the Gaussian.

    Returns
    -------
    array of float64, of the same shape
        1 where the distance is 0.
    """
    return np.exp(-squared / width**2)


def label_kernel(labels: np.ndarray) -> np.ndarray:
    """Return the kernel matrix that is 1 for equal labels and 0 otherwise.

    Parameters
    ----------
    labels : array of int, shape (samples,)

    Returns
    -------
    array of float64, shape (samples, samples)
    """
    return np.equal.outer(labels, labels).astype(np.float64)


def typical_distance(squared: np.ndarray, kind: str) -> float:
    """Return the median or mean distance of two different samples.

    Parameters
    ----------
    squared : array of float, shape (samples, samples)
        Squared distances.
    kind : {'median', 'mean'}

    Returns
    -------
    float
        0 for a single sample.
    """
    if len(squared) == 1:
        return 0.0
    distances = np.sqrt(squareform(squared, checks=False))
    return float(np.median(distances) if kind == "median" else distances.mean())


def stratified_subset(labels: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Choose samples at random, each label in its share.

    Parameters
    ----------
    labels : array of int, shape (available,)
        Numbered from 0.
    samples : int
        How many to choose, at most those available.
    seed : int

    Returns
    -------
    array of int, shape (samples,)
        Indices in increasing order. Labels get their share rounded down, and the samples left
        over go to the largest remainders.
    """
    sizes = np.bincount(labels)
    shares = sizes * samples / labels.size
    quotas = np.floor(shares).astype(int)
    left = samples - quotas.sum()
    quotas[np.argsort(quotas - shares, kind="stable")[:left]] += 1
    generator = np.random.default_rng(seed)
    chosen = [
        generator.choice(np.flatnonzero(labels == label), quota, replace=False)
        for label, quota in enumerate(quotas)
    ]
    return np.sort(np.concatenate(chosen))
