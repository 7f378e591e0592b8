"""Variational lower bounds, fitted on one half of the samples and measured on the other.

A bound on samples it was not fitted to is honest: a poor fit makes it loose, never too large but
for the finite held-out half.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.checks import require_choice, require_positive, require_whole
from infoplane.estimators.discrete import entropy_bits
from infoplane.units import BITS_PER_NAT

PROBES = ("logistic", "mlp")
HIDDEN_UNITS = 32
MLP_EPOCHS = 200


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

    method: ClassVar[str] = "decoder"
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

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        fitted, held_out = halves(labels, self.seed)
        features = standardised(activations, fitted)
        with warnings.catch_warnings():
            # The network trains for a set number of epochs, and is never said to converge.
            warnings.simplefilter("ignore", ConvergenceWarning)
            probe = self._probe().fit(features[fitted], labels[fitted])
        # Probabilities of 0 would make the bound minus infinity.
        log_probability = np.log(np.maximum(probe.predict_proba(features[held_out]), 1e-12))
        truth = labels[held_out]
        cross_entropy = -log_probability[np.arange(len(truth)), truth].mean() * BITS_PER_NAT
        return Estimate(
            mi_input_bits=math.nan,
            mi_label_bits=float(entropy_bits(truth) - cross_entropy),
            ceiling_bits=math.nan,
        )

    def _probe(self) -> LogisticRegression | MLPClassifier:
        if self.probe == "logistic":
            return LogisticRegression(max_iter=10_000)
        return MLPClassifier(
            (HIDDEN_UNITS,),
            alpha=1e-3,
            max_iter=MLP_EPOCHS,
            tol=0.0,
            n_iter_no_change=MLP_EPOCHS,
            random_state=self.seed,
        )


@dataclass(frozen=True)
class InfoNceEstimator(Estimator):
    """Bound I(X;T) of a layer with Gaussian noise from below by a trained critic.

    T = h(X) + noise. h(X) is all of X that T depends on, so I(X;T) = I(h(X);T), and the critic
    is shown pairs of h and T, matched or not.

    Parameters
    ----------
    noise_variance : float
        Of the noise added to each unit, in squared units of activation; above 0.
    batch_size : int
        Pairs per batch; the bound cannot exceed its log2.
    steps : int
        Of Adam, rate 1e-3.
    seed : int
        Of the halves, the noise and the critic's initial weights.

    References
    ----------
    van den Oord, Li & Vinyals (2018), "Representation learning with contrastive predictive
    coding", equation 4 and appendix; Poole et al. (2019), ICML, section 2.3.
    """

    method: ClassVar[str] = "infonce"
    assumptions: ClassVar[str] = (
        "Independent Gaussian noise of the given variance is added to every unit for the "
        "estimate only; the activations are a function of X. A lower bound, at most "
        "log2(batch_size), and loose below that where the critic is poorly trained. It says "
        "nothing on I(T;Y)."
    )

    noise_variance: float | None = None
    batch_size: int = 256
    steps: int = 500
    seed: int = 0

    def __post_init__(self):
        require_positive("noise_variance", self.noise_variance)
        require_whole("batch_size", self.batch_size, at_least=2)
        require_whole("steps", self.steps, at_least=1)
        require_whole("seed", self.seed, at_least=0)

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        generator = np.random.default_rng(self.seed)
        noise = math.sqrt(self.noise_variance) * generator.standard_normal(activations.shape)
        bound = infonce_bits(
            activations, activations + noise, self.batch_size, self.steps, self.seed
        )
        return Estimate(bound, math.nan, ceiling_bits=math.log2(self.batch_size))


def halves(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split the samples at random into two halves that hold every class.

    Parameters
    ----------
    labels : array of int, shape (samples,)
        Numbered from 0.
    seed : int

    Returns
    -------
    fitted, held_out : arrays of int64
        Indices; of each class half the samples, an odd one going to `fitted`.

    Raises
    ------
    ValueError
        If a class has a single sample.
    """
    sizes = np.bincount(labels)
    if sizes.min() < 2:
        raise ValueError(
            f"every class must have at least 2 samples, one for each half; class number "
            f"{sizes.argmin()} has {sizes.min()}"
        )
    generator = np.random.default_rng(seed)
    members = [
        generator.permutation(np.flatnonzero(labels == label)) for label in range(len(sizes))
    ]
    fitted = np.concatenate([indices[: (len(indices) + 1) // 2] for indices in members])
    held_out = np.concatenate([indices[(len(indices) + 1) // 2 :] for indices in members])
    return fitted, held_out


def standardised(values: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Scale each unit to mean 0 and standard deviation 1 over some of the samples.

    Parameters
    ----------
    values : array of float, shape (samples, units)
    fitted : array of int
        The samples to take the scale from.

    Returns
    -------
    array of float64, shape (samples, units)
        Units that do not vary among those samples are only shifted.
    """
    values = values.astype(np.float64)
    mean, deviation = values[fitted].mean(axis=0), values[fitted].std(axis=0)
    return (values - mean) / np.where(deviation > 0, deviation, 1.0)


def infonce_bits(
    first: np.ndarray, second: np.ndarray, batch_size: int, steps: int, seed: int
) -> float:
    """Bound the information between two variables from below with a neural critic.

    Parameters
    ----------
    first, second : arrays of float, shape (samples, features)
        Paired samples; the numbers of features may differ.
    batch_size : int
        Pairs per batch, at most half the samples.
    steps : int
    seed : int

    Returns
    -------
    float
        In bits; the average over the held-out half's whole batches. At most log2(batch_size).

    Raises
    ------
    ValueError
        If the arrays do not pair up, or half of them do not fill a batch.

    Notes
    -----
    With K pairs in a batch, ln K + E ln (e^f(a_i, b_i) / sum_j e^f(a_j, b_i)) <= I for any
    critic f. Here f(a, b) = -|g(a) - h(b)|^2 with two networks g and h of one hidden layer
    added to linear maps, so that Gaussian noise is learnt at once.
    """
    if first.ndim != 2 or second.ndim != 2 or len(first) != len(second):
        raise ValueError(
            f"first and second must have shape (samples, features) with equal samples, "
            f"not {first.shape} and {second.shape}"
        )
    if len(first) // 2 < batch_size:
        raise ValueError(
            f"batch_size must be at most half the samples ({len(first) // 2}), not {batch_size}"
        )
    from infoplane.estimators._critic import train_critic

    generator = np.random.default_rng([seed, 1])
    order = generator.permutation(len(first))
    fitted, held_out = order[: len(order) // 2], order[len(order) // 2 :]
    first, second = standardised(first, fitted), standardised(second, fitted)
    embed = train_critic(first[fitted], second[fitted], batch_size, steps, seed)
    batches = held_out[: len(held_out) // batch_size * batch_size].reshape(-1, batch_size)
    gains = []
    for batch in batches:
        left, right = embed(first[batch], second[batch])
        scores = -np.square(left[:, None, :] - right[None, :, :]).sum(axis=2)
        gains.append(np.diag(scores) - logsumexp(scores, axis=0))
    return float((np.mean(gains) + math.log(batch_size)) * BITS_PER_NAT)
