"""Estimate I(X;T) and I(T;Y) of every layer at every snapshot with a measurement's estimators.

Reads   activations    activations/1 .. L and net_inputs/1 .. L, as far as the estimators read
                       them, shape (inits, snapshots, samples, units)
Params  measure        the estimators with their methods and parameters
Writes  table          run, init, epoch, layer, estimator, mi_input_bits, mi_label_bits,
                       ceiling_bits, samples, status
"""

import math
from collections.abc import Iterator

import h5py
import numpy as np

from infoplane.measures.base import DumpedNetwork
from pipeline.files import reading_hdf5, save_table
from pipeline.measure_of import make_named_measure
from pipeline.measuring import tidy_columns
from pipeline.stage import Heartbeat, run_as_script

BLOCK_BYTES = 2**23
"""So much of a layer is read at a time: small enough for a processor's cache."""


class LayerReader:
    """Read a network's layers, some snapshots at once: a call of HDF5 takes as long as an estimate.

    Parameters
    ----------
    file : h5py.File
        A chunk's activations.
    position : int
        The network's.
    """

    def __init__(self, file: h5py.File, position: int):
        self._file, self._position = file, position
        self._held: dict[str, tuple[int, int, np.ndarray]] = {}

    def __call__(self, read: str, layer: int, snapshot: int) -> np.ndarray:
        """Return a layer's values at a snapshot, shape (samples, units)."""
        held, start, block = self._held.get(read, (0, 0, ()))
        if held != layer or not 0 <= snapshot - start < len(block):
            dataset = self._file[f"{read}/{layer}"]
            _, snapshots, *shape = dataset.shape
            each = dataset.dtype.itemsize * math.prod(shape)
            count = max(1, min(snapshots, BLOCK_BYTES // each))
            start = snapshot - snapshot % count
            block = dataset[self._position, start : start + count]
            self._held[read] = layer, start, block
        return block[snapshot - start]


def dumped_networks(file: h5py.File) -> Iterator[tuple[str, DumpedNetwork]]:
    """Yield the networks of a chunk's activations, each with its status."""
    epochs, statuses = file["epochs"][:], file["status"].asstr()[:]
    for position, status in enumerate(statuses):
        diverged = file["diverged_epoch"][position]
        yield (
            str(status),
            DumpedNetwork(
                labels=file["labels"][position],
                epochs=epochs if diverged < 0 else epochs[epochs < diverged],
                lowest=file["lowest"][position],
                highest=file["highest"][position],
                read_layer=LayerReader(file, position),
                initialisation=int(file["initialisations"][position]),
            ),
        )


def main(snakemake) -> None:
    """Measure the chunk and write its table."""
    measure = make_named_measure(snakemake.wildcards.measurement, snakemake.params.measure)
    with reading_hdf5(snakemake.input.activations, "activations") as file:
        progress, parts = Heartbeat(len(file["status"]), "networks"), []
        for done, (status, network) in enumerate(dumped_networks(file), start=1):
            columns = measure.measure(network)
            parts.append((network.initialisation, len(network.labels), status, columns))
            progress(done)
    save_table(snakemake.output.table, tidy_columns(snakemake.wildcards.run, parts))


if __name__ == "__main__":
    run_as_script(main, globals())
