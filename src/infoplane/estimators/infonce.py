"""A lower bound on I(X;T), fitted on one half of the samples and measured on the other.

A bound on samples it was not fitted to is honest: a poor fit makes it loose, never too large but
for the finite held-out half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from infoplane.checks import require_positive, require_whole
from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.held_out import standardised
from infoplane.units import BITS_PER_NAT


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

    name: ClassVar[str] = "infonce"
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

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        # Two embeddings of 80 numbers a unit in single precision, with gradients and two moments.
        of_critic = 320
        return int(8 * units * (6.1 * labels.size + of_critic + self.batch_size))

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        generator = np.random.default_rng(self.seed)
        noise = math.sqrt(self.noise_variance) * generator.standard_normal(activations.shape)
        bound = infonce_bits(
            activations, activations + noise, self.batch_size, self.steps, self.seed
        )
        return Estimate(bound, math.nan, ceiling_bits=math.log2(self.batch_size))


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
        scores = -cdist(left, right, "sqeuclidean")
        gains.append(np.diag(scores) - logsumexp(scores, axis=0))
    return float((np.mean(gains) + math.log(batch_size)) * BITS_PER_NAT)
