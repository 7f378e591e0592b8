"""Matrix-based Renyi information (Giraldo et al. 2015; Wickstrøm et al. 2019)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.spatial.distance import squareform

from infoplane.checks import require_choice, require_positive, require_whole
from infoplane.estimators._alignment_kernels import kernel_sums
from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.kernels import (
    gaussian_kernel,
    label_kernel,
    squared_distances,
    stratified_subset,
    typical_distance,
)

WIDTH_RULES = ("alignment", "silverman", "median")
ALIGNMENT_CANDIDATES = np.geomspace(0.1, 10.0, 75)
# Widths whose rough alignment is that much below the largest are not compared in full: ten times
# what it may be off by.
ROUGHNESS = 1e-5


def matrix_renyi_entropy_bits(kernel: np.ndarray, order: float = 1.01) -> float:
    """Return the entropy of the spectrum of a kernel matrix.

    Parameters
    ----------
    kernel : array of float, shape (samples, samples)
        Positive semidefinite; it is divided by its trace.
    order : float
        alpha, above 0 and not 1.

    Returns
    -------
    float
        S = log2(sum_i lambda_i^alpha) / (1 - alpha), in bits, from 0 to log2(samples).

    References
    ----------
    Giraldo, Rao & Principe (2015), IEEE Trans. Inf. Theory 61, 535-548.
    """
    return _spectrum_entropy_bits(np.linalg.eigvalsh(kernel / np.trace(kernel)), order)


def aligned_width(squared: np.ndarray, labels: np.ndarray) -> float:
    """Choose the kernel width whose kernel is most aligned with the labels' kernel.

    Parameters
    ----------
    squared : array of float, shape (samples, samples)
        Squared distances.
    labels : array of int, shape (samples,)

    Returns
    -------
    float
        Among 75 widths, from 0.1 to 10 mean distances, equally spaced in their logarithm, the
        one of largest <K, K_y> / (|K| |K_y|).

    References
    ----------
    Wickstrøm et al. (2019), arXiv:1909.11396, on the kernel width. They smooth the width over
    iterations, which one call for one epoch cannot.
    """
    widths = ALIGNMENT_CANDIDATES * typical_distance(squared, "mean")
    # Each pair stands twice in the matrices, and their diagonals are ones.
    pairs = squareform(squared, checks=False)
    alike = squareform(label_kernel(labels), checks=False).astype(bool)
    widths = widths[_rough_alignments(pairs, alike, widths, len(labels)) > -ROUGHNESS]
    if len(widths) == 1:
        return float(widths[0])
    alignments = []
    for width in widths:
        kernel = gaussian_kernel(pairs, width)
        squared_norm = len(labels) + 2 * np.vdot(kernel, kernel)
        alignments.append((len(labels) + 2 * kernel[alike].sum()) / math.sqrt(squared_norm))
    return float(widths[int(np.argmax(alignments))])


def _rough_alignments(
    pairs: np.ndarray, alike: np.ndarray, widths: np.ndarray, samples: int
) -> np.ndarray:
    """Return each width's alignment relative to the largest, less 1, to about 1e-6."""
    scale = float(pairs.max())
    factors = (scale / (math.log(2.0) * widths**2)).astype(np.float32)
    relative = (pairs / scale).astype(np.float32)
    of_alike, of_others = (kernel_sums(relative[kind], factors) for kind in (alike, ~alike))
    squared_norms = samples + 2 * (of_alike[:, 1] + of_others[:, 1])
    alignments = (samples + 2 * of_alike[:, 0]) / np.sqrt(squared_norms)
    return alignments / alignments.max() - 1


@dataclass(frozen=True)
class MatrixRenyiEstimator(Estimator):
    """Measure information by the spectra of kernel matrices.

    Parameters
    ----------
    order : float
        alpha; the papers have 1.01, near Shannon's 1.
    width_rule : {'alignment', 'silverman', 'median'}
        Width sigma of the layer's kernel exp(-distance^2 / sigma^2): the one best aligned with
        the labels (Wickstrøm et al.), `width_factor` samples^(-1 / (4 + units)) (Yu et al.
        2019, with factor 5), or `width_factor` times the median distance.
    width_factor : float
        See `width_rule`; without effect on 'alignment'.
    samples : int
        At most so many samples are used, chosen at random with each label in its share; the
        spectrum takes time with their third power. The ceiling is log2 of their number.
    seed : int
        Seed of the choice.

    Notes
    -----
    X has the kernel of width 0 (each pattern is like itself only), hence S(X) = S(X, T) and
    I(X;T) = S(T): the papers' wider kernel for X makes a smaller value. Y has the kernel
    that is 1 for equal labels.

    References
    ----------
    Giraldo, Rao & Principe (2015), IEEE Trans. Inf. Theory 61; Wickstrøm et al. (2019),
    arXiv:1909.11396; Yu et al. (2019), arXiv:1804.06537.
    """

    name: ClassVar[str] = "matrix_renyi"
    assumptions: ClassVar[str] = (
        "The spectrum of the layer's kernel matrix stands for its distribution: no density is "
        "estimated, and the value has bits for a unit but is not Shannon's information. It "
        "depends on the kernel's width, which here follows the layer's scale."
    )

    order: float = 1.01
    width_rule: str = "alignment"
    width_factor: float = 1.0
    samples: int = 1000
    seed: int = 0

    def __post_init__(self):
        require_positive("order", self.order)
        if self.order == 1:
            raise ValueError("order must not be 1, where the formula has no value; 1.01 is usual")
        require_choice("width_rule", self.width_rule, WIDTH_RULES)
        require_positive("width_factor", self.width_factor)
        require_whole("samples", self.samples, at_least=2)
        require_whole("seed", self.seed, at_least=0)

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        samples = min(labels.size, self.samples)
        return 8 * (2 * samples * units + 4 * samples**2)

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        if len(labels) > self.samples:
            chosen = stratified_subset(labels, self.samples, self.seed)
            activations, labels = activations[chosen], labels[chosen]
        squared = squared_distances(activations)
        kernel = gaussian_kernel(squared, self.width(squared, activations.shape[1], labels))
        entropy_bits = matrix_renyi_entropy_bits(kernel, self.order)
        shares = np.bincount(labels) / labels.size
        label_entropy_bits = _spectrum_entropy_bits(shares, self.order)
        # The joint matrix has one block per label, so its spectrum is that of the blocks.
        blocks = [kernel[np.ix_(labels == y, labels == y)] for y in np.unique(labels)]
        spectrum = np.concatenate([np.linalg.eigvalsh(block / labels.size) for block in blocks])
        joint_entropy_bits = _spectrum_entropy_bits(spectrum, self.order)
        return Estimate(
            entropy_bits,
            entropy_bits + label_entropy_bits - joint_entropy_bits,
            math.log2(labels.size),
        )

    def width(self, squared: np.ndarray, units: int, labels: np.ndarray) -> float:
        """Return the kernel width for one layer.

        Parameters
        ----------
        squared : array of float, shape (samples, samples)
            Squared distances.
        units : int
        labels : array of int, shape (samples,)

        Returns
        -------
        float
            sigma, in units of the activations; 1 for a constant layer, where it has no effect.
        """
        if not squared.any():
            return 1.0
        if self.width_rule == "alignment":
            return aligned_width(squared, labels)
        if self.width_rule == "silverman":
            return self.width_factor * len(squared) ** (-1 / (4 + units))
        median = typical_distance(squared, "median") or typical_distance(squared, "mean")
        return self.width_factor * median


def _spectrum_entropy_bits(eigenvalues: np.ndarray, order: float) -> float:
    """Return Renyi's entropy of eigenvalues that sum to 1; rounding below 0 counts as 0."""
    powers = np.maximum(eigenvalues, 0.0) ** order
    return float(np.log2(powers.sum()) / (1.0 - order))
