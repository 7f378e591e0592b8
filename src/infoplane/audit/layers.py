"""Layers that are a function of X, of patterns that are known to differ or to coincide.

The truth is counted where a layer is made, in whole numbers: which patterns share a state is
decided before any unit has a value, and before any nonlinearity or rounding. No row of a layer is
looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy

from infoplane.audit.tasks import (
    AuditTask,
    Draw,
    binary_entropy_bits,
    binary_symmetric_channel,
    gaussian_channel,
    tanh_channel,
    uniform_noise_channel,
)

PATTERNS_PER_CORNER = 8
"""At least so many saturated patterns share a state."""


class KnownLayer(NamedTuple):
    """Hold a layer, its labels, and what is known of it from how it was made.

    Attributes
    ----------
    layer : array of float64, shape (samples, dimension)
    labels : array of int64, shape (samples,)
    mi_input_bits, mi_label_bits : float
    """

    layer: np.ndarray
    labels: np.ndarray
    mi_input_bits: float
    mi_label_bits: float


def information_of_groups_bits(sizes: Sequence[int]) -> float:
    """Return the entropy of a state that groups of equally probable patterns share.

    Parameters
    ----------
    sizes : sequence of int
        Patterns in each state, above 0.

    Returns
    -------
    float
        log2(N) - (1 / N) sum n log2(n), in bits.
    """
    samples = sum(sizes)
    return math.log2(samples) - sum(size * math.log2(size) for size in sizes) / samples


def even_groups(members: int, groups: int) -> list[int]:
    """Divide members into at most so many groups, as evenly as it goes; none is empty."""
    groups = min(groups, members)
    return [members // groups + (group < members % groups) for group in range(groups)]


def lattice(samples: int, dimension: int, generator: np.random.Generator) -> np.ndarray:
    """Return patterns that differ in every unit, evenly spread over (-1, 1) and in random order.

    Parameters
    ----------
    samples, dimension : int
    generator : numpy.random.Generator

    Returns
    -------
    array of float64, shape (samples, dimension)
        Odd multiples of 1 / samples: in single precision too they differ, as long as there are
        less than 2^23 of them, and none is 0 where the number of samples is even.
    """
    orders = np.stack([generator.permutation(samples) for _ in range(dimension)], axis=1)
    return (2 * orders + 1) / samples - 1


def corners(members: int, dimension: int, states: int) -> np.ndarray:
    """Return members at corners of the cube, as evenly divided as it goes.

    Parameters
    ----------
    members, dimension : int
    states : int
        How many corners, at most 2^dimension.

    Returns
    -------
    array of float64, shape (members, dimension)
        -1 and 1: the bits of the corner's number, over and over.
    """
    numbers = np.arange(members) % states
    bits = max(1, math.ceil(math.log2(states)))
    return 2.0 * (numbers[:, None] >> (np.arange(dimension) % bits) & 1) - 1


def deterministic_task(
    name: str,
    family: str,
    dimension: int,
    layer_of: Callable[[int, np.random.Generator], KnownLayer],
) -> AuditTask:
    """Return a task whose layer is a function of equally probable patterns.

    Parameters
    ----------
    name, family : str
    dimension : int
    layer_of : callable (samples, generator) -> KnownLayer

    Returns
    -------
    AuditTask
    """

    def make(samples: int, generator: np.random.Generator) -> Draw:
        known = layer_of(samples, generator)
        # An estimator that takes only some of the samples gets a share of each kind.
        order = generator.permutation(samples)
        layer, labels = known.layer[order], known.labels[order]
        return Draw(layer, layer, layer, labels, known.mi_input_bits, known.mi_label_bits)

    return AuditTask(name, family, dimension, 0.0, make)


def permutation_map() -> AuditTask:
    """Return distinct values on (-1, 1) in random order: log2(samples) bits, 1 about the label."""

    def layer_of(samples, generator):
        values = lattice(samples, 1, generator)
        return KnownLayer(values, np.arange(samples) % 2, math.log2(samples), 1.0)

    return deterministic_task("permutation", "permutation_map", 1, layer_of)


def constant_layer(dimension: int) -> AuditTask:
    """Return a layer that is the same for every pattern: 0 bits."""

    def layer_of(samples, generator):
        value = np.full((samples, dimension), generator.uniform(-1, 1))
        return KnownLayer(value, np.arange(samples) % 2, 0.0, 0.0)

    return deterministic_task(f"constant_{dimension}d", "constant_layer", dimension, layer_of)


def saturate(share: float, layer: np.ndarray) -> tuple[np.ndarray, float]:
    """Put a share of the patterns of a layer at corners of the cube, at least 8 at each.

    Parameters
    ----------
    share : float
        Of the patterns, the first ones.
    layer : array of float64, shape (samples, dimension)
        Patterns that all differ, within the cube.

    Returns
    -------
    layer : array of float64, shape (samples, dimension)
    mi_input_bits : float
        From the patterns at each corner; the others have states of their own.
    """
    samples, dimension = layer.shape
    saturated = round(share * samples)
    states = min(2**dimension, max(saturated // PATTERNS_PER_CORNER, 1))
    layer = np.concatenate([corners(saturated, dimension, states), layer[saturated:]])
    sizes = [*even_groups(saturated, states), *[1] * (samples - saturated)]
    return layer, information_of_groups_bits(sizes)


def silence(share: float, layer: np.ndarray) -> tuple[np.ndarray, float]:
    """Set a share of the patterns of a layer to zero, as of ReLU units that are all off.

    Parameters
    ----------
    share : float
        Of the patterns, the first ones.
    layer : array of float64, shape (samples, dimension)
        Patterns that all differ, and are not 0.

    Returns
    -------
    layer : array of float64, shape (samples, dimension)
    mi_input_bits : float
    """
    silent = round(share * len(layer))
    layer = np.concatenate([np.zeros_like(layer[:silent]), layer[silent:]])
    return layer, information_of_groups_bits([silent] * (silent > 0) + [1] * (len(layer) - silent))


def saturated_layer(share: float, dimension: int) -> AuditTask:
    """Return a layer of hard units with a share of the patterns at -1 or 1 in every unit.

    Parameters
    ----------
    share : float
        Of saturated patterns (`saturate`); the others are spread over the cube. The label is the
        sign of the first unit.
    dimension : int

    Returns
    -------
    AuditTask
    """

    def layer_of(samples, generator):
        layer, of_input = saturate(share, lattice(samples, dimension, generator))
        labels = (layer[:, 0] > 0).astype(np.int64)
        # A function of the layer, which has then all of the label's entropy.
        return KnownLayer(layer, labels, of_input, binary_entropy_bits(labels.mean()))

    name = f"saturated_{share:g}_{dimension}d"
    return deterministic_task(name, "saturated_layer", dimension, layer_of)


def rectified_lattice(samples: int, dimension: int, generator: np.random.Generator) -> np.ndarray:
    """Return patterns that differ in every unit, spread as a normal variable's sizes; none is 0."""
    return scipy.stats.halfnorm.ppf((lattice(samples, dimension, generator) + 1) / 2)


def half_dead_layer(dimension: int) -> AuditTask:
    """Return a ReLU-like layer that is all zero for half of the patterns.

    Parameters
    ----------
    dimension : int

    Returns
    -------
    AuditTask
        I(X;T) = (1 + log2(samples)) / 2 bits; the label, whether the layer is alive, 1 bit.
    """

    def layer_of(samples, generator):
        layer, of_input = silence(0.5, rectified_lattice(samples, dimension, generator))
        return KnownLayer(layer, (np.arange(samples) >= samples // 2).astype(int), of_input, 1.0)

    return deterministic_task(f"half_dead_{dimension}d", "half_dead_layer", dimension, layer_of)


def rounded_tanh(weight: float, dimension: int) -> AuditTask:
    """Return tanh of net inputs that all differ, some so large that floating point has 1 for it.

    Parameters
    ----------
    weight : float
        The largest net input.
    dimension : int

    Returns
    -------
    AuditTask
        tanh is one to one: I(X;T) = log2(samples) bits however large the weight. What the
        activations lose in storage is an estimator's error, not the layer's. The label is the
        sign of the first unit, 1 bit.
    """

    def layer_of(samples, generator):
        layer = np.tanh(weight * lattice(samples, dimension, generator))
        labels = (layer[:, 0] > 0).astype(np.int64)
        return KnownLayer(layer, labels, math.log2(samples), 1.0)

    name = f"rounded_tanh_{weight:g}_{dimension}d"
    return deterministic_task(name, "rounded_tanh", dimension, layer_of)


def layer_tasks(dimensions: tuple[int, ...]) -> list[AuditTask]:
    """Return the tasks of one layer of one network.

    Parameters
    ----------
    dimensions : tuple of int
        Units of the Gaussian channels, and of the layers that may have any number.

    Returns
    -------
    list of AuditTask
    """
    return [
        *(gaussian_channel(rho, d) for d in dimensions for rho in (0.3, 0.7, 0.95)),
        *(tanh_channel(weight, variance) for weight in (0.5, 5.0) for variance in (0.1, 1e-3)),
        binary_symmetric_channel(0.1),
        uniform_noise_channel(5),
        permutation_map(),
        *(constant_layer(d) for d in (1, 10)),
        *(saturated_layer(share, d) for d in dimensions for share in (0.5, 1.0)),
        *(half_dead_layer(d) for d in dimensions),
        # Half and nine tenths of the net inputs are then above 9, where storage has 1.
        *(rounded_tanh(weight, d) for d in dimensions for weight in (18.0, 90.0)),
    ]
