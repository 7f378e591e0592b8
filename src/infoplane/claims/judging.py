"""Judge a claim: measure each of its cases, give verdicts."""

from __future__ import annotations

import logging
import math
from dataclasses import replace

import numpy as np

from infoplane.claims.caution import Background, caution
from infoplane.claims.entries import Claim
from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.resolution import blindness
from infoplane.claims.sensitivity import (
    finding_verdict,
    holding_thresholds,
    p_value,
    told_from_null,
)
from infoplane.statistics import INCONCLUSIVE, SUPPORTED, Interval, agreement, verdict

log = logging.getLogger("infoplane")

COLUMNS = (
    "claim",
    "source",
    "statement",
    "side",
    "protocol",
    "condition",
    "estimator",
    "reading",
    "statistic",
    "estimate",
    "ci_low",
    "ci_high",
    "threshold",
    "direction",
    "inits",
    "verdict",
    "failed",
    "null",
    "warning",
    "holds_from",
    "holds_to",
    "p_value",
)

LEAST_ESTIMATORS = 3
"""Estimators under which a claim about compression is judged before an overall verdict."""


def judge(claim: Claim, evidence: Evidence, background: Background | None = None) -> list[dict]:
    """Judge a claim in every case it names.

    Parameters
    ----------
    claim : Claim
    evidence : Evidence
    background : Background, optional

    Returns
    -------
    rows : list of dict
        The columns `COLUMNS`, and ``details``: what each initialisation contributes.
    """
    rows, background = [], background or Background()
    judged = [(case, _row(claim, case, evidence, background)) for case in claim.cases]
    for condition in dict.fromkeys(case.condition for case in claim.cases):
        own = [(case, row) for case, row in judged if case.condition == condition]
        rows += [row for _, row in own]
        if claim.overall:
            readings = dict.fromkeys(case.reading for case, _ in own)
            rows += [_overall([pair for pair in own if pair[0].reading == r]) for r in readings]
    return rows


def _row(claim: Claim, case: Case, evidence: Evidence, background: Background) -> dict:
    reading = claim.readings[case.reading]
    finding = claim.statistic(evidence, case, reading.parameters)
    _log_left_out(case, finding)
    interval, terms = finding.interval, (reading.threshold, claim.direction)
    blind = blindness(evidence, case, finding, *terms, background.resolution)
    # Of what an estimate cannot see nothing is known; conditions decide on their own.
    known = Interval(interval.estimate, math.nan, math.nan) if blind else interval
    seen = told_from_null(replace(finding, interval=known), *terms)
    holds = holding_thresholds(seen, *terms)
    row = {
        "claim": claim.name,
        "source": claim.source,
        "statement": claim.statement,
        "side": claim.side,
        "protocol": background.protocol(case),
        "condition": case.condition,
        "estimator": case.measure,
        "reading": case.reading or "",
        "statistic": str(finding),
        "estimate": interval.estimate,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "threshold": reading.threshold,
        "direction": claim.direction,
        "inits": int(finding.inits.size),
        "verdict": finding_verdict(seen, verdict(known.low, known.high, *terms)),
        "failed": "; ".join(filter(None, (blind, *_failed(seen)))),
        "null": str(finding.null or ""),
        "warning": caution(evidence, case, finding, reading, background),
        "holds_from": holds[0],
        "holds_to": holds[1],
        "p_value": p_value(seen, *terms),
    }
    row["details"] = {
        "definition": case.definition,
        "initialisations": finding.inits.tolist(),
        "values": np.asarray(finding.values).tolist(),
        "diverged": list(finding.diverged),
        "conditions": [_decided(condition) for condition in finding.conditions],
        "premises": [_decided(premise) for premise in seen.premises],
    }
    return row


def _failed(finding: Finding) -> list[str]:
    """Say which premises do not hold, and which conditions do not, or not surely."""
    return [
        f"{kind} {each.verdict}: {each}"
        for kind, parts in (("premise", finding.premises), ("condition", finding.conditions))
        for each in parts
        if each.verdict != SUPPORTED
    ]


def _decided(condition: Condition) -> dict:
    return {
        "text": condition.text,
        "estimate": condition.interval.estimate,
        "low": condition.interval.low,
        "high": condition.interval.high,
        "threshold": condition.threshold,
        "direction": condition.direction,
        "verdict": condition.verdict,
    }


def _log_left_out(case: Case, finding: Finding) -> None:
    if finding.diverged:
        log.warning(
            "%s: %d diverged initialisations are left out: %s",
            case,
            len(finding.diverged),
            ", ".join(map(str, finding.diverged)),
        )


def _overall(judged: list[tuple[Case, dict]]) -> dict:
    """Return the row over all estimators of one condition: a verdict only if they agree."""
    verdicts = [row["verdict"] for _, row in judged]
    estimators = {case.estimator for case, _ in judged}
    tally = ", ".join(
        f"{verdicts.count(found)} {found}" for found in dict.fromkeys(sorted(verdicts))
    )
    text = f"agreement of {len(estimators)} estimators: {tally}"
    if len(estimators) < LEAST_ESTIMATORS:
        text += f"; at least {LEAST_ESTIMATORS} estimators are needed"
    return judged[0][1] | {
        "estimator": "all",
        "statistic": text,
        "estimate": math.nan,
        "ci_low": math.nan,
        "ci_high": math.nan,
        "inits": min(row["inits"] for _, row in judged),
        "verdict": agreement(verdicts) if len(estimators) >= LEAST_ESTIMATORS else INCONCLUSIVE,
        "failed": "",
        "null": "",
        "warning": _overall_warning([row for _, row in judged]),
        "holds_from": math.nan,
        "holds_to": math.nan,
        "p_value": math.nan,
        "details": {"verdicts": verdicts},
    }


def _overall_warning(rows: list[dict]) -> str:
    warned = sum(bool(row["warning"]) for row in rows)
    return f"{warned} of {len(rows)} verdicts have a warning" if warned else ""
