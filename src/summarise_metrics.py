"""Merge the learning curves of all runs into one tidy table.

Reads   training    the chunks of all runs
Writes  table       run, init, epoch, train_loss, test_loss, train_accuracy, test_accuracy,
                    status
"""

import h5py
import numpy as np

from infoplane.training import METRICS
from pipeline.files import reading_hdf5, save_table
from pipeline.stage import Heartbeat, run_as_script


def metric_columns(file: h5py.File) -> dict[str, np.ndarray]:
    """Return the columns of one chunk, one row per network and snapshot.

    Parameters
    ----------
    file : h5py.File
        A chunk's training.

    Returns
    -------
    columns : dict of array, each of shape (inits * snapshots,)
    """
    initialisations, epochs = file["initialisations"][:], file["epochs"][:]
    rows = len(initialisations) * len(epochs)
    return {
        "run": np.full(rows, file.attrs["run"]),
        "init": np.repeat(initialisations, len(epochs)).astype(np.int32),
        "epoch": np.tile(epochs, len(initialisations)).astype(np.int32),
        **{name: file[f"metrics/{name}"][:].ravel() for name in METRICS},
        "status": np.repeat(file["status"].asstr()[:], len(epochs)),
    }


def main(snakemake) -> None:
    """Read all chunks, write the table."""
    chunks, progress = [], Heartbeat(len(snakemake.input.training), "chunks")
    for done, path in enumerate(snakemake.input.training, start=1):
        with reading_hdf5(path, "training") as file:
            chunks.append(metric_columns(file))
        progress(done)
    save_table(
        snakemake.output.table,
        {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]},
    )


if __name__ == "__main__":
    run_as_script(main, globals())
