"""Information of layers with Gaussian noise, by Monte Carlo (Goldfeld et al. 2019).

A noisy layer is T = S + Z with Z ~ N(0, sigma^2 I). Its density is a Gaussian mixture, whose
entropy has no closed form but whose logarithm can be averaged over draws:

    I(X;T) = E ln p(T|X) / p(T),    I(T;Y) = E ln p(T|Y) / p(T).

Both logarithms are averaged over the same draws, so that what they share cancels. This module
knows arrays of centres only; `infoplane.measures._propagation` makes them from a network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import logsumexp

from infoplane.checks import require_positive, require_whole
from infoplane.estimators._mixture_kernels import log_kernel_sums
from infoplane.estimators.base import Estimate, Estimator, check_samples
from infoplane.units import BITS_PER_NAT


@dataclass(frozen=True)
class MixtureInformation:
    """Hold a Monte-Carlo estimate with its standard errors, in bits.

    Attributes
    ----------
    mi_input_bits, mi_label_bits : float
        I(X;T) and I(T;Y).
    mi_input_standard_error, mi_label_standard_error : float
        Of the average over draws, in bits; biases are not in it.
    mi_input_lower_bits : float
        A lower bound on I(X;T) in expectation: p(t|x) replaced by a Gaussian with the mean and
        covariance of other draws. NaN with fewer than units + 3 draws per pattern, unless
        there is one exact centre, where T given X is that Gaussian.
    """

    mi_input_bits: float
    mi_input_standard_error: float
    mi_label_bits: float
    mi_label_standard_error: float
    mi_input_lower_bits: float


@dataclass(frozen=True)
class MixtureEntropyEstimator(Estimator):
    """Estimate I(X;T) and I(T;Y) of T = activations + Gaussian noise by Monte Carlo.

    Parameters
    ----------
    noise_standard_deviation : float
        Of the noise on each unit, in units of activation; above 0.
    draws : int
        Noise draws per sample; the standard error falls with their square root.
    seed : int
        Of the draws.

    References
    ----------
    Goldfeld et al. (2019), ICML, "Estimating information flow in deep neural networks",
    section 4 and supplement: the mixture over all inputs and its Monte-Carlo integration.

    Notes
    -----
    This is what the pairwise bounds of the method ``kde`` lie around. Of a network that has
    noise in its lower layers too, the activations of a pattern vary, h(T|X) is larger than that
    of the last noise, and this value is too large: `infoplane.measures.noisy_propagation` serves
    that case.
    """

    name: ClassVar[str] = "mixture_entropy"
    assumptions: ClassVar[str] = (
        "T is the given activations plus independent Gaussian noise of the given standard "
        "deviation; the activations are a function of X, which is uniform over the samples. "
        "Right for the first noisy layer, or for noise added to one layer only."
    )

    noise_standard_deviation: float | None = None
    draws: int = 1
    seed: int = 0

    def __post_init__(self):
        require_positive("noise_standard_deviation", self.noise_standard_deviation)
        require_whole("draws", self.draws, at_least=1)
        require_whole("seed", self.seed, at_least=0)

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        return 8 * (5 * self.draws + 1) * labels.size * units

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        information = mixture_information(
            activations,
            labels,
            self.noise_standard_deviation,
            self.draws,
            np.random.default_rng(self.seed),
        )
        return Estimate(
            information.mi_input_bits,
            information.mi_label_bits,
            ceiling_bits=math.log2(len(labels)),
        )


def mixture_information(
    activations: np.ndarray,
    labels: np.ndarray,
    noise_standard_deviation: float,
    draws: int,
    generator: np.random.Generator,
) -> MixtureInformation:
    """Estimate both informations of T = activations + noise, with standard errors.

    Parameters
    ----------
    activations : array of float, shape (samples, units)
        One row per pattern.
    labels : array of int, shape (samples,)
    noise_standard_deviation : float
    draws : int
        Noise draws per sample.
    generator : numpy.random.Generator

    Returns
    -------
    MixtureInformation
    """
    activations, labels = check_samples(activations, labels)
    centres = activations[:, None, :]
    chosen = np.tile(np.arange(len(labels)), draws)
    return propagated_information(
        centres[chosen], chosen, centres, labels, noise_standard_deviation, generator
    )


def propagated_information(
    own_centres: np.ndarray,
    chosen: np.ndarray,
    centres: np.ndarray,
    labels: np.ndarray,
    noise_standard_deviation: float,
    generator: np.random.Generator,
) -> MixtureInformation:
    """Estimate both informations of T = S + noise from samples of S given X.

    Parameters
    ----------
    own_centres : array of float, shape (evaluations, own draws, units)
        For each evaluation, draws of S given its pattern, of which the first one gets the noise.
    chosen : array of int, shape (evaluations,)
        The pattern of each evaluation.
    centres : array of float, shape (patterns, draws, units)
        Draws of S given each pattern, for the density of T.
    labels : array of int, shape (patterns,)
        Numbered from 0.
    noise_standard_deviation : float
    generator : numpy.random.Generator

    Returns
    -------
    MixtureInformation

    Notes
    -----
    The sample-propagation estimator of Goldfeld et al. (2019), section 4: p(t|x) is the mixture
    over the draws of S given x. In p(t) the evaluation's own pattern enters with its own draws,
    every other one with those of `centres`. The average estimates KL(p(t|x) || p(t)), jointly
    convex in the two mixtures, which are unbiased: the expected I(X;T) is never below the true
    one, and falls towards it as draws are added. With one exact centre per pattern it is
    unbiased. The lower bound is that of Barber & Agakov (2003): E ln q(T|X) / p(T) <= I(X;T)
    for any q.
    """
    patterns, draws, units = centres.shape
    scale = 1.0 / (math.sqrt(2.0) * noise_standard_deviation)
    middle = centres.mean(axis=(0, 1), dtype=np.float64)
    own = (own_centres - middle) * scale
    points = own[:, 0] + generator.standard_normal((len(chosen), units)) / math.sqrt(2.0)
    squared = np.square(points[:, None, :] - own).sum(axis=2)
    own_log = logsumexp(-squared, axis=1) - math.log(own.shape[1])

    order = np.argsort(labels, kind="stable")
    background = ((centres[order].reshape(-1, units) - middle) * scale).astype(np.float32).T
    sizes = np.bincount(labels)
    ends = np.cumsum(sizes)
    class_ranges = np.stack([ends - sizes, ends], axis=1)[labels[chosen]]
    places = np.empty(patterns, np.int64)
    places[order] = np.arange(patterns)
    own_ranges = places[chosen][:, None] + np.array([0, 1])
    of_class, of_all = log_kernel_sums(
        points.astype(np.float32),
        np.ascontiguousarray(background),
        class_ranges * draws,
        own_ranges * draws,
    )
    log_density = np.logaddexp(own_log, of_all - math.log(draws)) - math.log(patterns)
    log_label_density = np.logaddexp(own_log, of_class - math.log(draws))
    log_label_density -= np.log(sizes[labels[chosen]])

    about_input = (own_log - log_density) * BITS_PER_NAT
    about_label = (log_label_density - log_density) * BITS_PER_NAT
    error = 1.0 / math.sqrt(len(chosen))
    lower = (gaussian_log_density(own, points) - log_density) * BITS_PER_NAT
    return MixtureInformation(
        mi_input_bits=float(about_input.mean()),
        mi_input_standard_error=float(about_input.std() * error),
        mi_label_bits=float(about_label.mean()),
        mi_label_standard_error=float(about_label.std() * error),
        mi_input_lower_bits=float(lower.mean()),
    )


def gaussian_log_density(own: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the log density of each point under a Gaussian fitted to its pattern's T.

    Parameters
    ----------
    own : array of float64, shape (evaluations, draws, units)
        Centres in units of sqrt(2) standard deviations of the noise; the point is drawn about
        the first one, and the fit takes the others.
    points : array of float64, shape (evaluations, units)

    Returns
    -------
    array of float64, shape (evaluations,)
        In nats, plus units / 2 ln pi as all log densities here. NaN with fewer than
        units + 3 draws, unless there is one: the exact centre.
    """
    draws, units = own.shape[1:]
    if draws == 1:
        return -np.square(points - own[:, 0]).sum(axis=1)
    if draws < units + 3:
        return np.full(len(own), math.nan)
    others = own[:, 1:]
    mean = others.mean(axis=1)
    deviations = others - mean[:, None, :]
    covariance = np.einsum("pni,pnj->pij", deviations, deviations) / (draws - 2)
    covariance += 0.5 * np.eye(units)
    away = points - mean
    mahalanobis = (away * np.linalg.solve(covariance, away[..., None])[..., 0]).sum(axis=1)
    return -0.5 * (mahalanobis + np.linalg.slogdet(2.0 * covariance)[1])
