"""The task of Shwartz-Ziv & Tishby (2017), made from first principles.

The twelve input bits are the vertices of a regular icosahedron. A pattern x is the set of its
"on" vertices; its label depends on x only through rotation-invariant power at each degree l,

    a_lm = (4 pi / 12) sum_i x_i Y_lm(r_i),    |a_l| = sqrt(sum_m |a_lm|^2),
    f(x) = sum_l w_l / (2 l + 1) |a_l|,        p(y = 1 | x) = sigmoid(gamma (f(x) - theta)).

By the addition theorem of spherical harmonics only the Gram matrix of the vertices enters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy

from infoplane.checks import require_finite, require_positive, require_whole
from infoplane.tasks.base import Task, TaskRule, binary_patterns

# Neighbours of each vertex, in the vertex order of the published data file; bit 0 is leftmost.
ICOSAHEDRON_NEIGHBOURS = (
    (1, 3, 5, 10, 11),
    (0, 2, 3, 4, 11),
    (1, 3, 4, 8, 9),
    (0, 1, 2, 8, 10),
    (1, 2, 6, 9, 11),
    (0, 6, 7, 10, 11),
    (4, 5, 7, 9, 11),
    (5, 6, 8, 9, 10),
    (2, 3, 7, 9, 10),
    (2, 4, 6, 7, 8),
    (0, 3, 5, 7, 8),
    (0, 1, 4, 5, 6),
)
VERTICES = len(ICOSAHEDRON_NEIGHBOURS)


@dataclass(frozen=True)
class IcosahedronRule(TaskRule):
    """Label the 4096 sets of an icosahedron's vertices by a rotation-invariant score.

    Attributes
    ----------
    degree_weights : sequence of float
        w_l of the score f(x), for l = 0, 1, ...
    threshold : float
        theta, in the units of f(x).
    sharpness : float, optional
        gamma of the label's sigmoid; without it labels are hard, y = 1 where f(x) > theta.
    seed : int, optional
        Seed of the drawn labels; goes with `sharpness`.
    """

    name: ClassVar[str] = "icosahedron"

    degree_weights: tuple[float, ...]
    threshold: float
    sharpness: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.degree_weights, list | tuple) or not self.degree_weights:
            raise ValueError(f"degree_weights must be a list of numbers, not {self.degree_weights}")
        for weight in self.degree_weights:
            require_finite("each of degree_weights", weight)
        require_finite("threshold", self.threshold)
        _require_together(self.sharpness, self.seed)
        if self.sharpness is not None:
            require_positive("sharpness", self.sharpness)
            require_whole("seed", self.seed, at_least=0)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one input."""
        return (VERTICES,)

    @property
    def classes(self) -> int:
        """Return the number of classes."""
        return 2

    def make(self) -> Task:
        """Make the task."""
        return szt_task(self.degree_weights, self.threshold, self.sharpness, self.seed)


def icosahedron_cosines() -> np.ndarray:
    """Return the Gram matrix of the icosahedron's vertices on the unit sphere.

    Returns
    -------
    cosines : array of float64, shape (12, 12)
        1 for a vertex with itself, 1/sqrt(5) for neighbours, -1 for opposite vertices and
        -1/sqrt(5) for the rest.
    """
    inverse_root = 1.0 / np.sqrt(5.0)
    cosines = np.full((VERTICES, VERTICES), -inverse_root)
    for vertex, neighbours in enumerate(ICOSAHEDRON_NEIGHBOURS):
        cosines[vertex, list(neighbours)] = inverse_root
    np.fill_diagonal(cosines, 1.0)
    # The opposite vertex is the one that shares no neighbour.
    adjacent = cosines == inverse_root
    cosines[(adjacent.astype(int) @ adjacent.astype(int) == 0) & ~adjacent] = -1.0
    return cosines


def invariant_score(patterns: np.ndarray, degree_weights: tuple[float, ...]) -> np.ndarray:
    """Return f(x), the rotation-invariant score of each pattern.

    Parameters
    ----------
    patterns : array, shape (samples, 12)
        Which vertices are on.
    degree_weights : tuple of float
        w_l for the degrees l = 0, 1, ...

    Returns
    -------
    score : array of float64, shape (samples,)

    Notes
    -----
    With the addition theorem, |a_l|^2 = (4 pi / 12)^2 (2 l + 1) / (4 pi) x' P_l(G) x where G is
    the vertices' Gram matrix and P_l the Legendre polynomial.
    """
    patterns = patterns.astype(np.float64)
    cosines = icosahedron_cosines()
    area = 4.0 * np.pi / VERTICES
    score = np.zeros(len(patterns))
    for degree, weight in enumerate(degree_weights):
        legendre = scipy.special.eval_legendre(degree, cosines)
        quadratic = np.einsum("si,ij,sj->s", patterns, legendre, patterns, optimize=True)
        # Exact zeros come out as rounding errors of either sign.
        power = area**2 * (2 * degree + 1) / (4.0 * np.pi) * np.maximum(quadratic, 0.0)
        score += weight / (2 * degree + 1) * np.sqrt(power)
    return score


def szt_task(
    degree_weights: tuple[float, ...] = (1.0, 2.0, 0.0),
    threshold: float = 2.32,
    sharpness: float | None = None,
    seed: int | None = None,
) -> Task:
    """Make the 4096-pattern task of Shwartz-Ziv & Tishby.

    Parameters
    ----------
    degree_weights : tuple of float
        w_l of the score f(x).
    threshold : float
        theta, in the units of f(x).
    sharpness : float, optional
        gamma of the label's sigmoid; None gives hard labels, y = 1 where f(x) > theta.
    seed : int, optional
        Seed of the drawn labels; needed if, and only if, `sharpness` is given.

    Returns
    -------
    Task
        ``inputs, labels, label_probability`` when unpacked.

    Raises
    ------
    ValueError
        If `seed` and `sharpness` are not given together, or all labels come out alike.

    References
    ----------
    Shwartz-Ziv & Tishby (2017), "Opening the black box of deep neural networks via
    information", section 3.1. Hard labels: w = (1, 2, 0), theta = 2.32, the published file.
    Stochastic labels: w = (2, 5, 4), theta = 5.89, gamma = 12, I(X;Y) = 0.89948 bits.
    """
    _require_together(sharpness, seed)
    patterns = binary_patterns()
    score = invariant_score(patterns, tuple(degree_weights))
    if sharpness is None:
        labels = (score > threshold).astype(np.int64)
        probability = labels.astype(np.float64)
    else:
        probability = scipy.special.expit(sharpness * (score - threshold))
        draws = np.random.default_rng(seed).random(len(patterns))
        labels = (draws < probability).astype(np.int64)
    try:
        return Task(patterns, labels, probability)
    except ValueError as error:
        raise ValueError(f"{error}; threshold {threshold} lies beyond every score") from error


def _require_together(sharpness: float | None, seed: int | None) -> None:
    if (sharpness is None) != (seed is None):
        raise ValueError("give sharpness and seed together: only drawn labels need a seed")
