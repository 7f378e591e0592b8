"""Estimate the information of a layer whose network is drawn from several, correctly and not.

Reads   training    parameters at the snapshot epochs, of all chunks that hold the networks
        data        the task
Params  estimator         method and parameters; `networks` make one group, and groups share none
        initialisations   only the first so many are grouped, in their order
        snapshots         at most so many, evenly taken
Writes  table       run, init (the first of the group), networks, epoch, layer, estimator,
                    mi_input_bits and mi_label_bits (the correct ones), conditional_entropy_bits
                    (H(T|X)), published_mi_input_bits (with H(T|X) taken as 0),
                    single_mi_input_bits (mean over the networks), ceiling_bits, status of the
                    group (diverged if one network is)
"""

from collections.abc import Iterator
from contextlib import ExitStack

import h5py
import numpy as np

from infoplane.data import Task
from infoplane.estimators import make_estimator
from infoplane.estimators.multi_network import (
    MultiNetworkEstimate,
    MultiNetworkEstimator,
    multi_network_information,
)
from pipeline.configuration import chosen_snapshots, with_fixed_range
from pipeline.files import load_task, reading_hdf5, save_table
from pipeline.stage import Heartbeat, run_as_script
from pipeline.trained import layers_along_training

ESTIMATED = (
    "mi_input_bits",
    "mi_label_bits",
    "conditional_entropy_bits",
    "published_mi_input_bits",
    "single_mi_input_bits",
    "ceiling_bits",
)
Place = tuple[h5py.File, int]


def network_places(chunks: list[h5py.File]) -> dict[int, Place]:
    """Return the file and the position of every initialisation."""
    return {
        int(initialisation): (chunk, position)
        for chunk in chunks
        for position, initialisation in enumerate(chunk["initialisations"][:])
    }


def group_rows(
    places: list[Place], task: Task, estimator: MultiNetworkEstimator, wanted: int | None
) -> Iterator[tuple[int, int, MultiNetworkEstimate]]:
    """Yield epoch, layer and estimate of one group of networks.

    Parameters
    ----------
    places : list of (h5py.File, int)
        Of the group's networks.
    task : Task
    estimator : MultiNetworkEstimator
    wanted : int or None
        At most so many snapshots; those from the first divergence in the group on are left out.
    """
    snapshots = chosen_snapshots(len(places[0][0]["epochs"]), wanted)
    networks = [layers_along_training(*place, task.inputs, snapshots) for place in places]
    # The networks of a run have the same snapshots; the first that diverges ends the group's.
    for at_epoch in zip(*networks, strict=False):
        epoch = at_epoch[0][0]
        for layer, values in enumerate(zip(*(each for _, each in at_epoch), strict=True), start=1):
            yield epoch, layer, multi_network_information(np.stack(values), task.labels, estimator)


def main(snakemake) -> None:
    """Measure the groups of a run and write their table."""
    params, run, name = (
        snakemake.params,
        snakemake.wildcards.run,
        snakemake.wildcards.estimator,
    )
    task = load_task(snakemake.input.data)
    estimator = make_estimator(**with_fixed_range(params.estimator))
    rows = []
    with ExitStack() as opened:
        chunks = [
            opened.enter_context(reading_hdf5(path, "training"))
            for path in snakemake.input.training
        ]
        places = network_places(chunks)
        starts = range(0, params.initialisations - estimator.networks + 1, estimator.networks)
        progress = Heartbeat(len(starts), "groups")
        for done, start in enumerate(starts, start=1):
            group = [places[start + number] for number in range(estimator.networks)]
            diverged = any(chunk["diverged_epoch"][position] >= 0 for chunk, position in group)
            status = "diverged" if diverged else "ok"
            found = group_rows(group, task, estimator, params.snapshots)
            rows += [(start, status, *row) for row in found]
            progress(done)
    first, status, epoch, layer, estimates = zip(*rows, strict=True)
    save_table(
        snakemake.output.table,
        {
            "run": [run] * len(rows),
            "init": np.array(first, np.int32),
            "networks": np.full(len(rows), estimator.networks, np.int32),
            "epoch": np.array(epoch, np.int32),
            "layer": np.array(layer, np.int32),
            "estimator": [name] * len(rows),
            **{
                # Of the single networks there is one value each.
                column: np.array([np.mean(getattr(each, column)) for each in estimates])
                for column in ESTIMATED
            },
            "status": list(status),
        },
    )


if __name__ == "__main__":
    run_as_script(main, globals())
