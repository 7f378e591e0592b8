"""The minimal model of Saxe et al., figure 2: one Gaussian input, one weight, one binned unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import ndtr

from infoplane.checks import require_choice, require_positive, require_whole
from infoplane.models.base import Model
from infoplane.tasks.base import Task

# Beyond 9 standard deviations there is 1e-19 of a normal variable, less than float64 tells from 0
# beside 1; what lies there is counted into the last bins.
REACH = 9.0
MOST_BINS = 20_000_000


@dataclass(frozen=True)
class BinnedActivation:
    """Hold a monotone activation function as bins see it.

    Attributes
    ----------
    net_input : callable
        The net input at which it takes a value inside its range; -inf or inf at a range's end.
    low, high : float
        The ends of its range, infinite where it has none.
    """

    net_input: Callable[[np.ndarray], np.ndarray]
    low: float
    high: float


def _inverse_softsign(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return values / (1 - np.abs(values))


def _inverse_sigmoid(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(values) - np.log1p(-values)


def _inverse_tanh(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.arctanh(values)


# Of ReLU, all of x <= 0 is the value 0, which lies in the first bin [0, width).
BINNED_ACTIVATIONS = {
    "tanh": BinnedActivation(_inverse_tanh, -1.0, 1.0),
    "softsign": BinnedActivation(_inverse_softsign, -1.0, 1.0),
    "sigmoid": BinnedActivation(_inverse_sigmoid, 0.0, 1.0),
    "relu": BinnedActivation(lambda values: values, 0.0, math.inf),
    "linear": BinnedActivation(lambda values: values, -math.inf, math.inf),
}


def bin_borders(activation: str, weight: float, bins: int, width: float) -> np.ndarray:
    """Return the standardised inputs at which T passes from one bin to the next.

    Parameters
    ----------
    activation : str
        One of `BINNED_ACTIVATIONS`.
    weight : float
        w, above 0.
    bins : int
        Equal bins over the range of a bounded activation.
    width : float
        Of the bins of an unbounded one, in units of activation, with a border at 0.

    Returns
    -------
    borders : array of float64, shape (bins - 1,)
        Increasing; the first and the last bin reach to infinity.
    """
    shape = BINNED_ACTIVATIONS[activation]
    if math.isfinite(shape.high):
        values = np.linspace(shape.low, shape.high, bins + 1)[1:-1]
    else:
        last = math.ceil(REACH * weight / width)
        first = 1 if shape.low == 0 else -last
        values = width * np.arange(first, last + 1)
    return shape.net_input(values) / weight


def binned_information(borders: np.ndarray) -> tuple[float, float]:
    """Return I(X;T) of a normal X cut into bins, and how far rounding may move it.

    Parameters
    ----------
    borders : array of float64, shape (bins - 1,)
        Increasing, in standard deviations of X.

    Returns
    -------
    information : float
        H(T) in bits: T is a function of X, so that H(T given X) = 0.
    error : float
        Bound on the rounding error in bits.

    Notes
    -----
    A bin's probability is the difference of the normal distribution function at its borders,
    taken from the tail that is nearer, where the function is small and its float64 exact to a few
    units in the last place. An error d of p moves -p log2 p by at most d (|log2 p| + 1 / ln 2).
    """
    edges = np.concatenate([[-np.inf], borders, [np.inf]])
    low, high = edges[:-1], edges[1:]
    upper = low > 0
    # Both from the tail that the bin lies in: of the left for bins that begin below 0.
    near, far = np.where(upper, -low, high), np.where(upper, -high, low)
    larger = ndtr(near)
    probability = larger - ndtr(far)
    there = probability > 0
    log = np.log2(probability[there])
    information = float(-(probability[there] * log).sum())
    slips = 4 * np.finfo(float).eps * larger[there]
    return information, float((slips * (np.abs(log) + 1 / math.log(2))).sum())


@dataclass(frozen=True)
class MinimalModel(Model):
    """Describe I(X;T) of T = activation(w X), binned, for X normal with mean 0 and variance 1.

    Bounded activations have `bins` equal bins over their range; of the others the bins have the
    width of those of tanh, 2 / `bins`, and there are as many as there are values. So bins do not
    grow with the weight: with bins from the least to the largest value, I(X;T) of ReLU and linear
    units would not depend on w at all.

    Parameters
    ----------
    activations : sequence of str
        Of `BINNED_ACTIVATIONS`.
    bins : int
        At least 2.
    smallest_weight, largest_weight : float
        w, above 0.
    weights_per_decade : int
        Weights to solve it for, in a factor of 10.

    References
    ----------
    Saxe et al. (2018), ICLR, figure 2 and section 2.
    """

    name: ClassVar[str] = "minimal"

    activations: Sequence[str]
    bins: int
    smallest_weight: float
    largest_weight: float
    weights_per_decade: int

    def __post_init__(self):
        if isinstance(self.activations, str) or not self.activations:
            raise ValueError(f"activations must be a list of names, not {self.activations!r}")
        object.__setattr__(self, "activations", tuple(self.activations))
        for activation in self.activations:
            require_choice("activations", activation, tuple(BINNED_ACTIVATIONS))
        require_whole("bins", self.bins, at_least=2)
        require_positive("smallest_weight", self.smallest_weight)
        require_positive("largest_weight", self.largest_weight)
        require_whole("weights_per_decade", self.weights_per_decade, at_least=1)
        if self.largest_weight <= self.smallest_weight:
            raise ValueError(
                f"largest_weight must be above smallest_weight {self.smallest_weight!r}, not "
                f"{self.largest_weight!r}"
            )
        if self.largest_weight * self.bins * REACH > MOST_BINS:
            raise ValueError(
                f"bins times largest_weight must be at most {MOST_BINS / REACH:.0f}, for an "
                f"unbounded activation has as many bins, not {self.bins * self.largest_weight:g}"
            )

    @property
    def weights(self) -> np.ndarray:
        """Return the weights, log-spaced from the largest down to the smallest or just above."""
        decades = math.log10(self.largest_weight / self.smallest_weight)
        steps = math.floor(decades * self.weights_per_decade + 1e-9)
        return self.largest_weight * 10.0 ** (-np.arange(steps, -1, -1) / self.weights_per_decade)

    def solve(self, task: Task | None = None) -> dict[str, np.ndarray]:
        """Solve the model.

        Parameters
        ----------
        task : None
            It has none.

        Returns
        -------
        columns : dict of array
            ``activation, weight, mi_input_bits, error_bits``, the last a bound on rounding.
        """
        bins = self.bins, 2 / self.bins
        rows = [
            (activation, weight, *binned_information(bin_borders(activation, weight, *bins)))
            for activation in self.activations
            for weight in self.weights
        ]
        names = ("activation", "weight", "mi_input_bits", "error_bits")
        return dict(zip(names, map(np.array, zip(*rows, strict=True)), strict=True))
