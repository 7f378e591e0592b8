"""Refuse a wrong configuration before any job starts, by file, line, key and allowed values."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from infoplane.claims import ClaimError, check_available
from infoplane.estimators import METHODS, make_estimator
from infoplane.gradients import DEFINITIONS
from pipeline.configuration import (
    ESTIMATOR_USE,
    OF_DEPENDENCE,
    STAGES,
    estimate_parameters,
    estimates_by_run,
    estimator_runs,
    fills_end_bins,
    further_tables,
    measured_by,
    resolve_run,
)

Key = tuple[str | int, ...]


class ConfigurationError(ValueError):
    """Report every mistake of a configuration, one a line."""


def check_configuration(config: dict, files: Sequence[str], schema: str | Path) -> None:
    """Check the merged configuration against the schema, then its references and values.

    Parameters
    ----------
    config : dict
        All files merged.
    files : sequence of str
        The files it was read from, later ones winning; they are read again to say where a key
        stands.
    schema : path
        A JSON schema, written in YAML.

    Raises
    ------
    ConfigurationError
        Names, for every mistake, the file and line, the key, the value and what is allowed.
    """
    rules = yaml.safe_load(Path(schema).read_text(encoding="utf-8"))
    # Each check takes for granted what the one before it has found in order.
    mistakes = (
        list(_schema_mistakes(config, rules))
        or list(_reference_mistakes(config))
        or list(_value_mistakes(config))
        or [
            *_shown_mistakes(config),
            *_multi_network_mistakes(config),
            *_claim_mistakes(config),
        ]
    )
    if mistakes:
        places = Places(files)
        lines = [f"{places.of(key)}: {_dotted(key)}: {text}" for key, text in mistakes]
        raise ConfigurationError("the configuration is wrong\n  " + "\n  ".join(lines))


class Places:
    """Know at which line of which file each key of the merged configuration stands.

    Parameters
    ----------
    files : sequence of str
        Later files win.
    """

    def __init__(self, files: Sequence[str]):
        self._lines: dict[Key, str] = {}
        for file in files:
            root = yaml.compose(Path(file).read_text(encoding="utf-8"))
            if root is not None:
                self._lines.update({key: f"{file}:{line}" for key, line in _key_lines(root, ())})

    def of(self, key: Key) -> str:
        """Return ``file:line`` of a key, or of the nearest key above it that a file has."""
        while key and key not in self._lines:
            key = key[:-1]
        return self._lines.get(key, "command line or default")


def _key_lines(node: yaml.Node, path: Key) -> Iterator[tuple[Key, int]]:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield (*path, name.value), name.start_mark.line + 1
            yield from _key_lines(value, (*path, name.value))


def _dotted(key: Key) -> str:
    return ".".join(map(str, key)) or "top level"


def _schema_mistakes(config: dict, rules: dict) -> Iterator[tuple[Key, str]]:
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
        case "type" | "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "pattern":
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


def unknown(kind: str, name: object, allowed: Iterable[object]) -> str:
    """Say that a name does not exist, which do, and which is probably meant."""
    allowed = [str(other) for other in allowed]
    near = difflib.get_close_matches(str(name), allowed, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return f"unknown {kind} {name!r}{hint}; allowed: {', '.join(allowed)}"


def _reference_mistakes(config: dict) -> Iterator[tuple[Key, str]]:
    """Find names that stand for nothing."""
    for run, own in config["runs"].items():
        if own["protocol"] not in config["protocols"]:
            yield (
                ("runs", run, "protocol"),
                unknown("protocol", own["protocol"], config["protocols"]),
            )
    for part in ("defaults", "protocols", "runs"):
        entries = {(): config[part]} if part == "defaults" else config[part]
        for name, entry in entries.items():
            key = (part, name) if name else (part,)
            if entry.get("task", None) not in (None, *config["tasks"]):
                yield (*key, "task"), unknown("task", entry["task"], config["tasks"])
    for name, entry in config["estimators"].items():
        key = ("estimators", name)
        yield from _method_mistakes(key, entry)
        for run in entry["runs"] if isinstance(entry["runs"], list) else ():
            if run not in config["runs"]:
                yield (*key, "runs"), unknown("run", run, config["runs"])


def _method_mistakes(key: Key, entry: dict) -> Iterator[tuple[Key, str]]:
    """Find methods that do not exist, and entries that have none or cannot be measured together."""
    if ("method" in entry) == ("together" in entry):
        yield key, "needs either a method with its parameters, or several estimators together"
    elif "method" in entry and entry["method"] not in METHODS:
        yield (*key, "method"), unknown("method", entry["method"], METHODS)
    elif "together" in entry:
        for name in sorted(set(entry) - {"together", *ESTIMATOR_USE}):
            yield (*key, name), unknown("key", name, ("together", *ESTIMATOR_USE))
        measuring = sorted(set(METHODS) - set(STAGES))
        for name, member in entry["together"].items():
            if member["method"] not in measuring:
                text = unknown("method", member["method"], measuring)
                yield (*key, "together", name, "method"), text


def _shown_mistakes(config: dict) -> Iterator[tuple[Key, str]]:
    """Find figures and comparisons of runs, or of estimates, that the study does not have."""
    estimates = estimates_by_run(config)
    shown = {"estimator": estimates, "dependence": estimates_by_run(config, OF_DEPENDENCE)}
    for name, figure in config["figures"].items():
        key = ("figures", name)
        for label, run in figure.get("runs", {}).items():
            if run not in estimates:
                yield (*key, "runs", label), unknown("run", run, estimates)
                continue
            for kind, there in shown.items():
                wanted = figure.get(kind)
                estimate = wanted.get(label) if isinstance(wanted, dict) else wanted
                if estimate and estimate not in there[run]:
                    yield (*key, kind), unknown(f"estimate of {run}", estimate, there[run])
    for name, comparison in config["comparisons"].items():
        key = ("comparisons", name)
        pairs = [run for pair in comparison.get("pairs", []) for run in pair.values()]
        for run in [*comparison["runs"], *pairs]:
            if run not in estimates:
                yield (*key, "runs"), unknown("run", run, estimates)
                continue
            for estimate in set(comparison.get("estimators", [])) - set(estimates[run]):
                text = unknown(f"estimate of {run}", estimate, estimates[run])
                yield (*key, "estimators"), text


def _claim_mistakes(config: dict) -> Iterator[tuple[Key, str]]:
    """Find claims that their statistic refuses, or that the study cannot judge."""
    definitions = {
        run: DEFINITIONS if resolve_run(config, run).is_plain else () for run in config["runs"]
    }
    estimates, tables = estimates_by_run(config), further_tables(config)
    for name, entry in config["claims"].items():
        try:
            check_available({name: entry}, estimates, definitions, tables)
        except ClaimError as error:
            yield ("claims", name), str(error)


def _value_mistakes(config: dict) -> Iterator[tuple[Key, str]]:
    """Find values that the library refuses."""
    for run in config["runs"]:
        try:
            resolve_run(config, run)
        except (ValueError, KeyError, TypeError) as error:
            yield ("runs", run), f"with its protocol and the defaults: {error}"
    yield from _estimator_mistakes(config)


def _multi_network_mistakes(config: dict) -> Iterator[tuple[Key, str]]:
    """Find bins that cannot be shared by several networks, and runs with too few of those."""
    for name in measured_by(config, "estimate_multi_network_information"):
        key, entry = ("estimators", name), config["estimators"][name]
        if "vary" in entry or isinstance(entry.get("range", []), str):
            yield key, "must have one fixed range or bin width for all networks"
        for run in estimator_runs(config, name):
            trained = resolve_run(config, run).initialisations
            there = min(entry.get("initialisations", trained), trained)
            if there < 2 * entry["networks"]:
                text = f"{run!r} has {there} networks, too few for two groups of "
                yield (*key, "networks"), f"{text}{entry['networks']}"


def _estimator_mistakes(config: dict) -> Iterator[tuple[Key, str]]:
    """Find estimators that refuse their parameters, serve other networks or share a name."""
    owners: dict[str, str] = {}
    for name in config["estimators"]:
        for estimate, parameters in estimate_parameters(config, name).items():
            try:
                make_estimator(**_with_numbers(parameters))
            except (ValueError, TypeError) as error:
                yield ("estimators", name), str(error)
            limits = parameters.get("range")
            if fills_end_bins(config, name) and not isinstance(limits, list):
                text = f"outside: end_bins needs a range of two numbers, not {limits!r}"
                yield ("estimators", name), text
            if owners.setdefault(estimate, name) != name:
                text = f"gives the estimate {estimate!r}, as {owners[estimate]!r} does"
                yield ("estimators", name), text


def _with_numbers(parameters: dict) -> dict:
    """Replace what only the activations decide by numbers of the same kind."""
    parameters = dict(parameters)
    if "range" in parameters:
        limits = parameters.pop("range")
        low, high = (0.0, 1.0) if isinstance(limits, str) else limits
        parameters.update(low=low, high=high)
    return parameters
