"""The Hilbert-Schmidt independence criterion: a measure of dependence, not in bits."""

from __future__ import annotations

import math

import numpy as np

from infoplane.estimators.base import check_samples
from infoplane.estimators.kernels import (
    gaussian_kernel,
    label_kernel,
    squared_distances,
    typical_distance,
)


def hsic(kernel_x: np.ndarray, kernel_y: np.ndarray) -> float:
    """Return the empirical criterion of two kernel matrices.

    Parameters
    ----------
    kernel_x, kernel_y : array of float, shape (samples, samples)
        Symmetric, of the same samples.

    Returns
    -------
    float
        tr(K H L H) / (samples - 1)^2 with H = I - 1/samples; without unit, at least 0 up to
        rounding, biased upwards by O(1 / samples).

    References
    ----------
    Gretton, Bousquet, Smola & Schoelkopf (2005), ALT, equation 9.
    """
    samples = _check_kernels(kernel_x, kernel_y)
    return float(np.vdot(_centred(kernel_x), kernel_y) / (samples - 1) ** 2)


def normalised_hsic(kernel_x: np.ndarray, kernel_y: np.ndarray) -> float:
    """Return the criterion divided by its largest value for the given spreads.

    Parameters
    ----------
    kernel_x, kernel_y : array of float, shape (samples, samples)

    Returns
    -------
    float
        HSIC(x, y) / sqrt(HSIC(x, x) HSIC(y, y)), from 0 to 1.

    Raises
    ------
    ValueError
        If one of the kernels is constant, so that there is nothing to normalise by.

    References
    ----------
    Cortes, Mohri & Rostamizadeh (2012), JMLR 13 (centred alignment); Gretton et al. (2005).
    """
    _check_kernels(kernel_x, kernel_y)
    centred_x, centred_y = _centred(kernel_x), _centred(kernel_y)
    spread_x, spread_y = np.vdot(centred_x, centred_x), np.vdot(centred_y, centred_y)
    rounding = (np.finfo(np.float64).eps * len(kernel_x)) ** 2
    for name, spread, kernel in (("x", spread_x, kernel_x), ("y", spread_y, kernel_y)):
        if spread <= rounding * np.vdot(kernel, kernel):
            raise ValueError(f"kernel_{name} is the same for all samples: nothing depends on it")
    return float(np.vdot(centred_x, centred_y) / math.sqrt(spread_x * spread_y))


def layer_hsic(
    activations: np.ndarray, labels: np.ndarray, width: float | None = None
) -> tuple[float, float]:
    """Return the dependence of labels on a layer, plain and normalised.

    Parameters
    ----------
    activations : array of float, shape (samples, units)
    labels : array of int, shape (samples,)
    width : float, optional
        Of the Gaussian kernel exp(-distance^2 / width^2) of the layer; the median distance by
        default.

    Returns
    -------
    plain, normalised : tuple of float
        Without unit; see `hsic` and `normalised_hsic`.

    Raises
    ------
    ValueError
        If the layer or the labels are constant.
    """
    activations, labels = check_samples(activations, labels)
    squared = squared_distances(activations)
    if width is None:
        width = typical_distance(squared, "median") or typical_distance(squared, "mean") or 1.0
    if not (math.isfinite(width) and width > 0):
        raise ValueError(f"width must be a finite number above 0, not {width!r}")
    kernels = gaussian_kernel(squared, width), label_kernel(labels)
    return hsic(*kernels), normalised_hsic(*kernels)


def _centred(kernel: np.ndarray) -> np.ndarray:
    """Return H K H."""
    means = kernel.mean(axis=0)
    return kernel - means[None, :] - means[:, None] + means.mean()


def _check_kernels(kernel_x: np.ndarray, kernel_y: np.ndarray) -> int:
    """Refuse kernels that are not square and of one size; return the samples."""
    if kernel_x.ndim != 2 or kernel_x.shape[0] != kernel_x.shape[1] or len(kernel_x) < 2:
        raise ValueError(f"kernel_x must be square, of at least 2 samples, not {kernel_x.shape}")
    if kernel_y.shape != kernel_x.shape:
        raise ValueError(f"kernel_y must have shape {kernel_x.shape}, not {kernel_y.shape}")
    return len(kernel_x)
