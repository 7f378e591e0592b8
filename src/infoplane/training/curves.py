"""What is measured of networks while they train: losses, accuracies, ranges of activations."""

from __future__ import annotations

import numpy as np

from infoplane.networks import Network
from infoplane.networks.functions import losses_and_hits

METRICS = ("train_loss", "test_loss", "train_accuracy", "test_accuracy")


class LearningCurves:
    """Measure networks snapshot by snapshot, until each may diverge.

    Parameters
    ----------
    network : Network
    inputs : array of float32, shape (samples, ...)
        All patterns.
    labels : array of int64, shape (samples,)
    training_samples : array of int64, shape (inits, training samples)
        Each network's own training set.
    snapshots : int
        How many there will be.

    Attributes
    ----------
    metrics : dict of array of float64, shape (inits, snapshots)
    lowest, highest : arrays of float32, shape (inits, layers)
    diverged : array of int64, shape (inits,)
        Number of the first snapshot at which a parameter or a loss is not finite; -1 if none.
    """

    def __init__(
        self,
        network: Network,
        inputs: np.ndarray,
        labels: np.ndarray,
        training_samples: np.ndarray,
        snapshots: int,
    ):
        self._network, self._labels = network, labels
        # Column by column dense networks read it fastest.
        self._inputs = np.asfortranarray(inputs) if inputs.ndim == 2 else inputs
        self._parts = [
            {"train": np.sort(split), "test": np.delete(np.arange(len(labels)), split)}
            for split in training_samples
        ]
        inits = len(training_samples)
        self.metrics = {name: np.full((inits, snapshots), np.nan) for name in METRICS}
        self.lowest, self.highest = np.full((2, inits, network.layers), np.nan, np.float32)
        self.diverged = np.full(inits, -1)

    def add(self, number: int, parameters: np.ndarray) -> None:
        """Measure all networks at a snapshot.

        Parameters
        ----------
        number : int
            Of the snapshot.
        parameters : array of float32, shape (inits, parameters)
            Set to NaN in place for networks that have diverged.
        """
        for init, vector in enumerate(parameters):
            if self.diverged[init] < 0 and not self._measure(init, number, vector):
                self.diverged[init] = number
            if self.diverged[init] >= 0:
                vector[...] = np.nan

    def _measure(self, init: int, number: int, parameters: np.ndarray) -> bool:
        """Measure one network, unless something is not finite; return whether all is."""
        if not np.isfinite(parameters).all():
            return False
        extremes = []
        for net, activations in self._network.unit_rows(parameters, self._inputs):
            output_net_input = net
            extremes.append((activations.min(), activations.max()))
        losses, hits = losses_and_hits(output_net_input, self._labels, self._network.output)
        if not np.isfinite(losses).all():
            return False
        lowest, highest = np.transpose(extremes)
        self.lowest[init] = np.fmin(self.lowest[init], lowest)
        self.highest[init] = np.fmax(self.highest[init], highest)
        for part, members in self._parts[init].items():
            if members.size:
                self.metrics[f"{part}_loss"][init, number] = losses[members].mean()
                self.metrics[f"{part}_accuracy"][init, number] = hits[members].mean()
        return True
