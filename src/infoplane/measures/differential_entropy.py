"""Differential entropy of every layer by neighbours, beside the rows that it cannot have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_positive, require_whole
from infoplane.estimators.discrete import exact_row_numbers
from infoplane.estimators.knn import add_noise, kozachenko_leonenko_entropy_bits
from infoplane.estimators.kraskov_entropy import KraskovEntropyEstimator
from infoplane.measures.base import Measure, TrainedNetwork, columns_of
from infoplane.training.schedule import seed_sequence

COLUMNS = ("jitter_variance", "entropy_bits", "share_duplicated")


@dataclass(frozen=True)
class DifferentialEntropyMeasure(Measure):
    """Measure h(T) with jitter, and how many rows of the layer are there more than once.

    A layer that is drawn from a density has no row twice, and jitter that is small beside the
    distances of its rows does not move h(T). Rows that are equal have the jitter's entropy: h(T)
    falls with the jitter, without end, and is no property of the layer.

    Parameters
    ----------
    label : str
    neighbours : int
        k.
    jitter_variances : sequence of float
        Of the Gaussian noise in each unit, the same noise but for its size.

    References
    ----------
    Saxe et al. (2018), ICLR, fig. 12; Kraskov et al. (2004).
    """

    name: ClassVar[str] = "differential_entropy"
    table: ClassVar[str] = "differential_entropy"

    neighbours: int
    jitter_variances: Sequence[float]

    def __post_init__(self):
        require_whole("neighbours", self.neighbours, at_least=1)
        if isinstance(self.jitter_variances, str | float | int) or not self.jitter_variances:
            raise ValueError(f"jitter_variances must be a list, not {self.jitter_variances!r}")
        for variance in self.jitter_variances:
            require_positive("jitter_variances", variance)

    def methods(self) -> tuple[str, ...]:
        """Return the method whose entropy it is."""
        return (KraskovEntropyEstimator.name,)

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, jitter_variance, entropy_bits`` (may be negative) and
            ``share_duplicated`` (of the patterns, those whose row another pattern has too).
        """
        return columns_of(COLUMNS, self._rows(trained))

    def _rows(self, trained: TrainedNetwork) -> Iterator[tuple]:
        state = seed_sequence(trained.seed, trained.initialisation, "noise").generate_state(1)
        seed = int(state[0])
        for epoch, layers in trained.layers():
            for layer, values in enumerate(layers, start=1):
                duplicated = share_duplicated(values)
                for variance in self.jitter_variances:
                    noisy = add_noise(values, variance, 1, seed)
                    bits = kozachenko_leonenko_entropy_bits(noisy, self.neighbours)
                    yield epoch, layer, float(variance), bits, duplicated


def share_duplicated(values: np.ndarray) -> float:
    """Return the share of rows that are equal to another one.

    Parameters
    ----------
    values : array of float, shape (samples, units)

    Returns
    -------
    float
    """
    numbers = exact_row_numbers(values)
    return float(np.mean(np.bincount(numbers)[numbers] > 1))
