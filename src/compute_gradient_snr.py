"""Compute the gradient statistics of every layer at every snapshot, in all definitions.

Reads   training    parameters at the snapshot epochs, training samples
        data        the task
Writes  table       run, init, epoch, layer, definition, mean_norm, std_norm, snr, weight_norm;
                    of the weights' gradients at frozen weights, losses in nats; epochs before
                    a network's divergence only
"""

import json

import h5py
import numpy as np

from infoplane.data import Task
from infoplane.gradients import DEFINITIONS, GradientMoments, gradient_moments
from infoplane.settings import TrainingSettings
from infoplane.training.schedule import seed_sequence
from pipeline.files import load_task, reading_hdf5, save_table
from pipeline.stage import Heartbeat, log, run_as_script


def network_moments(
    training: h5py.File, position: int, task: Task, batch_size: int
) -> tuple[np.ndarray, GradientMoments]:
    """Measure the gradients of one network up to its divergence.

    Parameters
    ----------
    training : h5py.File
    position : int
        Of the network within the chunk.
    task : Task
    batch_size : int
        Samples per mini-batch.

    Returns
    -------
    epochs : array of int64, shape (snapshots,)
    moments : GradientMoments
        Arrays of shape (snapshots, layers).
    """
    settings = TrainingSettings(**json.loads(training.attrs["settings"]))
    epochs, diverged = training["epochs"][:], training["diverged_epoch"][position]
    if diverged >= 0:
        epochs = epochs[epochs < diverged]
    initialisation = int(training["initialisations"][position])
    order = seed_sequence(int(training.attrs["seed"]), initialisation, "order")
    samples = training["training_samples"][position]
    moments = gradient_moments(
        training["parameters"][position, : len(epochs)],
        epochs,
        settings,
        task.inputs[samples],
        task.labels[samples],
        order.generate_state(1, np.uint64)[0],
        batch_size,
    )
    return epochs, moments


def network_columns(epochs: np.ndarray, moments: GradientMoments) -> dict[str, np.ndarray]:
    """Lay one network's statistics out in rows: by epoch, then layer, then definition.

    Parameters
    ----------
    epochs : array of int64, shape (snapshots,)
    moments : GradientMoments
        Arrays of shape (snapshots, layers).

    Returns
    -------
    columns : dict of array, shape (snapshots * layers * definitions,)
    """
    statistics = [definition(moments) for definition in DEFINITIONS.values()]
    shape = (*moments.weight_norm.shape, len(statistics))
    epoch, layer, definition = np.indices(shape).reshape(3, -1)
    return {
        "epoch": epochs[epoch].astype(np.int32),
        "layer": (layer + 1).astype(np.int32),
        "definition": np.array(list(DEFINITIONS))[definition],
        **{
            name: np.stack([getattr(entry, name) for entry in statistics], axis=-1).ravel()
            for name in ("mean_norm", "std_norm", "snr")
        },
        "weight_norm": np.repeat(moments.weight_norm.ravel(), len(statistics)),
    }


def chunk_columns(training: h5py.File, task: Task, run: str, batch_size: int) -> dict:
    """Measure all networks of a chunk.

    Parameters
    ----------
    training : h5py.File
    task : Task
    run : str
    batch_size : int
        Samples per mini-batch.

    Returns
    -------
    columns : dict of array
        The table.
    """
    initialisations = training["initialisations"][:]
    samples = training["training_samples"].shape[1]
    if batch_size >= samples:
        log.warning(
            "gradient_batch_size %d makes one mini-batch of %d training samples: SZT's "
            "definitions have no fluctuation to measure, std_norm and snr are NaN",
            batch_size,
            samples,
        )
    progress = Heartbeat(len(initialisations), "networks")
    parts = []
    for position, initialisation in enumerate(initialisations):
        part = network_columns(*network_moments(training, position, task, batch_size))
        parts.append({"init": np.full(len(part["epoch"]), initialisation, np.int32), **part})
        progress(position + 1)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {"run": [run] * len(columns["init"]), **columns}


def main(snakemake) -> None:
    """Measure the chunk and write its table."""
    params = snakemake.params
    task = load_task(snakemake.input.data)
    with reading_hdf5(snakemake.input.training, "training") as training:
        columns = chunk_columns(training, task, params.run, params.gradient_batch_size)
    save_table(snakemake.output.table, columns)


if __name__ == "__main__":
    run_as_script(main, globals())
