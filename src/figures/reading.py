"""How drawings read their tables, and summarise them over networks."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.files import DamagedFileError, load_known, load_table

QUANTILES = (0.05, 0.95)
BAND = "5 % to 95 % of the networks"
INFORMATION = ["layer", "mi_input_bits", "mi_label_bits", "ceiling_bits"]


def read_runs(
    paths: Iterable,
    runs: Mapping[str, str],
    columns: list[str],
    choice: tuple[str, str | Mapping[str, str]] | None = None,
) -> pd.DataFrame:
    """Read what a figure needs of some runs from their tables.

    Parameters
    ----------
    paths : iterable of path
        Tables with columns ``run, init, epoch, status``; which of them has a run does not matter.
    runs : mapping of str to str
        Panel label to run id; two labels may name one run.
    columns : list of str
        Further columns.
    choice : tuple of str and (str or mapping of str to str), optional
        A column and the value to keep in it, or one value for each label, such as
        ``("estimator", {"tanh": "binned_30", "ReLU": "binned_100_global"})``.

    Returns
    -------
    frame : pandas.DataFrame
        ``label, init, epoch, status`` and `columns`, sorted by label in the order of `runs`.

    Raises
    ------
    ValueError
        If the tables have no rows for a label.
    """
    column, value = choice or ("run", runs)
    values = dict.fromkeys(runs, value) if isinstance(value, str) else value
    wanted = {label: {"run": run, column: values[label]} for label, run in runs.items()}
    filters = [(name, "in", {keys[name] for keys in wanted.values()}) for name in ("run", column)]
    kept = ["init", "epoch", "status", *columns]
    read = list(dict.fromkeys(["run", column, *kept]))
    tables = pa.concat_tables(load_table(path, columns=read, filters=filters) for path in paths)
    rows = tables.to_pandas().astype({"run": str, column: str, "status": str})
    parts = []
    for label, keys in wanted.items():
        part = rows[np.logical_and.reduce([rows[name] == word for name, word in keys.items()])]
        if part.empty:
            terms = ", ".join(f"{name} {word!r}" for name, word in keys.items())
            files = ", ".join(map(str, paths))
            raise ValueError(f"no rows with {terms}, which panel {label!r} shows, in {files}")
        parts.append(part[kept].assign(label=label))
    return pd.concat(parts, ignore_index=True)


def read_information(snakemake) -> pd.DataFrame:
    """Read the information of a figure's runs under its estimators.

    Parameters
    ----------
    snakemake
        The object that Snakemake gives to scripts, with input ``information`` and params ``runs``
        and ``estimator``, an estimator's id or a mapping of panel label to estimator's id.

    Returns
    -------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, mi_input_bits, mi_label_bits, ceiling_bits, status``.
    """
    params = snakemake.params
    choice = ("estimator", params.estimator)
    return read_runs(snakemake.input.information, params.runs, INFORMATION, choice)


def read_models(snakemake) -> dict[str, pd.DataFrame]:
    """Read what models with exact information give.

    Parameters
    ----------
    snakemake
        With input ``models``, the table of each of the params ``models``.

    Returns
    -------
    tables : dict of str to pandas.DataFrame
        By label.
    """
    named = zip(snakemake.params.models, snakemake.input.models, strict=True)
    frames = {label: load_table(path).to_pandas() for label, path in named}
    text = {label: frame.select_dtypes("category") for label, frame in frames.items()}
    return {label: frame.astype(dict.fromkeys(text[label], str)) for label, frame in frames.items()}


def read_bounds(snakemake, estimates: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return what is known of the task behind each panel, and of the estimates that it shows.

    Parameters
    ----------
    snakemake
        With input ``data``, the task of each of the params ``runs``.
    estimates : pandas.DataFrame
        ``label, status, ceiling_bits``; the last is what an estimator can return for its samples
        and units, NaN where it has no such limit.

    Returns
    -------
    bounds : dict of str to dict
        By label: ``ceiling_bits``, the most that an estimate of I(X;T) can be in any layer, and
        ``label_bits``, H(Y).
    """
    ceilings = trained(estimates).groupby("label")["ceiling_bits"].max()
    bounds = {}
    for label, path in zip(snakemake.params.runs, snakemake.input.data, strict=True):
        known = load_known(path)
        most = np.fmin(known["ceiling_bits"], ceilings.get(label, np.nan))
        bounds[label] = known | {"ceiling_bits": float(most)}
    return bounds


def the_only_run(runs: Mapping[str, str]) -> tuple[str, str]:
    """Return label and id of the one run that a drawing shows.

    Raises
    ------
    ValueError
        If there are more.
    """
    if len(runs) != 1:
        raise ValueError(f"this drawing shows one run, not {len(runs)}: {', '.join(runs)}")
    return next(iter(runs.items()))


def read_text_table(paths: Iterable, columns: Iterable[str], runs: Mapping[str, str]):
    """Read a small table of text, its columns separated by tabs.

    Parameters
    ----------
    paths : iterable of path
        The one file.
    columns : iterable of str
        Columns that must be there.
    runs : mapping of str to str
        Panel label to the id of a run that must be there; empty where there are no runs.

    Returns
    -------
    table : pandas.DataFrame

    Raises
    ------
    DamagedFileError
        If a column is missing.
    ValueError
        If a run has no rows.
    """
    (path,) = paths
    table = pd.read_csv(path, sep="\t")
    missing = [name for name in columns if name not in table]
    if missing:
        raise DamagedFileError(
            f"{path} lacks the columns {', '.join(missing)}; delete it and run again", path
        )
    for label, run in runs.items():
        if not (table["run"] == run).any():
            raise ValueError(f"no rows with run {run!r}, which panel {label!r} shows, in {path}")
    return table


def rows_of_claim(
    path, wanted: Mapping[Hashable, tuple[str, str, str]], definition: str | None = None
) -> dict[Hashable, dict]:
    """Read rows of a claim's details.

    Parameters
    ----------
    path : path
        As `judge_claims` writes them.
    wanted : mapping of Hashable to (str, str, str)
        Condition, estimator and reading, by any key; the reading is empty for a claim of one.
    definition : str, optional
        Of the gradient statistics, where the claim is about them.

    Returns
    -------
    rows : dict of Hashable to dict
        By the same keys.

    Raises
    ------
    ValueError
        If the claim was not judged on one of them.
    """
    with open(path, encoding="utf-8") as stream:
        rows = json.load(stream)
    found = {
        (row["condition"], row["estimator"], row["reading"]): row
        for row in rows
        if row["details"].get("definition") == definition
    }
    for condition, *measured_by in wanted.values():
        if (condition, *measured_by) not in found:
            words = ", ".join(filter(None, (*measured_by, definition)))
            raise ValueError(f"{path} has no row of {words} on {condition}")
    return {key: found[one] for key, one in wanted.items()}


def two_decimals(value: float | None) -> str:
    """Write an estimate of a claim, or a bound of its interval; None is one that is not defined."""
    return "undefined" if value is None else f"{value:.2f}"


def trained(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of networks that did not diverge."""
    return frame[frame["status"] == "ok"]


def count_networks(frame: pd.DataFrame, noun: str = "network") -> str:
    """Say how many networks are shown, and how many were left out because they diverged.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``init`` and ``status``.
    noun : str
        What is counted, if it is not single networks.
    """
    status = frame.groupby("init")["status"].first()
    kept = int((status == "ok").sum())
    text = f"{kept} {noun}" + ("s" if kept != 1 else "")
    left_out = len(status) - kept
    return f"{text}, {left_out} diverged left out" if left_out else text


def over_networks(frame: pd.DataFrame, value: str, keys: list[str]) -> pd.DataFrame:
    """Summarise a column over the networks that did not diverge.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``init, status, value`` and the keys.
    value : str
    keys : list of str
        What to keep apart, such as ``["layer", "epoch"]``.

    Returns
    -------
    summary : pandas.DataFrame
        The keys, sorted, and ``mean, median, low, high``; the last two are the `QUANTILES`.
        Empty where all networks diverged. An undefined value, such as the SNR of a layer
        without gradient, is left out of the median and the quantiles; the mean is then NaN.
    """
    table = trained(frame).pivot(index=keys, columns="init", values=value)  # noqa: PD010
    values = table.to_numpy(dtype=np.float64)
    if not values.size:
        return pd.DataFrame(columns=[*keys, "mean", "median", "low", "high"], dtype=np.float64)
    defined = ~np.isnan(values).all(axis=1)
    spread = np.full((3, len(values)), np.nan)
    # Between two infinite values, as of an SNR without noise, there is no quantile: NaN.
    with np.errstate(invalid="ignore"):
        spread[:, defined] = np.nanquantile(values[defined], [0.5, *QUANTILES], axis=1)
    median, low, high = spread
    summary = {"mean": values.mean(axis=1), "median": median, "low": low, "high": high}
    return pd.DataFrame(summary, index=table.index).reset_index()


def output_last(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the output layer of every run one number, so that it looks alike at every depth.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``label`` and ``layer``, the last layer of each label being its output.

    Returns
    -------
    frame : pandas.DataFrame
        The output has the number that it has in the deepest networks.
    """
    outputs = frame.groupby("label")["layer"].transform("max")
    layers = frame["layer"].where(frame["layer"] < outputs, outputs.max())
    return frame.assign(layer=layers)


def layer_names(frame: pd.DataFrame) -> dict[int, str]:
    """Name the layers of a table T1, T2, ...; the last is the output, and 0 no layer."""
    *hidden, last = sorted(int(layer) for layer in frame["layer"].unique() if layer > 0)
    return {**{number: f"T{number}" for number in hidden}, last: "output"}
