"""How exactly the inputs come back from the layers of networks that can be inverted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.measures.base import Measure, TrainedNetwork, columns_of
from infoplane.networks.base import Network

PRECISIONS = (np.float32, np.float64)


@dataclass(frozen=True)
class InversionMeasure(Measure):
    """Measure the largest error of inputs that are computed back from each layer.

    Parameters
    ----------
    label : str

    References
    ----------
    Jacobsen, Smeulders & Oyallon (2018), ICLR, "i-RevNet: deep invertible networks".
    """

    name: ClassVar[str] = "inversion"
    table: ClassVar[str] = "inversion"

    def refusal(self, network: Network) -> str:
        """Say why such networks are not inverted."""
        return "" if network.invertible_layers else "the network has no layer that can be inverted"

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, error_float32, error_float64``, of the layers that can be inverted: the
            largest absolute difference over all patterns and numbers of an input, in its unit, with
            forward and backward pass in that precision.
        """
        rows = [
            (epoch, layer, *errors)
            for epoch, parameters in trained.snapshots()
            for layer, errors in enumerate(self._errors(trained, parameters), start=1)
        ]
        return columns_of(("error_float32", "error_float64"), rows)

    def _errors(self, trained: TrainedNetwork, parameters: np.ndarray) -> list[tuple[float, ...]]:
        network, by_precision = trained.network, []
        for kind in PRECISIONS:
            inputs, own = trained.evaluated_inputs.astype(kind), parameters.astype(kind)
            layers = network.net_inputs_and_activations(own, inputs)[1]
            by_precision.append(
                [
                    float(np.abs(network.inputs_from(layer, values, own) - inputs).max())
                    for layer, values in enumerate(layers[: network.invertible_layers], start=1)
                ]
            )
        return list(zip(*by_precision, strict=True))
