"""Intervals of estimates, and how they follow from resamples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import scipy.special


@dataclass(frozen=True)
class Interval:
    """Hold an estimate with its interval, in the unit of what was measured.

    Attributes
    ----------
    estimate, low, high : float
        NaN where nothing is defined.
    test : callable, optional
        Takes a threshold, gives the two-sided p-value of the hypothesis that this is the truth:
        one minus the largest confidence at which the interval leaves the threshold out.
    """

    estimate: float
    low: float
    high: float
    test: Callable[[float], float] | None = field(default=None, compare=False, repr=False)

    def p_value(self, threshold: float) -> float:
        """Return how well a threshold agrees with the estimate; NaN where nothing is known."""
        return np.nan if self.test is None or np.isnan(self.low) else self.test(threshold)

    def __str__(self) -> str:
        return f"{self.estimate:.4g} [{self.low:.4g}, {self.high:.4g}]"


@dataclass(frozen=True)
class Spread:
    """Hold how a statistic spreads over resamples, corrected for bias, skewness and few networks.

    Attributes
    ----------
    estimate : float
    resampled : array of float, shape (resamples,)
        Sorted.
    left_out : array of float, shape (inits,)
        The statistic without each initialisation in turn.
    """

    estimate: float
    resampled: np.ndarray
    left_out: np.ndarray

    @property
    def bias(self) -> float:
        """Return z0: where the estimate stands among the resamples, as a normal quantile."""
        return float(scipy.special.ndtri(self._below(self.estimate)))

    @property
    def acceleration(self) -> float:
        """Return a: how fast the deviation changes with the statistic, from the jackknife."""
        if not np.isfinite(self.left_out).all() or self.left_out.size < 2:
            return 0.0
        apart = self.left_out.mean() - self.left_out
        scale = (apart**2).sum() ** 1.5
        return float((apart**3).sum() / (6 * scale)) if scale > 0 else 0.0

    @property
    def widening(self) -> float:
        """Return by what the percentile interval of a mean is too narrow."""
        return float(np.sqrt(self.left_out.size / max(self.left_out.size - 1, 1)))

    def quantile(self, level: float) -> float:
        """Return the end of the interval at a level such as 0.025."""
        shifted = self.bias + self.widening * self._student(level)
        slope = 1 - self.acceleration * shifted
        # Beyond the pole of the correction every resample counts.
        corrected = self.bias + shifted / slope if slope > 0 else np.copysign(np.inf, shifted)
        share = scipy.special.ndtr(corrected)
        return float(np.quantile(self.resampled, share, method="inverted_cdf"))

    def p_value(self, threshold: float) -> float:
        """Return the two-sided p-value of a threshold, the inverse of `quantile`."""
        if self.left_out.size < 2:
            return 1.0
        apart = float(scipy.special.ndtri(self._below(threshold))) - self.bias
        slope = 1 + self.acceleration * apart
        corrected = apart / slope if slope > 0 else np.copysign(np.inf, apart)
        student = abs(corrected - self.bias) / self.widening
        return float(2 * scipy.special.stdtr(self.left_out.size - 1, -student))

    def _student(self, level: float) -> float:
        degrees = self.left_out.size - 1
        if degrees < 1:
            return float(scipy.special.ndtri(level))
        return float(scipy.special.stdtrit(degrees, level))

    def _below(self, value: float) -> float:
        """Return the share of resamples below a value, never 0 or 1; equal ones count half."""
        below, upto = (np.searchsorted(self.resampled, value, side) for side in ("left", "right"))
        share = (below + upto) / 2 / self.resampled.size
        least = 0.5 / self.resampled.size
        return float(np.clip(share, least, 1 - least))
