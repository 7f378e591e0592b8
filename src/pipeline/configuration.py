"""The configuration, checked and resolved before any job starts."""

from __future__ import annotations

from dataclasses import dataclass, fields

from infoplane.settings import TrainingSettings

SETTING_NAMES = tuple(field.name for field in fields(TrainingSettings))
# Keys of an estimator that say where it is used; the others are its parameters.
ESTIMATOR_USE = ("runs", "initialisations", "snapshots")


@dataclass(frozen=True)
class Run:
    """Hold one experimental condition with its defaults and protocol filled in.

    Attributes
    ----------
    name, protocol, task : str
    seed : int
        Together with an initialisation's index, the source of its randomness.
    initialisations : int
    inits_per_chunk : int
    gradient_batch_size : int
        Samples per mini-batch of the gradient statistics.
    settings : TrainingSettings
    """

    name: str
    protocol: str
    task: str
    seed: int
    initialisations: int
    inits_per_chunk: int
    gradient_batch_size: int
    settings: TrainingSettings

    def chunks(self, initialisations: int | None = None) -> list[str]:
        """Name the chunks that hold the first initialisations, such as ``000-009``.

        Parameters
        ----------
        initialisations : int, optional
            How many are needed; all by default.
        """
        needed = min(initialisations or self.initialisations, self.initialisations)
        starts = range(0, needed, self.inits_per_chunk)
        return [
            f"{start:03d}-{min(start + self.inits_per_chunk, self.initialisations) - 1:03d}"
            for start in starts
        ]


def chunk_initialisations(chunk: str) -> range:
    """Return the initialisations that a chunk's name stands for."""
    first, last = chunk.split("-")
    return range(int(first), int(last) + 1)


def resolve_run(config: dict, name: str) -> Run:
    """Fill in a run's protocol and the defaults.

    Parameters
    ----------
    config : dict
        A configuration that the schema accepts.
    name : str
        A key of ``config["runs"]``.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If a setting's value is not allowed.
    """
    own = config["runs"][name]
    merged = {**config["defaults"], **config["protocols"][own["protocol"]], **own}
    if merged["batch_size"] == "full":
        merged["batch_size"] = None
    return Run(
        name=name,
        protocol=merged["protocol"],
        task=merged["task"],
        seed=merged["seed"],
        initialisations=merged["initialisations"],
        inits_per_chunk=config["inits_per_chunk"],
        gradient_batch_size=merged["gradient_batch_size"],
        settings=TrainingSettings(**{key: merged[key] for key in SETTING_NAMES if key in merged}),
    )


def estimator_runs(config: dict, estimator: str) -> list[str]:
    """Return the runs that an estimator measures."""
    runs = config["estimators"][estimator]["runs"]
    return list(config["runs"]) if runs == "all" else list(runs)


def estimator_parameters(config: dict, estimator: str) -> dict:
    """Return an estimator's method and parameters, without where it is used."""
    entry = config["estimators"][estimator]
    return {key: value for key, value in entry.items() if key not in ESTIMATOR_USE}


def estimate_names(config: dict, estimator: str) -> list[str]:
    """Return the names of the estimates that an estimator gives: two if it gives both bounds."""
    if config["estimators"][estimator].get("bound") == "both":
        return [f"{estimator}_upper", f"{estimator}_lower"]
    return [estimator]


def estimates_by_run(config: dict) -> dict[str, list[str]]:
    """Return the names of the estimates that each run of the study has."""
    estimates: dict[str, list[str]] = {run: [] for run in config["runs"]}
    for estimator in config["estimators"]:
        for run in estimator_runs(config, estimator):
            estimates[run] += estimate_names(config, estimator)
    return estimates
