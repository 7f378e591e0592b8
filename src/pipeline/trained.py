"""Run trained networks at their snapshots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import h5py
import numpy as np

from infoplane.networks import net_inputs_and_activations
from infoplane.settings import TrainingSettings
from pipeline.configuration import chosen_snapshots
from pipeline.stage import Heartbeat


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


def chosen_layers(
    training: h5py.File, inputs: np.ndarray, params
) -> Iterator[tuple[int, int, int, np.ndarray]]:
    """Yield the layers of a chunk's networks that a rule measures, and log how far it is.

    Parameters
    ----------
    training : h5py.File
    inputs : array, shape (samples, features)
    params
        The rule's: only the first ``initialisations``, at most so many ``snapshots``.

    Yields
    ------
    initialisation, epoch, layer : int
    activations : array of float32, shape (samples, units)
    """
    initialisations = training["initialisations"][:]
    snapshots = chosen_snapshots(len(training["epochs"]), params.snapshots)
    wanted = np.flatnonzero(initialisations < params.initialisations)
    progress = Heartbeat(len(wanted), "networks")
    for done, position in enumerate(wanted, start=1):
        for epoch, layers in layers_along_training(training, position, inputs, snapshots):
            for layer, activations in enumerate(layers, start=1):
                yield initialisations[position], epoch, layer, activations
        progress(done)
