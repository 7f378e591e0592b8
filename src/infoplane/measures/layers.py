"""Estimates of I(X;T) and I(T;Y) of every layer, of several estimators from one reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.estimators import ESTIMATORS, Estimate, Estimator, make_estimator
from infoplane.estimators.base import check_activations, check_labels
from infoplane.measures.base import DumpedNetwork, Measure, columns_of, two_numbers
from infoplane.networks import Network

COLUMNS = ("estimator", "mi_input_bits", "mi_label_bits", "ceiling_bits")
RANGES = ("global", "layer", "epoch")


@dataclass(frozen=True)
class LayersMeasure(Measure):
    """Estimate the information of every layer from its dumped activations or net inputs.

    Parameters
    ----------
    label : str
    estimators : mapping of str to mapping
        Method and parameters of each estimator by its name. A ``range`` is two numbers,
        ``global`` (over all layers' units and all epochs of a network), ``layer`` (over its units
        and all epochs) or ``epoch`` (over its units). Two that differ in their ``bound`` alone
        are made in one pass.
    """

    name: ClassVar[str] = "layers"
    table: ClassVar[str] = "information"
    stage: ClassVar[str] = "estimate_information"

    named: Mapping[str, Mapping]

    def __init__(self, label: str, estimators: Mapping[str, Mapping]):
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "named", estimators)
        for parameters in estimators.values():
            stand_in(parameters)

    def estimators(self) -> tuple[str, ...]:
        """Return the names of the estimators."""
        return tuple(self.named)

    def methods(self) -> tuple[str, ...]:
        """Return the methods of the estimators, each once."""
        return tuple(dict.fromkeys(parameters["method"] for parameters in self.named.values()))

    def reads(self) -> tuple[str, ...]:
        """Return what the estimators read, each once."""
        estimators = map(stand_in, self.named.values())
        return tuple(dict.fromkeys(estimator.reads for estimator in estimators))

    def refusal(self, network: Network) -> str:
        """Say which estimator does not apply to such networks."""
        for name, parameters in self.named.items():
            if reason := stand_in(parameters).refusal(network):
                return f"estimator {name!r} {reason}"
        return ""

    def measure(self, dumped: DumpedNetwork) -> dict[str, np.ndarray]:
        """Measure one network from its activations.

        Parameters
        ----------
        dumped : DumpedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, estimator, mi_input_bits, mi_label_bits, ceiling_bits``; by layer,
            then epoch, then estimator.

        Raises
        ------
        ValueError
            If an estimator refuses the activations; the message says where.
        """
        return columns_of(COLUMNS, self._rows(dumped))

    def _rows(self, dumped: DumpedNetwork) -> Iterator[tuple]:
        reads, network = self.reads(), f"initialisation {dumped.initialisation}"
        with naming(network):
            labels = check_labels(dumped.labels, len(dumped.labels))
        for layer in range(1, dumped.layers + 1):
            lowest, highest = (float(ends[layer - 1]) for ends in (dumped.lowest, dumped.highest))
            everywhere = float(dumped.lowest.min()), float(dumped.highest.max())
            ranges = {"global": everywhere, "layer": (lowest, highest), "epoch": (0.0, 1.0)}
            estimators = self._estimators(self.named, ranges)
            anew = {name: own for name, own in self.named.items() if own.get("range") == "epoch"}
            for position, epoch in enumerate(dumped.epochs):
                where = f"{network}, epoch {epoch}, layer {layer}"
                with naming(where):
                    samples = {
                        read: (of_samples(dumped.read_layer(read, layer, position), labels), labels)
                        for read in reads
                    }
                if anew:
                    values, _ = samples["activations"]
                    ranges["epoch"] = float(values.min()), float(values.max())
                    estimators |= self._estimators(anew, ranges)
                for name, found in estimates_of(estimators, samples, where):
                    bits = (found.mi_input_bits, found.mi_label_bits, found.ceiling_bits)
                    yield (epoch, layer, name, *bits)

    @staticmethod
    def _estimators(named: Mapping[str, Mapping], ranges: Mapping) -> dict[str, Estimator]:
        return {
            name: make_estimator(**resolve_range(parameters, ranges))
            for name, parameters in named.items()
        }


def of_samples(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return a layer's values, refused unless they are finite and there is a label for each."""
    values = check_activations(values)
    if len(values) != len(labels):
        raise ValueError(f"there are {len(labels)} labels for {len(values)} samples")
    return values


def estimates_of(
    estimators: Mapping[str, Estimator],
    samples: Mapping[str, tuple[np.ndarray, np.ndarray]],
    where: str,
) -> Iterator[tuple[str, Estimate]]:
    """Yield each estimator's name and estimate of one layer, one pass for those that share it.

    Parameters
    ----------
    estimators : mapping of str to Estimator
    samples : mapping of str to tuple of array
        Checked activations or net inputs with checked labels, by what the estimators read.
    where : str
        What a refusal's message begins with.
    """
    passes = {}
    for name, estimator in estimators.items():
        with naming(f"{where}, estimator {name}"):
            if estimator.pass_key not in passes:
                passes[estimator.pass_key] = estimator.one_pass(*samples[estimator.reads])
            yield name, estimator.chosen(passes[estimator.pass_key])


def resolve_range(parameters: Mapping, ranges: Mapping[str, tuple[float, float]]) -> dict:
    """Replace a bin range by its two numbers for one layer of one network at one epoch.

    Parameters
    ----------
    parameters : mapping
    ranges : mapping of str to (float, float)
        Smallest and largest value by each of `RANGES`.

    Returns
    -------
    dict
        With ``low`` and ``high`` in place of ``range``.
    """
    if "range" not in parameters:
        return dict(parameters)
    limits = parameters["range"]
    low, high = ranges[limits] if isinstance(limits, str) else limits
    rest = {key: value for key, value in parameters.items() if key != "range"}
    # A layer that never varies has a range of no width; one bin holds it whatever the width.
    return {**rest, "low": low, "high": high if high > low else low + 1.0}


def stand_in(parameters: Mapping) -> Estimator:
    """Make an estimator whose range, if only activations decide it, is from 0 to 1."""
    return make_estimator(parameters["method"], **with_numbers(parameters))


def with_numbers(parameters: Mapping) -> dict:
    """Return an estimator's own parameters, numbers in place of what only activations decide.

    Raises
    ------
    ValueError
        If the method takes no range, or this is none, or end bins are asked for of a range that
        holds everything.
    """
    own = {key: value for key, value in parameters.items() if key not in ("method", "range")}
    if "range" not in parameters:
        if own.get("outside") == "end_bins":
            raise ValueError("outside: end_bins needs a range of two numbers")
        return own
    limits = parameters["range"]
    if "high" not in ESTIMATORS.parameters(parameters["method"]):
        raise ValueError(f"estimator {parameters['method']!r} takes no range")
    if isinstance(limits, str) and limits not in RANGES:
        raise ValueError(
            f"range must be two numbers or one of: {', '.join(RANGES)}; not {limits!r}"
        )
    if own.get("outside") == "end_bins" and isinstance(limits, str):
        raise ValueError(f"outside: end_bins needs a range of two numbers, not {limits!r}")
    low, high = (0.0, 1.0) if isinstance(limits, str) else two_numbers(limits)
    return {**own, "low": low, "high": high}


@contextmanager
def naming(where: str) -> Iterator[None]:
    """Begin the message of a refusal with where it happened."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
