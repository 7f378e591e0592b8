"""Linear layers with noise on their weights: what they tell, and what their weights hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy

from infoplane.checks import require_choice, require_positive, require_whole
from infoplane.models.base import Model, require_different
from infoplane.tasks.base import Task

ALPHAS = ("shared", "each")
MOST_NATS = 1.0
"""The largest constant of the bound that its authors allow, a unit."""
COLUMNS = (
    *("init", "beta", "alpha", "information_nats", "sum_bits", "gaussian_bits", "lower_bits"),
    *("upper_bits", "printed_upper_bits", "test_error", "status"),
)
# Of characteristic functions of variables of variance 1, and of the logarithm of the time of
# Frullani's integral: halving the steps or doubling the ends moves no entropy by 1e-6 nats where
# three weights or more count.
STEP, STEPS = 0.05, 2**12
LOGARITHMS = np.arange(-40.0, 80.0, 0.05)


@dataclass(frozen=True)
class NoisyLayerModel(Model):
    """Describe layers z = W x that learn from a noisy linear teacher, with noise on W.

    A weight is w (its mean) with log-normal noise of mean 1 and variance exp(alpha) - 1; given x, a
    unit is normal with the mean and the variance that this makes, as in the networks that are
    trained so (local reparametrisation). The loss is the teacher's cross-entropy, summed over the
    samples, plus beta times the information in the weights, the sum of -log(alpha) / 2. It is known
    in closed form and so are its minima in w given alpha and in alpha given w, taken in turn.

    Parameters
    ----------
    betas : list of float
        Each above 0: without a price there is no noise, and information is infinite.
    inputs, relevant : int
        Independent normal inputs of variance 1, and how many of them, the first, the teacher sees.
    outputs : int
        Units of the layer, each with a teacher of its own.
    samples : int
        In the training set.
    teacher_noise : float
        Variance, above 0, of the noise on the teacher's answers; their signal has variance 1.
    alphas : str
        ``shared``, one for all weights, or ``each``.
    largest_alpha : float
        Above 0.
    rounds : int
        How often w and alpha are updated, from the least squares without noise on.
    initialisations, seed : int
        Each has its own teacher and samples, the same for all betas.

    Notes
    -----
    Given x the units are independent, so that I(z;x) + TC(z) = sum_i h(z_i) - h(z_i|x). With
    a = exp(alpha) - 1, Q = sum_j a_j w_j^2 x_j^2 is the variance of a unit given x, and z_i has the
    characteristic function

        prod_j (1 + a_j w_j^2 t^2)^(-1/2) exp(-w_j^2 t^2 / (2 (1 + a_j w_j^2 t^2))),

    which gives its density; E log Q is an integral by Frullani. Achille & Soatto take z_i as
    normal, which gives a larger sum, and bound it for one shared alpha by g, which is
    -log(1 - exp(-alpha)) / 2, from below and g + c from above, c at most 1 nat and of the order of
    1 / inputs, a unit. They print alpha = exp(-I / weights), where their own I, which is
    -1/2 sum log(alpha), gives exp(-2 I / weights).

    References
    ----------
    Achille & Soatto (2018), JMLR, section 5. Kingma, Salimans & Welling (2015), NeurIPS.
    """

    name: ClassVar[str] = "noisy_layer"

    betas: Sequence[float]
    inputs: int
    relevant: int
    outputs: int
    samples: int
    teacher_noise: float
    alphas: str
    largest_alpha: float
    rounds: int
    initialisations: int
    seed: int

    def __post_init__(self):
        for name in ("inputs", "relevant", "outputs", "samples", "rounds", "initialisations"):
            require_whole(name, getattr(self, name), at_least=1)
        require_whole("seed", self.seed, at_least=0)
        if self.relevant > self.inputs:
            raise ValueError(f"relevant must be at most inputs {self.inputs}, not {self.relevant}")
        if self.inputs >= self.samples:
            raise ValueError(f"samples must be above inputs {self.inputs}, not {self.samples}")
        object.__setattr__(self, "betas", require_different("betas", self.betas))
        for beta in self.betas:
            require_positive("betas", beta)
        for name in ("teacher_noise", "largest_alpha"):
            require_positive(name, getattr(self, name))
        require_choice("alphas", self.alphas, ALPHAS)

    def solve(self, task: Task | None = None) -> dict[str, np.ndarray]:
        """Train all layers.

        Parameters
        ----------
        task : None
            The teachers are the model's own.

        Returns
        -------
        columns : dict of array
            ``init, beta``; ``alpha``, geometric mean; ``information_nats``, -1/2 sum log(alpha);
            of a unit, mean over units, in bits: ``sum_bits``, I(z;x) + TC(z) over their number,
            ``gaussian_bits``, the same with z_i as normal, ``lower_bits``, g, ``upper_bits``, g + 1
            nat, and ``printed_upper_bits``, with alpha as printed; ``test_error``, expected, noise
            included; ``status``, ``ok`` or ``diverged``.
        """
        rows = [
            (init, *row) for init in range(self.initialisations) for row in self._solve_one(init)
        ]
        return dict(zip(COLUMNS, map(np.array, zip(*rows, strict=True)), strict=True))

    def problem(self, init: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw what an initialisation learns.

        Returns
        -------
        inputs, answers, teacher : array
            Shapes (samples, inputs), (samples, outputs) and (outputs, inputs).
        """
        draws = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(init,)))
        teacher = np.zeros((self.outputs, self.inputs))
        own = draws.normal(size=(self.outputs, self.relevant))
        teacher[:, : self.relevant] = own / math.sqrt(self.relevant)
        inputs = draws.normal(size=(self.samples, self.inputs))
        noise = draws.normal(size=(self.samples, self.outputs)) * math.sqrt(self.teacher_noise)
        return inputs, inputs @ teacher.T + noise, teacher

    def _solve_one(self, init: int):
        inputs, answers, teacher = self.problem(init)
        for beta in self.betas:
            weights, alpha = self.learnt(inputs, answers, beta)
            noise = np.expm1(alpha)
            exact, normal = unit_information(weights, noise)
            nats = -np.log(alpha).sum() / 2
            mean, printed = (math.exp(-share * nats / alpha.size) for share in (2, 1))
            bits = np.array([exact, normal, *map(lower_bound, (mean, printed))]) / math.log(2)
            most = MOST_NATS / math.log(2)
            own = (weights - teacher) ** 2 + noise * weights**2
            error = own.sum(axis=1).mean() + self.teacher_noise
            status = "ok" if np.isfinite(bits).all() else "diverged"
            exact, normal, lower, other = bits
            yield beta, mean, nats, exact, normal, lower, lower + most, other + most, error, status

    def learnt(
        self, inputs: np.ndarray, answers: np.ndarray, beta: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the means of the weights and their alphas, shape (outputs, inputs)."""
        square, shared = inputs.T @ inputs, answers.T @ inputs
        sizes = np.diag(square)
        weights = np.linalg.solve(square, shared.T).T
        for _ in range(self.rounds):
            alpha = self._alpha(weights**2 * sizes, beta)
            penalties = np.expm1(alpha) * sizes
            matrices = square + penalties[:, :, None] * np.eye(self.inputs)
            weights = np.linalg.solve(matrices, shared[:, :, None])[:, :, 0]
        return weights, self._alpha(weights**2 * sizes, beta)

    def _alpha(self, sizes: np.ndarray, beta: float) -> np.ndarray:
        """Minimise sizes exp(alpha) / (2 teacher_noise) - beta log(alpha) / 2, summed."""
        taken = sizes if self.alphas == "each" else np.full_like(sizes, sizes.mean())
        with np.errstate(divide="ignore", over="ignore"):
            ratio = np.minimum(beta * self.teacher_noise / taken, 1e300)
        return np.minimum(scipy.special.lambertw(ratio).real, self.largest_alpha)


def lower_bound(alpha: float) -> float:
    """Return g(alpha) = -log(1 - exp(-alpha)) / 2, in nats."""
    return -math.log(-math.expm1(-alpha)) / 2


def unit_information(weights: np.ndarray, noise: np.ndarray) -> tuple[float, float]:
    """Return (I(z;x) + TC(z)) / units of a layer of standard normal inputs, in nats.

    Parameters
    ----------
    weights : array of float, shape (units, inputs)
        Means; none of a unit's may all be 0.
    noise : array of float, shape (units, inputs)
        Variance of each weight over its squared mean.

    Returns
    -------
    exact, normal : float
        Of what the units are, and as if they were normal.
    """
    found = []
    for row, own in zip(weights, noise, strict=True):
        variance = float((row**2 * (1 + own)).sum())
        squares = row**2 / variance
        known = (math.log(2 * math.pi * math.e) + mean_log_square(squares * own)) / 2
        normal = math.log(2 * math.pi * math.e) / 2
        found.append((unit_entropy(squares, own) - known, normal - known))
    return tuple(map(float, np.mean(found, axis=0)))


def mean_log_square(sizes: np.ndarray) -> float:
    """Return E log of a sum of squares of independent normal variables with these variances."""
    whole = sizes.sum()
    times = np.exp(LOGARITHMS)
    laplace = np.exp(-np.log1p(2 * times[:, None] * (sizes / whole)).sum(axis=1) / 2)
    step = LOGARITHMS[1] - LOGARITHMS[0]
    return math.log(whole) + float((np.exp(-times) - laplace).sum() * step)


def unit_entropy(squares: np.ndarray, noise: np.ndarray) -> float:
    """Return the entropy of a unit of variance 1 in nats, from its characteristic function.

    Parameters
    ----------
    squares : array of float, shape (inputs,)
        Of the means of the weights.
    noise : array of float, shape (inputs,)
        Variance of each weight over its squared mean.
    """
    times = (STEP * np.arange(STEPS + 1))[:, None] ** 2
    spread = 1 + times * squares * noise
    transform = np.exp(-(np.log(spread) + times * squares / spread).sum(axis=1) / 2)
    # From the inverse transform to a density: 1 over the distance of the places.
    distance = math.pi / (STEP * STEPS)
    density = np.fft.irfft(transform) / distance
    there = density > 0
    return float(-(density[there] * np.log(density[there])).sum() * distance)
