"""Information of a layer's directions, assigned softly to random anchors (Conklin 2025)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_positive, require_whole
from infoplane.estimators._row_parts import row_parts, rows_in_order
from infoplane.estimators.base import Estimate, Estimator, check_activations

LEADING_ORDER = "leading_order"
# Cosines are known to about 1e-16: what a lower temperature would tell apart is their rounding.
LEAST_TEMPERATURE = 1e-12
# Rows whose assignments are held at once: for 100 anchors as much as a core's cache.
BLOCK_ROWS = 512


def sphere_anchors(anchors: int, units: int, seed: int) -> np.ndarray:
    """Draw points uniformly from the unit sphere.

    Parameters
    ----------
    anchors : int
    units : int
        Dimension of the space around the sphere.
    seed : int

    Returns
    -------
    array of float64, shape (anchors, units)
        Normal numbers, divided by their row's length.
    """
    points = np.random.default_rng(seed).standard_normal((anchors, units))
    for part in row_parts(anchors, units):
        points[part] /= np.linalg.norm(points[part], axis=1, keepdims=True)
    return points


def directions(activations: np.ndarray) -> np.ndarray:
    """Divide each row by its length; a row of zeros stays one.

    Parameters
    ----------
    activations : array of float, shape (samples, units)

    Returns
    -------
    array of float64, shape (samples, units)
    """
    return _directions(activations, np.arange(len(activations)))


def _directions(activations: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the `directions` of some rows in this order."""
    rows = rows_in_order(activations, order, np.float64)
    # By the largest value first: squares of very large or small numbers have no float64.
    largest = np.maximum(rows.max(axis=1, keepdims=True), -rows.min(axis=1, keepdims=True))
    rows /= np.where(largest > 0, largest, 1.0)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    rows /= np.where(lengths > 0, lengths, 1.0)
    return rows


class SoftAssignments:
    """Sum up soft assignments batch by batch, in memory of anchors times classes.

    Parameters
    ----------
    anchors : array of float64, shape (anchors, units)
        Points of the unit sphere.
    temperature : float
        Of the softmax over cosines.
    classes : int
        Labels are 0 .. classes - 1.

    Attributes
    ----------
    sums : array of float64, shape (classes, anchors)
        Of the assignment probabilities of each label's samples.
    counts : array of int64, shape (classes,)
        Samples of each label.
    own_nats : float
        Sum of the entropies of the samples' own assignments.

    Examples
    --------
    >>> seen = SoftEntropyEstimator(anchors=100).accumulator(units=10, classes=2)
    >>> for activations, labels in batches:
    ...     seen.add(activations, labels)
    >>> seen.estimate().mi_input_bits
    """

    def __init__(self, anchors: np.ndarray, temperature: float, classes: int) -> None:
        require_whole("classes", classes, at_least=2)
        require_positive("temperature", temperature)
        self.anchors, self.temperature = anchors, temperature
        self.sums = np.zeros((classes, len(anchors)))
        self.counts = np.zeros(classes, np.int64)
        self.own_nats = 0.0

    def add(self, activations: np.ndarray, labels: np.ndarray) -> None:
        """Add samples, each pattern once in all batches together.

        Parameters
        ----------
        activations : array of float, shape (samples, units)
        labels : array of int, shape (samples,)
            0 .. classes - 1; a batch need not have all of them.

        Raises
        ------
        ValueError
            If the shapes do not fit, a value is NaN or infinite, or a label is not allowed.
        """
        activations, labels = check_activations(activations), np.asarray(labels)
        if activations.shape[1] != self.anchors.shape[1]:
            raise ValueError(
                f"activations must have {self.anchors.shape[1]} units, as the anchors have, not "
                f"{activations.shape[1]}"
            )
        if labels.shape != (len(activations),) or not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                f"labels must be {len(activations)} whole numbers, one for each sample, not "
                f"{labels.dtype} of shape {labels.shape}"
            )
        if labels.min() < 0 or labels.max() >= len(self.counts):
            raise ValueError(
                f"labels must be from 0 to {len(self.counts) - 1}, not from {labels.min()} to "
                f"{labels.max()}"
            )
        for start in range(0, len(labels), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            self._add_block(activations[rows], labels[rows])

    def _add_block(self, activations: np.ndarray, labels: np.ndarray) -> None:
        # Sorted, a label's samples are one run, and its sum takes no memory for other classes.
        order = np.argsort(labels, kind="stable")
        labels = labels[order]
        scores = _directions(activations, order) @ self.anchors.T
        scores -= scores.max(axis=1, keepdims=True)
        scores /= self.temperature
        weights = np.exp(scores)
        totals = weights.sum(axis=1)
        # -log p of an anchor is the logarithm of the total less its score.
        self.own_nats += float(
            (np.log(totals) - np.einsum("ij,ij->i", weights, scores) / totals).sum()
        )
        weights /= totals[:, None]
        starts = np.flatnonzero(np.diff(labels, prepend=-1))
        self.sums[labels[starts]] += np.add.reduceat(weights, starts, axis=0)
        self.counts += np.bincount(labels, minlength=len(self.counts))

    def estimate(self) -> Estimate:
        """Return the estimate of all samples added so far.

        Returns
        -------
        Estimate

        Raises
        ------
        ValueError
            If fewer than two labels have been seen.
        """
        seen = self.counts > 0
        if seen.sum() < 2:
            raise ValueError(
                f"labels must be of at least 2 classes; {int(seen.sum())} have been added"
            )
        samples, counts = int(self.counts.sum()), self.counts[seen]
        overall = entropy_bits(self.sums.sum(axis=0) / samples)
        within = entropy_bits(self.sums[seen] / counts[:, None])
        own = self.own_nats / samples / math.log(2)
        most = [samples, len(self.anchors)]
        if self.anchors.shape[1] == 1:
            # A line has two directions.
            most.append(2)
        return Estimate(
            float(overall - own),
            float(overall - within @ counts / samples),
            math.log2(min(most)),
        )


def entropy_bits(probabilities: np.ndarray) -> np.ndarray:
    """Return the entropies of distributions along the last axis, in bits."""
    logarithms = np.log2(probabilities, where=probabilities > 0, out=np.zeros_like(probabilities))
    return -(probabilities * logarithms).sum(axis=-1)


@dataclass(frozen=True)
class SoftEntropyEstimator(Estimator):
    """Assign a layer's directions softly to random points of the sphere, and count those.

    Parameters
    ----------
    anchors : int
        Number K of random points on the unit sphere; the published code has 100.
    temperature : float or 'leading_order'
        Temperature epsilon of the softmax over cosines, at least 1e-12; 'leading_order' is
        1 / sqrt(2 units ln K), the published approximation for many units.
    seed : int
        Of the anchors, which also depend on the number of units. Layers of equally many units
        share them, at every epoch.

    Notes
    -----
    Published: with z a row divided by its length and w_k the anchors, p(k|z) is the softmax over
    k of z.w_k / epsilon; P is its mean over the samples, P_y that over the samples of a label.
    H(T) = H(P) and I(T;Y) = H(P) - sum_y p(y) H(P_y). All of it is sums over samples, so that
    batches can be added up one after the other (`SoftAssignments`).

    Ours: I(X;T) is the same with each pattern as its own label, H(P) - mean of H(p(k|z)), where
    the published studies take tokens and their contexts for X. It is the information about the
    pattern in an anchor drawn from its assignment, so that 0 <= I(T;Y) <= I(X;T) <=
    min(log2 samples, log2 K) but for rounding; sharp assignments alone come near the ceiling.
    Bits, without the published division by log K. Sums are float64, and no probability is
    clipped. A row of zeros has no direction: its cosine with every anchor counts as 0, which
    makes its assignment uniform, and all such rows one state of their own. No mean is taken
    off the rows, as none is in the published code.

    The published code finds epsilon from the divergence of a von Mises-Fisher distribution from
    the uniform one, and offers the leading order as its approximation. Its way needs three units
    or more, and the study has layers of one.

    Blocks are of a fixed size, so that the same call gives the same bits; another split into
    batches, or another order of the samples, changes rounding alone.

    References
    ----------
    Conklin (2025), Information Structure in Mappings, arXiv:2505.23960; Conklin et al. (2026),
    Learning is Forgetting: LLM Training As Lossy Compression, ICLR, arXiv:2604.07569. Formulas
    as in the authors' code, https://github.com/hcoxec/soft_h, at commit 0073a4e.
    """

    name: ClassVar[str] = "soft_entropy"
    assumptions: ClassVar[str] = (
        "T is a random anchor, drawn by the cosines of the layer's row with all anchors, and the "
        "network has no such draw. Only directions count, lengths never; what lies closer "
        "together than the temperature is told apart in part only."
    )

    anchors: int = 100
    temperature: float | str = LEADING_ORDER
    seed: int = 0

    def __post_init__(self) -> None:
        require_whole("anchors", self.anchors, at_least=2)
        require_whole("seed", self.seed, at_least=0)
        if self.temperature == LEADING_ORDER:
            return
        if isinstance(self.temperature, str):
            raise ValueError(
                f"temperature must be a number or {LEADING_ORDER!r}, not {self.temperature!r}"
            )
        require_positive("temperature", self.temperature)
        if self.temperature < LEAST_TEMPERATURE:
            raise ValueError(
                f"temperature must be at least {LEAST_TEMPERATURE}, not {self.temperature!r}"
            )

    def softmax_temperature(self, units: int) -> float:
        """Return the temperature for layers of so many units."""
        if self.temperature == LEADING_ORDER:
            return 1 / math.sqrt(2 * units * math.log(self.anchors))
        return float(self.temperature)

    def accumulator(self, units: int, classes: int) -> SoftAssignments:
        """Return sums without samples yet, to add batches to.

        Parameters
        ----------
        units : int
            Of the layer.
        classes : int
            Labels are 0 .. classes - 1.

        Returns
        -------
        SoftAssignments
        """
        points = sphere_anchors(self.anchors, units, self.seed)
        return SoftAssignments(points, self.softmax_temperature(units), classes)

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        return 8 * units * (self.anchors + min(labels.size, BLOCK_ROWS))

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        seen = self.accumulator(activations.shape[1], int(labels.max()) + 1)
        seen.add(activations, labels)
        return seen.estimate()
