"""What every measure has, and trained networks and their activations as measures take them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_finite
from infoplane.networks.base import Network


@dataclass(frozen=True)
class Measure:
    """Describe how rows of one tidy table are made from a trained network.

    Subclasses are frozen dataclasses that name the module they stand in, their table and their
    stage, and implement `measure`, or `measure_group` if they take several networks as one.

    Attributes
    ----------
    label : str
        The measurement's name in the configuration.
    name : str
        The measure's own.
    table : str
        The tidy table that its rows go to.
    stage : str
        ``"estimate_information"`` gives it a `DumpedNetwork`, all others a `TrainedNetwork`:
        ``"measure_networks"``, ``"compute_gradient_snr"``, and ``"measure_groups"`` several.
    """

    name: ClassVar[str]
    table: ClassVar[str]
    stage: ClassVar[str] = "measure_networks"

    label: str

    def estimators(self) -> tuple[str, ...]:
        """Return the names in the column `estimator` of its rows; none without that column."""
        return ()

    def methods(self) -> tuple[str, ...]:
        """Return the members of `infoplane.estimators` whose code its numbers depend on."""
        return ()

    def reads(self) -> tuple[str, ...]:
        """Return what of the layers is dumped for it, of `infoplane.estimators.base.READABLE`."""
        return ("activations",)

    def refusal(self, network: Network) -> str:
        """Return why it does not apply to networks like this one; empty if it does."""
        return ""

    def measure(self, trained: TrainedNetwork | DumpedNetwork) -> dict[str, np.ndarray]:
        """Measure one network at its snapshots.

        Parameters
        ----------
        trained : TrainedNetwork or DumpedNetwork
            What the measure's stage gives it.

        Returns
        -------
        columns : dict of array, shape (rows,)
            ``epoch, layer`` (1 .. L, or 0 for all of them) and the measure's own.

        Raises
        ------
        ValueError
            If the network cannot be measured.
        """
        raise NotImplementedError(f"{type(self).__name__} does not measure one network")

    def measure_group(self, group: Sequence[TrainedNetwork]) -> dict[str, np.ndarray]:
        """Measure several networks taken as one; as `measure`."""
        raise NotImplementedError(f"{type(self).__name__} does not measure several networks")


@dataclass(frozen=True)
class TrainedNetwork:
    """Hold one trained network with the task it was trained on.

    Attributes
    ----------
    network : Network
    inputs : array of float32, shape (all patterns, ...)
    labels : array of int, shape (all patterns,)
    initialisation, seed : int
        The network's place in its run, and the run's seed.
    training_samples : array of int, shape (training samples,)
        The patterns it was trained on, in the order of its training set.
    epochs : array of int, shape (snapshots,)
        To measure, before a divergence.
    read_parameters : callable
        From a position in `epochs` to a float32 vector of parameters.
    patterns : array of int, shape (samples,), optional
        Those to measure on, by default all.
    lowest, highest : array of float32, shape (layers,), optional
        Extremes of each layer over all patterns and over the whole of training; by default over
        the snapshots in `epochs`.
    label_probability : array of float64, optional
        p(y given x) of all patterns, as `infoplane.tasks.Task` has it; None where nobody knows it.
    """

    network: Network
    inputs: np.ndarray
    labels: np.ndarray
    initialisation: int
    seed: int
    training_samples: np.ndarray
    epochs: np.ndarray
    read_parameters: Callable[[int], np.ndarray]
    patterns: np.ndarray | None = None
    lowest: np.ndarray | None = None
    highest: np.ndarray | None = None
    label_probability: np.ndarray | None = None

    def __post_init__(self):
        if self.patterns is None:
            object.__setattr__(self, "patterns", np.arange(len(self.inputs)))

    @property
    def measured_on_all(self) -> bool:
        """Return whether the network is measured on every pattern."""
        return len(self.patterns) == len(self.inputs)

    @property
    def evaluated_inputs(self) -> np.ndarray:
        """Return the inputs of the patterns to measure on."""
        return self.inputs if self.measured_on_all else self.inputs[self.patterns]

    @property
    def evaluated_labels(self) -> np.ndarray:
        """Return the labels of the patterns to measure on."""
        return self.labels if self.measured_on_all else self.labels[self.patterns]

    def snapshots(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield each epoch with the parameters, a float32 vector."""
        for position, epoch in enumerate(self.epochs):
            yield int(epoch), self.read_parameters(position)

    def layers(self) -> Iterator[tuple[int, list[np.ndarray]]]:
        """Yield each epoch with what the layers give, float32 of shape (samples, units).

        The network sees all patterns, also where it is measured on some: the ranges of a
        quantised one are those of all.
        """
        for epoch, parameters in self.snapshots():
            yield epoch, self.layers_of(parameters)

    def layers_of(self, parameters: np.ndarray) -> list[np.ndarray]:
        """Return what the layers of the network give with other parameters; as `layers`."""
        layers = self.network.net_inputs_and_activations(parameters, self.inputs)[1]
        return layers if self.measured_on_all else [values[self.patterns] for values in layers]

    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the lowest and highest value of each layer, shape (layers,), over training."""
        if self.lowest is not None and self.highest is not None:
            return self.lowest, self.highest
        ends = [
            (values.min(), values.max())
            for _, parameters in self.snapshots()
            for values in self.network.net_inputs_and_activations(parameters, self.inputs)[1]
        ]
        lowest, highest = np.array(ends).reshape(-1, self.network.layers, 2).transpose(2, 0, 1)
        return lowest.min(axis=0, initial=np.inf), highest.max(axis=0, initial=-np.inf)


@dataclass(frozen=True)
class DumpedNetwork:
    """Hold what was dumped of one trained network, read layer by layer when it is needed.

    Attributes
    ----------
    labels : array of int, shape (samples,)
    epochs : array of int, shape (snapshots,)
        Those dumped, before a divergence.
    lowest, highest : array of float32, shape (layers,)
        Extremes of each layer's activations over all patterns and over the whole of training.
    read_layer : callable
        From what to read, ``"activations"`` or ``"net_inputs"``, a layer, 1 .. L, and a position
        in `epochs` to an array of float, shape (samples, units).
    initialisation : int
        The network's place in its run.
    """

    labels: np.ndarray
    epochs: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    read_layer: Callable[[str, int, int], np.ndarray]
    initialisation: int

    @property
    def layers(self) -> int:
        """Return the number of layers."""
        return len(self.lowest)


def two_numbers(limits: Sequence[float]) -> tuple[float, float]:
    """Return the ends of a range.

    Raises
    ------
    ValueError
        If it is anything but two finite numbers.
    """
    if isinstance(limits, str) or not isinstance(limits, Sequence) or len(limits) != 2:
        raise ValueError(f"range must be two numbers, not {limits!r}")
    for end in limits:
        require_finite("range", end)
    return tuple(limits)


def columns_of(names: Sequence[str], rows: Iterable[Sequence]) -> dict[str, np.ndarray]:
    """Lay rows out as the columns of a table.

    Parameters
    ----------
    names : sequence of str
        Of the columns after ``epoch`` and ``layer``.
    rows : iterable of sequence
        Epoch, layer, and a value for each name.

    Returns
    -------
    columns : dict of array, shape (rows,)
    """
    rows = list(rows)
    values = list(zip(*rows, strict=True)) if rows else [()] * (2 + len(names))
    columns = dict(zip(("epoch", "layer", *names), map(np.array, values), strict=True))
    return columns | {key: columns[key].astype(np.int32) for key in ("epoch", "layer")}
