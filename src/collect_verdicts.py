"""Collect the verdicts of all claims, correct them for their number, and set readings side by side.

Reads   parts       the claims' tables, from judge_claims
Params  statistics  its confidence is what a corrected verdict is held to
Writes  table       the rows of all parts, and q_value (Benjamini & Hochberg 1995, over all rows
                    with a p-value) and corrected_verdict: the verdict where q_value is small
                    enough, else inconclusive; a row without a p-value keeps its own
        readings    claim, condition, estimator, verdicts (each reading with its verdict), alike:
                    of claims that are read in several ways, whether the verdict hangs on which
"""

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.stats

from infoplane.claims.judging import COLUMNS
from infoplane.statistics import INCONCLUSIVE
from pipeline.files import DamagedFileError
from pipeline.stage import log, run_as_script
from pipeline.tables import save_text_table

ROW = ["claim", "condition", "estimator"]
TEXTS = dict.fromkeys(("reading", "failed", "null", "warning", "protocol"), str)


def read_verdicts(path: str) -> pd.DataFrame:
    """Read a claim's table.

    Raises
    ------
    DamagedFileError
        If it ends within a line or has other columns.
    """
    text = Path(path).read_text(encoding="utf-8")
    table = pd.read_csv(StringIO(text), sep="\t", dtype=TEXTS) if text.endswith("\n") else None
    if table is None or list(table) != list(COLUMNS):
        raise DamagedFileError(
            f"{path} is truncated, or no table of verdicts; delete it and run again", path
        )
    return table


def corrected(rows: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Add what is left of every verdict when so many are given.

    Parameters
    ----------
    rows : pandas.DataFrame
        With ``p_value`` and ``verdict``.
    confidence : float

    Returns
    -------
    pandas.DataFrame
        With ``q_value``, the smallest share of false verdicts among those kept at which this one
        is kept (Benjamini & Hochberg 1995; the rows share networks, so that they depend on each
        other positively, which the method allows), and ``corrected_verdict``, empty where a
        row's verdict is that of several. A row without a p-value keeps its verdict: nothing was
        sampled in a model with exact information.
    """
    known = rows["p_value"].notna()
    q_values = np.full(len(rows), np.nan)
    if known.any():
        q_values[known] = scipy.stats.false_discovery_control(rows.loc[known, "p_value"])
    kept = np.where(known & (q_values > 1 - confidence), INCONCLUSIVE, rows["verdict"])
    kept = np.where(rows["estimator"] == "all", "", kept)
    return rows.assign(q_value=q_values, corrected_verdict=kept)


def side_by_side(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the verdicts of claims with several readings, a row a condition and estimator.

    Parameters
    ----------
    rows : pandas.DataFrame
        With `ROW`, ``reading`` and ``verdict``.

    Returns
    -------
    pandas.DataFrame
        `ROW`, ``verdicts`` and ``alike``, of those that were read in more than one way.
    """
    read = rows[rows["reading"].notna() & (rows["reading"] != "")]
    found = []
    for row, own in read.groupby(ROW, sort=False):
        if len(own) < 2:
            continue
        told = ", ".join(f"{one.reading} {one.verdict}" for one in own.itertuples())
        alike = "yes" if len(set(own["verdict"])) == 1 else "no"
        found.append((*row, told, alike))
    return pd.DataFrame(found, columns=[*ROW, "verdicts", "alike"])


def main(snakemake) -> None:
    """Read the parts, write both tables."""
    parts = [read_verdicts(path) for path in snakemake.input.parts]
    rows = corrected(pd.concat(parts, ignore_index=True), snakemake.params.statistics["confidence"])
    given = rows["corrected_verdict"].ne("")
    turned = int((given & rows["corrected_verdict"].ne(rows["verdict"])).sum())
    log.info("%d of %d verdicts turn inconclusive by their number", turned, int(given.sum()))
    save_text_table(snakemake.output.table, rows)
    save_text_table(snakemake.output.readings, side_by_side(rows))


if __name__ == "__main__":
    run_as_script(main, globals())
