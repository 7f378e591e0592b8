"""Estimators from distances to nearest neighbours, in the maximum norm unless another is named."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import digamma

from infoplane.checks import require_choice, require_not_negative, require_whole
from infoplane.estimators._continuous import (
    TIED_SHARE,
    check_class_sizes,
    check_continuous,
    check_tied_share,
)
from infoplane.estimators._neighbour_kernels import (
    counts_of_all,
    counts_on_line,
    nearest_of_all,
    nearest_on_line,
)
from infoplane.estimators._pair_kernels import euclidean_counts
from infoplane.estimators.base import Estimate, Estimator
from infoplane.units import BITS_PER_NAT

NORM = np.inf
VARIANTS = (1, 2)
METRICS = ("maximum", "euclidean")
"""Within each variable; between the two it is the larger distance that counts."""
# In more units than this, comparing all samples takes less time than a search tree to find
# neighbours. To count them it does in two units already: measured at 1024 to 16384 samples.
UNITS_FOR_TREES = 3
PADDING_ROWS = 128
"""Up to so many rows of float64 are two tables of whole blocks of samples in whole numbers."""


def kozachenko_leonenko_entropy_bits(values: np.ndarray, neighbours: int = 3) -> float:
    """Estimate a differential entropy from distances to the k-th nearest neighbour.

    Parameters
    ----------
    values : array of float, shape (samples, units)
        Draws from a density; no row twice.
    neighbours : int
        k, below the number of samples.

    Returns
    -------
    float
        h = psi(N) - psi(k) + (d / N) sum_i log(2 r_i), in bits, with r_i the distance of sample
        i to its k-th neighbour in the maximum norm; it depends on the unit of `values`.

    Raises
    ------
    ValueError
        If rows are duplicated, or most values in every unit, or there are too few samples.

    References
    ----------
    Kozachenko & Leonenko (1987); Kraskov et al. (2004), Phys. Rev. E 69, 066138, equation 20.
    """
    return _entropy_bits(check_continuous("values", values, neighbours, 0.0), neighbours)


def _entropy_bits(values: np.ndarray, neighbours: int) -> float:
    samples, units = values.shape
    distances = _distances_to_neighbour(values, neighbours)
    nats = digamma(samples) - digamma(neighbours) + units * np.mean(np.log(2 * distances))
    return float(nats * BITS_PER_NAT)


def ksg_information_bits(
    x: np.ndarray,
    y: np.ndarray,
    neighbours: int = 3,
    variant: int = 1,
    metric: str = "maximum",
    tied_share: float = TIED_SHARE,
) -> float:
    """Estimate the mutual information of two continuous variables.

    Parameters
    ----------
    x : array of float, shape (samples, units of x)
    y : array of float, shape (samples, units of y)
        Draws from a joint density.
    neighbours : int
        k, below the number of samples.
    variant : {1, 2}
        Neighbours counted within a cube (1) or within a rectangle (2) about each sample.
    metric : {'maximum', 'euclidean'}
        The distance within x and within y. For one unit each they are the same.
    tied_share : float
        The largest share of the rows of x, and of y, that may repeat another row, as rounding
        makes them. They are moved apart by less than single precision can tell, the same way in
        every call; none may be there more than `neighbours` times, so that the k-th neighbour
        is never one of them.

    Returns
    -------
    float
        In bits. The variables' units of measurement matter little: only the neighbours in the
        joint space depend on them.

    Raises
    ------
    ValueError
        If more rows are duplicated, or most values in every unit, or shapes do not fit, or there
        are too few samples.

    References
    ----------
    Kraskov, Stoegbauer & Grassberger (2004), Phys. Rev. E 69, 066138, equations 8 and 9; any
    norm will do within the variables (below equation 2).
    """
    if variant not in VARIANTS:
        raise ValueError(f"variant must be 1 or 2, not {variant!r}")
    return _ksg_bits(x, y, neighbours, (variant,), metric, tied_share)[0]


def ksg_variants_bits(
    x: np.ndarray,
    y: np.ndarray,
    neighbours: int = 3,
    metric: str = "maximum",
    tied_share: float = TIED_SHARE,
) -> tuple[float, float]:
    """Estimate the mutual information of two continuous variables with both variants at once.

    Parameters
    ----------
    x, y, neighbours, metric, tied_share
        As in `ksg_information_bits`.

    Returns
    -------
    first, second : tuple of float
        What `ksg_information_bits` gives for variants 1 and 2, from one search.
    """
    return _ksg_bits(x, y, neighbours, VARIANTS, metric, tied_share)


def _ksg_bits(
    x: np.ndarray,
    y: np.ndarray,
    neighbours: int,
    variants: tuple[int, ...],
    metric: str,
    tied_share: float,
) -> tuple[float, ...]:
    require_choice("metric", metric, METRICS)
    x = check_continuous("x", x, neighbours, tied_share)
    y = check_continuous("y", y, neighbours, tied_share)
    samples = len(x)
    if len(y) != samples:
        raise ValueError(f"y must have {samples} samples like x, not {len(y)}")
    if metric == "euclidean" and x.shape[1] + y.shape[1] > 2:
        chosen = [variant - 1 for variant in variants]
        near_x, near_y = (near[:, chosen] for near in euclidean_counts(x, y, neighbours))
    else:
        near_x, near_y = _maximum_counts(x, y, neighbours, variants)
    estimates = []
    for variant, of_x, of_y in zip(variants, near_x.T, near_y.T, strict=True):
        constant = digamma(neighbours) + digamma(samples)
        if variant == 2:
            constant, of_x, of_y = constant - 1 / neighbours, of_x - 1, of_y - 1
        nats = constant - np.mean(digamma(of_x) + digamma(of_y))
        estimates.append(float(nats * BITS_PER_NAT))
    return tuple(estimates)


def _maximum_counts(
    x: np.ndarray, y: np.ndarray, neighbours: int, variants: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Count the samples near each one in x and in y, shape (samples, variants)."""
    distances, indices = _neighbours(np.hstack([x, y]), neighbours)
    cubes = np.nextafter(distances[:, -1], 0)

    def counts_of(values: np.ndarray) -> np.ndarray:
        rectangles = np.abs(values[indices] - values[:, None]).max(axis=(1, 2))
        radii = [cubes if variant == 1 else rectangles for variant in variants]
        return _counts_within(values, np.stack(radii, axis=1))

    return counts_of(x), counts_of(y)


def ross_information_bits(
    values: np.ndarray,
    labels: np.ndarray,
    neighbours: int = 3,
    tied_share: float = TIED_SHARE,
) -> float:
    """Estimate the mutual information of a continuous and a discrete variable.

    Parameters
    ----------
    values : array of float, shape (samples, units)
        Draws from a density for each label.
    labels : array of int, shape (samples,)
        Each label has more samples than `neighbours`.
    neighbours : int
        k, the neighbours sought among the samples of the same label.
    tied_share : float
        The largest share of rows that may repeat another, as in `ksg_information_bits`.

    Returns
    -------
    float
        I = psi(N) - <psi(N_y)> + psi(k) - <psi(m)>, in bits, with m the number of other
        samples, of any label, within the distance of the k-th neighbour of the same label.

    Raises
    ------
    ValueError
        If more rows are duplicated, or most values in every unit, or a label has too few samples.

    References
    ----------
    Ross (2014), PLoS ONE 9(2), e87357, equation 2.
    """
    values = check_continuous("values", values, neighbours, tied_share)
    labels = np.asarray(labels)
    if labels.shape != (len(values),):
        raise ValueError(f"labels must have shape ({len(values)},), not {labels.shape}")
    return _ross_bits(values, labels, neighbours)


def _ross_bits(values: np.ndarray, labels: np.ndarray, neighbours: int) -> float:
    check_class_sizes(labels, neighbours)
    radii = np.empty(len(values))
    class_sizes = np.empty(len(values))
    for label in np.unique(labels):
        of_class = labels == label
        members = values[of_class]
        radii[of_class] = _distances_to_neighbour(members, neighbours)
        class_sizes[of_class] = len(members)
    counts = _counts_within(values, radii[:, None])[:, 0] - 1
    nats = (
        digamma(len(values))
        - np.mean(digamma(class_sizes))
        + digamma(neighbours)
        - np.mean(digamma(counts))
    )
    return float(nats * BITS_PER_NAT)


@dataclass(frozen=True)
class KnnEstimator(Estimator):
    """Estimate the information of a layer with declared Gaussian noise from neighbours.

    I(X;T) = h(T + N) - h(N), the first by Kozachenko & Leonenko, the second in closed form;
    I(T;Y) by Ross on the same noisy samples.

    Parameters
    ----------
    noise_variance : float
        Variance of N in each unit. 0 leaves the layer as it is: I(X;T) of a continuous
        deterministic layer is then infinite and returned as NaN, and more duplicated rows than
        `tied_share` are refused.
    neighbours : int
        k.
    noise_draws : int
        Noisy copies of each pattern. One copy cannot see structure finer than the distance
        between patterns.
    seed : int
        Seed of the noise.
    tied_share : float
        The largest share of rows of the noisy layer that may repeat another; each at most
        `neighbours` times.

    References
    ----------
    Kraskov et al. (2004), equation 20; Ross (2014), equation 2.
    """

    name: ClassVar[str] = "knn"
    assumptions: ClassVar[str] = (
        "T is the layer's output plus Gaussian noise that the network does not have; each "
        "pattern occurs once. The density of the noisy layer is constant over the distance to "
        "the k-th neighbour: with noise below that distance I(X;T) is overestimated, beyond "
        "even log2(samples), and high-dimensional layers are biased."
    )

    noise_variance: float
    neighbours: int = 3
    noise_draws: int = 1
    seed: int = 0
    tied_share: float = TIED_SHARE

    def __post_init__(self):
        require_not_negative("noise_variance", self.noise_variance)
        require_whole("neighbours", self.neighbours, at_least=1)
        require_whole("noise_draws", self.noise_draws, at_least=1)
        require_whole("seed", self.seed, at_least=0)
        check_tied_share(self.tied_share)
        if self.noise_variance == 0 and self.noise_draws != 1:
            raise ValueError(
                f"noise_draws must be 1 without noise (noise_variance=0), not {self.noise_draws}"
            )

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        return 8 * units * (4 * self.noise_draws * labels.size + PADDING_ROWS)

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        ceiling_bits = math.log2(len(activations))
        noisy = add_noise(activations, self.noise_variance, self.noise_draws, self.seed)
        noisy = check_continuous("values", noisy, self.neighbours, self.tied_share)
        labels = np.tile(labels, self.noise_draws)
        mi_label_bits = _ross_bits(noisy, labels, self.neighbours)
        if self.noise_variance == 0:
            return Estimate(math.nan, mi_label_bits, ceiling_bits)
        noise_entropy_bits = (
            0.5 * noisy.shape[1] * math.log2(2 * math.pi * math.e * self.noise_variance)
        )
        entropy_bits = _entropy_bits(noisy, self.neighbours)
        return Estimate(entropy_bits - noise_entropy_bits, mi_label_bits, ceiling_bits)


def add_noise(activations: np.ndarray, variance: float, draws: int, seed: int) -> np.ndarray:
    """Return noisy copies of a layer.

    Parameters
    ----------
    activations : array of float, shape (samples, units)
    variance : float
        Of the Gaussian noise in each unit.
    draws : int
        Copies, each with noise of its own.
    seed : int

    Returns
    -------
    array of float64, shape (draws * samples, units)
        Copy after copy.
    """
    values = np.tile(activations.astype(np.float64), (draws, 1))
    noise = np.random.default_rng(seed).standard_normal(values.shape)
    return values + math.sqrt(variance) * noise


def _distances_to_neighbour(values: np.ndarray, neighbours: int) -> np.ndarray:
    """Return the distance of each sample to its k-th nearest neighbour."""
    if values.shape[1] == 1:
        order = np.argsort(values[:, 0])
        distances = np.empty(len(values))
        distances[order] = nearest_on_line(values[order, 0], neighbours)
        return distances
    return _neighbours(values, neighbours)[0][:, -1]


def _neighbours(values: np.ndarray, neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    """Return distances and indices of each sample's nearest neighbours, itself left out."""
    if values.shape[1] > UNITS_FOR_TREES:
        return nearest_of_all(values, neighbours)
    return cKDTree(values).query(values, k=range(2, neighbours + 2), p=NORM)


def _counts_within(values: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Count the samples within closed cubes about each sample, itself included.

    Parameters
    ----------
    values : array of float64, shape (samples, units)
    radii : array of float64, shape (samples, sets)

    Returns
    -------
    array of int64, shape (samples, sets)
    """
    if values.shape[1] > 1:
        return counts_of_all(values, radii)
    counts = np.empty(radii.shape, np.int64)
    order = np.argsort(values[:, 0])
    for which, reach in enumerate(radii.T):
        counts[order, which] = counts_on_line(values[order, 0], reach[order])
    return counts
