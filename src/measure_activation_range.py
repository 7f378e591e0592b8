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

from pipeline.configuration import estimator_variants
from pipeline.files import load_task, reading_hdf5, save_table
from pipeline.stage import run_as_script
from pipeline.trained import chosen_layers

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
    with reading_hdf5(snakemake.input.training, "training") as training:
        rows = [
            (init, epoch, layer, variant, *measure_range(values, *limits))
            for init, epoch, layer, values in chosen_layers(training, task.inputs, params)
            for variant, limits in ranges.items()
        ]
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
