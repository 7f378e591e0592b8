"""Judge a claim of the debate: an effect, its interval and a verdict for each condition.

Reads   information       tables of its runs: run, init, samples, epoch, layer, estimator,
                          mi_input_bits, mi_label_bits, ceiling_bits (bits), status
        gradients         tables of its runs: run, init, epoch, layer, definition, snr, mean_norm,
                          status
        clustering        tables of its runs: run, init, epoch, layer, within_distance,
                          between_distance, status
        outside_range     tables of its runs: run, init, epoch, layer, share_below, share_above,
                          status
        saturation        tables of its runs: run, init, epoch, layer, share_saturated, status
        several_networks  tables of its runs: run, init, epoch, layer, estimator, networks,
                          mi_input_bits, conditional_entropy_bits, published_mi_input_bits,
                          single_mi_input_bits (bits), status
        held_out_labels   tables of its runs: run, init, epoch, layer, estimator, mi_label_bits,
                          permuted_label_bits, label_entropy_bits, training_label_bits,
                          all_label_bits (bits), status
        metrics           tables of its runs: run, init, epoch, train_loss, test_loss,
                          train_accuracy, test_accuracy, status
        audit             where the estimators were right, from merge_audit
        audit_drops       how they do on known drops, from audit_drops, by method
        models            what models with exact information give, by the stem of their file
        rescaled          tables of its runs in other units: run, init, epoch, layer, change, scale,
                          estimator, mi_input_bits, mi_label_bits, status
        data              the tasks of the runs, in their order
                          All but the last may be absent: what the claim does not need.
Params  entry             the claim, as in config/claims/
        statistics        resamples, seed, confidence of the intervals
        audited_as        estimators by the audited one that stands for them
        runs              list of names
        units             units of layers 1 to L of each run
        activations       of the hidden layers of each run
        protocols         the protocol of each run
        training          the training_fraction and batch_size of each run
        resolution        when an estimate is blind
Writes  table             claim, source, statement, side, protocol, condition (the run, or run vs
                          reference), estimator (of a claim about gradients alone, their
                          definition; all: the verdict on which all estimators agree), reading (of
                          a claim that has several), statistic, estimate, ci_low, ci_high,
                          threshold, direction, inits, verdict, failed (premises and conditions
                          that do not hold, and what an estimate could not have shown), null (the
                          statistic where there is nothing to find), warning (of an estimate at its
                          ceiling, or an estimator outside its audited range), holds_from and
                          holds_to (the thresholds over which the verdict stays), p_value, as text
                          separated by tabs
        details           the same as JSON, with what every initialisation contributes
"""

import math
from pathlib import Path

import pandas as pd

from infoplane.claims.caution import AuditedRange, Background
from infoplane.claims.entries import MODELS, Claim, read_claim
from infoplane.claims.evidence import Evidence
from infoplane.claims.judging import COLUMNS, judge
from infoplane.claims.resolution import Resolution
from infoplane.statistics import Resampling
from pipeline.files import load_columns, load_known, load_table, save_json
from pipeline.stage import log, run_as_script
from pipeline.tables import save_text_table
from pipeline.trajectories import INFORMATION, load_trajectories

# What is read of a table, and which of its columns tells the measurements of a run apart; of
# further tables everything.
COLUMNS_OF = {
    "information": (*INFORMATION, "ceiling_bits", "samples"),
    "gradients": ("snr", "mean_norm"),
}
KIND_OF = {"gradients": "definition"}


def load_evidence(
    claim: Claim, tables, known: dict[str, dict], resampling: Resampling, finest: str
) -> Evidence:
    """Read of the tables what a claim is judged on.

    Parameters
    ----------
    claim : Claim
    tables : mapping of str to sequence of path
        The files of each table.
    known : dict of str to dict
        What is known of each run's task.
    resampling : Resampling
    finest : str
        The estimator of what distinct rows hold, read where there is one.

    Returns
    -------
    Evidence
    """
    found = {}
    for table in dict.fromkeys(need.table for need in claim.needs if need.table != MODELS):
        needs = [need for need in claim.needs if need.table == table]
        kind = KIND_OF.get(table, "estimator")
        names = {getattr(need, kind) for need in needs} | {finest}
        found[table] = load_trajectories(
            tables.get(table, []),
            dict.fromkeys(need.run for need in needs),
            kind,
            names if table in COLUMNS_OF else None,
            COLUMNS_OF.get(table),
        )
    models = {Path(path).stem: load_columns(path) for path in tables.get(MODELS, [])}
    return Evidence(found, resampling, known, models)


def load_audit(
    tables, audited_as: dict[str, list[str]], units: dict, activations: dict
) -> AuditedRange | None:
    """Read where the estimators were right, if the claim names one that was audited."""
    if not tables.get("audit"):
        return None
    (path,) = tables["audit"]
    parts = [pd.read_csv(part, sep="\t") for part in tables.get("audit_drops", [])]
    drops = pd.concat(parts, ignore_index=True) if parts else None
    names = {estimate: name for name, estimates in audited_as.items() for estimate in estimates}
    return AuditedRange(pd.read_csv(path, sep="\t"), names, units, drops, activations)


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
    tables, params = snakemake.input, snakemake.params
    claim = read_claim(snakemake.wildcards.claim, params.entry)
    tasks = zip(params.runs, tables.data, strict=True)
    known = {run: load_known(path) | params.training[run] for run, path in tasks}
    resolution = Resolution(**params.resolution)
    resampling = Resampling(**params.statistics)
    evidence = load_evidence(claim, tables, known, resampling, resolution.finest)
    audited = load_audit(tables, params.audited_as, params.units, params.activations)
    parts = [load_table(path).to_pandas() for path in tables.get("rescaled", [])]
    rescaled = pd.concat(parts, ignore_index=True) if parts else None
    rows = judge(claim, evidence, Background(resolution, audited, params.protocols, rescaled))
    for row in rows:
        told = (row[key] for key in ("claim", "condition", "estimator", "reading", "verdict"))
        log.info(", ".join(filter(None, told)))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    save_text_table(snakemake.output.table, table)
    save_json(snakemake.output.details, plain(rows))


if __name__ == "__main__":
    run_as_script(main, globals())
