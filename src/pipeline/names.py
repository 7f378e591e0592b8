"""Find names in a configuration that stand for nothing, and say which are probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import fields

from infoplane.estimators import ESTIMATORS
from infoplane.measures import MEASURES
from infoplane.models import MODELS
from infoplane.networks import NETWORKS
from infoplane.tasks import TASKS
from infoplane.training.records import Optimizer, Schedule
from pipeline.configuration import USE, network_parameters
from pipeline.drawings import drawing_constant, drawing_names
from pipeline.places import Key

# What a run may set besides its network's own parameters, and a figure besides its drawing's.
RUN_KEYS = (
    *("task", "seed", "initialisations", "gradient_batch_size", "network"),
    *(field.name for record in (Optimizer, Schedule) for field in fields(record)),
)
FIGURE_KEYS = ("paper", "number", "shows", "expects", "drawing")


def unknown(kind: str, name: object, allowed: Iterable[object]) -> str:
    """Say that a name does not exist, which do, and which is probably meant."""
    allowed = [str(other) for other in allowed]
    near = difflib.get_close_matches(str(name), allowed, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return f"unknown {kind} {name!r}{hint}; allowed: {', '.join(allowed)}"


def name_mistakes(config: dict) -> Iterator[tuple[Key, str]]:
    """Find names that stand for nothing.

    Parameters
    ----------
    config : dict
        In order as far as the schema tells.

    Yields
    ------
    key : tuple
    text : str
    """
    for name, task in config["tasks"].items():
        if task["rule"] not in TASKS:
            yield ("tasks", name, "rule"), unknown("rule", task["rule"], TASKS.names)
        elif TASKS.member(task["rule"]).of_images and task["rule"] not in config["image_sets"]:
            yield ("tasks", name, "rule"), unknown("set", task["rule"], config["image_sets"])
    for run, own in config["runs"].items():
        if own["protocol"] not in config["protocols"]:
            yield (
                ("runs", run, "protocol"),
                unknown("protocol", own["protocol"], config["protocols"]),
            )
    for key, settings in _settings(config):
        yield from _setting_mistakes(config, key, settings)
    for name, entry in config["estimators"].items():
        if entry["method"] not in ESTIMATORS:
            key = ("estimators", name, "method")
            yield key, unknown("method", entry["method"], ESTIMATORS.names)
    for name, entry in config["measurements"].items():
        yield from _measurement_name_mistakes(config, ("measurements", name), entry)
    yield from _model_name_mistakes(config)
    yield from _figure_name_mistakes(config)


def _model_name_mistakes(config: dict) -> Iterator[tuple[Key, str]]:
    """Find models and tasks that nobody has."""
    for name, entry in config["models"].items():
        key = ("models", name)
        if entry["model"] not in MODELS:
            yield (*key, "model"), unknown("model", entry["model"], MODELS.names)
            continue
        if not MODELS.member(entry["model"]).needs_task:
            if "task" in entry:
                yield (*key, "task"), f"model {entry['model']!r} is about no task"
        elif "task" not in entry:
            yield key, f"lacks task, which model {entry['model']!r} is about"
        elif entry["task"] not in config["tasks"]:
            yield (*key, "task"), unknown("task", entry["task"], config["tasks"])


def _settings(config: dict) -> Iterator[tuple[Key, dict]]:
    """Yield every set of settings with its key."""
    yield ("defaults",), config["defaults"]
    for part in ("protocols", "runs"):
        for name, settings in config[part].items():
            yield (part, name), settings


def _setting_mistakes(config: dict, key: Key, settings: dict) -> Iterator[tuple[Key, str]]:
    """Find settings that no run and no network has."""
    for name, there in (("task", config["tasks"]), ("network", NETWORKS.names)):
        if settings.get(name) not in (None, *there):
            yield (*key, name), unknown(name, settings[name], there)
    of_networks = {name for parameters in network_parameters().values() for name in parameters}
    known = of_networks | set(RUN_KEYS) | ({"protocol"} if key[0] == "runs" else set())
    for name in sorted(set(settings) - known):
        yield (*key, name), unknown("key", name, sorted(known))


def _measurement_name_mistakes(config: dict, key: Key, entry: dict) -> Iterator[tuple[Key, str]]:
    """Find estimators, measures and runs that a measurement names and nobody has."""
    # Layers are measured by naming their estimators.
    measures = [name for name in MEASURES.names if name != "layers"]
    measure, by_name = entry.get("measure"), "estimators" in entry
    if measure is None and not by_name:
        yield key, "needs either estimators or a measure"
    elif measure not in (None, *measures):
        yield (*key, "measure"), unknown("measure", measure, measures)
    elif measure and by_name and "estimators" not in MEASURES.parameters(measure):
        yield key, f"needs either estimators or a measure: {measure!r} takes no estimators"
    for name in entry.get("estimators", ()):
        if name not in config["estimators"]:
            yield (*key, "estimators"), unknown("estimator", name, config["estimators"])
    for name in sorted(set(entry) - {"estimators", *USE}) if measure is None else ():
        yield (*key, name), unknown("key", name, ("estimators", *USE))
    if "except" in entry and entry["runs"] != "all":
        yield (*key, "except"), "leaves out some of all runs; with a list of runs, shorten that"
    for part in ("runs", "except"):
        for run in entry.get(part, ()) if entry.get(part) != "all" else ():
            if run not in config["runs"]:
                yield (*key, part), unknown("run", run, config["runs"])


def _figure_name_mistakes(config: dict) -> Iterator[tuple[Key, str]]:
    """Find papers, drawings and runs that figures name and nobody has, and keys that none takes."""
    drawings = drawing_names()
    for name, entry in config["figures"].items():
        key = ("figures", name)
        if entry["paper"] not in config["papers"]:
            yield (*key, "paper"), unknown("paper", entry["paper"], config["papers"])
        if entry["drawing"] not in drawings:
            yield (*key, "drawing"), unknown("drawing", entry["drawing"], drawings)
            continue
        needs, takes = (drawing_constant(entry["drawing"], part) for part in ("NEEDS", "TAKES"))
        for missing in (part for part in needs if part not in entry):
            yield key, f"lacks {missing}, which drawing {entry['drawing']!r} needs"
        allowed = (*FIGURE_KEYS, *needs, *takes)
        for other in sorted(set(entry) - set(allowed)):
            yield (*key, other), unknown("key", other, allowed)
        if entry.get("claim") not in (None, *config["claims"]):
            yield (*key, "claim"), unknown("claim", entry["claim"], config["claims"])
        for claim in sorted(set(entry.get("claims", ())) - set(config["claims"])):
            yield (*key, "claims"), unknown("claim", claim, config["claims"])
        for label, run in entry.get("runs", {}).items():
            if run not in config["runs"]:
                yield (*key, "runs", label), unknown("run", run, config["runs"])
        for label, model in entry.get("models", {}).items():
            if model not in config["models"]:
                yield (*key, "models", label), unknown("model", model, config["models"])
        judged = [*config["runs"], *config["models"]]
        for label, names in entry.get("conditions", {}).items():
            for one in sorted(set(names) - set(judged)):
                yield (*key, "conditions", label), unknown("run or model", one, judged)
