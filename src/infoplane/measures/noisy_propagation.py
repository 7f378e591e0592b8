"""Information of noisy networks, measured by running them and not from stored activations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_whole
from infoplane.estimators.mixture_entropy import MixtureInformation
from infoplane.measures._propagation import noisy_network_information
from infoplane.measures.base import Measure, TrainedNetwork, columns_of
from infoplane.networks import Network
from infoplane.training.schedule import seed_sequence

COLUMNS = (
    *("estimator", "mi_input_bits", "mi_label_bits", "ceiling_bits"),
    *("mi_input_standard_error", "mi_label_standard_error"),
)


@dataclass(frozen=True)
class NoisyPropagationMeasure(Measure):
    """Estimate I(X;T) and I(T;Y) of every layer of a network with noise in its hidden units.

    X is uniform over the patterns. The network is run: activations alone do not tell how the noise
    of the layers below spreads. The output, which has no noise, gets the same for the measurement.

    Parameters
    ----------
    label : str
        Its estimates are ``{label}_upper``, the sample-propagation estimate, too large by a bias
        that falls with the draws, and ``{label}_lower``, the lower bound with a Gaussian for
        p(t|x). I(T;Y) is the same for both.
    patterns : int
        Inputs that the expectation is averaged over; at most all.
    own_draws : int
        Runs of the network per averaged input, for p(t|x): more take away bias.
    draws : int
        Runs per input of all, for p(t).

    References
    ----------
    Goldfeld et al. (2019), ICML, "Estimating information flow in deep neural networks",
    sections 3 and 4.
    """

    name: ClassVar[str] = "noisy_propagation"
    table: ClassVar[str] = "information"

    patterns: int = 1024
    own_draws: int = 256
    draws: int = 8

    def __post_init__(self):
        require_whole("patterns", self.patterns, at_least=2)
        require_whole("own_draws", self.own_draws, at_least=2)
        require_whole("draws", self.draws, at_least=1)

    def estimators(self) -> tuple[str, ...]:
        """Return the names of both bounds."""
        return (f"{self.label}_upper", f"{self.label}_lower")

    def refusal(self, network: Network) -> str:
        """Refuse networks without noise, or whose layers are not fully connected."""
        if network.noise_standard_deviation > 0 and network.widths is not None:
            return ""
        return "only the noise of a fully connected noisy network is propagated"

    def of_network(
        self,
        parameters: np.ndarray,
        network: Network,
        inputs: np.ndarray,
        labels: np.ndarray,
        generator: np.random.Generator,
    ) -> list[MixtureInformation]:
        """Measure every layer of one network, with standard errors and both bounds.

        Parameters
        ----------
        parameters : array of float32, shape (parameters,)
        network : Network
            With a `noise_standard_deviation` above 0.
        inputs : array, shape (samples, ...)
        labels : array of int, shape (samples,)
        generator : numpy.random.Generator

        Returns
        -------
        layers : list of MixtureInformation
            Layer 1 .. L.
        """
        return noisy_network_information(
            parameters,
            network,
            inputs.reshape(len(inputs), -1),
            labels,
            generator,
            patterns=self.patterns,
            own_draws=self.own_draws,
            draws=self.draws,
        )

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, estimator, mi_input_bits, mi_label_bits, ceiling_bits`` and the
            standard errors of both, in bits.

        Notes
        -----
        Every snapshot is measured with the same random numbers, so that differences between
        epochs are more certain than the estimates themselves.
        """
        seed = seed_sequence(trained.seed, trained.initialisation, "noise")
        inputs, labels = trained.evaluated_inputs, trained.evaluated_labels
        ceiling = math.log2(len(labels))
        upper, lower = self.estimators()
        rows = []
        for epoch, parameters in trained.snapshots():
            generator = np.random.default_rng(seed)
            layers = self.of_network(parameters, trained.network, inputs, labels, generator)
            for layer, found in enumerate(layers, start=1):
                errors = (found.mi_input_standard_error, found.mi_label_standard_error)
                for name, bits in (
                    (upper, found.mi_input_bits),
                    (lower, found.mi_input_lower_bits),
                ):
                    rows.append((epoch, layer, name, bits, found.mi_label_bits, ceiling, *errors))
        return columns_of(COLUMNS, rows)
