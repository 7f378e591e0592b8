"""Merge the tables of many chunks into one, read and write what is compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.files import load_table, save_table, save_text
from pipeline.stage import log

if TYPE_CHECKING:
    import pandas as pd

INFORMATION = (
    *("run", "init", "epoch", "layer", "estimator"),
    *("mi_input_bits", "mi_label_bits", "status"),
)


def load_information(path: str, runs: Iterable[str], estimators: Iterable[str]) -> pa.Table:
    """Read some runs and estimators from the merged table of information.

    Returns
    -------
    table : pyarrow.Table
        With the columns `INFORMATION`.
    """
    chosen = [("run", "in", list(runs)), ("estimator", "in", list(estimators))]
    return load_table(path, list(INFORMATION), chosen)


def save_text_table(path: str, frame: pd.DataFrame) -> None:
    """Write a table as text separated by tabs, numbers with six digits."""
    text = frame.to_csv(sep="\t", index=False, float_format="%.6g", lineterminator="\n")
    save_text(path, text)


def network_status(metrics: pa.Table) -> dict[str, dict[int, str]]:
    """Return each network's status, by run and initialisation.

    Parameters
    ----------
    metrics : pyarrow.Table
        With the columns run, init and status.
    """
    status: dict[str, dict[int, str]] = {}
    networks = metrics.select(["run", "init", "status"]).group_by(["run", "init", "status"])
    for row in networks.aggregate([]).to_pylist():
        status.setdefault(row["run"], {})[row["init"]] = row["status"]
    return status


def merge_chunks(paths: list[str], status: dict[str, dict[int, str]]) -> pa.Table:
    """Concatenate tables in the order of their paths and add each network's status.

    Parameters
    ----------
    paths : list of str
        Tables with the columns run and init, each of one run.
    status : dict
        From `network_status`.

    Returns
    -------
    table : pyarrow.Table
        All rows, with the column status.
    """
    parts = []
    for path in paths:
        rows = load_table(path)
        (run,) = pc.unique(rows["run"]).to_pylist()
        inits, positions = np.unique(rows["init"].to_numpy(), return_inverse=True)
        values = pa.array([status[run][init] for init in inits.tolist()], pa.string())
        column = pa.DictionaryArray.from_arrays(positions.astype(np.int32), values)
        parts.append(rows.append_column("status", column))
    return pa.concat_tables(parts).unify_dictionaries()


def summarise_chunks(snakemake) -> None:
    """Merge a rule's ``chunks``, of the networks in its ``metrics``, into its ``table``.

    Parameters
    ----------
    snakemake
        The object that Snakemake gives to scripts.
    """
    status = network_status(load_table(snakemake.input.metrics, ["run", "init", "status"]))
    table = merge_chunks(list(snakemake.input.chunks), status)
    log.info("%d rows from %d chunks", table.num_rows, len(snakemake.input.chunks))
    save_table(snakemake.output.table, table)
