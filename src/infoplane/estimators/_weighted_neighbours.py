"""Differential entropy from several neighbours at once, weighted against its bias."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import digamma, gammaln

from infoplane.units import BITS_PER_NAT


@cache
def neighbour_weights(neighbours: int, units: int) -> tuple[float, ...]:
    """Return the weights of the first k neighbours, the smallest that take the bias away.

    Parameters
    ----------
    neighbours : int
        k, above units / 4.
    units : int
        d.

    Returns
    -------
    weights : tuple of float
        The vector of least norm with sum_j w_j = 1 and, for l = 1 .. floor(d / 4),
        sum_j w_j Gamma(j + 2 l / d) / Gamma(j) = 0: up to three dimensions 1 / k each.

    References
    ----------
    Berrett, Samworth & Yuan (2019), Annals of Statistics 47(1), "Efficient multivariate entropy
    estimation via k-nearest neighbour distances", equation 2.
    """
    places = np.arange(1, neighbours + 1)
    orders = 2 * np.arange(units // 4 + 1) / units
    conditions = np.exp(gammaln(places + orders[:, None]) - gammaln(places))
    if len(conditions) > neighbours:
        raise ValueError(f"{units} units need at least {len(conditions)} neighbours")
    wanted = np.zeros(len(conditions))
    wanted[0] = 1.0
    return tuple(np.linalg.lstsq(conditions, wanted, rcond=None)[0].tolist())


def weighted_entropy_bits(values: np.ndarray, neighbours: int) -> float:
    """Estimate a differential entropy by the weighted Kozachenko-Leonenko estimator.

    Parameters
    ----------
    values : array of float64, shape (samples, units)
    neighbours : int
        k, below the number of samples.

    Returns
    -------
    float
        sum_j w_j mean_i ln(r_ij^d V_d (N - 1) / exp(psi(j))), in bits, with r_ij the Euclidean
        distance of sample i to its j-th neighbour and V_d the volume of the unit ball; minus
        infinite where a row is there twice.

    References
    ----------
    Berrett, Samworth & Yuan (2019), equation 3.
    """
    samples, units = values.shape
    distances = cKDTree(values).query(values, k=range(2, neighbours + 2))[0]
    if not distances.all():
        return -math.inf
    logarithms = units * np.log(distances).mean(axis=0)
    ball = 0.5 * units * math.log(math.pi) - gammaln(0.5 * units + 1)
    nats = logarithms + ball + math.log(samples - 1) - digamma(np.arange(1, neighbours + 1))
    return float(np.dot(neighbour_weights(neighbours, units), nats) * BITS_PER_NAT)
