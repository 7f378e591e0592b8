"""Exact information of a quantised network, whose layers take finitely many values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.discrete import deterministic_estimate, exact_row_numbers

if TYPE_CHECKING:
    from infoplane.networks import Network


@dataclass(frozen=True)
class ExactEstimator(Estimator):
    """Count the distinct rows of activations, compared without tolerance.

    For equally likely patterns and a network that is itself discrete this is no estimate:
    I(X;T) = H(T) and I(T;Y) = H(T) - H(T|Y), with the probabilities the shares of patterns.

    References
    ----------
    Lorenzen et al. (2022), ICLR, "Information bottleneck: exact analysis of (quantized) neural
    networks", section 2.
    """

    name: ClassVar[str] = "exact"
    assumptions: ClassVar[str] = (
        "T takes finitely many values because the network itself is quantised; X is uniform "
        "over the given patterns, each of which occurs once, and T is a function of X, so "
        "I(X;T) = H(T). Of a network in floating point the value is what machine precision "
        "tells apart, and says nothing more."
    )

    def refusal(self, network: Network) -> str:
        """Refuse networks in floating point."""
        if network.quantisation_bits is not None:
            return ""
        return "counts the states of quantised networks, and this one is not quantised"

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        return deterministic_estimate(exact_row_numbers(activations), labels)
