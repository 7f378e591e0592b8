"""A lower bound on I(T;Y), fitted on one half of the samples and measured on the other.

A bound on samples it was not fitted to is honest: a poor fit makes it loose, never too large but
for the finite held-out half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from infoplane.checks import require_choice, require_whole
from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.discrete import entropy_bits
from infoplane.estimators.held_out import halves, standardised
from infoplane.units import BITS_PER_NAT

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

    from infoplane.estimators._mlp import MlpProbe

PROBES = ("logistic", "mlp")


@dataclass(frozen=True)
class DecoderEstimator(Estimator):
    """Bound I(T;Y) from below by how well a probe tells the label from the activations.

    Parameters
    ----------
    probe : {"logistic", "mlp"}
        Logistic regression, or a network with one hidden layer of 32 ReLU units.
    seed : int
        Of the halves and of the network's initial weights.

    References
    ----------
    Barber & Agakov (2003), NIPS, "The IM algorithm", equation 3, for the label: for any
    decoder q, I(T;Y) >= H(Y) + E ln q(Y|T).
    """

    name: ClassVar[str] = "decoder"
    assumptions: ClassVar[str] = (
        "Samples are independent, so that the held-out half is new to the probe. The bound is "
        "loose where the probe cannot read the label, and negative where it is worse than "
        "guessing. It says nothing on I(X;T)."
    )

    probe: str = "logistic"
    seed: int = 0

    def __post_init__(self):
        require_choice("probe", self.probe, PROBES)
        require_whole("seed", self.seed, at_least=0)

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        # Weights with their moments, or with the last steps and gradients of L-BFGS.
        of_probe = 160 if self.probe == "mlp" else 30 * (int(labels.max()) + 1)
        return int(8 * units * (3.1 * labels.size + of_probe))

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        fitted, held_out = halves(labels, self.seed)
        features = standardised(activations, fitted)
        probe = fitted_probe(self.probe, self.seed, features[fitted], labels[fitted])
        return Estimate(
            mi_input_bits=math.nan,
            mi_label_bits=decoded_label_bits(probe, features[held_out], labels[held_out]),
            ceiling_bits=math.nan,
        )


def fitted_probe(
    name: str, seed: int, features: np.ndarray, labels: np.ndarray
) -> LogisticRegression | MlpProbe:
    """Fit a probe that tells labels from features.

    Parameters
    ----------
    name : str
        One of `PROBES`.
    seed : int
        Of a network's initial weights.
    features : array of float, shape (samples, units)
        Of about unit scale.
    labels : array of int, shape (samples,)
        Numbered from 0, each of them there.
    """
    # Loaded here, for its two seconds: every plan makes the estimators that it names.
    from sklearn.linear_model import LogisticRegression

    from infoplane.estimators._mlp import MlpProbe

    probe = LogisticRegression(max_iter=10_000) if name == "logistic" else MlpProbe(seed)
    return probe.fit(features, labels)


def decoded_label_bits(
    probe: LogisticRegression | MlpProbe, features: np.ndarray, labels: np.ndarray
) -> float:
    """Return the bound H(Y) + E log2 q(Y|T) of a fitted probe q on some samples.

    Parameters
    ----------
    probe : LogisticRegression or MlpProbe
    features : array of float, shape (samples, units)
    labels : array of int, shape (samples,)
        Of classes that the probe was fitted to.

    Returns
    -------
    float
        In bits, negative where the probe is worse than guessing.
    """
    # Probabilities of 0 would make the bound minus infinity.
    log_probability = np.log(np.maximum(probe.predict_proba(features), 1e-12))
    cross_entropy = -log_probability[np.arange(len(labels)), labels].mean() * BITS_PER_NAT
    return float(entropy_bits(labels) - cross_entropy)
