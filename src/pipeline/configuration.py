"""The configuration, checked and resolved before any job starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from infoplane.settings import TrainingSettings

SETTING_NAMES = tuple(field.name for field in fields(TrainingSettings))
# Keys of an estimator that say where it is used; the others are its parameters.
ESTIMATOR_USE = ("runs", "initialisations", "snapshots")
# Methods that give two bounds from one pass with `bound: both`.
WITH_BOTH_BOUNDS = ("kde", "sample_propagation")
# Methods that another stage measures than the one that reads activations: one that runs the
# networks itself, one whose dependence has no bits, one that takes several networks as one.
STAGES = {
    "sample_propagation": "estimate_noisy_information",
    "hsic": "measure_dependence",
    "multi_network": "estimate_multi_network_information",
}
OF_INFORMATION = ("estimate_information", "estimate_noisy_information")
OF_DEPENDENCE = ("measure_dependence",)


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

    @property
    def is_plain(self) -> bool:
        """Tell whether its layers are neither noisy nor quantised.

        Gradient statistics are defined for these only, and estimators that take a layer for a
        function of the input with real values measure these unless others are named.
        """
        settings = self.settings
        return settings.quantisation_bits is None and settings.noise_standard_deviation == 0

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
    """Return the runs that an estimator measures: ``all`` is every plain one."""
    runs = config["estimators"][estimator]["runs"]
    if runs == "all":
        return [run for run in config["runs"] if resolve_run(config, run).is_plain]
    return list(runs)


def estimator_parameters(config: dict, estimator: str) -> dict:
    """Return an entry's method and parameters, or those it has together, not where it is used."""
    entry = config["estimators"][estimator]
    return {key: value for key, value in entry.items() if key not in ESTIMATOR_USE}


def estimator_variants(name: str, parameters: dict) -> dict[str, dict]:
    """Return the estimators that an entry stands for, by name.

    Parameters
    ----------
    name : str
        The entry's key.
    parameters : dict
        As of `estimator_parameters`. ``together`` holds several by name; ``vary`` one parameter
        and its values.

    Returns
    -------
    variants : dict of str to dict
        One, or one for each varied value, which ends its name: ``binned_fixed_8``.
    """
    if "together" in parameters:
        return {
            variant: own
            for member, entry in parameters["together"].items()
            for variant, own in estimator_variants(member, entry).items()
        }
    fixed = {key: value for key, value in parameters.items() if key != "vary"}
    if "vary" not in parameters:
        return {name: fixed}
    ((key, values),) = parameters["vary"].items()
    texts = [value if isinstance(value, str) else f"{value:g}" for value in values]
    return {
        f"{name}_{text}": {**fixed, key: value} for text, value in zip(texts, values, strict=True)
    }


def with_fixed_range(parameters: dict) -> dict:
    """Replace a range of two numbers by ``low`` and ``high``, the parameters of the method."""
    if "range" not in parameters:
        return parameters
    low, high = parameters["range"]
    rest = {key: value for key, value in parameters.items() if key != "range"}
    return {**rest, "low": low, "high": high}


def gives_both_bounds(parameters: dict) -> bool:
    """Tell whether one pass gives an upper and a lower bound."""
    return parameters["method"] in WITH_BOTH_BOUNDS and parameters.get("bound") == "both"


def estimate_parameters(config: dict, estimator: str) -> dict[str, dict]:
    """Return the parameters of every estimate that an entry gives, by the estimate's name."""
    estimates = {}
    variants = estimator_variants(estimator, estimator_parameters(config, estimator))
    for name, parameters in variants.items():
        if gives_both_bounds(parameters):
            bounds = ("upper", "lower")
            estimates |= {f"{name}_{bound}": {**parameters, "bound": bound} for bound in bounds}
        else:
            estimates[name] = parameters
    return estimates


def estimate_names(config: dict, estimator: str) -> list[str]:
    """Return the names of the estimates that an entry gives."""
    return list(estimate_parameters(config, estimator))


def estimates_by_run(config: dict, stages: Sequence[str] = OF_INFORMATION) -> dict[str, list[str]]:
    """Return the names of the estimates that each run has from some stages."""
    estimates: dict[str, list[str]] = {run: [] for run in config["runs"]}
    for estimator in measured_by(config, *stages):
        for run in estimator_runs(config, estimator):
            estimates[run] += estimate_names(config, estimator)
    return estimates


def measured_by(config: dict, *stages: str) -> list[str]:
    """Return the names of the entries that some stages measure."""
    return [
        name
        for name, entry in config["estimators"].items()
        if STAGES.get(entry.get("method"), "estimate_information") in stages
    ]


def fills_end_bins(config: dict, estimator: str) -> bool:
    """Tell whether one of the estimators of an entry puts values outside into end bins."""
    variants = estimator_variants(estimator, estimator_parameters(config, estimator))
    return any(parameters.get("outside") == "end_bins" for parameters in variants.values())


def chosen_snapshots(stored: int, wanted: int | None) -> np.ndarray:
    """Return at most `wanted` indices, evenly taken, the first and the last among them."""
    if wanted is None or wanted >= stored:
        return np.arange(stored)
    return np.unique(np.rint(np.linspace(0, stored - 1, wanted)).astype(np.int64))


def further_tables(config: dict) -> dict[str, dict[str, list[str]]]:
    """Return the estimates for which claims have further tables: by table, then by run."""
    ends = [name for name in config["estimators"] if fills_end_bins(config, name)]
    ranges: dict[str, list[str]] = {}
    for estimator in ends:
        for run in estimator_runs(config, estimator):
            ranges.setdefault(run, []).extend(estimate_names(config, estimator))
    return {
        "clustering": estimates_by_run(config, ["estimate_noisy_information"]),
        "ranges": ranges,
        "multi_network": estimates_by_run(config, ["estimate_multi_network_information"]),
    }
