"""How much of each layer lies outside a bin range, whose end bins would take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.measures.base import Measure, TrainedNetwork, columns_of, two_numbers

COLUMNS = ("share_below", "share_above", "lowest", "highest")


@dataclass(frozen=True)
class OutsideRangeMeasure(Measure):
    """Measure the share of a layer's values below and above a range.

    Parameters
    ----------
    label : str
    range : sequence of two float
        Ends of the range, which belong to it, in units of activation.
    """

    name: ClassVar[str] = "outside_range"
    table: ClassVar[str] = "outside_range"

    range: Sequence[float]

    def __post_init__(self):
        low, high = two_numbers(self.range)
        if not low < high:
            raise ValueError(f"range must be two numbers, the lower first, not {list(self.range)}")

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, share_below, share_above``, shares of the layer's values, and
            ``lowest, highest``, in units of activation.
        """
        rows = [
            (epoch, layer, *measure_range(values, *self.range))
            for epoch, layers in trained.layers()
            for layer, values in enumerate(layers, start=1)
        ]
        return columns_of(COLUMNS, rows)


def measure_range(values: np.ndarray, low: float, high: float) -> tuple[float, ...]:
    """Measure a layer's values against a range.

    Parameters
    ----------
    values : array of float, shape (samples, units)
    low, high : float
        Ends of the range, which belong to it.

    Returns
    -------
    share_below, share_above, lowest, highest : float
    """
    below, above = np.count_nonzero(values < low), np.count_nonzero(values > high)
    return (
        below / values.size,
        above / values.size,
        float(values.min()),
        float(values.max()),
    )
