"""Judge a claim: measure each of its cases, give verdicts."""

from __future__ import annotations

import logging
import math
from dataclasses import asdict

import numpy as np

from infoplane.claims.caution import AuditedRange, caution
from infoplane.claims.entries import Claim
from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.statistics import INCONCLUSIVE, SUPPORTED, agreement, conjunction, verdict

log = logging.getLogger("infoplane")

COLUMNS = (
    "claim",
    "source",
    "statement",
    "side",
    "protocol",
    "estimator",
    "statistic",
    "estimate",
    "ci_low",
    "ci_high",
    "threshold",
    "direction",
    "inits",
    "verdict",
    "warning",
)

LEAST_ESTIMATORS = 3
"""Estimators under which a claim about compression is judged before an overall verdict."""


def judge(claim: Claim, evidence: Evidence, audited: AuditedRange | None = None) -> list[dict]:
    """Judge a claim in every case it names.

    Parameters
    ----------
    claim : Claim
    evidence : Evidence
    audited : AuditedRange, optional
        Where the estimators were found to be right, for warnings.

    Returns
    -------
    rows : list of dict
        The columns `COLUMNS`, and ``details``: what each initialisation contributes.
    """
    rows = []
    judged = [(case, _row(claim, case, evidence, audited)) for case in claim.cases]
    for condition in dict.fromkeys(case.protocol for case in claim.cases):
        own = [(case, row) for case, row in judged if case.protocol == condition]
        rows += [row for _, row in own]
        if claim.overall:
            rows.append(_overall(own))
    return rows


def _row(claim: Claim, case: Case, evidence: Evidence, audited: AuditedRange | None) -> dict:
    finding = claim.statistic(evidence, case, claim.parameters)
    _log_left_out(case, finding)
    interval = finding.interval
    row = {
        "claim": claim.name,
        "source": claim.source,
        "statement": claim.statement,
        "side": claim.side,
        "protocol": case.protocol,
        "estimator": case.measure,
        "statistic": str(finding),
        "estimate": interval.estimate,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "threshold": claim.threshold,
        "direction": claim.direction,
        "inits": int(finding.inits.size),
        "verdict": finding_verdict(finding, claim.threshold, claim.direction),
        "warning": caution(evidence, case, finding, claim.parameters, audited),
    }
    row["details"] = {
        "definition": case.definition,
        "initialisations": finding.inits.tolist(),
        "values": np.asarray(finding.values).tolist(),
        "diverged": list(finding.diverged),
        "conditions": [_decided(condition) for condition in finding.conditions],
        "premises": [_decided(premise) for premise in finding.premises],
    }
    return row


def _decided(condition: Condition) -> dict:
    return {
        "text": condition.text,
        **asdict(condition.interval),
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


def finding_verdict(finding: Finding, threshold: float, direction: str) -> str:
    """Return the verdict on a finding: all its conditions hold, if its premises do.

    Parameters
    ----------
    finding : Finding
    threshold : float
    direction : str

    Returns
    -------
    verdict : str
        ``inconclusive`` unless every premise is supported.
    """
    if any(premise.verdict != SUPPORTED for premise in finding.premises):
        return INCONCLUSIVE
    own = verdict(finding.interval.low, finding.interval.high, threshold, direction)
    return conjunction([own, *(condition.verdict for condition in finding.conditions)])


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
        "warning": _overall_warning([row for _, row in judged]),
        "details": {"verdicts": verdicts},
    }


def _overall_warning(rows: list[dict]) -> str:
    warned = sum(bool(row["warning"]) for row in rows)
    return f"{warned} of {len(rows)} verdicts have a warning" if warned else ""
