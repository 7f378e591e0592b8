"""Estimate the information of a noisy network's layers by running it, and how they cluster.

Reads   training    parameters at the snapshot epochs
        data        the task
Writes  table       run, init, epoch, layer, estimator, mi_input_bits, mi_label_bits,
                    ceiling_bits
        clustering  run, init, epoch, layer, within_distance, between_distance (of the activations
                    without noise), mi_input_standard_error, mi_label_standard_error, in bits
"""

from collections.abc import Iterator

import h5py
import numpy as np

from infoplane.clustering import ClassDistances, class_distances
from infoplane.data import Task
from infoplane.estimators import make_estimator
from infoplane.estimators.mixture_entropy import MixtureInformation
from infoplane.networks import net_inputs_and_activations
from infoplane.training.schedule import seed_sequence
from pipeline.configuration import chosen_snapshots
from pipeline.files import load_task, reading_hdf5, save_table
from pipeline.stage import Heartbeat, run_as_script
from pipeline.trained import training_settings


def network_rows(
    training: h5py.File, position: int, task: Task, parameters: dict, wanted: int | None
) -> Iterator[tuple[int, int, int, MixtureInformation, ClassDistances]]:
    """Yield the measurements of one network: initialisation, epoch, layer, what was found.

    Parameters
    ----------
    training : h5py.File
    position : int
        Of the network within the chunk.
    task : Task
    parameters : dict
        ``method`` and the estimator's parameters.
    wanted : int or None
        At most so many snapshots, evenly taken; those from a divergence on are left out.

    Notes
    -----
    Every snapshot is measured with the same random numbers, so that differences between epochs
    are more certain than the estimates themselves.
    """
    estimator = make_estimator(**parameters)
    settings = training_settings(training)
    inputs = task.inputs.astype(np.float32)
    initialisation = int(training["initialisations"][position])
    seed = seed_sequence(int(training.attrs["seed"]), initialisation, "noise")
    epochs, diverged = training["epochs"][:], training["diverged_epoch"][position]
    for snapshot in chosen_snapshots(len(epochs), wanted):
        if 0 <= diverged <= epochs[snapshot]:
            return
        vector = training["parameters"][position, snapshot]
        informations = estimator.of_network(
            vector, settings, inputs, task.labels, np.random.default_rng(seed)
        )
        _, activations = net_inputs_and_activations(vector, settings, inputs)
        for layer, (information, values) in enumerate(
            zip(informations, activations, strict=True), start=1
        ):
            distances = class_distances(values, task.labels)
            yield initialisation, int(epochs[snapshot]), layer, information, distances


def main(snakemake) -> None:
    """Measure the chunk and write its two tables."""
    params, run, name = (
        snakemake.params,
        snakemake.wildcards.run,
        snakemake.wildcards.estimator,
    )
    task = load_task(snakemake.input.data)
    both = params.estimator.get("bound") == "both"
    parameters = {key: value for key, value in params.estimator.items() if key != "bound"}
    bound = params.estimator.get("bound", "upper")
    rows = []
    with reading_hdf5(snakemake.input.training, "training") as training:
        inits = np.flatnonzero(training["initialisations"][:] < params.initialisations)
        progress = Heartbeat(len(inits), "networks")
        for done, position in enumerate(inits, start=1):
            rows += network_rows(training, position, task, parameters, params.snapshots)
            progress(done)
    names = {"upper": f"{name}_upper", "lower": f"{name}_lower"} if both else {bound: name}
    save_information(snakemake.output.table, run, rows, names, np.log2(len(task.labels)))
    save_clustering(snakemake.output.clustering, run, rows)


def _keys(run: str, rows: list) -> dict:
    init, epoch, layer = np.array([row[:3] for row in rows], np.int32).T
    return {"run": [run] * len(rows), "init": init, "epoch": epoch, "layer": layer}


def save_information(path, run: str, rows: list, names: dict[str, str], ceiling: float) -> None:
    """Write the rows in the form of all information tables, one for each named bound.

    Parameters
    ----------
    path : path
    run : str
    rows : list
        From `network_rows`.
    names : dict
        The estimates' names by bound, ``"upper"`` or ``"lower"``.
    ceiling : float
        In bits.
    """
    found = [row[3] for row in rows for _ in names]
    bounds = list(names) * len(rows)
    keys = _keys(run, [row for row in rows for _ in names])
    save_table(
        path,
        {
            **keys,
            "estimator": [names[bound] for bound in bounds],
            "mi_input_bits": np.array(
                [
                    each.mi_input_bits if bound == "upper" else each.mi_input_lower_bits
                    for each, bound in zip(found, bounds, strict=True)
                ]
            ),
            "mi_label_bits": np.array([each.mi_label_bits for each in found]),
            "ceiling_bits": np.full(len(found), ceiling),
        },
    )


def save_clustering(path, run: str, rows: list) -> None:
    """Write each layer's class distances and the standard errors of its information.

    Parameters
    ----------
    path : path
    run : str
    rows : list
        From `network_rows`.
    """
    informations, distances = [row[3] for row in rows], [row[4] for row in rows]
    save_table(
        path,
        {
            **_keys(run, rows),
            "within_distance": np.array([each.within for each in distances]),
            "between_distance": np.array([each.between for each in distances]),
            "mi_input_standard_error": np.array(
                [each.mi_input_standard_error for each in informations]
            ),
            "mi_label_standard_error": np.array(
                [each.mi_label_standard_error for each in informations]
            ),
        },
    )


if __name__ == "__main__":
    run_as_script(main, globals())
