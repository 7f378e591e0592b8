"""Give a chunk of a run the networks of a run that differs in what of its layers is measured alone.

Reads   training    of the run that has trained them
        metrics     its learning curves
        data        the task
Params  network     of the run that gets them
Writes  training    the same but for the run, the network and the range of each layer
        metrics     the same but for the run
"""

import json

import h5py
import numpy as np

from infoplane.networks import Network, network_from_dict
from infoplane.tasks.base import Task
from infoplane.training.curves import LearningCurves
from pipeline.files import load_table, load_task, reading_hdf5, save_table, writing_hdf5
from pipeline.stage import Heartbeat, run_as_script


def layer_ranges(
    trained: h5py.File, network: Network, task: Task, progress
) -> dict[str, np.ndarray]:
    """Measure the range of each layer of trained networks, as their training would have.

    Parameters
    ----------
    trained : h5py.File
        A chunk's training.
    network : Network
        Its networks, of whose layers something else is measured.
    task : Task
    progress : callable
        Called with the number of snapshots done.

    Returns
    -------
    ranges : dict of array of float32, shape (inits, layers)
        ``lowest`` and ``highest``.
    """
    inputs = np.ascontiguousarray(task.inputs, dtype=np.float32)
    labels = np.ascontiguousarray(task.labels, dtype=np.int64)
    samples, snapshots = trained["training_samples"][:], len(trained["epochs"])
    curves = LearningCurves(network, inputs, labels, samples, snapshots)
    for number in range(snapshots):
        curves.add(number, trained["parameters"][:, number])
        progress(number + 1)
    return {"lowest": curves.lowest, "highest": curves.highest}


def main(snakemake) -> None:
    """Copy the chunk, with what differs."""
    task, run = load_task(snakemake.input.data), snakemake.wildcards.run
    network = network_from_dict(snakemake.params.network)
    with (
        reading_hdf5(snakemake.input.training, "training") as trained,
        writing_hdf5(snakemake.output.training, "training") as file,
    ):
        for name in trained:
            trained.copy(name, file)
        progress = Heartbeat(len(trained["epochs"]), "snapshots")
        for name, ends in layer_ranges(trained, network, task, progress).items():
            file[name][...] = ends
        own = {"run": run, "network": json.dumps(network.as_dict())}
        file.attrs.update(dict(trained.attrs) | own)
    curves = load_table(snakemake.input.metrics)
    columns = {name: curves[name].to_numpy() for name in curves.column_names}
    save_table(snakemake.output.metrics, columns | {"run": np.full(len(curves), run)})


if __name__ == "__main__":
    run_as_script(main, globals())
