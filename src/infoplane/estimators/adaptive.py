"""Estimators that adapt to the scale of a layer at each epoch (Chelombiev et al. 2019)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.checks import require_choice, require_positive, require_whole
from infoplane.estimators.discrete import deterministic_estimate, row_numbers
from infoplane.estimators.kde import KdeEstimator

EDGES = ("paper", "published_code")
SCALES = ("variance", "deviation")


def equal_count_codes(activations: np.ndarray, bins: int) -> np.ndarray:
    """Put each activation into one of `bins` intervals that hold equally many unique values.

    Parameters
    ----------
    activations : array of float, shape (samples, units)
    bins : int
        Number of intervals, shared by all units. With fewer unique values than intervals each
        value has its own.

    Returns
    -------
    array of int64, shape (samples, units)
        0 .. bins - 1. The r-th smallest of u unique values goes to interval floor(r bins / u).

    References
    ----------
    Chelombiev, Houghton & O'Donnell (2019), ICLR, figure 2.
    """
    values, ranks = np.unique(activations, return_inverse=True)
    levels = min(bins, len(values))
    return (ranks.reshape(activations.shape) * levels) // len(values)


def published_code_codes(activations: np.ndarray, bins: int) -> np.ndarray:
    """Put each activation into an interval as the published code of the paper does.

    It differs from `equal_count_codes` in two ways: exact zeros of a layer without negative
    values have an interval of their own and do not count among the unique values, and so has
    the layer's largest value. Both move the saturated or dead part of a layer apart.

    Parameters
    ----------
    activations : array of float, shape (samples, units)
    bins : int
        Number of intervals beside those two.

    Returns
    -------
    array of int64, shape (samples, units)
        0 (zeros), 1 .. bins, bins + 1 (the largest value).
    """
    values, ranks = np.unique(activations, return_inverse=True)
    zeros = int(values[0] == 0)
    others = len(values) - zeros
    first_ranks = np.arange(bins) * others // bins
    codes_of_values = np.searchsorted(first_ranks, np.arange(others), side="right")
    if others:
        codes_of_values[-1] = bins + 1
    codes_of_values = np.concatenate([np.zeros(zeros, dtype=np.int64), codes_of_values])
    return codes_of_values[ranks].reshape(activations.shape)


@dataclass(frozen=True)
class AdaptiveBinnedEstimator(Estimator):
    """Discretise a layer by intervals of equal count of unique values, anew at each call.

    The intervals are shared by the units of the layer. They follow the layer's scale, so that
    unbounded activations can be compared over epochs, and they hold equally many *unique*
    values, so that a saturated value takes part once however often it occurs.

    Parameters
    ----------
    bins : int
        Number of intervals; the paper has 30.
    edges : {'paper', 'published_code'}
        Intervals as in the paper's definition, or with the separate intervals for zeros and
        the largest value that its code has (see `published_code_codes`).

    References
    ----------
    Chelombiev, Houghton & O'Donnell (2019), ICLR: entropy-based adaptive binning, EBAB.
    """

    method: ClassVar[str] = "adaptive"
    assumptions: ClassVar[str] = (
        "Each pattern occurs once and T is a function of X, so I(X;T) = H(T) of the intervals' "
        "numbers. The intervals change with the layer and epoch: a change in I(X;T) may come "
        "from them, and a mere rescaling of the layer never shows."
    )

    bins: int = 30
    edges: str = "paper"

    def __post_init__(self):
        require_whole("bins", self.bins, at_least=2)
        require_choice("edges", self.edges, EDGES)

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        find_codes = equal_count_codes if self.edges == "paper" else published_code_codes
        codes = find_codes(activations, self.bins)
        levels = self.bins if self.edges == "paper" else self.bins + 2
        return deterministic_estimate(
            row_numbers(codes, levels), labels, activations.shape[1] * math.log2(levels)
        )


@dataclass(frozen=True)
class ScaledKdeEstimator(Estimator):
    """Bound the information of a layer with noise that grows with the layer's largest value.

    Parameters
    ----------
    fraction : float
        With m the largest absolute activation of the layer: the noise variance over m, or the
        noise's standard deviation over m, depending on `scales`.
    bound : {'upper', 'lower'}
        Which of the two mixture bounds (see `KdeEstimator`).
    scales : {'variance', 'deviation'}
        What grows in proportion to m. Only with 'deviation' is the estimate independent of the
        layer's unit of measurement.

    References
    ----------
    Chelombiev, Houghton & O'Donnell (2019), ICLR: adaptive KDE, aKDE. The published code has
    a fixed standard deviation of 0.01, adds a sample of the noise before the estimate and takes
    absolute values, none of which is repeated here.
    """

    method: ClassVar[str] = "kde_scaled"
    assumptions: ClassVar[str] = (
        "T is the layer's output plus Gaussian noise that the network does not have, scaled to "
        "the layer's largest absolute value at that epoch: one outlier rescales the layer, and "
        "values of different epochs are taken at different noise."
    )

    fraction: float
    bound: str = "upper"
    scales: str = "variance"

    def __post_init__(self):
        require_positive("fraction", self.fraction)
        require_choice("bound", self.bound, ("upper", "lower"))
        require_choice("scales", self.scales, SCALES)

    def noise_variance(self, activations: np.ndarray) -> float:
        """Return the noise variance for one layer.

        Parameters
        ----------
        activations : array of float, shape (samples, units)

        Returns
        -------
        float
            In the square of the activations' unit.
        """
        largest = float(np.abs(activations).max())
        return (
            self.fraction * largest
            if self.scales == "variance"
            else ((self.fraction * largest) ** 2)
        )

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        if not activations.any():
            return Estimate(0.0, 0.0, math.log2(len(activations)))
        fixed = KdeEstimator(noise_variance=self.noise_variance(activations), bound=self.bound)
        return fixed(activations, labels)
