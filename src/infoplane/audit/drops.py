"""Audit of drops: layers along a training whose information is known at every epoch.

Claims are about drops, the largest I(X;T) minus the final one. An estimator that is off by the
same amount at every epoch measures them well, and one whose bias moves with a layer's scale finds
some that are not there. Made-up trainings are therefore measured as the study measures its own,
with its estimators, its ranges over the whole of training, and in its precision.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from infoplane.audit.layers import lattice, rectified_lattice, saturate, silence
from infoplane.measures.base import DumpedNetwork
from infoplane.measures.layers import LayersMeasure, stand_in

__all__ = ["DropTask", "audit_drops", "drop_tasks"]

Snapshots = list[tuple[np.ndarray, float]]
"""Of each epoch the layer, shape (samples, units), and its I(X;T) in bits."""

EARLY_SCALE = 0.2
"""Of the first epoch's activations, as before weights have grown."""


@dataclass(frozen=True)
class DropTask:
    """Describe one made-up training of one layer.

    Attributes
    ----------
    name : str
        Unique, with the parameters in it.
    family : str
        What happens to the layer.
    units : {'bounded', 'unbounded', 'noisy'}
        Whether the layer could be one of tanh units, of others without noise, or one that is a
        channel: with the noise that the estimator declares, for estimators that declare some.
    dimension : int
        Units of the layer.
    make : callable (samples, noise variance, generator) -> list of (layer, bits)
        The snapshots in their order. The noise variance is 0 for estimators that declare none.
    """

    name: str
    family: str
    units: str
    dimension: int
    make: Callable[[int, float, np.random.Generator], Snapshots]


def saturating(share: float, dimension: int) -> DropTask:
    """Return a layer of hard tanh units that ends with a share of the patterns in the corners."""

    def make(samples, noise_variance, generator):
        layer = lattice(samples, dimension, generator)
        shares = (0.0, share / 2, share)
        return [(EARLY_SCALE * layer, math.log2(samples)), *(saturate(s, layer) for s in shares)]

    name = f"saturating_{share:g}_{dimension}d"
    return DropTask(name, "saturating", "bounded", dimension, make)


def leaving_corners(dimension: int) -> DropTask:
    """Return a layer of hard tanh units that begins saturated: its information only rises."""

    def make(samples, noise_variance, generator):
        layer = lattice(samples, dimension, generator)
        return [saturate(share, layer) for share in (1.0, 0.5, 0.1, 0.0)]

    return DropTask(f"leaving_corners_{dimension}d", "leaving_corners", "bounded", dimension, make)


def growing_tanh(dimension: int) -> DropTask:
    """Return tanh of net inputs that all differ and grow: its information does not move."""

    def make(samples, noise_variance, generator):
        net_input = lattice(samples, dimension, generator)
        # The last as large as in trained networks, with two thirds of the activations stored as 1.
        weights = (0.3, 1.0, 3.0, 10.0, 30.0)
        return [(np.tanh(weight * net_input), math.log2(samples)) for weight in weights]

    return DropTask(f"growing_tanh_{dimension}d", "growing_tanh", "bounded", dimension, make)


def dying(share: float, dimension: int) -> DropTask:
    """Return a layer of ReLU units that ends with a share of the patterns at zero."""

    def make(samples, noise_variance, generator):
        layer = rectified_lattice(samples, dimension, generator)
        shares = (0.0, share / 2, share)
        return [(EARLY_SCALE * layer, math.log2(samples)), *(silence(s, layer) for s in shares)]

    return DropTask(f"dying_{share:g}_{dimension}d", "dying", "unbounded", dimension, make)


def reviving(dimension: int) -> DropTask:
    """Return a layer of ReLU units that begins with half of the patterns at zero."""

    def make(samples, noise_variance, generator):
        layer = rectified_lattice(samples, dimension, generator)
        return [silence(share, layer) for share in (0.5, 0.25, 0.1, 0.0)]

    return DropTask(f"reviving_{dimension}d", "reviving", "unbounded", dimension, make)


def rescaled(family: str, scales: Sequence[float], dimension: int) -> DropTask:
    """Return a layer of ReLU units whose scale alone moves: its information does not."""

    def make(samples, noise_variance, generator):
        layer = rectified_lattice(samples, dimension, generator)
        return [(scale * layer, math.log2(samples)) for scale in scales]

    return DropTask(f"{family}_{dimension}d", family, "unbounded", dimension, make)


def channel(family: str, bits: Sequence[float], dimension: int) -> DropTask:
    """Return a Gaussian layer that shrinks or grows under noise that stays.

    Parameters
    ----------
    family : str
    bits : sequence of float
        I(X;T) at each epoch: d / 2 log2(1 + s / v) for a signal of variance s and noise of
        variance v in each of d units. The same as if the noise changed and the signal stayed.
    dimension : int

    Returns
    -------
    DropTask
    """

    def make(samples, noise_variance, generator):
        layer = generator.standard_normal((samples, dimension))
        powers = [noise_variance * (4 ** (b / dimension) - 1) for b in bits]
        return [(math.sqrt(p) * layer, b) for p, b in zip(powers, bits, strict=True)]

    name = f"{family}_{max(bits) - bits[-1]:g}_{dimension}d"
    return DropTask(name, family, "noisy", dimension, make)


def drop_tasks(dimensions: Sequence[int]) -> list[DropTask]:
    """Return the made-up trainings.

    Parameters
    ----------
    dimensions : sequence of int
        Units of the layers.

    Returns
    -------
    list of DropTask
        Drops from a few tenths of a bit to most that there is, and trainings without any.
    """
    tasks = []
    for d in dimensions:
        tasks += [
            *(saturating(share, d) for share in (0.1, 0.2, 0.5, 1.0)),
            leaving_corners(d),
            growing_tanh(d),
            *(dying(share, d) for share in (0.05, 0.1, 0.2, 0.5)),
            reviving(d),
            rescaled("growing", (0.1, 1.0, 5.0, 20.0), d),
            rescaled("shrinking", (20.0, 5.0, 1.0, 0.1), d),
            *(channel("closing", (1.5, 3.0, 3 - b / 2, 3 - b), d) for b in (0.3, 0.7, 1.5, 2.5)),
            channel("opening", (0.5, 1.0, 2.0, 3.0), d),
        ]
    return tasks


def declared_noise(parameters: Mapping) -> float:
    """Return the variance of the noise that an estimator declares, 0 if none, or no fixed one."""
    estimator = stand_in(parameters)
    known = {field.name: getattr(estimator, field.name) for field in fields(estimator)}
    return float(known.get("noise_variance", known.get("noise_standard_deviation", 0.0) ** 2))


def audit_drops(
    estimators: Mapping[str, Mapping],
    tasks: Sequence[DropTask],
    samples: int,
    repetitions: int,
    thresholds: Sequence[float],
    seed: int,
) -> list[dict]:
    """Measure the drops of made-up trainings as the study measures its networks'.

    Parameters
    ----------
    estimators : mapping of str to mapping
        Method and parameters by name, as in `LayersMeasure`.
    tasks : sequence of DropTask
    samples : int
        Patterns.
    repetitions : int
        Independent draws of each task; all estimators get the same.
    thresholds : sequence of float
        From which on a drop counts as found, in bits.
    seed : int

    Returns
    -------
    list of dict
        One record for each task, estimator and threshold: ``task, family, units, dimension,
        samples, estimator, true_drop_bits, mean_drop_bits, bias_bits, spread_bits`` (standard
        deviation over draws), ``threshold_bits, is_there`` (whether the true drop reaches the
        threshold), ``found`` (share of draws in which the measured one does: power if it is
        there, else the rate of false finds), ``repetitions, refused`` (why there is no value,
        else empty).
    """
    if repetitions < 2:
        raise ValueError(f"repetitions must be at least 2 for a spread, not {repetitions!r}")
    records = []
    for task in tasks:
        key = zlib.crc32(task.name.encode())
        for noise, named in _by_noise(estimators, task).items():
            draws = []
            for repetition in range(repetitions):
                generator = np.random.default_rng([seed, key, samples, repetition])
                draws.append(task.make(samples, noise, generator))
            for alike in _by_pass(named):
                records += _records(task, alike, draws, thresholds)
    return records


def _by_noise(estimators: Mapping[str, Mapping], task: DropTask) -> dict[float, dict[str, Mapping]]:
    """Sort the estimators that a task is for by the noise that it needs.

    A bounded layer is what came out of a nonlinearity, and no net input.
    """
    groups: dict[float, dict[str, Mapping]] = {}
    for name, parameters in estimators.items():
        if task.units == "bounded" and stand_in(parameters).reads == "net_inputs":
            continue
        noise = declared_noise(parameters) if task.units == "noisy" else 0.0
        if noise > 0 or task.units != "noisy":
            groups.setdefault(noise, {})[name] = parameters
    return groups


def _by_pass(named: Mapping[str, Mapping]) -> Iterable[dict[str, Mapping]]:
    """Sort estimators by the pass over a layer that serves them."""
    groups: dict[str, dict[str, Mapping]] = {}
    for name, parameters in named.items():
        choosing = stand_in(parameters).choosing
        shared = {key: value for key, value in parameters.items() if key not in choosing}
        groups.setdefault(repr(shared), {})[name] = parameters
    return groups.values()


def _records(
    task: DropTask,
    named: Mapping[str, Mapping],
    draws: list[Snapshots],
    thresholds: Sequence[float],
) -> list[dict]:
    """Judge the estimators of one pass on all draws of one task."""
    truths = np.array([[bits for _, bits in snapshots] for snapshots in draws])
    true_drops = truths.max(axis=1) - truths[:, -1]
    every, refused = np.full((len(draws), len(named)), np.nan), ""
    try:
        every = np.array([measured_drops(named, snapshots) for snapshots in draws])
    except ValueError as error:
        refused = str(error)
    return [
        {
            "task": task.name,
            "family": task.family,
            "units": task.units,
            "dimension": task.dimension,
            "samples": len(draws[0][0][0]),
            "estimator": name,
            "true_drop_bits": float(true_drops.mean()),
            "mean_drop_bits": float(drops.mean()),
            "bias_bits": float((drops - true_drops).mean()),
            "spread_bits": float((drops - true_drops).std(ddof=1)),
            "threshold_bits": float(threshold),
            "is_there": bool(true_drops.mean() >= threshold),
            "found": math.nan if refused else float(np.mean(drops >= threshold)),
            "repetitions": len(draws),
            "refused": refused,
        }
        for name, drops in zip(named, every.T, strict=True)
        for threshold in thresholds
    ]


def measured_drops(named: Mapping[str, Mapping], snapshots: Snapshots) -> np.ndarray:
    """Measure the drop of one layer along one training.

    Parameters
    ----------
    named : mapping of str to mapping
        Method and parameters of each estimator by its name.
    snapshots : list of (array, float)

    Returns
    -------
    drops : array of float64, shape (estimators,)
        The largest I(X;T) minus the final one, in bits.

    Raises
    ------
    ValueError
        If an estimator refuses a layer, or does not give I(X;T).
    """
    # Mixed, so that an estimator that takes only some of the samples gets a share of each kind.
    order = np.random.default_rng(0).permutation(len(snapshots[0][0]))
    layers = [layer[order].astype(np.float32) for layer, _ in snapshots]
    network = DumpedNetwork(
        labels=np.arange(len(order)) % 2,
        epochs=np.arange(len(layers)),
        lowest=np.array([min(layer.min() for layer in layers)]),
        highest=np.array([max(layer.max() for layer in layers)]),
        read_layer=lambda read, layer, position: layers[position],
        initialisation=0,
    )
    found = LayersMeasure("audit", named).measure(network)["mi_input_bits"]
    bits = found.reshape(len(layers), len(named))
    for name, of_estimator in zip(named, bits.T, strict=True):
        if np.isnan(of_estimator).any():
            raise ValueError(f"estimator {name} gives no I(X;T)")
    return bits.max(axis=0) - bits[-1]
