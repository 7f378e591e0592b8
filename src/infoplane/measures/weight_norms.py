"""Norms of the weights of every layer along training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.measures.base import Measure, TrainedNetwork, columns_of


@dataclass(frozen=True)
class WeightNormsMeasure(Measure):
    """Measure the Euclidean norm of each layer's weights, biases left out.

    Parameters
    ----------
    label : str

    References
    ----------
    Saxe et al. (2018), ICLR, appendix D.
    """

    name: ClassVar[str] = "weight_norms"
    table: ClassVar[str] = "weights"

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, weight_norm``, in float64.
        """
        rows = [
            (epoch, layer, np.linalg.norm(weights.astype(np.float64)))
            for epoch, parameters in trained.snapshots()
            for layer, weights in enumerate(trained.network.weights(parameters), start=1)
        ]
        return columns_of(("weight_norm",), rows)
