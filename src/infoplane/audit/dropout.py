"""Gaussian dropout in the audit: a layer whose information has a closed form but for quadrature.

The toy of Adilova et al. (2023): X ~ N(0, I), f = 2 X + 0.5, T = f (1 + sigma Z). Units are
independent, so that I(X;T) is that of one of them times their number.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import scipy

from infoplane.audit.subjects import AuditSubject
from infoplane.audit.tasks import AuditTask, Draw
from infoplane.estimators import Estimate, make_estimator
from infoplane.estimators.gaussian_dropout import COVARIANCES

SLOPE, SHIFT = 2.0, 0.5
SIGMA = 0.1
REACH = 12.0
NODES, STEPS = 60, 40_001


@cache
def dropout_unit_information_bits(sigma: float) -> float:
    """Return I(X;T) of one unit of the toy, by quadrature.

    Parameters
    ----------
    sigma : float
        Of the noise, well below 1.

    Returns
    -------
    float
        h(T) - E log2(|f| sigma sqrt(2 pi e)), in bits.

    Notes
    -----
    p(t) = E_U g(t / U) / |U| with U ~ N(1, sigma^2) and g the density of f: smooth where the
    components of the mixture are infinitely narrow. Gauss-Hermite in U, the trapezoid in t.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    factors = 1 + sigma * nodes
    weights = weights / weights.sum()
    grid, step = np.linspace(SHIFT - REACH * SLOPE, SHIFT + REACH * SLOPE, STEPS, retstep=True)
    density = np.zeros_like(grid)
    for factor, weight in zip(factors, weights, strict=True):
        density += weight * scipy.stats.norm.pdf(grid / factor, SHIFT, SLOPE) / abs(factor)
    there = density[density > 0]
    entropy = -np.sum(there * np.log2(there)) * step
    ends = SHIFT - REACH * SLOPE, SHIFT + REACH * SLOPE
    size = scipy.integrate.quad(
        lambda f: scipy.stats.norm.pdf(f, SHIFT, SLOPE) * math.log2(abs(f)),
        *ends,
        points=[0.0],
        limit=200,
    )[0]
    return float(entropy - size - math.log2(sigma * math.sqrt(2 * math.pi * math.e)))


def dropout_layer(dimension: int, sigma: float = SIGMA, scale: float = 1.0) -> AuditTask:
    """Return the toy with so many units; its label is the sign of the first input.

    Parameters
    ----------
    dimension : int
    sigma : float
    scale : float
        Of the layer, which changes no information: its noise is as large.

    Returns
    -------
    AuditTask
        I(T;Y) has no value here.
    """

    def make(samples: int, generator: np.random.Generator) -> Draw:
        x, noise = generator.standard_normal((2, samples, dimension))
        layer = scale * (SLOPE * x + SHIFT)
        truth = dimension * dropout_unit_information_bits(sigma)
        labels = (x[:, 0] > 0).astype(np.int64)
        return Draw(x, layer, layer * (1 + sigma * noise), labels, truth, math.nan)

    name = f"dropout_{sigma:g}_{dimension}d" + (f"_scale_{scale:g}" if scale != 1 else "")
    return AuditTask(name, "dropout_layer", dimension, 0.0, make, relative_noise=sigma)


def dropout_tasks() -> list[AuditTask]:
    """Return the toy with one, two and ten units, and with one that is measured in another unit.

    Of ten units no sample of the audit has enough.
    """
    return [*(dropout_layer(dimension) for dimension in (1, 2, 10)), dropout_layer(1, scale=0.01)]


def _both(task: AuditTask, draw: Draw) -> tuple[Estimate, ...]:
    """Give the estimate with the model's own covariance and with the published one."""
    estimator = make_estimator("gaussian_dropout", relative_noise=task.relative_noise)
    found = estimator.one_pass(draw.layer, draw.labels)
    return tuple(found[name] for name in COVARIANCES)


def dropout_subjects() -> list[AuditSubject]:
    """Return the estimator of layers with Gaussian dropout, with both covariances."""
    names = tuple(f"gaussian_dropout_{name}" for name in COVARIANCES)
    return [AuditSubject(names, _both, quantities=("input",), dropout=True)]
