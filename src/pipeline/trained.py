"""Run trained networks at their snapshots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import h5py
import numpy as np

from infoplane.networks import net_inputs_and_activations
from infoplane.settings import TrainingSettings


def training_settings(training: h5py.File) -> TrainingSettings:
    """Return the settings that a training file was made with."""
    return TrainingSettings(**json.loads(training.attrs["settings"]))


def layers_along_training(
    training: h5py.File, position: int, inputs: np.ndarray, snapshots: Iterable[int]
) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Yield what the layers of one network give, snapshot by snapshot.

    Parameters
    ----------
    training : h5py.File
    position : int
        Of the network within the chunk.
    inputs : array, shape (samples, features)
    snapshots : iterable of int
        Increasing positions; those from a divergence on are left out.

    Yields
    ------
    epoch : int
    activations : list of array of float32, shape (samples, units)
        One for each layer.
    """
    settings, inputs = training_settings(training), inputs.astype(np.float32)
    epochs, diverged = training["epochs"][:], training["diverged_epoch"][position]
    for snapshot in snapshots:
        if 0 <= diverged <= epochs[snapshot]:
            return
        vector = training["parameters"][position, snapshot]
        yield int(epochs[snapshot]), net_inputs_and_activations(vector, settings, inputs)[1]
