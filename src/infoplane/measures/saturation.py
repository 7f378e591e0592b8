"""How much of each layer is saturated: the share of units near an end of their range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.measures.base import Measure, TrainedNetwork, columns_of
from infoplane.networks import Network
from infoplane.networks.functions import BOUNDED_ACTIVATIONS


@dataclass(frozen=True)
class SaturationMeasure(Measure):
    """Measure the share of a layer's values, over units and patterns, that are saturated.

    Parameters
    ----------
    label : str
    threshold : float
        A hidden unit h, which runs from -1 to 1, is saturated where abs(h) is above this; an
        output unit p, a probability, where abs(2 p - 1) is.

    References
    ----------
    Saxe et al. (2018), ICLR, fig. 16: histograms of the activations along training.
    """

    name: ClassVar[str] = "saturation"
    table: ClassVar[str] = "saturation"

    threshold: float

    def __post_init__(self):
        number = isinstance(self.threshold, int | float) and not isinstance(self.threshold, bool)
        if not (number and 0 < self.threshold < 1):
            raise ValueError(f"threshold must lie between 0 and 1, not {self.threshold!r}")

    def refusal(self, network: Network) -> str:
        """Return why it does not apply: hidden units without ends never saturate."""
        if network.activation in BOUNDED_ACTIVATIONS:
            return ""
        return (
            f"only hidden units between -1 and 1 saturate ({', '.join(BOUNDED_ACTIVATIONS)}), "
            f"not {network.activation or network.name}"
        )

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, share_saturated``, a share of the layer's values.
        """
        rows = [
            (epoch, layer, self.share(values if layer < len(layers) else 2 * values - 1))
            for epoch, layers in trained.layers()
            for layer, values in enumerate(layers, start=1)
        ]
        return columns_of(("share_saturated",), rows)

    def share(self, values: np.ndarray) -> float:
        """Return the share of values between -1 and 1 that are saturated.

        Parameters
        ----------
        values : array of float, shape (samples, units)

        Returns
        -------
        float
        """
        return np.count_nonzero(np.abs(values) > self.threshold) / values.size
