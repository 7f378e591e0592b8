"""Linear students of a linear teacher: gradient descent, with exact information and errors.

The dynamics see the samples; information and test error are those of the Gaussian population.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from infoplane.checks import require_not_negative, require_positive, require_whole
from infoplane.models.base import Model, log_spaced_epochs, require_widths
from infoplane.tasks.base import Task

COLUMNS = (
    *("init", "epoch", "layer", "mi_input_bits", "mi_label_bits"),
    *("mi_relevant_bits", "mi_irrelevant_bits", "task_bits", "train_error", "test_error", "status"),
)
# A training error so many times the initial one, or none at all, counts as a divergence.
DIVERGED = 1e6


@dataclass(frozen=True)
class Problem:
    """Hold a teacher and the samples that a student learns it from.

    Attributes
    ----------
    inputs : array of float64, shape (samples, inputs)
        Normal, independent, of variance 1.
    targets : array of float64, shape (samples,)
        The teacher's answers, noise included.
    teacher : array of float64, shape (inputs,)
        Its weights; 0 for irrelevant inputs. The variance of its noiseless answer is 1 on average.
    teacher_noise : float
        Variance of the noise on its answers.
    """

    inputs: np.ndarray
    targets: np.ndarray
    teacher: np.ndarray
    teacher_noise: float


@dataclass(frozen=True)
class LinearNetworkModel(Model):
    """Describe linear networks that learn from a noisy linear teacher.

    Parameters
    ----------
    inputs, relevant : int
        Normal inputs of variance 1, and how many of them, the first, the teacher sees.
    hidden : sequence of int
        Units of every hidden layer.
    samples : int
        In the training set, at least 1.
    teacher_noise : float
        Variance of the noise on the teacher's answers, whose signal has variance 1: the inverse of
        the signal-to-noise ratio. Not negative.
    initial_scale : float
        Initial weights are normal with this over the root of the fan-in as standard deviation.
    learning_rate : float
    batch_size : int or 'full'
    epochs, snapshots : int
        Snapshots are log-spaced, the first before training; early ones coincide.
    noise_variance : float
        Of the noise that makes I(X;T) finite, on every hidden unit; the network computes without.
    initialisations, seed : int
        Each draws its own teacher, samples and weights.

    Notes
    -----
    T = W X + noise, with W the product of the weights up to the layer, is jointly normal with X and
    with the teacher's answer Y. So with C = W W' + s I, s the `noise_variance`,

        I(X;T) = 1/2 log2 det(C / s),
        I(T;Y) = 1/2 log2 (var Y / (var Y - c' inv(C) c)),  c = W w,  var Y = w'w + noise,
        I(X_relevant;T) = 1/2 log2 det(C) / det(W_irrelevant W_irrelevant' + s I),

    and the same for the irrelevant inputs, where the rest is what T still varies with when some of
    X is known. I(X;Y) = 1/2 log2(var Y / noise), infinite without noise. See docs/models.md for
    what Saxe et al. print.

    References
    ----------
    Saxe et al. (2018), ICLR, sections 3 and 4, figures 3, 4A, 4B, 6, 18 and 19.
    """

    name: ClassVar[str] = "linear_network"

    inputs: int
    relevant: int
    hidden: Sequence[int]
    samples: int
    teacher_noise: float
    initial_scale: float
    learning_rate: float
    batch_size: int | str
    epochs: int
    snapshots: int
    noise_variance: float
    initialisations: int
    seed: int

    def __post_init__(self):
        for name in ("inputs", "relevant", "samples", "epochs", "initialisations"):
            require_whole(name, getattr(self, name), at_least=1)
        require_whole("snapshots", self.snapshots, at_least=2)
        require_whole("seed", self.seed, at_least=0)
        if self.relevant > self.inputs:
            raise ValueError(f"relevant must be at most inputs {self.inputs}, not {self.relevant}")
        object.__setattr__(self, "hidden", require_widths("hidden", self.hidden))
        if self.batch_size != "full":
            require_whole("batch_size", self.batch_size, at_least=1)
        require_not_negative("teacher_noise", self.teacher_noise)
        for name in ("initial_scale", "learning_rate", "noise_variance"):
            require_positive(name, getattr(self, name))

    @property
    def kept_epochs(self) -> np.ndarray:
        """Return the epochs at which the network is looked at."""
        return log_spaced_epochs(self.epochs, self.snapshots)

    def solve(self, task: Task | None = None) -> dict[str, np.ndarray]:
        """Train all initialisations.

        Parameters
        ----------
        task : None
            The teacher is the model's own.

        Returns
        -------
        columns : dict of array
            ``init, epoch, layer`` (1 .. hidden layers); ``mi_input_bits, mi_label_bits,
            mi_relevant_bits, mi_irrelevant_bits``; ``task_bits``, I(X;Y); ``train_error,
            test_error``, mean squares, the first over the samples, the second expected, teacher's
            noise included; and ``status``, ``ok`` or ``diverged``. Of a network that diverged
            nothing after that is there.
        """
        rows = [row for init in range(self.initialisations) for row in self._rows(init)]
        return dict(zip(COLUMNS, map(np.array, zip(*rows, strict=True)), strict=True))

    def problem(self, init: int) -> Problem:
        """Return what one initialisation learns."""
        generator = self._generator(init, 0)
        teacher = np.zeros(self.inputs)
        teacher[: self.relevant] = generator.normal(size=self.relevant) / math.sqrt(self.relevant)
        inputs = generator.normal(size=(self.samples, self.inputs))
        noise = generator.normal(size=self.samples) * math.sqrt(self.teacher_noise)
        return Problem(inputs, inputs @ teacher + noise, teacher, self.teacher_noise)

    def initial_weights(self, init: int) -> list[np.ndarray]:
        """Return the weights of every layer, shape (units, units below); the last has one unit."""
        generator, widths = self._generator(init, 1), (self.inputs, *self.hidden, 1)
        return [
            generator.normal(size=(above, below)) * self.initial_scale / math.sqrt(below)
            for below, above in pairwise(widths)
        ]

    def _generator(self, init: int, purpose: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(init, purpose)))

    def _rows(self, init: int) -> list[tuple]:
        problem, weights = self.problem(init), self.initial_weights(init)
        order, rows, last = self._generator(init, 2), [], 0
        known = task_information(problem)
        for epoch in self.kept_epochs:
            with np.errstate(over="ignore", invalid="ignore"):
                for _ in range(last, epoch):
                    self._epoch(problem, weights, order)
                train, test = errors(problem, weights)
            last = epoch
            if rows and not train <= DIVERGED * rows[0][-3]:
                return [(*row[:-1], "diverged") for row in rows]
            for layer in range(1, len(self.hidden) + 1):
                product = product_of(weights[:layer])
                bits = gaussian_information(product, problem, self.relevant, self.noise_variance)
                rows.append((init, int(epoch), layer, *bits, known, train, test, "ok"))
        return rows

    def _epoch(
        self, problem: Problem, weights: list[np.ndarray], order: np.random.Generator
    ) -> None:
        size = self.samples if self.batch_size == "full" else self.batch_size
        places = (
            np.arange(self.samples) if size >= self.samples else order.permutation(self.samples)
        )
        for start in range(0, self.samples, size):
            batch = places[start : start + size]
            descend(weights, problem.inputs[batch], problem.targets[batch], self.learning_rate)


def product_of(weights: Sequence[np.ndarray]) -> np.ndarray:
    """Return the linear map of some layers, shape (units of the last, inputs)."""
    product = weights[0]
    for layer in weights[1:]:
        product = layer @ product
    return product


def descend(
    weights: list[np.ndarray], inputs: np.ndarray, targets: np.ndarray, learning_rate: float
) -> None:
    """Take one step of gradient descent on half the mean squared error, in place.

    With one output, the gradient of a layer is of rank one: what stands above it, a row, times the
    mean of what comes in weighted by the error.

    Parameters
    ----------
    weights : list of array
        From `LinearNetworkModel.initial_weights`.
    inputs : array of float64, shape (batch, inputs)
    targets : array of float64, shape (batch,)
    learning_rate : float
    """
    above = [weights[-1][0]]
    for layer in weights[-2:0:-1]:
        above.append(above[-1] @ layer)
    # From the top down: rows that lead from each layer's units to the output.
    rows = [np.ones(1), *above][::-1]
    whole = rows[0] @ weights[0]
    incoming = (inputs @ whole - targets) @ inputs / len(targets)
    for place, layer in enumerate(weights):
        passed = layer @ incoming
        layer -= learning_rate * np.outer(rows[place], incoming)
        incoming = passed


def errors(problem: Problem, weights: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the mean squared error on the samples, and the expected one on new ones."""
    (student,) = product_of(weights)
    train = float(np.mean((problem.inputs @ student - problem.targets) ** 2))
    return train, float(np.sum((student - problem.teacher) ** 2)) + problem.teacher_noise


def task_information(problem: Problem) -> float:
    """Return I(X;Y) in bits, infinite where the teacher answers without noise."""
    if not problem.teacher_noise:
        return math.inf
    return math.log2(1 + problem.teacher @ problem.teacher / problem.teacher_noise) / 2


def gaussian_information(
    product: np.ndarray, problem: Problem, relevant: int, noise_variance: float
) -> tuple[float, float, float, float]:
    """Return what a noisy linear map of the inputs tells of them, and of the teacher's answer.

    Parameters
    ----------
    product : array of float64, shape (units, inputs)
        W.
    problem : Problem
    relevant : int
        How many inputs, the first, are relevant.
    noise_variance : float
        Of every unit.

    Returns
    -------
    input_bits, label_bits, relevant_bits, irrelevant_bits : float
        See `LinearNetworkModel`.
    """
    scale = 1 / noise_variance
    parts = [part @ part.T * scale for part in np.split(product, [relevant], axis=1)]
    unit = np.eye(len(product))
    halves = [np.linalg.slogdet(unit + part)[1] / 2 / math.log(2) for part in (sum(parts), *parts)]
    whole, of_relevant, of_irrelevant = map(float, halves)
    shared = product @ problem.teacher * math.sqrt(scale)
    explained = shared @ np.linalg.solve(unit + sum(parts), shared)
    variance = problem.teacher @ problem.teacher + problem.teacher_noise
    label = math.inf if explained >= variance else -math.log2(1 - explained / variance) / 2
    return whole, label, whole - of_irrelevant, whole - of_relevant
