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


def hsic(kernel_x: np.ndarray, kernel_y: np.ndarray) -> float:
    """Return the empirical criterion of two kernel matrices.

    Parameters
    ----------
    kernel_x, kernel_y : array of float, shape (samples, samples)
        Symmetric, of the same samples.

    Returns
    -------
    float
        tr(K H L H) / (samples - 1)^2 with H = I - 1/samples; without unit, at least 0 up to
        rounding, biased upwards by O(1 / samples).

    References
    ----------
    Gretton, Bousquet, Smola & Schoelkopf (2005), ALT, equation 9.
    """
    samples = _check_kernels(kernel_x, kernel_y)
    return float(np.vdot(_centred(kernel_x), kernel_y) / (samples - 1) ** 2)


def normalised_hsic(kernel_x: np.ndarray, kernel_y: np.ndarray) -> float:
    """Return the criterion divided by its largest value for the given spreads.

    Parameters
    ----------
    kernel_x, kernel_y : array of float, shape (samples, samples)

    Returns
    -------
    float
        HSIC(x, y) / sqrt(HSIC(x, x) HSIC(y, y)), from 0 to 1.

    Raises
    ------
    ValueError
        If one of the kernels is constant, so that there is nothing to normalise by.

    References
    ----------
    Cortes, Mohri & Rostamizadeh (2012), JMLR 13 (centred alignment); Gretton et al. (2005).
    """
    _check_kernels(kernel_x, kernel_y)
    centred_x, centred_y = _centred(kernel_x), _centred(kernel_y)
    spread_x, spread_y = np.vdot(centred_x, centred_x), np.vdot(centred_y, centred_y)
    rounding = (np.finfo(np.float64).eps * len(kernel_x)) ** 2
    for name, spread, kernel in (("x", spread_x, kernel_x), ("y", spread_y, kernel_y)):
        if spread <= rounding * np.vdot(kernel, kernel):
            raise ValueError(f"kernel_{name} is the same for all samples: nothing depends on it")
    return float(np.vdot(centred_x, centred_y) / math.sqrt(spread_x * spread_y))


@dataclass(frozen=True)
class Dependence:
    """Hold a layer's dependence on X and on Y.

    Attributes
    ----------
    input_dependence : float
        Between the input X and the representation T, without unit, from 0 to 1.
    label_dependence : float
        Between the representation T and the label Y, without unit, from 0 to 1.
    """

    input_dependence: float
    label_dependence: float


@dataclass(frozen=True)
class DependenceMeasure(Measure):
    """Measure every layer's dependence on X and Y by the normalised criterion.

    Kernels of the median width tell apart what is different. The value is no information: it has
    no bits, need not obey the data-processing order, sees how the layer's geometry follows that of
    X and Y, and is biased upwards by the order of 1 / samples.

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
    samples depends on nothing: 0.

    References
    ----------
    Gretton et al. (2005), ALT; Cortes, Mohri & Rostamizadeh (2012), JMLR 13 (normalised); Ma,
    Lewis & Kleijn (2020), AAAI, arXiv:1908.01580 (along training, in place of information).
    """

    name: ClassVar[str] = "dependence"
    table: ClassVar[str] = "dependence"

    samples: int = 1000
    seed: int = 0

    def __post_init__(self):
        require_whole("samples", self.samples, at_least=2)
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
    """Return the normalised criterion, 0 if one of the two is the same for all samples."""
    return 0.0 if kernel is None or other is None else normalised_hsic(kernel, other)


def _centred(kernel: np.ndarray) -> np.ndarray:
    """Return H K H."""
    means = kernel.mean(axis=0)
    return kernel - means[None, :] - means[:, None] + means.mean()


def _check_kernels(kernel_x: np.ndarray, kernel_y: np.ndarray) -> int:
    """Refuse kernels that are not square and of one size; return the samples."""
    if kernel_x.ndim != 2 or kernel_x.shape[0] != kernel_x.shape[1] or len(kernel_x) < 2:
        raise ValueError(f"kernel_x must be square, of at least 2 samples, not {kernel_x.shape}")
    if kernel_y.shape != kernel_x.shape:
        raise ValueError(f"kernel_y must have shape {kernel_x.shape}, not {kernel_y.shape}")
    return len(kernel_x)
