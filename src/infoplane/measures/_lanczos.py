"""Log-determinants of matrices that are known by their products with vectors alone.

log det A is the trace of log A, and that is the mean of z' (log A) z over vectors z of random
signs. Each such number is an integral over the eigenvalues of A, and Lanczos' iteration gives the
weights and nodes of its Gauss quadrature. The logarithm's derivatives of even order are below 0 and
those of odd order above it, so that Gauss quadrature gives too much, and Gauss-Radau quadrature
with a node below all eigenvalues too little: what is left open is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import scipy.linalg

# Of the largest entry so far: what lies outside the space of all vectors so far is rounding.
NOTHING_LEFT = 1e-10
# Just below the least eigenvalue of I plus a matrix without negative ones: T - floor I is solved.
FLOOR = 1 - 1e-6


def log_determinant(
    product: Callable[[np.ndarray], np.ndarray],
    size: int,
    probes: int,
    steps: int,
    seed: np.random.SeedSequence,
) -> tuple[float, float]:
    """Estimate log det(I + M) of a symmetric matrix M without negative eigenvalues.

    Parameters
    ----------
    product : callable
        From a vector of float64, shape (size,), to its product with M.
    size : int
    probes : int
        Random vectors, at least 2.
    steps : int
        Of Lanczos' iteration, for each of them; at most `size` are taken.
    seed : numpy.random.SeedSequence

    Returns
    -------
    estimate : float
        The middle between what quadrature gives at least and at most, mean over probes.
    error : float
        The standard error of that mean, plus half of what quadrature leaves open.

    References
    ----------
    Golub & Meurant (2010), "Matrices, moments and quadrature with applications", chapters
    6 and 11.
    Ubaru, Chen & Saad (2017), SIAM J. Matrix Anal. Appl. 38, "Fast estimation of tr(f(A)) via
    stochastic Lanczos quadrature".
    """
    draws = np.random.default_rng(seed)
    ends = []
    for _ in range(probes):
        signs = draws.choice([-1.0, 1.0], size)
        diagonal, beside = lanczos(lambda vector: vector + product(vector), signs, steps)
        ends.append(size * np.array(quadrature_bounds(diagonal, beside)))
    low, high = np.array(ends).T
    middle = (low + high) / 2
    error = middle.std(ddof=1) / math.sqrt(probes) + (high - low).mean() / 2
    return float(middle.mean()), float(error)


def lanczos(
    product: Callable[[np.ndarray], np.ndarray], start: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the symmetric tridiagonal matrix of a matrix in the Krylov space of a vector.

    Parameters
    ----------
    product : callable
        From a vector to its product with the matrix.
    start : array of float64, shape (size,)
    steps : int

    Returns
    -------
    diagonal, beside : array of float64, shape (steps taken,)
        The last number beside the diagonal leads out of the space; it is 0 where nothing does.
    """
    steps = min(steps, len(start))
    basis = np.empty((steps, len(start)))
    diagonal, beside = np.empty(steps), np.empty(steps)
    vector, largest = start / np.linalg.norm(start), 0.0
    for step in range(steps):
        basis[step] = vector
        image = product(vector)
        diagonal[step] = image @ vector
        for _ in range(2):  # a second time takes off what rounding leaves of the first
            image = image - basis[: step + 1].T @ (basis[: step + 1] @ image)
        beside[step] = np.linalg.norm(image)
        largest = max(largest, abs(diagonal[step]), beside[step])
        if beside[step] <= NOTHING_LEFT * largest:
            beside[step] = 0.0
            return diagonal[: step + 1], beside[: step + 1]
        vector = image / beside[step]
    return diagonal, beside


def quadrature_bounds(diagonal: np.ndarray, beside: np.ndarray) -> tuple[float, float]:
    """Return what v' (log A) v is at least and at most; v is the start of `lanczos`, made a unit.

    Parameters
    ----------
    diagonal, beside : array of float64, shape (steps,)
        As from `lanczos`; no eigenvalue of the matrix is below 1.

    Returns
    -------
    low, high : float
    """
    high = _quadrature(diagonal, beside[:-1])
    if beside[-1] == 0:
        return high, high
    bands = np.zeros((3, len(diagonal)))
    bands[0, 1:] = bands[2, :-1] = beside[:-1]
    bands[1] = diagonal - FLOOR
    end = np.zeros(len(diagonal))
    end[-1] = beside[-1] ** 2
    last = FLOOR + scipy.linalg.solve_banded((1, 1), bands, end)[-1]
    return _quadrature(np.append(diagonal, last), beside), high


def _quadrature(diagonal: np.ndarray, beside: np.ndarray) -> float:
    """Return the integral of the logarithm by the nodes and weights of a tridiagonal matrix."""
    nodes, vectors = scipy.linalg.eigh_tridiagonal(diagonal, beside)
    return float(vectors[0] ** 2 @ np.log(np.maximum(nodes, FLOOR)))
