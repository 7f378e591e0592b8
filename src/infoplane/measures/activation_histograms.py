"""Histograms of every layer's activations, on a scale of the layer's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_whole
from infoplane.measures.base import Measure, TrainedNetwork, columns_of

COLUMNS = ("scale", "relative_value", "share")


@dataclass(frozen=True)
class ActivationHistogramsMeasure(Measure):
    """Count a layer's values, over units and patterns, in equal bins.

    The bins are the same for all networks and epochs once a layer's values are divided by its
    scale, the largest absolute value that it takes along the whole training.

    Parameters
    ----------
    label : str
    bins : int
        Equal bins on [-1, 1] of the divided values; the last holds 1 as well.

    References
    ----------
    Saxe et al. (2018), ICLR, fig. 16 and 17: activations of tanh pile up at their ends, those of
    ReLU do not.
    """

    name: ClassVar[str] = "activation_histograms"
    table: ClassVar[str] = "activation_histograms"

    bins: int

    def __post_init__(self):
        require_whole("bins", self.bins, at_least=2)

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, scale`` (in units of activation), ``relative_value`` (the middle of a
            bin, over the scale) and ``share`` (of the layer's values); a row a bin.
        """
        edges = np.linspace(-1.0, 1.0, self.bins + 1)
        middles = (edges[:-1] + edges[1:]) / 2
        scales = np.abs(trained.extremes()).max(axis=0).astype(np.float64)
        rows = (
            (epoch, layer, scale, middle, share)
            for epoch, layers in trained.layers()
            for layer, (values, scale) in enumerate(zip(layers, scales, strict=True), start=1)
            for middle, share in zip(middles, shares(values, scale, edges), strict=True)
        )
        return columns_of(COLUMNS, rows)


def shares(values: np.ndarray, scale: float, edges: np.ndarray) -> np.ndarray:
    """Return the share of values in each bin.

    Parameters
    ----------
    values : array of float, shape (samples, units)
    scale : float
        What they are divided by; 0 where all are 0.
    edges : array of float64, shape (bins + 1,)

    Returns
    -------
    shares : array of float64, shape (bins,)
        They sum to 1 if no absolute value is above the scale.
    """
    relative = values.astype(np.float64) / (scale or 1.0)
    return np.histogram(relative, edges)[0] / values.size
