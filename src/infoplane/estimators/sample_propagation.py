"""Information of noisy networks, measured by running them and not from stored activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NoReturn

import numpy as np

from infoplane.estimators.base import Estimator
from infoplane.estimators.checks import require_choice, require_whole
from infoplane.estimators.mixture_entropy import MixtureInformation
from infoplane.propagation import noisy_network_information
from infoplane.settings import TrainingSettings

BOUNDS = ("lower", "upper")


@dataclass(frozen=True)
class SamplePropagationEstimator(Estimator):
    """Estimate I(X;T) and I(T;Y) of every layer of a network with noise in its hidden units.

    Parameters
    ----------
    patterns : int
        Inputs that the expectation is averaged over; at most all.
    own_draws : int
        Runs of the network per averaged input, for p(t|x): more take away bias.
    draws : int
        Runs per input of all, for p(t).
    bound : {"upper", "lower"}
        The sample-propagation estimate, too large by a bias that falls with the draws; or the
        lower bound with a Gaussian for p(t|x). I(T;Y) is the same for both.

    References
    ----------
    Goldfeld et al. (2019), ICML, "Estimating information flow in deep neural networks",
    sections 3 and 4.
    """

    method: ClassVar[str] = "sample_propagation"
    assumptions: ClassVar[str] = (
        "The network has Gaussian noise of known standard deviation on every hidden unit, and "
        "for the measurement on its output; X is uniform over the given inputs. It runs the "
        "network: activations alone do not tell how the noise of the layers below spreads."
    )

    patterns: int = 1024
    own_draws: int = 256
    draws: int = 8
    bound: str = "upper"

    def __post_init__(self):
        require_whole("patterns", self.patterns, at_least=2)
        require_whole("own_draws", self.own_draws, at_least=2)
        require_whole("draws", self.draws, at_least=1)
        require_choice("bound", self.bound, BOUNDS)

    def __call__(self, activations: np.ndarray, labels: np.ndarray) -> NoReturn:
        """Refuse: call `of_network`.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError(
            "sample_propagation measures networks, not activations: call of_network, or the "
            "method mixture_entropy for noise on one layer only"
        )

    def of_network(
        self,
        parameters: np.ndarray,
        settings: TrainingSettings,
        inputs: np.ndarray,
        labels: np.ndarray,
        generator: np.random.Generator,
    ) -> list[MixtureInformation]:
        """Measure every layer of one network, with standard errors and both bounds.

        Parameters
        ----------
        parameters : array of float32, shape (parameters,)
        settings : TrainingSettings
            With a `noise_standard_deviation` above 0.
        inputs : array, shape (samples, features)
        labels : array of int, shape (samples,)
        generator : numpy.random.Generator

        Returns
        -------
        layers : list of MixtureInformation
            Layer 1 .. L.
        """
        return noisy_network_information(
            parameters,
            settings,
            inputs,
            labels,
            generator,
            patterns=self.patterns,
            own_draws=self.own_draws,
            draws=self.draws,
        )
