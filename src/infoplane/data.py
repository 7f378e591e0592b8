"""The task of Shwartz-Ziv & Tishby (2017), made from first principles, and its splits.

The twelve input bits are the vertices of a regular icosahedron. A pattern x is the set of its
"on" vertices; its label depends on x only through rotation-invariant power at each degree l,

    a_lm = (4 pi / 12) sum_i x_i Y_lm(r_i),    |a_l| = sqrt(sum_m |a_lm|^2),
    f(x) = sum_l w_l / (2 l + 1) |a_l|,        p(y = 1 | x) = sigmoid(gamma (f(x) - theta)).

By the addition theorem of spherical harmonics only the Gram matrix of the vertices enters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

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
class Task:
    """Hold every pattern of a classification task with its label.

    Attributes
    ----------
    inputs : array of uint8, shape (samples, features)
        X, each pattern once.
    labels : array of int64, shape (samples,)
        Y, one class per pattern.
    label_probability : array of float64, shape (samples,)
        p(y = 1 | x); exactly the labels where they are deterministic.
    """

    inputs: np.ndarray
    labels: np.ndarray
    label_probability: np.ndarray

    def __iter__(self):
        return iter((self.inputs, self.labels, self.label_probability))


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


def binary_patterns(bits: int = VERTICES) -> np.ndarray:
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
        If `seed` and `sharpness` are not given together.

    References
    ----------
    Shwartz-Ziv & Tishby (2017), "Opening the black box of deep neural networks via
    information", section 3.1. Hard labels: w = (1, 2, 0), theta = 2.32, the published file.
    Stochastic labels: w = (2, 5, 4), theta = 5.89, gamma = 12, I(X;Y) = 0.89948 bits.
    """
    if (sharpness is None) != (seed is None):
        raise ValueError("give sharpness and seed together: only drawn labels need a seed")
    patterns = binary_patterns()
    score = invariant_score(patterns, tuple(degree_weights))
    if sharpness is None:
        labels = (score > threshold).astype(np.int64)
        return Task(patterns, labels, labels.astype(np.float64))
    probability = scipy.special.expit(sharpness * (score - threshold))
    draws = np.random.default_rng(seed).random(len(patterns))
    return Task(patterns, (draws < probability).astype(np.int64), probability)


def label_entropy_bits(probability: np.ndarray) -> float:
    """Return H(Y) in bits for patterns that are equally likely.

    Parameters
    ----------
    probability : array of float, shape (samples,)
        p(y = 1 | x).
    """
    return float(_binary_entropy_bits(np.mean(probability)))


def input_label_information_bits(probability: np.ndarray) -> float:
    """Return I(X;Y) = H(Y) - H(Y|X) in bits for patterns that are equally likely.

    Parameters
    ----------
    probability : array of float, shape (samples,)
        p(y = 1 | x).
    """
    return label_entropy_bits(probability) - float(np.mean(_binary_entropy_bits(probability)))


def _binary_entropy_bits(probability: np.ndarray) -> np.ndarray:
    nats = scipy.special.entr(probability) + scipy.special.entr(1.0 - np.asarray(probability))
    return nats / np.log(2.0)


def training_samples(labels: np.ndarray, fraction: float, generator: np.random.Generator):
    """Draw a shuffled training set, stratified by label.

    Parameters
    ----------
    labels : array of int, shape (samples,)
    fraction : float
        Share of the samples to train on, above 0 and at most 1.
    generator : numpy.random.Generator

    Returns
    -------
    training : array of int64, shape (round(fraction * samples),)
        Indices of the training samples in random order. Each class has its share of them, up
        to one sample.

    Raises
    ------
    ValueError
        If the fraction is outside (0, 1] or leaves nothing to train on.
    """
    if not 0.0 < fraction <= 1.0:
        raise ValueError(f"training fraction must be above 0 and at most 1, not {fraction}")
    classes, counts = np.unique(labels, return_counts=True)
    total = round(fraction * len(labels))
    if total < len(classes):
        raise ValueError(
            f"training fraction {fraction} of {len(labels)} samples leaves fewer than one "
            f"sample for each of {len(classes)} classes"
        )
    # Largest remainders: class sizes that add up to the total exactly.
    shares = counts * (total / len(labels))
    sizes = np.floor(shares).astype(np.int64)
    sizes[np.argsort(sizes - shares, kind="stable")[: total - sizes.sum()]] += 1
    drawn = [
        generator.permutation(np.flatnonzero(labels == label))[:size]
        for label, size in zip(classes, sizes, strict=True)
    ]
    return generator.permutation(np.concatenate(drawn))
