"""Judge the claims of the debate: an effect, its interval and a verdict for each condition.

Reads   information    merged table: run, init, epoch, layer, estimator, mi_input_bits,
                       mi_label_bits, ceiling_bits (bits), status
        gradients      merged table: run, init, epoch, layer, definition, snr, status
        clustering     tables of noisy networks: run, init, epoch, layer, within_distance,
                       between_distance; there may be none
        ranges         tables of end bins: run, init, epoch, layer, estimator, share_below,
                       share_above; there may be none
        multi_network  tables of several networks as one, from estimate_multi_network_information;
                       there may be none
        audit          where the estimators were right, from summarise_audit
Params  claims         claims by name, as in config/claims.yaml
        statistics     resamples, seed, confidence of the intervals
        audited_as     estimates by the audited estimator that stands for them
        widths         units of every layer of each run, the input first
Writes  table          claim, source, statement, protocol (the run, or run vs reference),
                       estimator (of a claim about gradients alone, their definition; all: the
                       verdict on which all estimators agree), statistic, estimate, ci_low,
                       ci_high, threshold, inits, verdict, warning (of an estimate at its
                       ceiling, or an estimator outside its audited range), as text separated
                       by tabs
        details        the same as JSON, with what every initialisation contributes
"""

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from infoplane.claims import COLUMNS, Evidence, judge, read_claim
from infoplane.claims.caution import AuditedRange
from infoplane.statistics import Resampling
from pipeline.files import load_table, save_json
from pipeline.stage import log, run_as_script
from pipeline.tables import save_text_table

INFORMATION = (
    *("run", "init", "epoch", "layer", "estimator"),
    *("mi_input_bits", "mi_label_bits", "ceiling_bits"),
)
FURTHER = ("clustering", "ranges", "multi_network")
GRADIENTS = ("run", "init", "epoch", "layer", "definition", "snr")


def named(**columns: set[str]) -> pc.Expression:
    """Return the filter for rows whose columns hold one of the names given for each."""
    filters = [
        pc.field(column).isin(pa.array(sorted(names), pa.string()))
        for column, names in columns.items()
    ]
    return reduce(and_, filters)


def load_evidence(
    information: str,
    gradients: str,
    others: Mapping[str, Sequence[str]],
    claims: dict,
    resampling: Resampling,
) -> Evidence:
    """Read of the merged tables what the claims are judged on.

    Parameters
    ----------
    information, gradients : path
    others : mapping of str to sequence of path
        The chunks of each further table.
    claims : dict
    resampling : Resampling

    Returns
    -------
    Evidence
    """
    read = [read_claim(name, entry) for name, entry in claims.items()]
    cases = [case for claim in read for case in claim.cases]
    runs = {one.run for case in cases for one in case.runs}
    estimators = {name for claim in read for case in claim.cases for name in claim.estimators(case)}
    definitions = {case.definition for case in cases} - {None}

    def rows(path, columns, kind, wanted):
        return load_table(path, [*columns, "status"], named(run=runs, **{kind: wanted})).to_pandas()

    return Evidence(
        rows(information, INFORMATION, "estimator", estimators),
        rows(gradients, GRADIENTS, "definition", definitions),
        resampling,
        {
            name: pd.concat(load_table(path).to_pandas() for path in paths)
            for name, paths in others.items()
            if paths
        },
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
    others = {name: list(getattr(tables, name)) for name in FURTHER}
    evidence = load_evidence(tables.information, tables.gradients, others, claims, resampling)
    evidence.audited = AuditedRange(
        pd.read_csv(tables.audit, sep="\t"),
        {
            estimate: name
            for name, estimates in snakemake.params.audited_as.items()
            for estimate in estimates
        },
        snakemake.params.widths,
    )
    rows = judge(claims, evidence)
    for row in rows:
        log.info("%s, %s, %s: %s", *(row[k] for k in ("claim", "protocol", "estimator", "verdict")))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    save_text_table(snakemake.output.table, table)
    save_json(snakemake.output.details, plain(rows))


if __name__ == "__main__":
    run_as_script(main, globals())
