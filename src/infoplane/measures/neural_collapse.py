"""Neural collapse: how far each layer's classes shrink to points at the corners of a simplex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.estimators.base import check_samples
from infoplane.measures.base import Measure, TrainedNetwork, columns_of
from infoplane.training.schedule import seed_sequence

# Directions in which the class means differ by less than this share of their largest spread are
# rounding in float32.
LEAST_SPREAD = 1e-5


@dataclass(frozen=True)
class Collapse:
    """Hold how far one layer is from collapsed.

    Attributes
    ----------
    within_over_between : float
        NC1, trace(W B^+) / C of the C classes: W is the covariance within classes, averaged over
        them, B that of the class means. 0 where each class is a point; NaN where all means are one.
    norm_variation : float
        NC2: standard deviation of the norms of the centred class means over their mean; 0 where all
        are as long.
    angle_error : float
        NC2: mean over pairs of classes of abs(cos + 1 / (C - 1)) between the centred means; 0 at
        the corners of a simplex, and for two classes always.
    """

    within_over_between: float
    norm_variation: float
    angle_error: float


def collapse(activations: np.ndarray, labels: np.ndarray) -> Collapse:
    """Measure the collapse of one layer.

    Parameters
    ----------
    activations : array of float, shape (samples, units)
    labels : array of int, shape (samples,)
        Classes are those that occur, and count alike however many samples they have.

    Returns
    -------
    Collapse

    Raises
    ------
    ValueError
        If the arrays are not what an `Estimator` accepts.

    References
    ----------
    Papyan, Han & Donoho (2020), PNAS, "Prevalence of neural collapse during the terminal phase of
    deep learning training", figures 2, 3, 4 and 6.
    """
    activations, labels = check_samples(activations, labels)
    values = activations.astype(np.float64)
    there, classes = np.unique(labels, return_inverse=True)
    sizes = np.bincount(classes)
    means = np.stack([values[classes == label].mean(axis=0) for label in range(len(there))])
    centred = means - means.mean(axis=0)
    # Of B^+ = sum over directions v of v v' / variance, only those that the means span count.
    _, spreads, directions = np.linalg.svd(centred, full_matrices=False)
    scale = np.abs(values).max(initial=0.0)
    kept = (spreads > LEAST_SPREAD * spreads[0]) & (spreads > LEAST_SPREAD * scale)
    if not kept.any():
        return Collapse(np.nan, np.nan, np.nan)
    deviations = (values - means[classes]) @ directions[kept].T
    weights = 1 / (len(there) * sizes[classes])
    variances = spreads[kept] ** 2 / len(there)
    within = float(((deviations**2 * weights[:, None]).sum(axis=0) / variances).sum() / len(there))
    norms = np.linalg.norm(centred, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosines = (centred @ centred.T) / np.outer(norms, norms)
    pairs = cosines[np.triu_indices(len(there), 1)]
    angles = np.abs(pairs + 1 / (len(there) - 1)).mean()
    return Collapse(within, float(norms.std() / norms.mean()), float(angles))


@dataclass(frozen=True)
class NeuralCollapseMeasure(Measure):
    """Measure NC1 and NC2 of every layer, and NC1 of the same layer with labels dealt at random.

    Parameters
    ----------
    label : str

    Notes
    -----
    Collapse is said of the training set: measure it with ``evaluation: train``.
    """

    name: ClassVar[str] = "neural_collapse"
    table: ClassVar[str] = "neural_collapse"

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, within_over_between, norm_variation, angle_error,
            permuted_within_over_between``, without unit; the last with labels permuted, the same
            way at every epoch.
        """
        labels = trained.evaluated_labels
        seed = seed_sequence(trained.seed, trained.initialisation, "permutation")
        permuted = np.random.default_rng(seed).permutation(labels)
        rows = []
        for epoch, layers in trained.layers():
            for layer, values in enumerate(layers, start=1):
                own, other = collapse(values, labels), collapse(values, permuted)
                found = own.within_over_between, own.norm_variation, own.angle_error
                rows.append((epoch, layer, *found, other.within_over_between))
        names = ("within_over_between", "norm_variation", "angle_error")
        return columns_of((*names, "permuted_within_over_between"), rows)
