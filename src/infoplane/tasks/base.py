"""What a task is, and what a rule that makes one must say."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True, eq=False)
class Task:
    """Hold every pattern of a classification task with its label.

    Attributes
    ----------
    inputs : array of real numbers, shape (samples, ...)
        X, each pattern once, all equally likely.
    labels : array of int64, shape (samples,)
        Y, one class per pattern: 0 to C - 1, each of them there.
    label_probability : array of float64, optional
        What the labels were drawn from, exactly the labels where they are deterministic: p(y = 1
        given x) of shape (samples,), or p(y given x) of shape (samples, classes). None where
        nobody knows it.

    Raises
    ------
    ValueError
        If they are no such arrays, or do not fit one another.
    """

    inputs: np.ndarray
    labels: np.ndarray
    label_probability: np.ndarray | None = None

    def __post_init__(self) -> None:
        _check_inputs(self.inputs)
        _check_labels(self.labels, len(self.inputs))
        if self.label_probability is not None:
            _check_probability(self.label_probability, self.labels)

    def __iter__(self) -> Iterator:
        return iter((self.inputs, self.labels, self.label_probability))

    @property
    def classes(self) -> int:
        """Return the number of classes."""
        return int(self.labels.max()) + 1

    @property
    def ceiling_bits(self) -> float:
        """Return the most bits that a function of the input can have: log2 of the patterns."""
        return math.log2(distinct_patterns(self.inputs))

    @property
    def label_bits(self) -> float:
        """Return H(Y) of the labels in bits."""
        return float(entropy_bits(np.bincount(self.labels) / len(self.labels)))

    @property
    def information_bits(self) -> float:
        """Return I(X;Y) in bits, NaN where p(y given x) is not known."""
        if self.label_probability is None:
            return math.nan
        return input_label_information_bits(self.label_probability)


@dataclass(frozen=True)
class TaskRule(ABC):
    """Make a task from parameters; a member of the family is such a frozen dataclass.

    It checks its parameters when it is made, and tells the shape of its inputs and the number of
    its classes without making the task.

    Attributes
    ----------
    name : str
        The module's name, by which the configuration calls the rule.
    of_images : bool
        Whether it makes the task from the public image set of its own name, by `make_from`.
    """

    name: ClassVar[str]
    of_images: ClassVar[bool] = False

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one input."""

    @property
    @abstractmethod
    def classes(self) -> int:
        """Return the number of classes."""

    @property
    def patterns(self) -> int:
        """Return the number of patterns."""
        return len(self.make().labels)

    @abstractmethod
    def make(self) -> Task:
        """Make the task."""


def binary_patterns(bits: int = 12) -> np.ndarray:
    """Return all patterns of some bits in binary counting order, the first bit leftmost.

    Parameters
    ----------
    bits : int
        Number of bits.

    Returns
    -------
    patterns : array of uint8, shape (2**bits, bits)
    """
    shifts = np.arange(bits - 1, -1, -1)
    return ((np.arange(2**bits)[:, None] >> shifts) & 1).astype(np.uint8)


def distinct_patterns(inputs: np.ndarray) -> int:
    """Count the different rows of an array, shape (samples, ...)."""
    # The two zeros of floating point are equal, yet not their bytes. Digests in place of rows:
    # those of images would be sorted for minutes.
    rows = inputs.reshape(len(inputs), -1)
    zero = inputs.dtype.type(0)
    return len({hashlib.sha256((row + zero).tobytes()).digest() for row in rows})


def entropy_bits(probability: np.ndarray) -> np.ndarray:
    """Return the entropy in bits of each distribution along the last axis.

    Parameters
    ----------
    probability : array of float, shape (..., classes)

    Returns
    -------
    array of float, shape (...)
    """
    logarithm = np.log2(probability, out=np.zeros_like(probability), where=probability > 0)
    return -(probability * logarithm).sum(axis=-1)


def label_entropy_bits(probability: np.ndarray) -> float:
    """Return H(Y) in bits for patterns that are equally likely.

    Parameters
    ----------
    probability : array of float, shape (samples,) or (samples, classes)
        p(y = 1 given x), or p(y given x).
    """
    return float(entropy_bits(_by_class(probability).mean(axis=0)))


def input_label_information_bits(probability: np.ndarray) -> float:
    """Return I(X;Y) = H(Y) - H(Y given X) in bits for patterns that are equally likely.

    Parameters
    ----------
    probability : array of float, shape (samples,) or (samples, classes)
        p(y = 1 given x), or p(y given x).
    """
    return label_entropy_bits(probability) - float(entropy_bits(_by_class(probability)).mean())


def _by_class(probability: np.ndarray) -> np.ndarray:
    """Return p(y given x) with a column for each class."""
    probability = np.asarray(probability, dtype=np.float64)
    if probability.ndim == 2:
        return probability
    return np.stack([1.0 - probability, probability], axis=1)


def _check_inputs(inputs: np.ndarray) -> None:
    if inputs.dtype.kind not in "buif":
        raise ValueError(f"a task's inputs must be real numbers, not {inputs.dtype}")
    if inputs.ndim < 2 or inputs.size == 0:
        raise ValueError(
            f"a task's inputs must have the shape (samples, ...), none of it 0, not {inputs.shape}"
        )
    if not np.isfinite(inputs).all():
        where = tuple(int(place) for place in np.argwhere(~np.isfinite(inputs))[0])
        raise ValueError(f"a task's inputs must be finite; {where} is {inputs[where]}")


def _check_labels(labels: np.ndarray, samples: int) -> None:
    if labels.dtype != np.int64:
        raise ValueError(f"a task's labels must be int64, not {labels.dtype}")
    if labels.shape != (samples,):
        raise ValueError(
            f"a task needs one label for each of its {samples} patterns, not the shape "
            f"{labels.shape}"
        )
    there = np.unique(labels)
    if len(there) == 1:
        raise ValueError(f"the task has a single class: all {samples} labels are {there[0]}")
    if there[0] != 0 or there[-1] != len(there) - 1:
        raise ValueError(
            f"labels of {len(there)} classes must be 0 to {len(there) - 1}; they are "
            f"{', '.join(map(str, there[:20]))}{', ...' if len(there) > 20 else ''}"
        )


def _check_probability(probability: np.ndarray, labels: np.ndarray) -> None:
    samples, classes = len(labels), int(labels.max()) + 1
    allowed = [(samples, classes)] + ([(samples,)] if classes == 2 else [])
    if probability.shape not in allowed:
        raise ValueError(
            f"label_probability must have the shape {' or '.join(map(str, allowed))}, not "
            f"{probability.shape}"
        )
    by_class = _by_class(probability)
    wrong = ~((by_class >= 0) & (by_class <= 1)).all(axis=1)
    wrong |= ~np.isclose(by_class.sum(axis=1), 1.0, rtol=0, atol=1e-9)
    # A label that could not have been drawn.
    wrong |= by_class[np.arange(samples), labels] == 0
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"label_probability of pattern {first} is {probability[first]}, which is no "
            f"distribution that its label {labels[first]} can come from"
        )
