"""The configuration, its protocols, defaults and names resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields

from infoplane.measures import Measure
from infoplane.networks import NETWORKS, Network, make_network
from infoplane.tasks import TASKS
from infoplane.training.records import Optimizer, Schedule
from pipeline.measure_of import make_named_measure
from pipeline.selection import chunk_names

# Keys of a measurement that say where it is made; the others are the measure's parameters.
USE = ("runs", "except", "initialisations", "snapshots", "evaluation")
# Settings of a run that are of no network, optimiser or schedule, and which network it is.
OF_EVERY_RUN = ("task", "seed", "initialisations", "gradient_batch_size", "network")
# The measurement that every training makes: its learning curves.
TRAINING = "training"


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
    network : Network
    optimizer : Optimizer
    schedule : Schedule
    """

    name: str
    protocol: str
    task: str
    seed: int
    initialisations: int
    inits_per_chunk: int
    gradient_batch_size: int
    network: Network
    optimizer: Optimizer
    schedule: Schedule

    @property
    def training(self) -> tuple:
        """Return all that the networks depend on: runs that agree in it have the same ones."""
        return (
            *(self.task, self.seed, self.initialisations),
            *(self.network.as_trained, self.optimizer, self.schedule),
        )

    def chunks(self, initialisations: int | None = None) -> list[str]:
        """Name the chunks that hold the first initialisations, all by default."""
        return chunk_names(self.initialisations, self.inits_per_chunk, initialisations)


@dataclass(frozen=True)
class Measurement:
    """Hold one measurement: what is measured, of which runs, networks, snapshots and patterns.

    Attributes
    ----------
    name : str
    measure : Measure
    parameters : dict
        ``measure`` and its parameters, as plain data.
    runs : tuple of str
    initialisations, snapshots : int or None
        Only the first so many networks; at most so many snapshots. None: all.
    evaluation : {'all', 'train', 'test'}
        Which patterns the networks are measured on.
    """

    name: str
    measure: Measure
    parameters: dict
    runs: tuple[str, ...]
    initialisations: int | None
    snapshots: int | None
    evaluation: str


def network_parameters() -> dict[str, tuple[str, ...]]:
    """Return the parameters of every member of the network family."""
    return {name: NETWORKS.parameters(name) for name in NETWORKS.names}


def merged_settings(config: Mapping, name: str) -> dict:
    """Merge a run over its protocol over the defaults.

    Parameters
    ----------
    config : mapping
    name : str
        A key of ``config["runs"]``.

    Returns
    -------
    settings : dict
        Parameters of a network that the run, or its protocol, has replaced by another are gone.

    Raises
    ------
    ValueError
        If a setting is missing, or belongs to another network than the run's.
    """
    own = config["runs"][name]
    layers = [config["defaults"], config["protocols"][own["protocol"]], own]
    merged = {key: value for layer in layers for key, value in layer.items()}
    if missing := [key for key in OF_EVERY_RUN if key not in merged]:
        raise ValueError(f"lacks {', '.join(missing)}")
    takes = network_parameters()
    chosen = takes[merged["network"]]
    foreign = {key for parameters in takes.values() for key in parameters} - set(chosen)
    in_force = None
    for layer in layers:
        in_force = layer.get("network", in_force)
        wrong = sorted(foreign & set(layer)) if in_force == merged["network"] else []
        if wrong:
            others = [f"`network: {name}`" for name, own in takes.items() if wrong[0] in own]
            raise ValueError(
                f"{wrong[0]} is no parameter of network {in_force!r}, which has: "
                f"{', '.join(chosen)}; it belongs to {' or '.join(others)}"
            )
    return {key: value for key, value in merged.items() if key not in foreign}


def resolve_run(config: Mapping, name: str) -> Run:
    """Fill in a run's protocol and the defaults.

    Parameters
    ----------
    config : mapping
        A configuration that the schema accepts.
    name : str
        A key of ``config["runs"]``.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If a setting is missing, or its value is not allowed.
    """
    merged = merged_settings(config, name)
    if merged.get("batch_size") == "full":
        merged["batch_size"] = None
    network = merged["network"]
    records = {
        kind: {field.name: merged[field.name] for field in fields(kind) if field.name in merged}
        for kind in (Optimizer, Schedule)
    }
    for kind, given in records.items():
        missing = [field.name for field in fields(kind) if field.name not in given]
        optional = (field.name for field in fields(kind) if field.default is not MISSING)
        if missing := sorted(set(missing) - set(optional)):
            raise ValueError(f"lacks {', '.join(missing)}")
    return Run(
        name=name,
        protocol=merged["protocol"],
        task=merged["task"],
        seed=merged["seed"],
        initialisations=merged["initialisations"],
        inits_per_chunk=config["inits_per_chunk"],
        gradient_batch_size=merged["gradient_batch_size"],
        network=make_network(
            network, **{key: merged[key] for key in NETWORKS.parameters(network) if key in merged}
        ),
        optimizer=Optimizer(**records[Optimizer]),
        schedule=Schedule(**records[Schedule]),
    )


def measure_parameters(config: Mapping, name: str) -> dict:
    """Return a measurement's measure and parameters, its estimators by name with theirs."""
    entry = config["measurements"][name]
    own = {key: value for key, value in entry.items() if key not in USE}
    if "estimators" not in own:
        return own
    estimators = {name: dict(config["estimators"][name]) for name in own["estimators"]}
    return {"measure": "layers", **own, "estimators": estimators}


def model_parameters(entry: Mapping) -> dict:
    """Return a model and its parameters, without the task that it is about."""
    return {key: value for key, value in entry.items() if key != "task"}


def of_images(config: Mapping, run: Run) -> bool:
    """Say whether a run is about a public image set."""
    return TASKS.member(config["tasks"][run.task]["rule"]).of_images


def resolve_measurement(config: Mapping, name: str, runs: Mapping[str, Run]) -> Measurement:
    """Fill in what a measurement leaves open.

    Parameters
    ----------
    config : mapping
    name : str
        A key of ``config["measurements"]``.
    runs : mapping of str to Run
        ``all`` stands for those of plain networks that the measure applies to, but for those on
        public image sets, which take minutes where others take a second, and those that the
        measurement excepts.

    Returns
    -------
    Measurement

    Raises
    ------
    ValueError
        If the measure refuses its parameters.
    """
    entry = config["measurements"][name]
    parameters = measure_parameters(config, name)
    measure = make_named_measure(name, parameters)
    chosen = entry["runs"]
    if chosen == "all":
        excepted = entry.get("except", ())
        networks = ((run, runs[run].network) for run in runs if run not in excepted)
        chosen = [
            run
            for run, one in networks
            if one.is_plain and not of_images(config, runs[run]) and not measure.refusal(one)
        ]
    return Measurement(
        name,
        measure,
        parameters,
        tuple(chosen),
        entry.get("initialisations"),
        entry.get("snapshots"),
        entry.get("evaluation", "all"),
    )
