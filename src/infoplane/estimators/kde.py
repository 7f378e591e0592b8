"""Mutual information of a layer with Gaussian noise added, between pairwise-distance bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

import numpy as np

from infoplane.estimators._kde_kernels import BLOCK, GROUP, NARROW, ROWS, pair_sums
from infoplane.estimators._kde_products import PANEL, WIDE, product_sums
from infoplane.estimators.base import Estimate, Estimator, check_samples
from infoplane.units import BITS_PER_NAT

BOUNDS = ("lower", "upper")
# Where squared distances of the size of the noise keep their precision in float32.
FLOAT32_NOISE_VARIANCES = (1e-12, 1e12)


@dataclass(frozen=True)
class KdeEstimator(Estimator):
    """Estimate I(X;T) and I(T;Y) of T = h(X) + Gaussian noise from pairwise distances.

    Parameters
    ----------
    noise_variance : float
        Variance of the noise added to each unit, in squared units of activation; > 0.
    bound : {"upper", "lower"}
        Which bound on the entropy of the Gaussian mixture to use.

    Notes
    -----
    T is a mixture of P equal Gaussians, one per sample, with centres h_i. With
    d_ij = |h_i - h_j|^2 the entropy of T lies between the two values of

        H(T) = H(noise) - 1/P sum_i log2 (1/P sum_j exp(-d_ij / (c noise_variance))),

    c = 2 for the upper bound, from the Kullback-Leibler divergence between two of the
    Gaussians, and c = 8 for the lower one, from their Bhattacharyya distance (Kolchinsky &
    Tracey 2017, sections 3 and 4; SAXE 2018, eqs. 10 and 11).
    I(X;T) = H(T) - H(noise) is bounded likewise. I(T;Y) = H(T) - sum_y p(y) H(T|Y=y) takes
    the same bound for both entropies, so that it is an estimate and not itself a bound.

    The noise is not part of the network. Estimates at two noise variances can differ by half
    the log2 of their ratio per dimension: compare only like with like.

    Distances between samples of wide layers, in single precision, come from matrix products, and
    estimates from them are within 1e-3 bits of those from differences.
    """

    name: ClassVar[str] = "kde"
    assumptions: ClassVar[str] = (
        "Independent Gaussian noise of the given variance is added to every unit for the "
        "estimate only; every sample is a different input that occurs once. The value for the "
        "label is a difference of two bounds and so not itself a bound."
    )

    choosing: ClassVar[tuple[str, ...]] = ("bound",)

    noise_variance: float | None = None
    bound: str = "upper"

    def __post_init__(self) -> None:
        check_noise_variance(self.noise_variance)
        if self.bound not in BOUNDS:
            raise ValueError(f"bound must be 'upper' or 'lower', not {self.bound!r}")

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        single = _precision(dtype, float(self.noise_variance)) == np.float32
        if units >= WIDE and single:
            return 8 * units * min(labels.size, 2 * PANEL)
        blocks = int((-(-np.bincount(labels) // BLOCK)).sum())
        return 2 * (4 if single else 8) * units * blocks * BLOCK

    def one_pass(self, activations: np.ndarray, labels: np.ndarray) -> dict[str, Estimate]:
        """Return the estimates with both bounds."""
        return _both_bounds(activations, labels, float(self.noise_variance))

    def chosen(self, found: dict[str, Estimate]) -> Estimate:
        """Return the estimate with this estimator's bound."""
        return found[self.bound]


def kde_bounds(
    activations: np.ndarray, labels: np.ndarray, noise_variance: float
) -> dict[str, Estimate]:
    """Estimate with both bounds from one pass over the pairs of samples.

    Parameters
    ----------
    activations : array of float, shape (samples, units)
        The layer's output for every input pattern, each pattern once.
    labels : array of int, shape (samples,)
        The class of each pattern.
    noise_variance : float
        Variance of the noise added to each unit, in squared units of activation; > 0.

    Returns
    -------
    estimates : dict
        ``{"lower": Estimate, "upper": Estimate}``, bit for bit what `KdeEstimator` gives.

    Raises
    ------
    ValueError
        If the arrays are not what an `Estimator` accepts, or the noise variance is not > 0.
    """
    check_noise_variance(noise_variance)
    activations, labels = check_samples(activations, labels)
    return _both_bounds(activations, labels, float(noise_variance))


def check_noise_variance(noise_variance: object) -> None:
    """Refuse what cannot be the variance of the added noise."""
    number = isinstance(noise_variance, Real) and not isinstance(noise_variance, bool)
    if (
        not number
        or not 0 < noise_variance < math.inf
        or BITS_PER_NAT / (8 * noise_variance) == math.inf
    ):
        raise ValueError(f"noise_variance must be a finite number > 0, not {noise_variance!r}")


def _both_bounds(
    activations: np.ndarray, labels: np.ndarray, noise_variance: float
) -> dict[str, Estimate]:
    samples, units = activations.shape
    dtype = _precision(activations.dtype, noise_variance)
    if units >= WIDE and dtype == np.float32:
        sums = product_sums(activations, labels, noise_variance)
    else:
        blocks, rows, sizes, block_labels, places = _blocks(activations, labels, dtype)
        factor = blocks.dtype.type(BITS_PER_NAT / (8 * noise_variance))
        narrow = units <= NARROW
        last_units = (0,) * (units if narrow else units % GROUP)
        squares = None if narrow else np.empty((ROWS, BLOCK), dtype)
        sums = pair_sums(blocks, rows, sizes, block_labels, factor, last_units, squares)
        sums = sums[:, :, places]
    of_label = np.bincount(labels)[labels]
    estimates = {}
    for bound, (same_label, other_label) in zip(BOUNDS, sums, strict=True):
        density = np.log2((same_label + other_label) / samples)
        label_density = np.log2(same_label / of_label)
        estimates[bound] = Estimate(
            mi_input_bits=float(-density.mean()) + 0.0,
            mi_label_bits=float((label_density - density).mean()),
            ceiling_bits=math.log2(samples),
        )
    return estimates


def _precision(given: np.dtype, noise_variance: float) -> type:
    """Return the type that distances are computed in."""
    small = given in (np.float16, np.float32)
    least, most = FLOAT32_NOISE_VARIANCES
    return np.float32 if small and least <= noise_variance <= most else np.float64


def _blocks(
    activations: np.ndarray, labels: np.ndarray, dtype: type
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Lay the samples out in blocks of equal labels, as `pair_sums` wants them.

    Returns
    -------
    blocks : array of float32 or float64, shape (blocks, units * BLOCK)
    rows : array of float32 or float64, shape (blocks * BLOCK, units)
    sizes, block_labels : arrays of int64, shape (blocks,)
    places : array of int64, shape (samples,)
        Where each sample stands in `rows`.
    """
    samples, units = activations.shape
    counts = np.bincount(labels)
    blocks_of_label = -(-counts // BLOCK)
    first_blocks = np.cumsum(blocks_of_label) - blocks_of_label
    block_labels = np.repeat(np.arange(counts.size), blocks_of_label)
    earlier = np.arange(block_labels.size) - first_blocks[block_labels]
    sizes = np.minimum(counts[block_labels] - earlier * BLOCK, BLOCK)
    order = np.argsort(labels, kind="stable")
    places = np.empty(samples, np.int64)
    places[order] = np.arange(samples) + np.repeat(
        first_blocks * BLOCK - (np.cumsum(counts) - counts), counts
    )
    rows = np.full((sizes.size * BLOCK, units), np.inf, dtype)
    rows[places] = activations
    blocks = rows.reshape(sizes.size, BLOCK, units).transpose(0, 2, 1)
    return blocks.reshape(sizes.size, units * BLOCK), rows, sizes, block_labels, places
