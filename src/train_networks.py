"""Train a chunk of a run's initialisations as one stack of networks.

Reads   data        the task
Writes  training    parameters at the snapshot epochs, losses, accuracies, and what made them
"""

import json

import h5py

from infoplane.settings import TrainingSettings
from infoplane.training import TrainingResult, train_ensemble
from pipeline.configuration import chunk_initialisations
from pipeline.files import load_task, writing_hdf5
from pipeline.stage import Heartbeat, commit, log, run_as_script, versions


def write_training(file: h5py.File, result: TrainingResult) -> None:
    """Write the arrays of a training result.

    Parameters
    ----------
    file : h5py.File
    result : TrainingResult
    """
    file["initialisations"] = result.initialisations
    file["epochs"] = result.epochs
    file["parameters"] = result.parameters
    file["training_samples"] = result.training_samples
    file["status"] = result.status
    file["diverged_epoch"] = result.diverged_epoch
    for name, values in result.metrics.items():
        file[f"metrics/{name}"] = values


def main(snakemake) -> None:
    """Train the chunk and write it."""
    task = load_task(snakemake.input.data)
    params = snakemake.params
    settings = TrainingSettings(**params.settings)
    result = train_ensemble(
        task.inputs,
        task.labels,
        settings,
        chunk_initialisations(snakemake.wildcards.chunk),
        seed=params.seed,
        engine=params.compute["engine"],
        device=params.compute["device"],
        progress=Heartbeat(settings.epochs, "epochs"),
    )
    for initialisation, epoch in zip(result.initialisations, result.diverged_epoch, strict=True):
        if epoch >= 0:
            log.warning("initialisation %d diverged by epoch %d", initialisation, epoch)
    with writing_hdf5(snakemake.output.training, "training") as file:
        write_training(file, result)
        file.attrs.update(
            run=snakemake.wildcards.run,
            seed=params.seed,
            settings=json.dumps(settings.as_dict()),
            engine=result.engine,
            versions=json.dumps(versions()),
            commit=commit(),
        )


if __name__ == "__main__":
    run_as_script(main, globals())
