"""Pairs of real-valued variables: the families of the field's own benchmark of estimators.

Their information is known in closed form, and a transformation of either variable by itself that is
one to one does not move it. Czyz, Grabowski, Vogt, Beerenwinkel & Marx (2023), "Beyond Normal: On
the Evaluation of Mutual Information Estimators", NeurIPS; parameters are those of its list of
tasks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln, ndtr

from infoplane.audit.tasks import AuditTask, Draw
from infoplane.units import BITS_PER_NAT

CORRELATION = 0.75
DENSE_CORRELATION = 0.5
PAIR_CORRELATION = 0.8
SPIRAL_SPEED = 1 / 3

Sampler = Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray]]
Transformation = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Pairs:
    """Describe two variables whose information is known.

    Attributes
    ----------
    name, family : str
    units : int
        Of the second variable, T.
    bits : float
        I(X;T).
    sample : callable (samples, generator) -> (x, t)
        Shapes (samples, units of x), (samples, units).
    """

    name: str
    family: str
    units: int
    bits: float
    sample: Sampler

    def through(
        self, name: str, of_x: Transformation, of_t: Transformation, family: str = "transformed"
    ) -> Pairs:
        """Return the variables after transformations that are one to one: as much information."""

        def sample(samples, generator):
            x, t = self.sample(samples, generator)
            return of_x(x), of_t(t)

        return Pairs(f"{name}_{self.name}", family, self.units, self.bits, sample)

    def task(self) -> AuditTask:
        """Return the task, with labels that say nothing: I(T;Y) has no value here."""

        def make(samples: int, generator: np.random.Generator) -> Draw:
            x, t = self.sample(samples, generator)
            return Draw(x, t, t, np.arange(samples) % 2, self.bits, math.nan)

        return AuditTask(self.name, f"pairs_{self.family}", self.units, 0.0, make, pairs=True)


def normal_bits(covariance: np.ndarray, units: int) -> float:
    """Return the information between the first units of a normal vector and the others.

    Parameters
    ----------
    covariance : array of float, shape (d, d)
    units : int
        Of the first variable.

    Returns
    -------
    float
        (log2 det S_x + log2 det S_t - log2 det S) / 2.
    """
    parts = (covariance[:units, :units], covariance[units:, units:], covariance)
    of_x, of_t, of_both = (np.linalg.slogdet(part)[1] for part in parts)
    return float((of_x + of_t - of_both) / 2 * BITS_PER_NAT)


def dense(units: int, correlation: float = DENSE_CORRELATION) -> np.ndarray:
    """Return a covariance with one correlation between any two of 2 d units."""
    return np.full((2 * units, 2 * units), correlation) + (1 - correlation) * np.eye(2 * units)


def two_pairs(units: int) -> np.ndarray:
    """Return a covariance with two units of X each correlated with one of T, and no others."""
    covariance = np.eye(2 * units)
    for unit in range(2):
        covariance[unit, units + unit] = covariance[units + unit, unit] = PAIR_CORRELATION
    return covariance


def normal_pairs(name: str, covariance: np.ndarray) -> Pairs:
    """Return two normal variables of as many units each."""
    units, root = len(covariance) // 2, np.linalg.cholesky(covariance)

    def sample(samples, generator):
        both = generator.standard_normal((samples, 2 * units)) @ root.T
        return both[:, :units], both[:, units:]

    return Pairs(f"{name}_{units}d", "normal", units, normal_bits(covariance, units), sample)


def student_correction_bits(freedom: int, of_x: int, of_t: int) -> float:
    """Return what the information of Student's t has beyond that of the normal variable.

    Parameters
    ----------
    freedom : int
        Degrees of freedom.
    of_x, of_t : int
        Units of the two variables.

    Returns
    -------
    float
        f(v) + f(v + m + n) - f(v + m) - f(v + n) with f(x) = ln Gamma(x/2) - x/2 psi(x/2), in
        bits; above 0, for the common scale tells each variable something of the other.
    """

    def term(x: int) -> float:
        return gammaln(x / 2) - x / 2 * digamma(x / 2)

    nats = term(freedom) + term(freedom + of_x + of_t)
    return float((nats - term(freedom + of_x) - term(freedom + of_t)) * BITS_PER_NAT)


def student_pairs(units: int, freedom: int) -> Pairs:
    """Return Student's t in all units together, without correlation."""
    bits = student_correction_bits(freedom, units, units)

    def sample(samples, generator):
        both = generator.standard_normal((samples, 2 * units))
        both /= np.sqrt(generator.chisquare(freedom, (samples, 1)) / freedom)
        return both[:, :units], both[:, units:]

    return Pairs(f"student_{freedom}_{units}d", "student", units, bits, sample)


def additive_noise_bits(reach: float) -> float:
    """Return I(X; X + N) for X uniform on [0, 1] and N uniform within a reach of 0."""
    nats = 1 / (4 * reach) if reach > 0.5 else reach - math.log(2 * reach)
    return nats * BITS_PER_NAT


def additive_noise_pairs(reach: float) -> Pairs:
    """Return a uniform variable on [0, 1], and itself with uniform noise within a reach of 0."""

    def sample(samples, generator):
        x = generator.random((samples, 1))
        return x, x + generator.uniform(-reach, reach, (samples, 1))

    name = f"additive_noise_{reach:g}_1d"
    return Pairs(name, "additive_noise", 1, additive_noise_bits(reach), sample)


def half_cube(values: np.ndarray) -> np.ndarray:
    """Return sign(x) |x|^(3/2), which makes tails longer."""
    return values * np.sqrt(np.abs(values))


def wiggly_x(x: np.ndarray) -> np.ndarray:
    """Return a growing function with waves, for X."""
    return x + 0.4 * np.sin(x) + 0.2 * np.sin(1.7 * x + 1) + 0.03 * np.sin(3.3 * x - 2.5)


def wiggly_t(t: np.ndarray) -> np.ndarray:
    """Return a growing function with waves, for T."""
    return t - 0.4 * np.sin(0.4 * t) + 0.17 * np.sin(1.3 * t + 3.5) + 0.02 * np.sin(4.3 * t - 2.5)


def spiral(first: int, second: int) -> Transformation:
    """Return a rotation of two units by an angle that grows with the squared distance from 0."""

    def transformation(values: np.ndarray) -> np.ndarray:
        angle = SPIRAL_SPEED * np.square(values).sum(axis=1)
        cosine, sine = np.cos(angle), np.sin(angle)
        turned = values.copy()
        turned[:, first] = cosine * values[:, first] - sine * values[:, second]
        turned[:, second] = sine * values[:, first] + cosine * values[:, second]
        return turned

    return transformation


def swiss_roll(values: np.ndarray) -> np.ndarray:
    """Return numbers from 0 to 1 rolled up in two units."""
    turn = 1.5 * math.pi * (1 + 2 * values[:, :1])
    return np.hstack([turn * np.cos(turn), turn * np.sin(turn)]) / 21


def bimodal(weight: float, first: float, second: float) -> Transformation:
    """Return the map of a standard normal variable to a mixture of two of variance 1.

    Parameters
    ----------
    weight : float
        Of the first.
    first, second : float
        Their means.

    Returns
    -------
    callable
        The mixture's quantile of the normal probability, by bisection of an increasing function
        until neighbouring numbers are left.
    """

    def transformation(values: np.ndarray) -> np.ndarray:
        wanted = ndtr(values)
        low = np.full_like(values, min(first, second) - 10)
        high = np.full_like(values, max(first, second) + 10)
        for _ in range(60):
            middle = (low + high) / 2
            below = weight * ndtr(middle - first) + (1 - weight) * ndtr(middle - second) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2

    return transformation


def unchanged(values: np.ndarray) -> np.ndarray:
    """Return the values."""
    return values


def pair_tasks() -> list[AuditTask]:
    """Return the tasks of the benchmark, in 1 to 50 units.

    Returns
    -------
    list of AuditTask
    """
    one = normal_pairs("normal", dense(1, CORRELATION))
    uniform = one.through("cdf", ndtr, ndtr)
    sparse = {units: normal_pairs("two_pairs", two_pairs(units)) for units in (2, 3, 5, 25)}
    student = {(d, v): student_pairs(d, v) for d, v in ((1, 1), (2, 1), (2, 2), (3, 2), (5, 3))}
    cdf = {units: sparse[units].through("cdf", ndtr, ndtr) for units in (3, 5, 25)}
    turns = spiral(0, 1), spiral(1, 2)
    tasks = [
        one,
        *(normal_pairs("dense", dense(units)) for units in (2, 5, 25, 50)),
        *sparse.values(),
        *student.values(),
        *(additive_noise_pairs(reach) for reach in (0.1, 0.75)),
        one.through("bimodal", bimodal(0.3, 0, 5), bimodal(0.5, -1, 3), "bimodal"),
        one.through("half_cube", half_cube, half_cube),
        one.through("wiggly", wiggly_x, wiggly_t),
        uniform,
        uniform.through("swiss_roll", swiss_roll, unchanged),
        *cdf.values(),
        *(sparse[units].through("half_cube", half_cube, half_cube) for units in (5, 25)),
        *(sparse[units].through("spiral", *turns) for units in (3, 5, 25)),
        *(cdf[units].through("spiral", *turns) for units in (3, 25)),
        *(student[key].through("asinh", np.arcsinh, np.arcsinh) for key in ((1, 1), (3, 2))),
    ]
    return [pairs.task() for pairs in tasks]
