"""Trace of the Fisher information of the weights along training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_whole
from infoplane.measures.base import Measure, TrainedNetwork, columns_of
from infoplane.networks.base import Network
from infoplane.networks.modules import ModuleNetwork
from infoplane.training.schedule import seed_sequence

WHOLE = 0
"""What stands for the layer in rows about all weights of a network."""


@dataclass(frozen=True)
class FisherMeasure(Measure):
    """Measure how fast p(y given x) moves with the weights: the trace of their Fisher information.

    The expectation over y is under the network's own p(y given x); that over x is over the patterns
    measured on, each with its own gradient.

    Parameters
    ----------
    exact_classes : int
        Up to so many classes the expectation over y is exact, which takes a backward pass for each.
        Of more, a pattern has one pass, of the sum of its errors with random signs, whose squared
        norm is right on average: about as good as that many patterns let the average be.

    References
    ----------
    Achille, Rovere & Soatto (2019), ICLR, "Critical learning periods in deep networks".
    """

    name: ClassVar[str] = "fisher"
    table: ClassVar[str] = "fisher"

    exact_classes: int

    def __post_init__(self):
        require_whole("exact_classes", self.exact_classes, at_least=2)

    def refusal(self, network: Network) -> str:
        """Say why such networks have no Fisher information."""
        return fisher_refusal(network)

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, fisher_trace``, in nats; layer 0 is the sum over all layers. Biases are
            left out.
        """
        # PyTorch is loaded here: studies are planned without it.
        from infoplane.measures._fisher import fisher_traces, random_signs

        inputs, rows, signs = trained.evaluated_inputs, [], None
        classes = trained.network.classes
        if classes > self.exact_classes:
            seed = seed_sequence(trained.seed, trained.initialisation, "noise")
            signs = random_signs(len(inputs), classes, np.random.default_rng(seed))
        for epoch, parameters in trained.snapshots():
            traces = fisher_traces(trained.network, parameters, inputs, signs)
            rows.append((epoch, WHOLE, traces.sum()))
            rows += [(epoch, layer, trace) for layer, trace in enumerate(traces, start=1)]
        return columns_of(("fisher_trace",), rows)


def fisher_refusal(network: Network) -> str:
    """Say why such networks have no Fisher information; nothing if they have."""
    if not network.is_plain:
        return (
            "networks with noise or quantisation have no p(y given x) that is a smooth function of "
            "their weights, and so no Fisher information"
        )
    if network.output == "tanh":
        return "networks with a tanh output and a squared error have no p(y given x)"
    if network.widths is None and not isinstance(network, ModuleNetwork):
        return "Fisher information is measured of fully connected networks and of modules"
    return ""
