"""The Hilbert-Schmidt independence criterion: a measure of dependence, not in bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_whole
from infoplane.estimators.base import check_samples
from infoplane.estimators.kernels import (
    gaussian_kernel,
    label_kernel,
    squared_distances,
    stratified_subset,
    typical_distance,
)
from infoplane.measures.base import Measure, TrainedNetwork, columns_of

COLUMNS = ("estimator", "input_dependence", "label_dependence")
FEWEST_SAMPLES = 4
"""With three, centring leaves nothing of a kernel."""


def hsic(kernel_x: np.ndarray, kernel_y: np.ndarray) -> float:
    """Return the unbiased estimate of the criterion from two kernel matrices.

    Parameters
    ----------
    kernel_x, kernel_y : array of float, shape (samples, samples)
        Symmetric, of the same samples, at least 4. Their diagonals are not looked at.

    Returns
    -------
    float
        Without unit. Its mean over all orders of the samples of y is 0, whatever the kernels, so
        that it is as often below 0 as above where nothing depends on anything.

    Notes
    -----
    The sum of A_ij B_ij over i != j divided by samples (samples - 3), where A and B are the kernels
    with row, column and total means taken off so that each row of the off-diagonal sums to 0: the
    same number as Song's sum of three terms.

    References
    ----------
    Song, Smola, Gretton, Bedo & Borgwardt (2012), JMLR 13, equation 5; Szekely & Rizzo (2014),
    Annals of Statistics 42 (centred so).
    """
    samples = _check_kernels(kernel_x, kernel_y)
    return float(np.vdot(_centred(kernel_x), _centred(kernel_y)) / (samples * (samples - 3)))


def normalised_hsic(kernel_x: np.ndarray, kernel_y: np.ndarray) -> float:
    """Return the criterion divided by its largest value for the given spreads.

    Parameters
    ----------
    kernel_x, kernel_y : array of float, shape (samples, samples)
        As for `hsic`.

    Returns
    -------
    float
        HSIC(x, y) / sqrt(HSIC(x, x) HSIC(y, y)), all three unbiased: 1 for equal kernels, never
        beyond -1 and 1. Its mean over all orders of the samples of y is 0, as that of `hsic`,
        since no order changes the divisor.

    Raises
    ------
    ValueError
        If one of the kernels is the same for all pairs of samples, or differs for the pairs of
        one sample alone, so that there is nothing to normalise by.

    References
    ----------
    Cortes, Mohri & Rostamizadeh (2012), JMLR 13 (centred alignment); Song et al. (2012), JMLR 13.
    """
    _check_kernels(kernel_x, kernel_y)
    for name, kernel in (("x", kernel_x), ("y", kernel_y)):
        if not _varies(kernel):
            raise ValueError(f"kernel_{name} is the same for all samples: nothing depends on it")
    centred_x, centred_y = _centred(kernel_x), _centred(kernel_y)
    spreads = np.vdot(centred_x, centred_x) * np.vdot(centred_y, centred_y)
    return float(np.vdot(centred_x, centred_y) / math.sqrt(spreads))


@dataclass(frozen=True)
class Dependence:
    """Hold a layer's dependence on X and on Y.

    Attributes
    ----------
    input_dependence : float
        Between the input X and the representation T, without unit: 1 where equal, 0 on average
        where independent, so that it can be below 0.
    label_dependence : float
        Between the representation T and the label Y, likewise.
    """

    input_dependence: float
    label_dependence: float


@dataclass(frozen=True)
class DependenceMeasure(Measure):
    """Measure every layer's dependence on X and Y by the normalised criterion.

    Kernels of the median width tell apart what is different. The value is no information: it has
    no bits, need not obey the data-processing order, and sees how the layer's geometry follows that
    of X and Y. Independence gives 0 on average, whatever the geometry, and so small values of
    either sign; they are not cut off at 0.

    Parameters
    ----------
    label : str
    samples : int
        At most so many samples are used, chosen at random with each label in its share; time
        and memory grow with the square of their number.
    seed : int
        Seed of the choice.

    Notes
    -----
    T and X have the kernel exp(-distance^2 / sigma^2), each with sigma its median distance (the
    mean if that is 0), and Y the kernel that is 1 for equal labels. What is the same for all
    samples, or for all but one, shows no dependence: 0.

    References
    ----------
    Gretton et al. (2005), ALT; Song et al. (2012), JMLR 13 (unbiased); Cortes, Mohri &
    Rostamizadeh (2012), JMLR 13 (normalised); Ma, Lewis & Kleijn (2020), AAAI, arXiv:1908.01580
    (along training, in place of information).
    """

    name: ClassVar[str] = "dependence"
    table: ClassVar[str] = "dependence"

    samples: int = 1000
    seed: int = 0

    def __post_init__(self):
        require_whole("samples", self.samples, at_least=FEWEST_SAMPLES)
        require_whole("seed", self.seed, at_least=0)

    def estimators(self) -> tuple[str, ...]:
        """Return the measurement's own name."""
        return (self.label,)

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, estimator, input_dependence, label_dependence``, without unit.
        """
        inputs, labels = trained.evaluated_inputs, trained.evaluated_labels
        rows = []
        for epoch, layers in trained.layers():
            for layer, values in enumerate(layers, start=1):
                found = self.of_inputs(inputs, values, labels)
                both = (found.input_dependence, found.label_dependence)
                rows.append((epoch, layer, self.label, *both))
        return columns_of(COLUMNS, rows)

    def of_inputs(
        self, inputs: np.ndarray, activations: np.ndarray, labels: np.ndarray
    ) -> Dependence:
        """Measure the dependence of one layer.

        Parameters
        ----------
        inputs : array of float, shape (samples, ...)
        activations : array of float, shape (samples, units)
        labels : array of int, shape (samples,)

        Returns
        -------
        Dependence

        Raises
        ------
        ValueError
            If an array is not what an `Estimator` accepts.
        """
        inputs, _ = check_samples(inputs.reshape(len(inputs), -1), labels)
        activations, labels = check_samples(activations, labels)
        chosen = np.arange(len(labels))
        if len(labels) > self.samples:
            chosen = stratified_subset(labels, self.samples, self.seed)
        kernel = _median_kernel(activations[chosen])
        return Dependence(
            _dependence_of(kernel, _median_kernel(inputs[chosen])),
            _dependence_of(kernel, label_kernel(labels[chosen])),
        )


def _median_kernel(values: np.ndarray) -> np.ndarray | None:
    """Return the kernel matrix at the median distance; none of samples that are all the same."""
    squared = squared_distances(values)
    width = typical_distance(squared, "median") or typical_distance(squared, "mean")
    return gaussian_kernel(squared, width) if width else None


def _dependence_of(kernel: np.ndarray | None, other: np.ndarray | None) -> float:
    """Return the normalised criterion, 0 if one of the two has nothing to normalise by."""
    if kernel is None or other is None:
        return 0.0
    _check_kernels(kernel, other)
    return normalised_hsic(kernel, other) if _varies(kernel) and _varies(other) else 0.0


def _centred(kernel: np.ndarray) -> np.ndarray:
    """Return the kernel with a diagonal of 0 and off it without what the rows tell by themselves.

    Every row sums to 0, so that the products of two such matrices do in any order of the samples.
    """
    samples = len(kernel)
    centred = np.array(kernel, dtype=np.float64)
    np.fill_diagonal(centred, 0.0)
    rows = centred.sum(axis=0) / (samples - 2)
    total = rows.sum() / (samples - 1)
    centred -= rows[None, :]
    centred -= rows[:, None]
    centred += total
    np.fill_diagonal(centred, 0.0)
    return centred


def _varies(kernel: np.ndarray) -> bool:
    """Return whether centring leaves more of the kernel than rounding."""
    centred = _centred(kernel)
    rounding = (np.finfo(np.float64).eps * len(kernel)) ** 2
    return bool(np.vdot(centred, centred) > rounding * np.vdot(kernel, kernel))


def _check_kernels(kernel_x: np.ndarray, kernel_y: np.ndarray) -> int:
    """Refuse kernels that are not square, of one size and large enough; return the samples."""
    if kernel_x.ndim != 2 or kernel_x.shape[0] != kernel_x.shape[1]:
        raise ValueError(f"kernel_x must be square, not of shape {kernel_x.shape}")
    if kernel_y.shape != kernel_x.shape:
        raise ValueError(f"kernel_y must have shape {kernel_x.shape}, not {kernel_y.shape}")
    if len(kernel_x) < FEWEST_SAMPLES:
        raise ValueError(f"at least {FEWEST_SAMPLES} samples are needed, not {len(kernel_x)}")
    return len(kernel_x)
