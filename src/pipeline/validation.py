"""Refuse a wrong configuration before any job starts, by file, line, key and allowed values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from infoplane.claims.entries import MODELS as OF_MODELS
from infoplane.claims.entries import check_available
from infoplane.claims.evidence import ClaimError
from infoplane.claims.registry import ParameterError
from infoplane.estimators import ESTIMATORS
from infoplane.measures.gradients import DEFINITIONS
from infoplane.measures.layers import with_numbers
from infoplane.models import make_model
from infoplane.tasks import make_task_rule
from pipeline.configuration import (
    model_parameters,
    resolve_measurement,
    resolve_run,
)
from pipeline.left_out import leave_out
from pipeline.moved import moved_mistakes
from pipeline.names import name_mistakes, unknown
from pipeline.places import LOADER, FileError, Key, Places, related_keys
from pipeline.plain import CONTROL, plain_mistakes
from pipeline.planning import PlanError, Study
from pipeline.sense import (
    folder_mistakes,
    label_mistakes,
    machine_mistakes,
    reference_mistakes,
    size_mistakes,
    task_mistakes,
)


class ConfigurationError(ValueError):
    """Report every mistake of a configuration, one a line."""


SIMPLE = (
    "type",
    "pattern",
    "minItems",
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
)
"""What of a schema `_allowed` puts into words."""


def check_configuration(
    config: dict,
    files: Sequence[str],
    schema: str | Path,
    given: Mapping | None = None,
    of_study: int = 0,
) -> Study:
    """Check the merged configuration against the schema, then its references and values.

    Parameters
    ----------
    config : dict
        All files merged; entries that are null are taken away.
    files : sequence of str
        The files it was read from, later ones winning; they are read again to say where a key
        stands.
    schema : path
        A JSON schema, written in YAML.
    given : mapping, optional
        What the command line gave by ``--config``.
    of_study : int
        How many of the files, the first ones, are the study's own: they are not blamed for what
        another file, or the command line, gave.

    Returns
    -------
    Study
        The runs and measurements, and which files a product needs.

    Raises
    ------
    ConfigurationError
        Names, for every mistake, the file and line, the key, the value and what is allowed.
    """
    try:
        places = Places(files, given, of_study)
    except FileError as error:
        raise ConfigurationError(f"the configuration is wrong\n  {error}") from error
    _refuse(plain_mistakes(config), config, places)
    gone = leave_out(config)
    _refuse(_absent(config, gone, places), config, places)
    rules = yaml.load(Path(schema).read_text(encoding="utf-8"), Loader=LOADER)
    # Each check takes for granted what the ones before it have found in order.
    checks = (
        *(moved_mistakes, partial(_schema_mistakes, rules), folder_mistakes),
        *(name_mistakes, _value_mistakes, task_mistakes),
    )
    for check in checks:
        _refuse(check(config), config, places)
    study = Study(config)
    for check in (size_mistakes, label_mistakes, _study_mistakes, reference_mistakes):
        _refuse(check(study), config, places)
    return study


def check_machine(
    config: Mapping, files: Sequence[str], given: Mapping | None = None, of_study: int = 0
) -> None:
    """Check a configuration against the machine that runs its jobs.

    Parameters
    ----------
    config, files, given, of_study
        As `check_configuration` has found them in order.

    Raises
    ------
    ConfigurationError
        As there.
    """
    _refuse(machine_mistakes(config), config, Places(files, given, of_study))


def _refuse(mistakes: Iterable[tuple[Key, str]], config: Mapping, places: Places) -> None:
    """Raise all mistakes at once, each with its place."""
    lines = [
        f"{places.of(key, related_keys(config, key))}: {_dotted(key)}: {text}"
        for key, text in mistakes
    ]
    if lines:
        raise ConfigurationError("the configuration is wrong\n  " + "\n  ".join(lines))


def _absent(config: dict, gone: list[tuple[str, str]], places: Places) -> Iterator:
    """Find entries that are taken away and that no file has."""
    for part, name in gone:
        if not places.has(part, name):
            yield (part, name), f"is null, and there is none: {unknown('name', name, config[part])}"


def _dotted(key: Key) -> str:
    return CONTROL.sub("?", ".".join(map(str, key))) or "top level"


def _schema_mistakes(rules: dict, config: dict) -> Iterator[tuple[Key, str]]:
    errors = Draft202012Validator(rules).iter_errors(config)
    for error in sorted(errors, key=lambda error: list(map(str, error.absolute_path))):
        yield from _explain(error)


def _explain(error: ValidationError) -> Iterator[tuple[Key, str]]:
    """Say in words what a schema error means, where it stands and what is allowed."""
    key, value, wanted = tuple(error.absolute_path), error.instance, error.validator_value
    match error.validator:
        case "additionalProperties":
            allowed = sorted(error.schema["properties"])
            for name in sorted(set(value) - set(allowed)):
                yield (*key, name), unknown("key", name, allowed)
        case "required":
            missing = [name for name in wanted if name not in value]
            yield key, f"lacks {', '.join(missing)}"
        case "dependentRequired":
            yield key, error.message
        case "enum":
            yield key, unknown("value", value, wanted)
        case "oneOf":
            yield key, f"value {value!r}; allowed: {' or '.join(map(_allowed, wanted))}"
        case simple if simple in SIMPLE:
            yield key, f"value {value!r}; allowed: {_allowed(error.schema)}"
        case _:
            yield key, f"value {value!r}: {error.message}"


def _allowed(schema: dict) -> str:
    """Say in words what a simple schema allows."""
    if "const" in schema:
        return repr(schema["const"])
    if "enum" in schema:
        return ", ".join(map(repr, schema["enum"]))
    words = [{"array": "list", "object": "mapping"}.get(schema.get("type"), schema.get("type", ""))]
    for keyword, text in (
        ("exclusiveMinimum", "above {}"),
        ("minimum", "at least {}"),
        ("maximum", "at most {}"),
        ("exclusiveMaximum", "below {}"),
        ("pattern", "matching {}"),
        ("minItems", "of at least {}"),
        ("maxItems", "of at most {}"),
    ):
        if keyword in schema:
            words.append(text.format(schema[keyword]))
    if "items" in schema:
        words.append(f"(each {_allowed(schema['items'])})")
    return " ".join(word for word in words if word)


def _value_mistakes(config: dict) -> Iterator[tuple[Key, str]]:
    """Find values that the library refuses."""
    rules = {}
    for name, task in config["tasks"].items():
        try:
            rules[name] = make_task_rule(**task)
        except (ValueError, TypeError) as error:
            yield _refused_key(config, ("tasks", name), error), str(error)
    runs = {}
    for name in config["runs"]:
        try:
            runs[name] = run = resolve_run(config, name)
            if run.task in rules:
                rule = rules[run.task]
                run.network.check_task(rule.input_shape, rule.classes)
        except (ValueError, TypeError) as error:
            key, text = _refused_of_run(config, name, error)
            yield key, f"{text}: {error}"
    for name, entry in config["models"].items():
        try:
            model = make_model(**model_parameters(entry))
            if entry.get("task") in rules:
                rule = rules[entry["task"]]
                model.check_task(rule.input_shape, rule.classes)
        except (ValueError, TypeError) as error:
            yield _refused_key(config, ("models", name), error), str(error)
    wrong = len(config["runs"]) - len(runs)
    for name, parameters in config["estimators"].items():
        try:
            ESTIMATORS.make(parameters["method"], **with_numbers(parameters))
        except (ValueError, TypeError) as error:
            wrong += 1
            yield _refused_key(config, ("estimators", name), error), str(error)
    if not wrong:
        yield from _measurement_value_mistakes(config, runs)


def _refused_key(config: dict, entry: Key, error: Exception) -> Key:
    """Return the key of an entry that an error says must be otherwise, else the entry."""
    word = str(error).partition(" must ")[0]
    own = config.get(entry[0], {})
    for part in entry[1:]:
        own = own.get(part)
    return (*entry, word) if isinstance(own, Mapping) and word in own else entry


def _refused_of_run(config: dict, name: str, error: Exception) -> tuple[Key, str]:
    """Return where a run has the key that must be otherwise, and of which run it is told."""
    entry, inherits = ("runs", name), "with its protocol and the defaults"
    for one in (entry, ("protocols", config["runs"][name].get("protocol")), ("defaults",)):
        if (key := _refused_key(config, one, error)) != one:
            return key, inherits if one == entry else f"of runs.{name}"
    return entry, inherits


def _measurement_value_mistakes(config: dict, runs: dict) -> Iterator[tuple[Key, str]]:
    """Find measures that refuse their parameters or a run's network, or share an estimator."""
    owners: dict[tuple[str, str, str], str] = {}
    for name in config["measurements"]:
        key = ("measurements", name)
        try:
            one = resolve_measurement(config, name, runs)
        except (ValueError, TypeError) as error:
            yield _refused_key(config, key, error), str(error)
            continue
        for run in one.runs:
            if refused := one.measure.refusal(runs[run].network):
                yield (*key, "runs"), f"run {run!r}: {refused}"
            if one.evaluation == "test" and runs[run].schedule.training_fraction == 1:
                yield (*key, "evaluation"), f"run {run!r} is trained on all patterns: no test set"
            yield from _group_mistakes(key, one, runs[run])
            for estimator in one.measure.estimators():
                owner = owners.setdefault((one.measure.table, run, estimator), name)
                if owner != name:
                    yield key, f"gives {estimator!r} of {run!r}, as {owner!r} does"


def _group_mistakes(key: Key, one, run) -> Iterator[tuple[Key, str]]:
    """Find runs with too few networks for two groups."""
    if one.measure.stage != "measure_groups":
        return
    if one.evaluation != "all":
        yield (
            (*key, "evaluation"),
            "networks of a group share no training or test set; allowed: all",
        )
    there = min(one.initialisations or run.initialisations, run.initialisations)
    if there < 2 * one.measure.networks:
        text = f"{run.name!r} has {there} networks, too few for two groups of "
        yield (*key, "networks"), f"{text}{one.measure.networks}"


def _study_mistakes(study: Study) -> Iterator[tuple[Key, str]]:
    """Find products that ask for what the study does not measure."""
    config = study.config
    for name in config["figures"]:
        try:
            study.tables_of_figure(name)
        except PlanError as error:
            yield ("figures", name), str(error)
    for name, entry in config["comparisons"].items():
        yield from _comparison_mistakes(study, name, entry)
    there = {run: _measured(study, run) for run in study.runs}
    there |= {model: {OF_MODELS: ()} for model in config["models"] if model not in there}
    for name, entry in config["claims"].items():
        try:
            check_available(study.claim(name), there)
            study.tables_of_claim(name)
        except ParameterError as error:
            # Parameters of a reading stand elsewhere.
            own = error.parameter in entry.get("parameters", {})
            yield ("claims", name, *(("parameters", error.parameter) if own else ())), str(error)
        except (ClaimError, PlanError) as error:
            yield ("claims", name), str(error)


def _measured(study: Study, run: str) -> dict[str, tuple[str, ...]]:
    """Return the tables that there are of a run, each with its estimators or definitions."""
    return {
        table: tuple(DEFINITIONS if table == "gradients" else study.estimators(run, table))
        for table in study.tables()
        if any(of_run == run for of_run, _ in study.products(table))
    }


def _comparison_mistakes(study: Study, name: str, entry: dict) -> Iterator[tuple[Key, str]]:
    key = ("comparisons", name)
    if "claim" in entry:
        claims = study.config["claims"]
        with_events = [name for name in claims if "events" in claims[name].get("parameters", {})]
        if entry["claim"] not in with_events:
            yield (*key, "claim"), unknown("claim with events", entry["claim"], with_events)
    table = "gradients" if name == "gradients" else "information"
    paired = [pair[part] for pair in entry.get("pairs", []) for part in ("run", "reference")]
    wanted = [(run, entry.get("estimators", [None])) for run in [*entry["runs"], *paired]]
    for pair in (pair for pair in entry.get("pairs", []) if "estimator" in pair):
        wanted += [(pair["run"], [pair["estimator"]])]
        wanted += [(pair["reference"], [pair["reference_estimator"]])]
    for run, estimators in wanted:
        for estimator in estimators:
            if run in study.runs and estimator is None and table == "information":
                continue
            try:
                study.giving(table, run, estimator)
            except PlanError as error:
                part = "estimators" if run in study.runs and estimator else "runs"
                yield (*key, part), str(error)
