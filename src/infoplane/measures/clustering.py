"""How tightly a layer clusters its classes: distances within and between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.compiled.compilation import compiled
from infoplane.estimators.base import check_samples
from infoplane.measures.base import Measure, TrainedNetwork, columns_of

# Samples whose distances stay in the first-level cache, and add up before they go to float64.
CHUNK = 256


@dataclass(frozen=True)
class ClassDistances:
    """Hold mean Euclidean distances between a layer's activations.

    Attributes
    ----------
    within : float
        Mean over all pairs of different samples of one class, in units of activation; NaN if
        every class has one sample.
    between : float
        Mean over all pairs of samples of different classes.
    """

    within: float
    between: float

    @property
    def ratio(self) -> float:
        """Return within / between: 0 when every class is one point; NaN when all is one point."""
        return self.within / self.between if self.between > 0 else float("nan")


@compiled(fastmath={"reassoc", "contract", "nsz"})
def _pair_sums(columns, ends):
    """Sum the distances over pairs of equal and of different class.

    Parameters
    ----------
    columns : array of float32 or float64, shape (units, samples)
        Samples sorted by class.
    ends : array of int64, shape (samples,)
        For each sample, where its class ends.

    Returns
    -------
    within, between : float
    """
    units, samples = columns.shape
    squared = np.empty(CHUNK, columns.dtype)
    within, between = 0.0, 0.0
    for sample in range(samples):
        first = sample
        while first < samples:
            same = first < ends[sample]
            size = min(CHUNK, (ends[sample] if same else samples) - first)
            squared[:size] = 0
            for unit in range(units):
                row, here = columns[unit, first : first + size], columns[unit, sample]
                for other in range(size):
                    squared[other] += (row[other] - here) * (row[other] - here)
            total = squared.dtype.type(0)
            for other in range(size):
                total += np.sqrt(squared[other])
            if same:
                within += total
            else:
                between += total
            first += size
    return within, between


def class_distances(activations: np.ndarray, labels: np.ndarray) -> ClassDistances:
    """Measure how far apart activations of the same and of different classes lie.

    Parameters
    ----------
    activations : array of float, shape (samples, units)
        Distances are computed in float32 if these are, else in float64.
    labels : array of int, shape (samples,)

    Returns
    -------
    ClassDistances

    Raises
    ------
    ValueError
        If the arrays are not what an `Estimator` accepts.

    References
    ----------
    Goldfeld et al. (2019), ICML, "Estimating information flow in deep neural networks",
    section 5: pairwise distances within and between classes, which clustering pulls apart.
    """
    activations, labels = check_samples(activations, labels)
    order = np.argsort(labels, kind="stable")
    dtype = np.float32 if activations.dtype == np.float32 else np.float64
    columns = np.ascontiguousarray(activations[order].T, dtype=dtype)
    sizes = np.bincount(labels)
    ends = np.repeat(np.cumsum(sizes), sizes)
    within, between = _pair_sums(columns, ends)
    same = int((sizes * (sizes - 1)).sum()) // 2
    different = len(labels) * (len(labels) - 1) // 2 - same
    return ClassDistances(
        within / same if same else float("nan"),
        between / different,
    )


@dataclass(frozen=True)
class ClusteringMeasure(Measure):
    """Measure the mean distances within and between classes of every layer, without noise.

    Parameters
    ----------
    label : str

    References
    ----------
    Goldfeld et al. (2019), ICML: compression of noisy networks is clustering of their
    activations.
    """

    name: ClassVar[str] = "clustering"
    table: ClassVar[str] = "clustering"

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, within_distance, between_distance``, in units of activation.
        """
        rows = []
        for epoch, layers in trained.layers():
            for layer, values in enumerate(layers, start=1):
                found = class_distances(values, trained.evaluated_labels)
                rows.append((epoch, layer, found.within, found.between))
        return columns_of(("within_distance", "between_distance"), rows)
