"""Mutual information of a layer whose units are cut into equal intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar

import numpy as np

from infoplane.estimators._binned_kernels import (
    append_codes,
    first_outside,
    interval_codes,
    joint_entropies,
    rank,
    width_codes,
)
from infoplane.estimators.base import Estimate, Estimator

MOST_INTERVALS = 2**32
OUTSIDE = ("refuse", "end_bins")
# The index of an interval is guessed from the position and corrected by at most one: an
# interval has to be much wider than the rounding of its edges.
LEAST_SPACINGS_PER_INTERVAL = 1024


@dataclass(frozen=True)
class BinnedEstimator(Estimator):
    """Estimate I(X;T) and I(T;Y) from the counts of a layer's binned states (plug-in).

    Give either `bins`, `low` and `high`, or `bin_width`.

    Parameters
    ----------
    bins : int, optional
        Number of equal intervals on [low, high]: 30 means 30 intervals (the 30 edges of SZT's
        code are ``bins=29``). At most 2**32.
    low, high : float, optional
        Ends of the range, in units of activation. Interval k is
        [low + k (high - low) / bins, low + (k + 1) (high - low) / bins), its edges computed in
        float64; `high` itself belongs to the last interval.
    outside : str
        What happens to a value outside [low, high]: ``"refuse"``, an error, or ``"end_bins"``:
        it goes into the first or last interval, as with SZT's code for every activation.
    bin_width : float, optional
        Width of the intervals, in units of activation; a value's interval is
        floor(value / bin_width), computed in float64, on an unlimited range (SAXE's code).

    Notes
    -----
    T is the tuple of the units' intervals, counted over the samples without approximation. Every
    sample is taken as a different input X that occurs once. Binning makes T a function of
    X, hence H(T|X) = 0 and I(X;T) = H(T), which cannot exceed log2(samples). With weights in
    the inputs, or with repeated ones, this would not hold.
    With ``outside="end_bins"`` an end interval is no longer one: it holds half of all numbers,
    and a layer whose values grow out of the range seems to compress as one that saturates does.
    I(T;Y) = H(T) - H(T|Y) from the joint counts (SZT 2017, section 3; SAXE 2018, section 2).
    The plug-in entropies are biased downwards, I(T;Y) upwards. The result depends on counts
    alone, so that any order of samples or units gives the same bits.
    """

    name: ClassVar[str] = "binned"
    assumptions: ClassVar[str] = (
        "Every sample is a different input that occurs once, and the binned layer is a function "
        "of it: H(T|X) = 0 and I(X;T) = H(T). Plug-in entropies, without a bias correction."
    )

    bins: int | None = None
    low: float | None = None
    high: float | None = None
    bin_width: float | None = None
    outside: str = "refuse"

    def __post_init__(self) -> None:
        if self.outside not in OUTSIDE:
            raise ValueError(f"outside must be one of {', '.join(OUTSIDE)}, not {self.outside!r}")
        if self.bin_width is not None:
            if self.outside != "refuse":
                raise ValueError(
                    f"outside={self.outside!r} needs bins, low and high: with bin_width="
                    f"{self.bin_width!r} alone no value is outside"
                )
            for name in ("bins", "low", "high"):
                if getattr(self, name) is not None:
                    raise ValueError(
                        f"{name} and bin_width exclude each other; give bins, low and high, or "
                        f"bin_width alone, not {name}={getattr(self, name)!r} with "
                        f"bin_width={self.bin_width!r}"
                    )
            if not _is_finite(self.bin_width) or self.bin_width <= 0:
                raise ValueError(f"bin_width must be a number > 0, not {self.bin_width!r}")
            return
        for name in ("bins", "low", "high"):
            if getattr(self, name) is None:
                raise ValueError(f"{name} is missing; give bins, low and high, or bin_width")
        self._check_range()

    def _check_range(self) -> None:
        bins, low, high = self.bins, self.low, self.high
        whole = isinstance(bins, Integral) and not isinstance(bins, bool)
        if not whole or not 1 <= bins <= MOST_INTERVALS:
            raise ValueError(f"bins must be a whole number from 1 to 2**32, not {bins!r}")
        for name in ("low", "high"):
            if not _is_finite(getattr(self, name)):
                raise ValueError(f"{name} must be a finite number, not {getattr(self, name)!r}")
        if not low < high:
            raise ValueError(f"low must be smaller than high, not low={low!r}, high={high!r}")
        span = float(high) - float(low)
        if not math.isfinite(span * bins):
            raise ValueError(f"the range low={low!r}, high={high!r} is too wide for {bins} bins")
        if span / bins < LEAST_SPACINGS_PER_INTERVAL * np.spacing(max(abs(low), abs(high))):
            raise ValueError(
                f"the range low={low!r}, high={high!r} is too narrow for {bins} bins: their edges "
                "would be lost in the rounding of float64"
            )

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        # As many units at a time as have room in 64 bits, and their intervals.
        return (8 + dtype.itemsize) * labels.size * min(units, 64)

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        samples, units = activations.shape
        states = self.states(activations)
        labels = labels.astype(np.int64, copy=False)
        state_bits, label_bits, joint_bits = joint_entropies(states, labels, labels.max() + 1)
        ceiling_bits = math.log2(samples)
        if self.bins is not None:
            ceiling_bits = min(ceiling_bits, units * math.log2(self.bins))
        # Grouped so that I(T;Y) is exactly H(Y) where T determines Y, and 0 where T is constant.
        return Estimate(state_bits, label_bits - (joint_bits - state_bits), ceiling_bits)

    def states(self, activations: np.ndarray) -> np.ndarray:
        """Number the binned states of a layer: equal for two samples where all intervals are.

        Parameters
        ----------
        activations : array of float, shape (samples, units)
            Finite values.

        Returns
        -------
        states : array of uint64, shape (samples,)
            Arbitrary numbers that identify the states, without collisions.

        Raises
        ------
        ValueError
            If a value lies outside [low, high] and is to be refused, or its interval's number
            outside -2**31 .. 2**31 - 1 for a `bin_width`.
        """
        values, radix = self._checked(activations)
        samples, units = values.shape
        states, size, start = np.zeros(samples, np.uint64), 1, 0
        if radix == 1:
            return states
        while start < units:
            stop = start
            while stop < units and size * radix <= 2**64:
                size *= radix
                stop += 1
            append_codes(states, self._codes(values[:, start:stop]), radix)
            start = stop
            if start < units:
                # No room for another unit in 64 bits: renumber the states seen so far.
                states, size = rank(states)
                if size == samples:
                    # No unit can tell more of them apart: of a wide layer few are looked at.
                    break
                size = samples
        return states

    def _checked(self, activations: np.ndarray) -> tuple[np.ndarray, int]:
        """Return the values, none of them to be refused, and how many intervals there may be."""
        if activations.dtype not in (np.float32, np.float64):
            activations = activations.astype(np.float64)
        values = np.ascontiguousarray(activations)
        lowest, highest = float(values.min()), float(values.max())
        if self.bin_width is None:
            low, high = float(self.low), float(self.high)
            if self.outside == "refuse" and (lowest < low or highest > high):
                sample, unit = first_outside(values, low, high)
                raise ValueError(
                    f"sample {sample}, unit {unit} is {values[sample, unit]}, outside the range "
                    f"[{self.low}, {self.high}] of the bins"
                )
            return values, int(self.bins)
        width = float(self.bin_width)
        smallest, largest = np.floor(lowest / width), np.floor(highest / width)
        if smallest < -(2**31) or largest >= 2**31:
            intervals = np.floor(values.astype(np.float64) / width)
            sample, unit = np.argwhere(np.abs(intervals + 0.5) > 2.0**31)[0]
            raise ValueError(
                f"sample {sample}, unit {unit} is {values[sample, unit]}, too many bins of width "
                f"{self.bin_width} away from 0 (at most 2**31)"
            )
        return values, int(largest - smallest) + 1

    def _codes(self, values: np.ndarray) -> np.ndarray:
        """Return the interval of each value, counted from 0."""
        values = np.ascontiguousarray(values)
        if self.bin_width is None:
            return interval_codes(values, float(self.low), float(self.high), int(self.bins))
        return width_codes(values, float(self.bin_width))[0]


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(float(value))
