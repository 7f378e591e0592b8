"""Judge claims: read them from the configuration, measure each case, give verdicts."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from infoplane.claims.caution import caution
from infoplane.claims.evidence import Case, ClaimError, Condition, Evidence, Finding
from infoplane.claims.registry import STATISTICS, ClaimStatistic
from infoplane.statistics import (
    DIRECTIONS,
    INCONCLUSIVE,
    SUPPORTED,
    agreement,
    conjunction,
    verdict,
)

log = logging.getLogger("infoplane")

COLUMNS = (
    "claim",
    "source",
    "statement",
    "protocol",
    "estimator",
    "statistic",
    "estimate",
    "ci_low",
    "ci_high",
    "threshold",
    "inits",
    "verdict",
    "warning",
)

LEAST_ESTIMATORS = 3
"""Estimators under which a claim about compression is judged before an overall verdict."""

KEYS = {
    "source": str,
    "statement": str,
    "statistic": str,
    "parameters": dict,
    "threshold": (int, float),
    "direction": str,
    "overall": bool,
    "judged_on": list,
}
GROUP_KEYS = {"runs": list, "pairs": list, "estimators": list, "definitions": list}


@dataclass(frozen=True)
class Claim:
    """Hold a claim as the configuration states it.

    Attributes
    ----------
    name, source, statement : str
    statistic : ClaimStatistic
    parameters : dict
        Keywords of the statistic's function.
    threshold : float
    direction : str
        One of `infoplane.statistics.DIRECTIONS`.
    overall : bool
        Whether each condition also gets a verdict over all its estimators.
    cases : tuple of Case
    """

    name: str
    source: str
    statement: str
    statistic: ClaimStatistic
    parameters: dict
    threshold: float
    direction: str
    overall: bool
    cases: tuple[Case, ...]

    def estimators(self, case: Case) -> list[str]:
        """Return all estimators that a case is judged from, its own first."""
        others = [self.parameters[name] for name in self.statistic.other_estimators]
        return [name for name in (case.estimator, *others) if name is not None]


def read_claim(name: str, entry: Mapping) -> Claim:
    """Read one entry of ``claims`` in the configuration.

    Parameters
    ----------
    name : str
        Such as ``C01``.
    entry : mapping
        With the keys `KEYS`; ``parameters`` and ``overall`` may be left out.

    Returns
    -------
    Claim

    Raises
    ------
    ClaimError
        Names the claim, the key, the value and what is allowed.
    """
    _check_keys(f"claim {name}", entry, KEYS, optional=("parameters", "overall"))
    if entry["statistic"] not in STATISTICS:
        raise ClaimError(
            f"claim {name}: statistic {entry['statistic']!r} is not one of: "
            f"{', '.join(sorted(STATISTICS))}"
        )
    if entry["direction"] not in DIRECTIONS:
        raise ClaimError(
            f"claim {name}: direction {entry['direction']!r} is not one of: {', '.join(DIRECTIONS)}"
        )
    statistic, parameters = STATISTICS[entry["statistic"]], dict(entry.get("parameters", {}))
    statistic.check_parameters(name, parameters)
    cases = [case for group in entry["judged_on"] for case in _cases(name, group, statistic)]
    twice = {case for case in cases if cases.count(case) > 1}
    if twice or not cases:
        raise ClaimError(
            f"claim {name}: judged_on names {sorted(map(str, twice)) or 'nothing'}"
            + (" twice" if twice else "")
        )
    return Claim(
        name,
        entry["source"],
        entry["statement"],
        statistic,
        parameters,
        float(entry["threshold"]),
        entry["direction"],
        entry.get("overall", False),
        tuple(cases),
    )


def _check_keys(where: str, entry: Mapping, keys: Mapping, optional: Collection = ()) -> None:
    if not isinstance(entry, Mapping):
        raise ClaimError(f"{where} must be a mapping, not {entry!r}")
    unknown = sorted(set(entry) - set(keys))
    missing = sorted(set(keys) - set(entry) - set(optional))
    if unknown or missing:
        raise ClaimError(
            f"{where} has the keys {', '.join(keys)}; unknown {unknown}, missing {missing}"
        )
    for key, value in entry.items():
        kinds = keys[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            raise ClaimError(f"{where}: {key} {value!r} has the wrong type")
        if isinstance(value, float) and not math.isfinite(value):
            raise ClaimError(f"{where}: {key} must be finite, not {value!r}")


def _cases(name: str, group: Mapping, statistic: ClaimStatistic) -> Iterator[Case]:
    needed = ["pairs" if statistic.paired else "runs", *(f"{need}s" for need in statistic.needs)]
    where = f"claim {name}: judged_on with statistic {statistic.name}"
    _check_keys(where, group, {key: GROUP_KEYS[key] for key in needed})
    for first in group[needed[0]]:
        if statistic.paired:
            _check_keys(f"{where}: pairs", first, {"run": str, "reference": str})
            runs = first["run"], first["reference"]
        else:
            runs = first, None
        for definition in group.get("definitions", (None,)):
            for estimator in group.get("estimators", (None,)):
                yield Case(name, *runs, estimator, definition)


def check_available(
    claims: Mapping[str, Mapping],
    estimators: Mapping[str, Collection[str]],
    definitions: Mapping[str, Collection[str]],
    tables: Mapping[str, Mapping[str, Collection[str]]] | None = None,
) -> None:
    """Refuse claims that a study has no run, estimator, gradient definition or table for.

    Parameters
    ----------
    claims : mapping of str to mapping
        As in the configuration.
    estimators, definitions : mapping of str to collection of str
        Those of every run of the study.
    tables : mapping of str to mapping, optional
        The estimators that each further table has of every run.

    Raises
    ------
    ClaimError
        Names the claim, the run and what is missing.
    """
    for claim in [read_claim(name, entry) for name, entry in claims.items()]:
        for case in claim.cases:
            names = claim.estimators(case) if claim.statistic.of_planes else ()
            wanted = [("estimator", name, estimators) for name in names]
            if case.definition is not None:
                wanted.append(("definition", case.definition, definitions))
            if claim.statistic.table is not None:
                there = (tables or {}).get(claim.statistic.table, {})
                kind = f"table of {claim.statistic.table} for estimator"
                wanted.append((kind, case.estimator, there))
            for run in (one.run for one in case.runs):
                if run not in estimators:
                    raise ClaimError(
                        f"claim {claim.name}: run {run!r} is not in the study; it has "
                        f"{', '.join(estimators)}"
                    )
                for kind, name, there in wanted:
                    if name not in there.get(run, ()):
                        raise ClaimError(
                            f"claim {claim.name}: run {run!r} has no {kind} {name!r}; it has "
                            f"{', '.join(there.get(run, ())) or 'none'}"
                        )


def judge(claims: Mapping[str, Mapping], evidence: Evidence) -> list[dict]:
    """Judge every claim in every case it names.

    Parameters
    ----------
    claims : mapping of str to mapping
        As in the configuration.
    evidence : Evidence

    Returns
    -------
    rows : list of dict
        The columns `COLUMNS`, and ``details``: what each initialisation contributes.
    """
    rows = []
    for claim in [read_claim(name, entry) for name, entry in claims.items()]:
        judged = [(case, _row(claim, case, evidence)) for case in claim.cases]
        conditions = dict.fromkeys(case.protocol for case in claim.cases)
        for condition in conditions:
            own = [(case, row) for case, row in judged if case.protocol == condition]
            rows += [row for _, row in own]
            if claim.overall:
                rows.append(_overall(claim, own))
    return rows


def _row(claim: Claim, case: Case, evidence: Evidence) -> dict:
    finding = claim.statistic(evidence, case, claim.parameters)
    _log_left_out(case, finding)
    interval = finding.interval
    row = {
        "claim": claim.name,
        "source": claim.source,
        "statement": claim.statement,
        "protocol": case.protocol,
        "estimator": case.measure,
        "statistic": str(finding),
        "estimate": interval.estimate,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "threshold": claim.threshold,
        "inits": int(finding.inits.size),
        "verdict": finding_verdict(finding, claim.threshold, claim.direction),
        "warning": caution(evidence, case, finding, claim.parameters),
    }
    row["details"] = {
        "direction": claim.direction,
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


def _overall(claim: Claim, judged: list[tuple[Case, dict]]) -> dict:
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
