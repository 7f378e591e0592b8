"""Dump the activations of every layer at every snapshot, for all patterns.

Reads   training       parameters at the snapshot epochs
        data           the patterns
Writes  activations    layers/1 .. layers/L, float32, shape (inits, snapshots, samples, units),
                       and the smallest and largest activation of each network's layers
"""

import json

import h5py
import numpy as np

from infoplane.networks import unit_rows
from infoplane.settings import TrainingSettings
from pipeline.files import load_task, reading_hdf5, writing_hdf5
from pipeline.stage import Heartbeat, run_as_script

COPIED = ("initialisations", "epochs", "status", "diverged_epoch")


def fill_activations(
    layers: list[np.ndarray],
    parameters: np.ndarray,
    settings: TrainingSettings,
    inputs: np.ndarray,
) -> None:
    """Compute one network's activations at all its snapshots, in place.

    Parameters
    ----------
    layers : list of array of float32, shape (snapshots, samples, units)
        Overwritten; with NaN at snapshots whose parameters are NaN.
    parameters : array of float32, shape (snapshots, parameters)
    settings : TrainingSettings
    inputs : array of float32, shape (samples, features)
    """
    for snapshot, vector in enumerate(parameters):
        for layer, (_, rows) in zip(layers, unit_rows(vector, settings, inputs), strict=True):
            layer[snapshot] = rows.T


def extremes_of(values: np.ndarray) -> tuple[float, float]:
    """Return the smallest and the largest number; a diverged network has NaN after its start."""
    lowest, highest = values.min(), values.max()
    # To look for NaN takes several times as long, and few networks diverge.
    return (np.nanmin(values), np.nanmax(values)) if np.isnan(lowest) else (lowest, highest)


def dump(training: h5py.File, inputs: np.ndarray, file: h5py.File, progress) -> None:
    """Write the activations of a chunk, one network in memory at a time.

    Parameters
    ----------
    training, file : h5py.File
        What is read and what is written.
    inputs : array of float32, shape (samples, features)
    progress : callable
        Called with the number of networks done.
    """
    settings = TrainingSettings(**json.loads(training.attrs["settings"]))
    inits, snapshots = training["parameters"].shape[:2]
    # One network's layers, in the same memory for all: fresh pages cost more than the arithmetic.
    layers = [
        np.empty((snapshots, len(inputs), units), np.float32) for units in settings.widths[1:]
    ]
    for number, layer in enumerate(layers, start=1):
        file.create_dataset(f"layers/{number}", shape=(inits, *layer.shape), dtype=np.float32)
    extremes = np.empty((2, inits, settings.layers), np.float32)
    for init in range(inits):
        fill_activations(layers, training["parameters"][init], settings, inputs)
        for number, values in enumerate(layers, start=1):
            file[f"layers/{number}"][init] = values
            extremes[:, init, number - 1] = extremes_of(values)
        progress(init + 1)
    file["lowest"], file["highest"] = extremes


def main(snakemake) -> None:
    """Read the chunk, write its activations."""
    task = load_task(snakemake.input.data)
    with (
        reading_hdf5(snakemake.input.training, "training") as training,
        writing_hdf5(snakemake.output.activations, "activations") as file,
    ):
        for name in COPIED:
            training.copy(name, file)
        file["labels"] = task.labels
        inits = len(training["initialisations"])
        dump(training, task.inputs.astype(np.float32), file, Heartbeat(inits, "networks"))


if __name__ == "__main__":
    run_as_script(main, globals())
