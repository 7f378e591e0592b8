"""Trained networks from their files, as measures take them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import h5py
import numpy as np

from infoplane.measures.base import TrainedNetwork
from infoplane.networks import Network, network_from_dict
from infoplane.tasks.base import Task
from pipeline.selection import chosen_patterns, chosen_snapshots


def network_of(training: h5py.File) -> Network:
    """Return the network that a training file is about."""
    return network_from_dict(json.loads(training.attrs["network"]))


def snapshots_before_divergence(
    training: h5py.File, position: int, wanted: int | None
) -> np.ndarray:
    """Return which snapshots of a network are measured.

    Parameters
    ----------
    training : h5py.File
        A chunk's training, or its activations.
    position : int
        Of the network within the chunk.
    wanted : int or None
        At most so many of those stored, evenly taken; those from a divergence on are left out.

    Returns
    -------
    snapshots : array of int64
    """
    snapshots = chosen_snapshots(len(training["epochs"]), wanted)
    diverged = training["diverged_epoch"][position]
    if diverged < 0:
        return snapshots
    return snapshots[training["epochs"][:][snapshots] < diverged]


def trained_networks(
    training: h5py.File, task: Task, initialisations: int, snapshots: int | None, evaluation: str
) -> Iterator[tuple[str, TrainedNetwork]]:
    """Yield the networks of a chunk that are measured, each with its status.

    Parameters
    ----------
    training : h5py.File
    task : Task
    initialisations : int
        Only the first so many of the run.
    snapshots : int or None
        At most so many.
    evaluation : {'all', 'train', 'test'}

    Yields
    ------
    status : str
    trained : TrainedNetwork
        Reads its parameters from the file, one snapshot at a time.
    """
    network, epochs, stored = network_of(training), training["epochs"][:], training["parameters"]
    inputs = np.asarray(task.inputs, dtype=np.float32)
    statuses = training["status"].asstr()[:]
    for position in np.flatnonzero(training["initialisations"][:] < initialisations):
        chosen = snapshots_before_divergence(training, position, snapshots)
        samples = training["training_samples"][position]

        def read_parameters(number, position=position, chosen=chosen):
            return stored[position, chosen[number]]

        yield (
            str(statuses[position]),
            TrainedNetwork(
                network=network,
                inputs=inputs,
                labels=task.labels,
                patterns=chosen_patterns(evaluation, len(inputs), samples),
                initialisation=int(training["initialisations"][position]),
                seed=int(training.attrs["seed"]),
                training_samples=samples,
                epochs=epochs[chosen],
                read_parameters=read_parameters,
                lowest=training["lowest"][position],
                highest=training["highest"][position],
                label_probability=task.label_probability,
            ),
        )
