"""What the stages that measure trained networks share."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from infoplane.measures import Measure
from infoplane.measures.base import TrainedNetwork
from pipeline.files import load_task, reading_hdf5, save_table
from pipeline.stage import Heartbeat
from pipeline.trained import trained_networks

Part = tuple[int, int, str, dict]


def tidy_columns(run: str, parts: Iterable[Part]) -> dict[str, np.ndarray]:
    """Lay measurements out as one tidy table.

    Parameters
    ----------
    run : str
    parts : iterable of (int, int, str, dict)
        Initialisation, number of samples, status and columns of each network.

    Returns
    -------
    columns : dict of array
        ``run, init``, the measure's own, ``samples, status``; of equal length.
    """
    parts = [part for part in parts if len(part[3]["epoch"])]
    if not parts:
        raise ValueError(f"no network of {run} has a snapshot to measure")
    rows = [len(columns["epoch"]) for *_, columns in parts]
    init, samples, status = (
        np.repeat(values, rows) for values in list(zip(*parts, strict=True))[:3]
    )
    own = {name: np.concatenate([part[3][name] for part in parts]) for name in parts[0][3]}
    return {
        "run": np.full(len(init), run),
        "init": init.astype(np.int32),
        **own,
        "samples": samples.astype(np.int32),
        "status": status,
    }


def measure_chunk(snakemake, measure: Measure) -> None:
    """Measure the networks of a chunk and write their table.

    Parameters
    ----------
    snakemake
        The object that Snakemake gives to scripts: inputs ``training`` and ``data``, params
        ``initialisations``, ``snapshots`` and ``evaluation``, output ``table``.
    measure : Measure
    """
    params, task = snakemake.params, load_task(snakemake.input.data)
    with reading_hdf5(snakemake.input.training, "training") as training:
        measured = np.count_nonzero(training["initialisations"][:] < params.initialisations)
        progress = Heartbeat(int(measured), "networks")
        networks = trained_networks(
            training, task, params.initialisations, params.snapshots, params.evaluation
        )
        parts = []
        for done, (status, network) in enumerate(networks, start=1):
            parts.append(part_of(network, status, measure.measure(network)))
            progress(done)
    save_table(snakemake.output.table, tidy_columns(snakemake.wildcards.run, parts))


def part_of(network: TrainedNetwork, status: str, columns: dict) -> Part:
    """Return what `tidy_columns` takes of one network."""
    return network.initialisation, len(network.patterns), status, columns
