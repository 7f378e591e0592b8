"""Claims as the configuration states them, and what they are judged from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

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
    "readings": dict,
    "direction": str,
    "overall": bool,
    "judged_on": list,
}
GROUP_KEYS = dict.fromkeys(("runs", "pairs", "pools", "models", "estimators", "definitions"), list)
OPTIONAL = ("parameters", "threshold", "readings", "overall")
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
class Reading:
    """Hold one way to read a claim: what is measured, and what it is held against.

    Attributes
    ----------
    parameters : dict
        Keywords of the statistic's function.
    threshold : float
    """

    parameters: dict
    threshold: float


@dataclass(frozen=True)
class Claim:
    """Hold a claim as the configuration states it.

    Attributes
    ----------
    name, side, source, statement : str
        The side is that of the debate which makes the claim, such as ``szt``.
    statistic : ClaimStatistic
    readings : dict of (str or None) to Reading
        By the name that cases give; None if the claim is read in one way only.
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
    readings: dict[str | None, Reading]
    direction: str
    overall: bool
    cases: tuple[Case, ...]

    def estimators(self, case: Case) -> list[str]:
        """Return all estimators that a case is judged from, its own first."""
        parameters = self.readings[case.reading].parameters
        others = [parameters[name] for name in self.statistic.other_estimators]
        return [name for name in (case.estimator, *others) if name is not None]

    @property
    def units(self) -> dict[str, str]:
        """Return the unit of the effects of each reading; "" where the claim has one alone."""
        return {
            name or "": self.statistic.unit_of(reading.parameters)
            for name, reading in self.readings.items()
        }

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """Return what the claim is judged from, each once, in the order of its cases.

        They are, for every case, the runs it is about; for each the estimators of its information,
        the definition of its gradients, and the further table of its statistic.
        """
        found = [
            Need(MODELS, reading.parameters[name])
            for reading in self.readings.values()
            for name in self.statistic.other_models
        ]
        if self.statistic.of_models:
            return tuple(dict.fromkeys(Need(MODELS, case.run) for case in self.cases))
        for case in self.cases:
            for run in (one.run for one in case.runs):
                if self.statistic.of_planes:
                    found += [Need("information", run, name) for name in self.estimators(case)]
                if case.definition is not None:
                    found.append(Need("gradients", run, definition=case.definition))
                found += [Need(table, run, case.estimator) for table in self.statistic.tables]
        return tuple(dict.fromkeys(found))


def read_claim(name: str, entry: Mapping) -> Claim:
    """Read one entry of ``claims`` in the configuration.

    Parameters
    ----------
    name : str
        Such as ``C01``.
    entry : mapping
        With the keys `KEYS`; those of `OPTIONAL` may be left out, but for one of ``threshold``
        and ``readings``. A reading has a threshold of its own and parameters that are added to
        the claim's.

    Returns
    -------
    Claim

    Raises
    ------
    ClaimError
        Names the claim, the key, the value and what is allowed.
    """
    _check_keys(f"claim {name}", entry, KEYS, optional=OPTIONAL)
    if entry["statistic"] not in STATISTICS:
        raise ClaimError(
            f"claim {name}: statistic {entry['statistic']!r} is not one of: "
            f"{', '.join(sorted(STATISTICS))}"
        )
    if entry["direction"] not in DIRECTIONS:
        raise ClaimError(
            f"claim {name}: direction {entry['direction']!r} is not one of: {', '.join(DIRECTIONS)}"
        )
    statistic, readings = STATISTICS[entry["statistic"]], _readings(name, entry)
    for reading in readings.values():
        statistic.check_parameters(name, reading.parameters)
    groups = entry["judged_on"]
    cases = [case for group in groups for case in _cases(name, group, statistic, readings)]
    twice = {case for case, times in Counter(cases).items() if times > 1}
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
        readings,
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


def _readings(name: str, entry: Mapping) -> dict[str | None, Reading]:
    shared = dict(entry.get("parameters", {}))
    if ("threshold" in entry) == ("readings" in entry):
        raise ClaimError(f"claim {name}: give either a threshold or readings")
    if "threshold" in entry:
        return {None: Reading(shared, float(entry["threshold"]))}
    readings = {}
    for reading, own in entry["readings"].items():
        where = f"claim {name}: reading {reading!r}"
        if not isinstance(own, Mapping) or "threshold" not in own:
            raise ClaimError(f"{where} must be a mapping with a threshold, not {own!r}")
        _check_keys(where, {"threshold": own["threshold"]}, {"threshold": KEYS["threshold"]})
        parameters = {key: value for key, value in own.items() if key != "threshold"}
        readings[reading] = Reading(shared | parameters, float(own["threshold"]))
    if not readings:
        raise ClaimError(f"claim {name}: readings names nothing")
    return readings


def _cases(
    name: str, group: Mapping, statistic: ClaimStatistic, readings: Mapping[str | None, Reading]
) -> Iterator[Case]:
    judged = MODELS if statistic.of_models else "pairs" if statistic.paired else "runs"
    if statistic.pools and "pools" in group:
        judged = "pools"
    needed = [judged, *(f"{need}s" for need in statistic.needs)]
    where = f"claim {name}: judged_on with statistic {statistic.name}"
    keys = {key: GROUP_KEYS[key] for key in needed} | {"readings": list}
    _check_keys(where, group, keys, optional=("readings",))
    chosen = group.get("readings", list(readings))
    unknown = [reading for reading in chosen if reading not in readings]
    if unknown:
        named = ", ".join(filter(None, readings)) or "none"
        raise ClaimError(f"{where}: readings {unknown} are not of the claim, which has: {named}")
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
                for reading in chosen:
                    yield Case(name, *runs, estimator, definition, others, reading)


def units_of(entries: Mapping[str, Mapping]) -> dict[str, dict[str, str]]:
    """Return of each claim of the configuration the unit of its effects, by reading."""
    return {name: read_claim(name, entry).units for name, entry in entries.items()}


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
