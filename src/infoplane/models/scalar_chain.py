"""A 1-1-1 linear network: two phases of the gradient where nothing can be compressed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_positive, require_whole
from infoplane.models.base import Model, log_spaced_epochs
from infoplane.tasks.base import Task

COLUMNS = (
    *("init", "epoch", "layer", "mi_input_bits", "mean_norm", "std_norm", "snr"),
    *("batch_std_norm", "batch_snr", "train_error", "status"),
)
# A training error so many times the first is a network that diverged.
DIVERGED = 1e3


@dataclass(frozen=True)
class ScalarChainModel(Model):
    """Describe a linear network with one input, one hidden unit and one output, and its gradients.

    A student w2 w1 x learns y = x + noise by stochastic gradient descent on half the squared
    error; x is normal with variance 1. Its hidden unit T = w1 X is a function of X that can be
    inverted whatever w1 is, but for 0: nothing is forgotten. For the information to be finite it
    is read with noise, and is then exact, log2(1 + w1^2 / noise variance) / 2.

    Parameters
    ----------
    samples : int
    teacher_noise : float
        Variance of what is added to the targets; without it there is no noise of the gradients.
    initial_scale : float
        Standard deviation of the initial weights.
    learning_rate : float
    batch_size : int
    epochs, snapshots : int
        Snapshots at epoch 0 and log-spaced from 1; some coincide.
    noise_variance : float
        With which the hidden unit and the output are read.
    initialisations, seed : int
        Each has its own samples, weights and order.

    References
    ----------
    Saxe et al. (2018), ICLR, figure 21.
    """

    name: ClassVar[str] = "scalar_chain"

    samples: int
    teacher_noise: float
    initial_scale: float
    learning_rate: float
    batch_size: int
    epochs: int
    snapshots: int
    noise_variance: float
    initialisations: int
    seed: int

    def __post_init__(self):
        for name in ("batch_size", "epochs", "initialisations"):
            require_whole(name, getattr(self, name), at_least=1)
        for name in ("samples", "snapshots"):
            require_whole(name, getattr(self, name), at_least=2)
        require_whole("seed", self.seed, at_least=0)
        for name in ("teacher_noise", "initial_scale", "learning_rate", "noise_variance"):
            require_positive(name, getattr(self, name))
        if self.batch_size > self.samples:
            raise ValueError(
                f"batch_size must be at most samples {self.samples}, not {self.batch_size}"
            )

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
            ``init, epoch, layer`` (1 hidden, 2 output), ``mi_input_bits``; ``mean_norm, std_norm,
            snr``, absolute mean and standard deviation of the gradient over the samples, at frozen
            weights, and their ratio; ``batch_std_norm, batch_snr``, deviation and ratio over the
            mini-batches of an epoch (one alone has no ratio: NaN); ``train_error``, a mean square;
            and ``status``, ``ok`` or ``diverged``. Of a network that diverged nothing after that is
            there.
        """
        rows = [row for init in range(self.initialisations) for row in self._rows(init)]
        return dict(zip(COLUMNS, map(np.array, zip(*rows, strict=True)), strict=True))

    def _rows(self, init: int) -> list[tuple]:
        data, start, order, measured = (
            np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(init, purpose)))
            for purpose in range(4)
        )
        inputs = data.normal(size=self.samples)
        targets = inputs + data.normal(size=self.samples) * math.sqrt(self.teacher_noise)
        first, second = (start.normal(size=2) * self.initial_scale).tolist()
        rows, last = [], 0
        for epoch in self.kept_epochs.tolist():
            for _ in range(last, epoch):
                first, second = self._epoch(inputs, targets, first, second, order)
            last = epoch
            found = gradients(inputs, targets, first, second)
            batches = self._batches(measured)
            error = float(np.mean((first * second * inputs - targets) ** 2))
            if rows and not error <= DIVERGED * rows[0][COLUMNS.index("train_error")]:
                return [(*row[:-1], "diverged") for row in rows]
            for layer, (weight, gradient) in enumerate(
                zip((first, first * second), found, strict=True), start=1
            ):
                bits = math.log2(1 + weight**2 / self.noise_variance) / 2
                mean, deviation = abs(float(gradient.mean())), float(gradient.std())
                of_batches = float(np.std([gradient[batch].mean() for batch in batches]))
                ratios = [mean / one if one else math.nan for one in (deviation, of_batches)]
                of_gradients = (mean, deviation, ratios[0], of_batches, ratios[1])
                rows.append((init, epoch, layer, bits, *of_gradients, error, "ok"))
        return rows

    def _epoch(
        self,
        inputs: np.ndarray,
        targets: np.ndarray,
        first: float,
        second: float,
        order: np.random.Generator,
    ) -> tuple[float, float]:
        for batch in self._batches(order):
            steps = [
                each.mean() for each in gradients(inputs[batch], targets[batch], first, second)
            ]
            first -= self.learning_rate * float(steps[0])
            second -= self.learning_rate * float(steps[1])
        return first, second

    def _batches(self, order: np.random.Generator) -> list[np.ndarray]:
        """Return the samples of each mini-batch of an epoch."""
        places = order.permutation(self.samples)
        return [
            places[begin : begin + self.batch_size]
            for begin in range(0, self.samples, self.batch_size)
        ]


def gradients(
    inputs: np.ndarray, targets: np.ndarray, first: float, second: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient of half the squared error of each sample.

    Parameters
    ----------
    inputs, targets : array of float64, shape (samples,)
    first, second : float
        The weights.

    Returns
    -------
    of_first, of_second : array of float64, shape (samples,)
    """
    shared = (first * second * inputs - targets) * inputs
    return second * shared, first * shared
