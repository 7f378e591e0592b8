"""What each file of the study is made from: its tasks, runs and measurements, with all settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from pipeline.planning import Study
from pipeline.seals import digest_of

SEALED = (".h5", ".npz", ".parquet")


def recipe(study: Study, file: str) -> dict | None:
    """Return the settings behind a file with a seal.

    Parameters
    ----------
    study : Study
    file : str
        Below the results folder, such as ``"training/szt_tanh/000-024.h5"``.

    Returns
    -------
    settings : dict or None
        Plain data; None for a file that the study does not make, or that carries no seal.
    """
    path = PurePosixPath(file)
    if path.suffix not in SEALED:
        return None
    try:
        match [*path.parent.parts, path.stem]:
            case ["images", name]:
                return {"image_set": study.config["image_sets"][name]}
            case ["data", task]:
                return {"task": study.config["tasks"][task]}
            case ["tables", "models", model]:
                return _of_model(study, model)
            case ["training", run, _] | ["metrics", run, "training", _]:
                return _of_training(study, run)
            case ["tables", "metrics", run, "training"]:
                return _of_training(study, run) | {
                    "initialisations": study.runs[run].initialisations
                }
            case ["tables", table]:
                parts = study.products(table)
                files = [f"tables/{table}/{run}/{name}.parquet" for run, name in parts]
                return {part: digest_of(recipe(study, part)) for part in files}
            case ["tables", _, run, measurement] | [_, run, measurement, _]:
                return _of_measurement(study, run, measurement)
    except KeyError:
        return None
    return None


def _of_model(study: Study, model: str) -> dict:
    entry = study.config["models"][model]
    task = {"task": study.config["tasks"][entry["task"]]} if "task" in entry else {}
    return {"model": dict(entry), **task}


def _of_training(study: Study, run: str) -> dict:
    own = study.runs[run]
    return {
        "run": run,
        "seed": own.seed,
        "task": study.config["tasks"][own.task],
        "network": own.network.as_dict(),
        "optimizer": own.optimizer.as_dict(),
        "schedule": own.schedule.as_dict(),
        "compute": study.config["compute"],
    }


def _of_measurement(study: Study, run: str, name: str) -> dict:
    one = study.measurements[name]
    gradients = one.measure.stage == "compute_gradient_snr"
    batch = {"gradient_batch_size": study.runs[run].gradient_batch_size} if gradients else {}
    return {
        **_of_training(study, run),
        "measurement": one.parameters,
        "initialisations": study.networks(run, name),
        "snapshots": one.snapshots,
        "evaluation": one.evaluation,
        **batch,
    }


def made_from(
    study: Study,
    results: str,
    inputs: Iterable[str],
    outputs: Iterable[str],
    versions: Mapping[str, str],
) -> dict:
    """Return what a job's files are made from, as `pipeline.seals.declare` takes it.

    Parameters
    ----------
    study : Study
    results : str
        The results folder, as the paths begin.
    inputs, outputs : iterable of str
        Paths; those without a seal are left out.
    versions : mapping of str to str
        Of the packages that compute.

    Returns
    -------
    made_from : dict
        ``inputs``, ``outputs`` and ``versions``.
    """
    needed = {
        path: {"file": file, "digest": digest_of(settings)}
        for path, file, settings in _sealed(study, results, inputs)
    }
    made = {
        path: {"file": file, "settings": settings}
        for path, file, settings in _sealed(study, results, outputs)
    }
    return {"inputs": needed, "outputs": made, "versions": dict(versions)}


def _sealed(study: Study, results: str, paths: Iterable[str]):
    """Yield path, name below the results folder and settings of the files that carry a seal."""
    for path in map(str, paths):
        if path.startswith(f"{results}/"):
            file = path.removeprefix(f"{results}/")
            if settings := recipe(study, file):
                yield path, file, settings


def intermediate_files(study: Study) -> list[str]:
    """Name the files with a seal that products are made from, below the results folder.

    Activations are left out: they are deleted when they are measured.
    """
    tasks = dict.fromkeys(own.task for own in study.runs.values())
    images = dict.fromkeys(file for task in tasks for file in study.images_of(task))
    files = [file.removeprefix("<results>/") for file in images]
    files += [f"data/{task}.npz" for task in tasks]
    for run, own in study.runs.items():
        for chunk in own.chunks():
            files += [f"training/{run}/{chunk}.h5", f"metrics/{run}/training/{chunk}.parquet"]
    for name, one in study.measurements.items():
        if one.measure.stage == "measure_groups":
            continue
        for run in one.runs:
            folder = f"{one.measure.table}/{run}/{name}"
            files += [f"{folder}/{chunk}.parquet" for chunk in study.chunks(run, name)]
    return files


def product_files(study: Study) -> list[str]:
    """Name the tables with a seal, below the results folder: those of a run, a model, the study."""
    files = [f"tables/models/{model}.parquet" for model in study.config["models"]]
    for table in study.tables():
        files += [f"tables/{table}/{run}/{name}.parquet" for run, name in study.products(table)]
        files.append(f"tables/{table}.parquet")
    return files
