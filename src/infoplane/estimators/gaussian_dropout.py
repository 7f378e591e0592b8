"""Information of layers with Gaussian dropout, by the density of a mixture (Adilova et al. 2023).

Gaussian dropout multiplies each unit by noise: T = f(X) (1 + sigma Z), Z ~ N(0, I). Given X, T is
Gaussian with the standard deviation sigma |f|, unit by unit, so that I(X;T) is finite where no unit
is 0. As in `infoplane.estimators.mixture_entropy` both logarithms of

    I(X;T) = E ln p(T|X) / p(T),    I(T;Y) = E ln p(T|Y) / p(T)

are averaged over the same draws, and p(T) is the mixture over all inputs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from infoplane.checks import require_choice, require_positive, require_whole
from infoplane.estimators._mixture_kernels import log_sums
from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.kernels import stratified_subset
from infoplane.units import BITS_PER_NAT

if TYPE_CHECKING:
    from infoplane.networks import Network

COVARIANCES = ("squared", "published")
SMALLEST = 1e-30
"""Stands for a unit that is exactly 0, which has no noise: it tells such inputs from all others."""


@dataclass(frozen=True)
class GaussianDropoutEstimator(Estimator):
    """Estimate I(X;T) and I(T;Y) of a layer that Gaussian dropout multiplies by noise.

    Parameters
    ----------
    relative_noise : float
        sigma, the noise's standard deviation as a share of each unit's value.
    covariance : str
        Of the components of p(T): ``"squared"``, the model's own sigma^2 f^2, or ``"published"``,
        the sigma |f| of Adilova et al.'s code, as a variance. T itself has the model's own.
    samples : int
        At most so many inputs, each class in its share; the time grows with their square.
    seed : int
        Of their choice and of the noise.

    References
    ----------
    Adilova, Geiger & Fischer (2023), ICLR, "Information plane analysis for dropout neural
    networks": 1000 points, h(T|X) = E sum_j ln(|f_j| sigma sqrt(2 pi e)).

    Notes
    -----
    With the model's own covariance X is uniform over the inputs and the average is I(X;T) itself,
    without bias: no more than the logarithm of the samples up to the spread of draws. With the
    published one p(T) is another density, the average exceeds I(X;T) by the Kullback-Leibler
    divergence between the two, and nothing keeps it below that logarithm.
    """

    name: ClassVar[str] = "gaussian_dropout"
    assumptions: ClassVar[str] = (
        "T is the given activations, each multiplied by independent 1 + sigma Z; the activations "
        "are a function of X, which is uniform over the samples. Right where this layer alone has "
        "noise while it is measured."
    )
    choosing: ClassVar[tuple[str, ...]] = ("covariance",)

    relative_noise: float
    covariance: str = "squared"
    samples: int = 1000
    seed: int = 0

    def __post_init__(self):
        require_positive("relative_noise", self.relative_noise)
        require_choice("covariance", self.covariance, COVARIANCES)
        require_whole("samples", self.samples, at_least=2)
        require_whole("seed", self.seed, at_least=0)

    def refusal(self, network: Network) -> str:
        """Return why it does not apply: another network's layers have no such noise."""
        if network.relative_noise == self.relative_noise:
            return ""
        return (
            f"is for Gaussian dropout with relative_noise {self.relative_noise:g}, not for "
            f"{network.relative_noise:g}"
        )

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        return int(8 * 14.5 * min(labels.size, self.samples) * units)

    def one_pass(self, activations: np.ndarray, labels: np.ndarray) -> dict[str, Estimate]:
        """Return the estimates with both covariances, of the same draws."""
        if len(labels) > self.samples:
            chosen = stratified_subset(labels, self.samples, self.seed)
            activations, labels = activations[chosen], labels[chosen]
        noise = np.random.default_rng(self.seed).standard_normal(activations.shape)
        # The inputs of a class side by side.
        order = np.argsort(labels, kind="stable")
        centres, noise, labels = activations[order].astype(np.float64), noise[order], labels[order]
        sizes = np.maximum(np.abs(centres), SMALLEST)
        deviations = self.relative_noise * sizes
        points = centres + deviations * noise
        own = -0.5 * np.square(noise).sum(axis=1) - np.log(deviations).sum(axis=1)
        variances = {"squared": deviations**2, "published": self.relative_noise * sizes}
        return {
            name: _estimate(own, log_densities(points, centres, variance), labels)
            for name, variance in variances.items()
        }

    def chosen(self, found: dict[str, Estimate]) -> Estimate:
        """Return the estimate with this estimator's covariance."""
        return found[self.covariance]


def log_densities(points: np.ndarray, centres: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Return the log density of every point under every Gaussian, without units / 2 ln 2 pi.

    Parameters
    ----------
    points : array of float64, shape (points, units)
    centres, variances : arrays of float64, shape (components, units)
        Of diagonal Gaussians.

    Returns
    -------
    densities : array of float64, shape (points, components)
        In nats.
    """
    # (t - c)^2 / v multiplied out, its terms in one product of matrices.
    weights = 1 / variances
    of_none = (np.square(centres) * weights + np.log(variances)).sum(axis=1, keepdims=True)
    of_points = np.hstack([np.square(points), points, np.ones((len(points), 1))])
    return of_points @ np.hstack([-0.5 * weights, centres * weights, -0.5 * of_none]).T


def _estimate(own: np.ndarray, densities: np.ndarray, labels: np.ndarray) -> Estimate:
    """Average the logarithms of T's densities, given X, given Y and given nothing."""
    samples, sizes = len(labels), np.bincount(labels)
    ends = np.cumsum(sizes)
    class_ranges = np.stack([ends - sizes, ends], axis=1)[labels]
    of_class, of_all = log_sums(densities, class_ranges)
    of_class -= np.log(sizes[labels])
    of_all -= math.log(samples)
    return Estimate(
        mi_input_bits=float((own - of_all).mean() * BITS_PER_NAT),
        mi_label_bits=float((of_class - of_all).mean() * BITS_PER_NAT),
        ceiling_bits=math.log2(samples),
    )
