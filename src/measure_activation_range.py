"""Measure how much of each layer lies outside a bin range whose end bins take it.

Reads   training    parameters at the snapshot epochs
        data        the task
Params  estimator         the entry's parameters; of its estimators those with end bins are measured
        initialisations   only the first so many networks
        snapshots         at most so many, evenly taken
Writes  table       run, init, epoch, layer, estimator, share_below, share_above (of the layer's
                    values), lowest, highest (activation)
"""

import numpy as np

from pipeline.configuration import chosen_snapshots, estimator_variants
from pipeline.files import load_task, reading_hdf5, save_table
from pipeline.stage import Heartbeat, run_as_script
from pipeline.trained import layers_along_training

MEASURED = ("share_below", "share_above", "lowest", "highest")


def measure_range(values: np.ndarray, low: float, high: float) -> tuple[float, ...]:
    """Measure a layer's values against a range.

    Parameters
    ----------
    values : array of float, shape (samples, units)
    low, high : float
        Ends of the range, which belong to it.

    Returns
    -------
    measured : tuple of float
        In the order of `MEASURED`.
    """
    below, above = np.count_nonzero(values < low), np.count_nonzero(values > high)
    return (
        below / values.size,
        above / values.size,
        float(values.min()),
        float(values.max()),
    )


def main(snakemake) -> None:
    """Measure the chunk and write its table."""
    params, run, name = (
        snakemake.params,
        snakemake.wildcards.run,
        snakemake.wildcards.estimator,
    )
    task = load_task(snakemake.input.data)
    ranges = {
        variant: parameters["range"]
        for variant, parameters in estimator_variants(name, params.estimator).items()
        if parameters.get("outside") == "end_bins"
    }
    rows = []
    with reading_hdf5(snakemake.input.training, "training") as training:
        initialisations = training["initialisations"][:]
        snapshots = chosen_snapshots(len(training["epochs"]), params.snapshots)
        wanted = np.flatnonzero(initialisations < params.initialisations)
        progress = Heartbeat(len(wanted), "networks")
        for done, position in enumerate(wanted, start=1):
            layers = layers_along_training(training, position, task.inputs, snapshots)
            rows += [
                (initialisations[position], epoch, layer, variant, *measure_range(each, *limits))
                for epoch, activations in layers
                for layer, each in enumerate(activations, start=1)
                for variant, limits in ranges.items()
            ]
            progress(done)
    init, epoch, layer, variant, *measured = zip(*rows, strict=True)
    save_table(
        snakemake.output.table,
        {
            "run": [run] * len(rows),
            "init": np.array(init, np.int32),
            "epoch": np.array(epoch, np.int32),
            "layer": np.array(layer, np.int32),
            "estimator": list(variant),
            **{key: np.array(column) for key, column in zip(MEASURED, measured, strict=True)},
        },
    )


if __name__ == "__main__":
    run_as_script(main, globals())
