"""How large each layer's activations are along training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.measures.base import Measure, TrainedNetwork, columns_of


@dataclass(frozen=True)
class ActivationScaleMeasure(Measure):
    """Measure how far a layer's values lie from each unit's own mean.

    An estimate with noise or bins of a fixed size sees a layer that shrinks lose information, and
    one that grows gain it, whatever the layer tells apart.

    Parameters
    ----------
    label : str
    """

    name: ClassVar[str] = "activation_scale"
    table: ClassVar[str] = "activation_scale"

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, deviation``: the root of the variance over patterns, averaged over
            units, in units of activation.
        """
        rows = [
            (epoch, layer, np.sqrt(values.var(axis=0, dtype=np.float64).mean()))
            for epoch, layers in trained.layers()
            for layer, values in enumerate(layers, start=1)
        ]
        return columns_of(("deviation",), rows)
