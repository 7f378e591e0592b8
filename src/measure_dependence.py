"""Measure how far each layer depends on X and on Y, in no bits, for comparison with information.

Reads   training    parameters at the snapshot epochs
        data        the task
Params  estimator         the entry's method and parameters, one of which may vary
        initialisations   only the first so many networks
        snapshots         at most so many, evenly taken
Writes  table       run, init, epoch, layer, estimator, input_dependence, label_dependence (without
                    unit, from 0 to 1)
"""

import numpy as np

from infoplane.estimators import make_estimator
from pipeline.configuration import estimator_variants
from pipeline.files import load_task, reading_hdf5, save_table
from pipeline.stage import run_as_script
from pipeline.trained import chosen_layers


def main(snakemake) -> None:
    """Measure the chunk and write its table."""
    params, run, name = (
        snakemake.params,
        snakemake.wildcards.run,
        snakemake.wildcards.estimator,
    )
    task = load_task(snakemake.input.data)
    inputs = task.inputs.astype(np.float32)
    estimators = {
        variant: make_estimator(**parameters)
        for variant, parameters in estimator_variants(name, params.estimator).items()
    }
    with reading_hdf5(snakemake.input.training, "training") as training:
        rows = [
            (init, epoch, layer, variant, estimator.of_inputs(inputs, values, task.labels))
            for init, epoch, layer, values in chosen_layers(training, task.inputs, params)
            for variant, estimator in estimators.items()
        ]
    init, epoch, layer, variant, found = zip(*rows, strict=True)
    save_table(
        snakemake.output.table,
        {
            "run": [run] * len(rows),
            "init": np.array(init, np.int32),
            "epoch": np.array(epoch, np.int32),
            "layer": np.array(layer, np.int32),
            "estimator": list(variant),
            "input_dependence": np.array([each.input_dependence for each in found]),
            "label_dependence": np.array([each.label_dependence for each in found]),
        },
    )


if __name__ == "__main__":
    run_as_script(main, globals())
