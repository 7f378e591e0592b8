"""Refuse settings that are allowed one by one and make no sense together, or fit no machine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from infoplane.tasks import make_task_rule
from pipeline.configuration import Run
from pipeline.drawings import drawing_constant
from pipeline.names import unknown
from pipeline.places import Key
from pipeline.planning import Study

# Limits of one job, ours: a large machine's memory and a month of one core.
MOST_BYTES = 64 * 2**30
MOST_SECONDS = 30 * 86_400
# Of the compiled engine, measured: 25 networks of SZT's widths take about a minute for 10,000
# epochs. Each sample costs six operations a parameter, each step about a microsecond.
OPERATIONS_A_SECOND = 2e10
SECONDS_A_STEP = 1e-6
# Every task of the study has more patterns; only what no task of this size could bear is refused.
LEAST_PATTERNS = 1000
MOST_BINS = 2**24
"""A float32 tells no more values of one sign and exponent apart."""
FOLDERS_OF_THE_STUDY = ("src", "workflow", "config", "docs", "tests", "benchmarks")


def task_mistakes(config: Mapping) -> Iterator[tuple[Key, str]]:
    """Find tasks whose threshold leaves a single class; making one takes milliseconds."""
    for name, entry in config["tasks"].items():
        if "threshold" in entry:
            try:
                make_task_rule(**entry).make()
            except ValueError as error:
                yield ("tasks", name), str(error)


def folder_mistakes(config: Mapping) -> Iterator[tuple[Key, str]]:
    """Find a results folder outside the repository, or among its code."""
    results = config.get("pathvars", {}).get("results", "results")
    parts = PurePosixPath(results).parts
    key = ("pathvars", "results")
    if ".." in parts or "\n" in results:
        yield key, f"value {results!r}; allowed: a folder below the repository's, without .."
    elif parts[0] in FOLDERS_OF_THE_STUDY:
        yield key, f"value {results!r} is a folder of the study's own files; allowed: another one"


def machine_mistakes(config: Mapping) -> Iterator[tuple[Key, str]]:
    """Find what this machine has not; PyTorch is loaded only if it must be asked."""
    if config["compute"]["device"] == "cuda":
        import torch

        if not torch.cuda.is_available():
            text = "value 'cuda', but PyTorch sees no GPU here; allowed: auto, cpu"
            yield ("compute", "device"), text


def size_mistakes(study: Study) -> Iterator[tuple[Key, str]]:
    """Find what cannot fit into memory or a month, with the estimate.

    Parameters
    ----------
    study : Study

    Yields
    ------
    key : tuple
    text : str
    """
    config = study.config
    for name, run in study.runs.items():
        for text in _too_large(run, config):
            yield ("runs", name), text
    networks = max(run.initialisations for run in study.runs.values())
    resamples = config["statistics"]["resamples"]
    yield from _memory(("statistics", "resamples"), resamples, 8 * resamples * networks)
    yield from _audit_mistakes(config["audit"])
    for name, entry in config["estimators"].items():
        bins = entry.get("bins")
        if isinstance(bins, int) and bins > MOST_BINS:
            text = f"value {bins}; allowed: at most {MOST_BINS}, what numbers of 32 bits tell apart"
            yield ("estimators", name, "bins"), text
    for name, entry in config["claims"].items():
        surrogates = entry.get("parameters", {}).get("events", {}).get("surrogates", 0)
        key = ("claims", name, "parameters", "events", "surrogates")
        yield from _memory(key, surrogates, 8 * surrogates * 100)


def _audit_mistakes(audit: Mapping) -> Iterator[tuple[Key, str]]:
    """Find samples whose distances, and layers whose units, do not fit into memory."""
    drops = audit["drops"]
    for key, sizes, dimensions in (
        (("audit",), {"sizes": audit["sizes"]}, audit["dimensions"]),
        (("audit", "drops"), {"samples": [drops["samples"]]}, drops["dimensions"]),
    ):
        for name, values in sizes.items():
            for size in values:
                yield from _memory((*key, name), size, 8 * size**2)
            for units in dimensions:
                yield from _memory((*key, "dimensions"), units, 8 * units * max(values))


def _memory(key: Key, value: int, size: float) -> Iterator[tuple[Key, str]]:
    if size > MOST_BYTES:
        yield key, f"value {value} needs {_bytes(size)} of memory; allowed: {_bytes(MOST_BYTES)}"


def _too_large(run: Run, config: Mapping) -> Iterator[str]:
    schedule, together = run.schedule, min(run.inits_per_chunk, run.initialisations)
    parameters = run.network.parameter_count
    snapshots = min(schedule.snapshots, schedule.epochs) + 1
    # What is asked for is laid out before those that coincide are dropped.
    size = 4 * together * parameters * snapshots + 8 * schedule.snapshots
    if size > MOST_BYTES:
        yield (
            f"snapshots {schedule.snapshots} of {together} networks with {parameters} parameters "
            f"are {_bytes(size)}; allowed: {_bytes(MOST_BYTES)}"
        )
    samples = max(1.0, schedule.training_fraction * LEAST_PATTERNS)
    steps = schedule.epochs * math.ceil(samples / (run.optimizer.batch_size or samples))
    operations = 6.0 * together * schedule.epochs * samples * parameters
    seconds = operations / OPERATIONS_A_SECOND + SECONDS_A_STEP * steps
    if seconds > MOST_SECONDS:
        yield (
            f"epochs {schedule.epochs} of {together} networks with {parameters} parameters take "
            f"more than {seconds / 86_400:.3g} days of one core; allowed: {MOST_SECONDS // 86_400}"
        )
    if (run.optimizer.batch_size or 0) > 1000 or schedule.training_fraction < 0.01:
        yield from _misfits(run, config)


def _misfits(run: Run, config: Mapping) -> Iterator[str]:
    """Hold a batch or a fraction that looks odd against the task, which takes time to make."""
    patterns = make_task_rule(**config["tasks"][run.task]).patterns
    batch, fraction = run.optimizer.batch_size, run.schedule.training_fraction
    if batch is not None and batch > patterns:
        yield f"batch_size {batch} is more than the {patterns} patterns of its task; allowed: full"
    if round(fraction * patterns) < 2:
        yield (
            f"training_fraction {fraction} leaves {fraction * patterns:.2g} of {patterns} patterns "
            "to train on; allowed: at least 2"
        )


def _bytes(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} TiB"


def reference_mistakes(study: Study) -> Iterator[tuple[Key, str]]:
    """Find labels, layers and estimates that are named and that nothing has.

    Parameters
    ----------
    study : Study

    Yields
    ------
    key : tuple
    text : str
    """
    config = study.config
    estimates = {name for one in study.measurements.values() for name in one.measure.estimators()}
    estimates |= set(config["estimators"])  # a smaller study need not measure by all of them
    for name, stands_for in config["audit"]["audited_as"].items():
        for wrong in sorted(set(stands_for) - estimates):
            yield (
                ("audit", "audited_as", name),
                f"neither an estimator nor a measurement gives {wrong!r}",
            )
    if (finest := config["resolution"]["finest"]) not in estimates:
        yield ("resolution", "finest"), unknown("estimator", finest, sorted(estimates))
    for name, entry in config["figures"].items():
        yield from _figure_mistakes(study, name, entry)
    for name, entry in config["claims"].items():
        parameters = entry.get("parameters", {})
        layers = _numbers(parameters.get("layers")) + _numbers(parameters.get("layer"))
        most = max((study.runs[run].network.layers for run in _judged(study, name)), default=None)
        for layer in layers if most is not None else ():
            if not 1 <= layer <= most:
                key = ("claims", name, "parameters", "layers")
                yield key, f"layer {layer}; its runs have layers 1 to {most}"


def _judged(study: Study, claim: str) -> list[str]:
    return [run for run in study.runs_of_claim(claim) if run in study.runs]


def _numbers(layers: object) -> list[int]:
    listed = layers if isinstance(layers, list) else [layers]
    return [one for one in listed if isinstance(one, int) and not isinstance(one, bool)]


def label_mistakes(study: Study) -> Iterator[tuple[Key, str]]:
    """Find figures that say something of a label that none of their runs has, or the reverse."""
    for name, entry in study.config["figures"].items():
        runs = entry.get("runs", {})
        for key in ("estimator", "published", "with_output"):
            labels = entry.get(key)
            if isinstance(labels, Mapping) and set(labels) != set(runs):
                text = f"labels {_named(labels)}; its runs are {_named(runs)}"
                yield ("figures", name, key), text


def _figure_mistakes(study: Study, name: str, entry: Mapping) -> Iterator[tuple[Key, str]]:
    shown: Iterable[str] = entry.get("runs", {}).values()
    if "robustness" in drawing_constant(entry["drawing"], "TABLES"):
        shown = study.config["comparisons"]["estimators"]["runs"]
    most = max((study.runs[run].network.layers for run in shown), default=None)
    if most is not None and entry.get("layer", 1) > most:
        yield ("figures", name, "layer"), f"value {entry['layer']}; its runs have {most} layers"


def _named(labels: Iterable[str]) -> str:
    return ", ".join(map(repr, labels)) or "none"
