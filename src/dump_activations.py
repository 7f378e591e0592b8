"""Dump what a measurement needs of the layers: its networks, snapshots and patterns.

Reads   training       parameters at the snapshot epochs
        data           the patterns
Params  initialisations   only the first so many networks
        snapshots         at most so many, evenly taken
        evaluation        on all, train or test patterns
        reads             activations, net_inputs or both
Writes  activations    of what is read activations/1 .. L, float32, and net_inputs/1 .. L, float64,
                       shape (inits, snapshots, samples, units), NaN from a network's divergence
                       on; labels of the samples, epochs of the snapshots; smallest and largest
                       activation of each layer of a network, over all patterns and all snapshots
                       of its training
"""

from collections.abc import Iterator

import h5py
import numpy as np

from infoplane.networks import Network
from pipeline.files import load_task, reading_hdf5, writing_hdf5
from pipeline.selection import chosen_patterns, chosen_snapshots
from pipeline.stage import Heartbeat, run_as_script
from pipeline.trained import network_of

PER_NETWORK = ("initialisations", "status", "diverged_epoch", "lowest", "highest")
BLOCK_BYTES = 2**27
"""Numbers of so many bytes are computed before they are written."""
TYPES = {"activations": np.dtype(np.float32), "net_inputs": np.dtype(np.float64)}


def snapshots_at_once(network: Network, samples: int, snapshots: int, type_: np.dtype) -> int:
    """Return how many snapshots of a network make a block."""
    each = type_.itemsize * samples * sum(network.units)
    return max(1, min(snapshots, BLOCK_BYTES // each))


def rows_of(
    read: str, network: Network, parameters: np.ndarray, inputs: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield a network's activations or net inputs, layer by layer, shape (units, patterns)."""
    if read == "net_inputs":
        yield from network.net_input_rows(parameters, inputs)
    else:
        yield from (rows for _, rows in network.unit_rows(parameters, inputs))


def fill_layers(
    layers: list[np.ndarray],
    read: str,
    parameters: np.ndarray,
    network: Network,
    inputs: np.ndarray,
    patterns: np.ndarray,
) -> None:
    """Compute what one network's layers give or receive at some snapshots, in place.

    Parameters
    ----------
    layers : list of array of float, shape (at least snapshots, samples, units)
        Overwritten; with NaN at snapshots whose parameters are NaN.
    read : {'activations', 'net_inputs'}
    parameters : array of float32, shape (snapshots, parameters)
    network : Network
    inputs : array of float32, shape (patterns, ...)
    patterns : array of int, shape (samples,)
        Those to keep.
    """
    everything = len(patterns) == len(inputs)
    for snapshot, vector in enumerate(parameters):
        every_layer = rows_of(read, network, vector, inputs)
        for layer, rows in zip(layers, every_layer, strict=True):
            layer[snapshot] = rows.T if everything else rows.T[patterns]


def dump(
    training: h5py.File, inputs: np.ndarray, file: h5py.File, read: str, use: dict, progress
) -> None:
    """Write the activations or net inputs of a chunk, a block of snapshots in memory at a time.

    Parameters
    ----------
    training, file : h5py.File
        What is read and what is written.
    inputs : array of float32, shape (patterns, ...)
    read : {'activations', 'net_inputs'}
    use : dict
        ``positions`` of the networks, their ``snapshots``, and the ``patterns`` of each network.
    progress : callable
        Called with the number of networks done.
    """
    network, snapshots = network_of(training), use["snapshots"]
    samples = len(use["patterns"][0])
    block = snapshots_at_once(network, samples, len(snapshots), TYPES[read])
    # The same memory for all networks: fresh pages cost more than the arithmetic.
    layers = [np.empty((block, samples, units), TYPES[read]) for units in network.units]
    shape = (len(use["positions"]), len(snapshots), samples)
    for number, units in enumerate(network.units, start=1):
        file.create_dataset(f"{read}/{number}", shape=(*shape, units), dtype=TYPES[read])
    for place, position in enumerate(use["positions"]):
        for start in range(0, len(snapshots), block):
            chosen = snapshots[start : start + block]
            parameters = training["parameters"][position, chosen]
            fill_layers(layers, read, parameters, network, inputs, use["patterns"][place])
            for number, values in enumerate(layers, start=1):
                file[f"{read}/{number}"][place, start : start + len(chosen)] = values[: len(chosen)]
        progress(place + 1)


def main(snakemake) -> None:
    """Read the chunk, write what is measured of its networks."""
    params, task = snakemake.params, load_task(snakemake.input.data)
    inputs = task.inputs.astype(np.float32)
    with (
        reading_hdf5(snakemake.input.training, "training") as training,
        writing_hdf5(snakemake.output.activations, "activations") as file,
    ):
        positions = np.flatnonzero(training["initialisations"][:] < params.initialisations)
        snapshots = chosen_snapshots(len(training["epochs"]), params.snapshots)
        patterns = [
            chosen_patterns(params.evaluation, len(inputs), training["training_samples"][position])
            for position in positions
        ]
        for name in PER_NETWORK:
            file[name] = training[name][:][positions]
        file["epochs"] = training["epochs"][:][snapshots]
        file["labels"] = np.stack([task.labels[chosen] for chosen in patterns])
        use = {"positions": positions, "snapshots": snapshots, "patterns": patterns}
        for read in params.reads:
            dump(training, inputs, file, read, use, Heartbeat(len(positions), "networks"))


if __name__ == "__main__":
    run_as_script(main, globals())
