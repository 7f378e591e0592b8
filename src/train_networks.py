"""Train a chunk of a run's initialisations as one stack of networks.

Reads   data        the task
Params  seed        of the run
        network, optimizer, schedule    the three records of what is trained, and how
        compute     engine and device
Writes  training    parameters at the snapshot epochs, training samples, the range of each layer,
                    and what made them
        metrics     the learning curves: run, init, epoch, train_loss, test_loss, train_accuracy,
                    test_accuracy (nats; shares), status
"""

import json

import h5py
import numpy as np

from infoplane.networks import network_from_dict
from infoplane.training import TrainingResult, train_ensemble
from infoplane.training.records import Optimizer, Schedule
from infoplane.training.schedule import snapshot_epochs
from pipeline.files import load_task, save_table, writing_hdf5
from pipeline.selection import chunk_initialisations
from pipeline.stage import Heartbeat, commit, log, run_as_script, versions

KEPT = (
    *("initialisations", "epochs", "training_samples", "status", "diverged_epoch"),
    *("lowest", "highest"),
)


def write_training(file: h5py.File, result: TrainingResult) -> None:
    """Write what a training leaves besides its parameters.

    Parameters
    ----------
    file : h5py.File
    result : TrainingResult
    """
    for name in KEPT:
        file[name] = getattr(result, name)


def metric_columns(result: TrainingResult, run: str) -> dict[str, np.ndarray]:
    """Return the learning curves, one row per network and snapshot.

    Parameters
    ----------
    result : TrainingResult
    run : str

    Returns
    -------
    columns : dict of array, each of shape (inits * snapshots,)
    """
    inits, epochs = result.initialisations, result.epochs
    return {
        "run": np.full(len(inits) * len(epochs), run),
        "init": np.repeat(inits, len(epochs)).astype(np.int32),
        "epoch": np.tile(epochs, len(inits)).astype(np.int32),
        **{name: values.ravel() for name, values in result.metrics.items()},
        "status": np.repeat(result.status, len(epochs)),
    }


def main(snakemake) -> None:
    """Train the chunk and write it, snapshot by snapshot."""
    task, params = load_task(snakemake.input.data), snakemake.params
    run = snakemake.wildcards.run
    network = network_from_dict(params.network)
    optimizer, schedule = Optimizer(**params.optimizer), Schedule(**params.schedule)
    initialisations = chunk_initialisations(snakemake.wildcards.chunk)
    with writing_hdf5(snakemake.output.training, "training") as file:
        snapshots = len(snapshot_epochs(schedule.epochs, schedule.snapshots))
        shape = (len(initialisations), snapshots, network.parameter_count)
        parameters = file.create_dataset("parameters", shape, np.float32)

        def keep(number: int, snapshot: np.ndarray) -> None:
            parameters[:, number] = snapshot

        result = train_ensemble(
            task.inputs,
            task.labels,
            network,
            optimizer,
            schedule,
            initialisations,
            seed=params.seed,
            engine=params.compute["engine"],
            device=params.compute["device"],
            progress=Heartbeat(schedule.epochs, "epochs"),
            keep=keep,
        )
        for init, epoch in zip(result.initialisations, result.diverged_epoch, strict=True):
            if epoch >= 0:
                log.warning("initialisation %d diverged by epoch %d", init, epoch)
        write_training(file, result)
        file.attrs.update(
            run=run,
            seed=params.seed,
            network=json.dumps(network.as_dict()),
            optimizer=json.dumps(optimizer.as_dict()),
            schedule=json.dumps(schedule.as_dict()),
            engine=result.engine,
            versions=json.dumps(versions()),
            commit=commit(),
        )
    save_table(snakemake.output.metrics, metric_columns(result, run))


if __name__ == "__main__":
    run_as_script(main, globals())
