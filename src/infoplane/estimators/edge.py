"""EDGE: mutual information from a dependence graph of hashed samples (Noshad et al. 2019)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_choice, require_not_negative, require_positive, require_whole
from infoplane.estimators._neighbour_kernels import nearest_on_line
from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.discrete import exact_row_numbers

COMBINATIONS = ("median", "mean", "optimal")
# Above this many units the samples are projected before they are hashed, and to no more
# dimensions than leave about ten samples for each of two halves (the authors' code, 4.4.1).
UNITS_WITHOUT_PROJECTION = 6
SAMPLES_PER_CELL = 10
SMALLEST_DISTANCE = 1e-4


def dependence_graph_bits(x: np.ndarray, y: np.ndarray, upper_bound_bits: float) -> float:
    """Return the mutual information of two hashed variables.

    Parameters
    ----------
    x, y : array of int, shape (samples,)
        The vertex of each sample on either side of the graph.
    upper_bound_bits : float
        U, the largest value of log2 of an edge's weight that counts, in bits.

    Returns
    -------
    float
        sum over edges of (N_ij / N) min(log2 w_ij, U), with w_ij = N_ij N / (N_i M_j).

    References
    ----------
    Noshad et al. (2019), ICASSP (arXiv:1801.09125), the estimator of the dependence
    graph, with g(w) = w log w.
    """
    levels = int(y.max()) + 1
    edges, counts = np.unique(x.astype(np.int64) * levels + y, return_counts=True)
    ends_in_x, ends_in_y = np.divmod(edges, levels)
    of_x, of_y = np.bincount(x)[ends_in_x], np.bincount(y)[ends_in_y]
    logarithms = np.log2(counts * float(x.size) / (of_x.astype(np.float64) * of_y))
    return float(np.dot(counts, np.minimum(logarithms, upper_bound_bits)) / x.size)


def neighbour_distance(coordinate: np.ndarray, neighbours: int) -> float:
    """Return the mean distance to the k-th nearest neighbour on a line.

    Parameters
    ----------
    coordinate : array of float, shape (samples,)
    neighbours : int
        k, from 1 to samples - 1.

    Returns
    -------
    float
        In the coordinate's unit.
    """
    return float(nearest_on_line(np.sort(coordinate), neighbours).mean())


def ensemble_weights(scales: np.ndarray, dimensions: int) -> np.ndarray:
    """Return the weights of an ensemble that cancel the slow terms of the bias.

    Parameters
    ----------
    scales : array of float, shape (members,)
        t, the relative bandwidths, all different.
    dimensions : int
        d, below the number of members.

    Returns
    -------
    array of float, shape (members,)
        The w of smallest norm with sum w = 1 and sum w t^i = 0 for i = 1 .. d.

    Raises
    ------
    ValueError
        If there are too few members or two are equal.

    References
    ----------
    Noshad et al. (2019), theorem on the ensemble estimator, with bandwidths t N^(-1 / 2d).
    """
    if len(np.unique(scales)) <= dimensions:
        raise ValueError(
            f"ensemble must have more different bandwidths than dimensions ({dimensions}) for "
            f"optimal weights, not {len(np.unique(scales))}"
        )
    conditions = np.vander(scales, dimensions + 1, increasing=True).T
    values = np.zeros(dimensions + 1)
    values[0] = 1.0
    return np.linalg.lstsq(conditions, values, rcond=None)[0]


@dataclass(frozen=True)
class EdgeEstimator(Estimator):
    """Estimate information by random-shift hashing of a layer at several bandwidths.

    Parameters
    ----------
    smoothness : float
        Factor on the automatic bandwidth; larger for smoother layers.
    bandwidth : float
        The hash's cell size in units of the activations (or of their projections); 0 for the
        automatic one (see `automatic_bandwidths`).
    ensemble : int
        Number of bandwidths, each with shifts of its own.
    bandwidth_range : float
        The bandwidths are the first one times 1 .. 1 + bandwidth_range, equally spaced.
    combine : {'median', 'mean', 'optimal'}
        How the ensemble becomes one number; 'optimal' are the weights of the paper's theorem,
        the others are choices of the authors' code.
    upper_bound_bits : float
        U, the bound on log2 of each edge's weight, in bits.
    seed : int
        Seed of shifts and projections.

    Notes
    -----
    Deviations from the authors' code: X is taken as discrete, every pattern being a vertex of
    its own; the neighbour distance is over all samples and not a random 500; the lower bound
    of 0.001 bit on each edge, the second pass that rescales the bandwidth by the first
    estimate, and its hand-set smoothness per layer are left out. As X is discrete and T a
    function of it, I(X;T) is the entropy of the hash's cells: the theory's convergence, proved
    for joint densities, does not apply to it.

    References
    ----------
    Noshad, Zeng & Hero (2019), Scalable Mutual Information Estimation using Dependence Graphs,
    ICASSP; arXiv:1801.09125; authors' code, version 4.4.1.
    """

    name: ClassVar[str] = "edge"
    assumptions: ClassVar[str] = (
        "Each pattern occurs once and T is a function of X: I(X;T) is the entropy of the cells "
        "of a random grid whose size follows the layer's own neighbour distances, so scale is "
        "removed and a layer that only spreads or shrinks does not show it."
    )

    copies: ClassVar[float] = 2.2

    smoothness: float = 1.0
    bandwidth: float = 0.0
    ensemble: int = 10
    bandwidth_range: float = 0.1
    combine: str = "median"
    upper_bound_bits: float = 20.0
    seed: int = 0

    def __post_init__(self):
        require_positive("smoothness", self.smoothness)
        require_not_negative("bandwidth", self.bandwidth)
        require_whole("ensemble", self.ensemble, at_least=1)
        require_not_negative("bandwidth_range", self.bandwidth_range)
        require_choice("combine", self.combine, COMBINATIONS)
        require_positive("upper_bound_bits", self.upper_bound_bits)
        require_whole("seed", self.seed, at_least=0)

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        samples = len(activations)
        cells = self.cells(activations)
        patterns = np.arange(samples)
        bound = self.upper_bound_bits
        dimensions = min(activations.shape[1], projected_dimensions(samples))
        return Estimate(
            self._combined([dependence_graph_bits(patterns, t, bound) for t in cells], dimensions),
            self._combined([dependence_graph_bits(labels, t, bound) for t in cells], dimensions),
            min(math.log2(samples), bound),
        )

    def information_bits(self, x: np.ndarray, y: np.ndarray) -> float:
        """Estimate the mutual information of two continuous variables, both hashed.

        Parameters
        ----------
        x : array of float, shape (samples, units of x)
        y : array of float, shape (samples, units of y)

        Returns
        -------
        float
            In bits.
        """
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
            raise ValueError(
                f"x and y must have shape (samples, units) with equal samples, not {x.shape} "
                f"and {y.shape}"
            )
        estimates = [
            dependence_graph_bits(of_x, of_y, self.upper_bound_bits)
            for of_x, of_y in zip(self.cells(x, 0), self.cells(y, 1), strict=True)
        ]
        most = projected_dimensions(len(x))
        return self._combined(estimates, max(min(x.shape[1], most), min(y.shape[1], most)))

    def cells(self, values: np.ndarray, stream: int = 1) -> list[np.ndarray]:
        """Hash samples at each bandwidth of the ensemble.

        Parameters
        ----------
        values : array of float, shape (samples, units)
        stream : int
            Which independent stream of shifts and projections.

        Returns
        -------
        list of array of int, each of shape (samples,)
            H(v) = floor((v + b) / epsilon) in each coordinate, numbered from 0.
        """
        generator = np.random.default_rng([self.seed, stream])
        coordinates = project(values.astype(np.float64), generator)
        if self.bandwidth:
            bandwidths = np.full(coordinates.shape[1], self.bandwidth)
        else:
            bandwidths = self.smoothness * automatic_bandwidths(coordinates, values.shape[1])
        cells = []
        for scale in self._scales():
            shifts = generator.uniform(size=coordinates.shape[1])
            codes = np.floor(coordinates / (scale * bandwidths) + shifts)
            cells.append(exact_row_numbers(codes))
        return cells

    def _scales(self) -> np.ndarray:
        return np.linspace(1.0, 1.0 + self.bandwidth_range, self.ensemble)

    def _combined(self, estimates: list[float], dimensions: int) -> float:
        if self.combine == "optimal":
            return float(np.dot(ensemble_weights(self._scales(), dimensions), estimates))
        return float(np.median(estimates) if self.combine == "median" else np.mean(estimates))


def projected_dimensions(samples: int) -> int:
    """Return the most dimensions that so many samples are hashed in.

    Parameters
    ----------
    samples : int

    Returns
    -------
    int
        floor(log2(samples / 10)), at least 1.
    """
    return max(1, math.floor(math.log2(max(samples / SAMPLES_PER_CELL, 1))))


def project(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Project wide samples at random to few coordinates (p-stable hashing with p = 2).

    Parameters
    ----------
    values : array of float, shape (samples, units)
    generator : numpy.random.Generator

    Returns
    -------
    array of float, shape (samples, dimensions)
        The values themselves for up to 6 units; otherwise Gaussian projections of the units
        divided by their standard deviations.
    """
    samples, units = values.shape
    if units <= UNITS_WITHOUT_PROJECTION:
        return values
    deviations = values.std(axis=0)
    deviations[deviations < SMALLEST_DISTANCE] = 1.0
    directions = generator.standard_normal((units, min(units, projected_dimensions(samples))))
    return values @ (directions / (deviations[:, None] * math.sqrt(units)))


def automatic_bandwidths(coordinates: np.ndarray, units: int) -> np.ndarray:
    """Return the bandwidth of each coordinate from its neighbour distances.

    Parameters
    ----------
    coordinates : array of float, shape (samples, dimensions)
    units : int
        Units before the projection.

    Returns
    -------
    array of float, shape (dimensions,)
        7.2 d / max(1 + ln units, 1) times the mean distance to the k-th neighbour, with
        k = 0.43 N^(2/3 + 0.17 d / (d + 1)) exp(-1 / max(10^4, d^4)): the rule of the authors'
        code, found by them by trial.
    """
    samples, dimensions = coordinates.shape
    exponent = 2 / 3 + 0.17 * dimensions / (dimensions + 1)
    neighbours = 0.43 * samples**exponent * math.exp(-1 / max(1e4, dimensions**4))
    neighbours = min(max(math.floor(neighbours) - 1, 1), samples - 1)
    factor = 18 * 0.4 * dimensions / max(1 + math.log(units), 1)
    if samples == 1:
        return np.full(dimensions, SMALLEST_DISTANCE)
    distances = [neighbour_distance(coordinate, neighbours) for coordinate in coordinates.T]
    return factor * (np.array(distances) + SMALLEST_DISTANCE)
