"""Judge the claims of the debate: an effect, its interval and a verdict for each condition.

Reads   information    merged table: run, init, epoch, layer, estimator, mi_input_bits,
                       mi_label_bits (bits), status
        gradients      merged table: run, init, epoch, layer, definition, snr, status
Params  claims         claims by name, as in config/claims.yaml
        statistics     resamples, seed, confidence of the intervals
Writes  table          claim, source, statement, protocol (the run, or run vs reference),
                       estimator (of a claim about gradients alone, their definition; all: the
                       verdict on which all estimators agree), statistic, estimate, ci_low,
                       ci_high, threshold, inits, verdict, as text separated by tabs
        details        the same as JSON, with what every initialisation contributes
"""

import math
from functools import reduce
from operator import and_

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from infoplane.claims import COLUMNS, Evidence, judge, read_claim
from infoplane.statistics import Resampling
from pipeline.files import load_table, save_json, save_text
from pipeline.stage import log, run_as_script

INFORMATION = ("run", "init", "epoch", "layer", "estimator", "mi_input_bits", "mi_label_bits")
GRADIENTS = ("run", "init", "epoch", "layer", "definition", "snr")


def named(**columns: set[str]) -> pc.Expression:
    """Return the filter for rows whose columns hold one of the names given for each."""
    filters = [
        pc.field(column).isin(pa.array(sorted(names), pa.string()))
        for column, names in columns.items()
    ]
    return reduce(and_, filters)


def load_evidence(
    information: str, gradients: str, claims: dict, resampling: Resampling
) -> Evidence:
    """Read of the merged tables what the claims are judged on.

    Parameters
    ----------
    information, gradients : path
    claims : dict
    resampling : Resampling

    Returns
    -------
    Evidence
    """
    read = [read_claim(name, entry) for name, entry in claims.items()]
    cases = [case for claim in read for case in claim.cases]
    runs = {run for case in cases for run in (case.run, case.reference)} - {None}
    estimators = {name for claim in read for case in claim.cases for name in claim.estimators(case)}
    definitions = {case.definition for case in cases} - {None}

    def rows(path, columns, kind, wanted):
        return load_table(path, [*columns, "status"], named(run=runs, **{kind: wanted})).to_pandas()

    return Evidence(
        rows(information, INFORMATION, "estimator", estimators),
        rows(gradients, GRADIENTS, "definition", definitions),
        resampling,
    )


def plain(value):
    """Return data for JSON: numbers that are not finite become null."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


def main(snakemake) -> None:
    """Read the tables, judge, write the verdicts."""
    claims, resampling = snakemake.params.claims, Resampling(**snakemake.params.statistics)
    tables = snakemake.input
    rows = judge(claims, load_evidence(tables.information, tables.gradients, claims, resampling))
    for row in rows:
        log.info("%s, %s, %s: %s", *(row[k] for k in ("claim", "protocol", "estimator", "verdict")))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    text = table.to_csv(sep="\t", index=False, float_format="%.6g", lineterminator="\n")
    save_text(snakemake.output.table, text)
    save_json(snakemake.output.details, plain(rows))


if __name__ == "__main__":
    run_as_script(main, globals())
