"""Bins that adapt to a layer at each epoch (Chelombiev et al. 2019)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_choice, require_whole
from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.discrete import deterministic_estimate, row_numbers

EDGES = ("paper", "published_code")


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

    name: ClassVar[str] = "adaptive"
    assumptions: ClassVar[str] = (
        "Each pattern occurs once and T is a function of X, so I(X;T) = H(T) of the intervals' "
        "numbers. The intervals change with the layer and epoch: a change in I(X;T) may come "
        "from them, and a mere rescaling of the layer never shows."
    )

    copies: ClassVar[float] = 6.5

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
