"""Claims as the configuration states them, and what they are judged from."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from infoplane.claims.evidence import Case, ClaimError
from infoplane.claims.registry import STATISTICS, ClaimStatistic
from infoplane.statistics import DIRECTIONS

KEYS = {
    "side": str,
    "source": str,
    "statement": str,
    "statistic": str,
    "parameters": dict,
    "threshold": (int, float),
    "direction": str,
    "overall": bool,
    "judged_on": list,
}
GROUP_KEYS = dict.fromkeys(("runs", "pairs", "pools", "models", "estimators", "definitions"), list)
# The table of a need that is a model with exact information, not a run.
MODELS = "models"


@dataclass(frozen=True)
class Need:
    """Name a table of one run that a claim is judged from.

    Attributes
    ----------
    table : str
        ``information``, ``gradients`` or a further table; `MODELS` for what a model gives.
    run : str
        The model, if it is one.
    estimator : str or None
        Which it must have, if it tells estimators apart.
    definition : str or None
        Of the gradient statistics.
    """

    table: str
    run: str
    estimator: str | None = None
    definition: str | None = None


@dataclass(frozen=True)
class Claim:
    """Hold a claim as the configuration states it.

    Attributes
    ----------
    name, side, source, statement : str
        The side is that of the debate which makes the claim, such as ``szt``.
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
    side: str
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

    @property
    def needs(self) -> list[Need]:
        """Return what the claim is judged from, each once, in the order of its cases."""
        found = [Need(MODELS, self.parameters[name]) for name in self.statistic.other_models]
        if self.statistic.of_models:
            return [*found, *(Need(MODELS, case.run) for case in self.cases)]
        for case in self.cases:
            for run in (one.run for one in case.runs):
                if self.statistic.of_planes:
                    found += [Need("information", run, name) for name in self.estimators(case)]
                if case.definition is not None:
                    found.append(Need("gradients", run, definition=case.definition))
                if self.statistic.table is not None:
                    found.append(Need(self.statistic.table, run, case.estimator))
        return list(dict.fromkeys(found))


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
        entry["side"],
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
    judged = MODELS if statistic.of_models else "pairs" if statistic.paired else "runs"
    if statistic.pools and "pools" in group:
        judged = "pools"
    needed = [judged, *(f"{need}s" for need in statistic.needs)]
    where = f"claim {name}: judged_on with statistic {statistic.name}"
    _check_keys(where, group, {key: GROUP_KEYS[key] for key in needed})
    for first in group[judged]:
        others = ()
        if judged == "pairs":
            _check_keys(f"{where}: pairs", first, {"run": str, "reference": str})
            runs = first["run"], first["reference"]
        elif judged == "pools":
            runs, others = (first[0], None), tuple(first[1:])
        else:
            runs = first, None
        for definition in group.get("definitions", (None,)):
            for estimator in group.get("estimators", (None,)):
                yield Case(name, *runs, estimator, definition, others)


def needs_of(name: str, entry: Mapping) -> list[Need]:
    """Return what a claim is judged from, without reading any table.

    Parameters
    ----------
    name : str
    entry : mapping
        See `read_claim`.

    Returns
    -------
    needs : list of Need
        Each once: for every case, the runs it is about; for each the estimators of its
        information, the definition of its gradients, and the further table of its statistic.
    """
    return read_claim(name, entry).needs


def check_available(claim: Claim, there: Mapping[str, Mapping[str, Collection[str]]]) -> None:
    """Refuse a claim that a study has no run, estimator, gradient definition or table for.

    Parameters
    ----------
    claim : Claim
    there : mapping of str to mapping
        Of every run of the study its tables, and of each table the estimators, or the
        definitions of ``gradients``; none if it tells none apart. Of every model `MODELS`.

    Raises
    ------
    ClaimError
        Names the claim, the run and what is missing.
    """
    for need in claim.needs:
        if need.run not in there:
            kind = "model" if need.table == MODELS else "run"
            raise ClaimError(
                f"claim {claim.name}: {kind} {need.run!r} is not in the study; it has "
                f"{', '.join(there)}"
            )
        tables = there[need.run]
        if need.table not in tables:
            raise ClaimError(
                f"claim {claim.name}: run {need.run!r} has no table of {need.table}; it has "
                f"{', '.join(tables) or 'none'}"
            )
        kind = "estimator" if need.definition is None else "definition"
        name, names = need.estimator or need.definition, tables[need.table]
        if names and name not in names:
            raise ClaimError(
                f"claim {claim.name}: run {need.run!r} has no {kind} {name!r} in its table of "
                f"{need.table}; it has {', '.join(names)}"
            )
