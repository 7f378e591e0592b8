"""Compiled pass over all pairs of samples for the kernel-density bounds."""

from __future__ import annotations

import numpy as np

from infoplane.compilation import compiled
from infoplane.vector_math import exp32

# Samples per block: its points, distances and column sums stay in the first-level cache.
BLOCK = 512
# Rows whose terms a column adds up in float32 before they go to float64.
TILE = 64
# Segments of equal labels start at multiples of this many samples, for whole vectors.
ALIGNMENT = 16
# Below 2^-31 the fourth power of a term counts as 2^-124, which keeps it a normal number.
SMALLEST = np.float32(2.0**-31)
ZERO = np.float32(0.0)
# Sums may be regrouped into vector lanes; nan, infinities and divisions keep their rules.
LANES = {"fastmath": {"reassoc", "contract", "nsz"}, "error_model": "numpy"}


@compiled(**LANES)
def squared_distances(points, row, start, stop, squares):
    """Write the squared distances of one sample to the samples start .. stop - 1.

    Parameters
    ----------
    points : array of float, shape (units, samples)
        An even number of units.
    row, start, stop : int
    squares : array of float, shape (at least stop - start,)
        Of the points' type; overwritten from its beginning.
    """
    for unit in range(0, points.shape[0], 2):
        first, second = points[unit, start:stop], points[unit + 1, start:stop]
        a, b = points[unit, row], points[unit + 1, row]
        if unit == 0:
            for j in range(stop - start):
                squares[j] = (first[j] - a) * (first[j] - a) + (second[j] - b) * (second[j] - b)
        else:
            for j in range(stop - start):
                squares[j] += (first[j] - a) * (first[j] - a) + (second[j] - b) * (second[j] - b)


@compiled(**LANES)
def row_terms(squares, size, factor, columns):
    """Turn squared distances into kernel terms; add them along the row and to the columns.

    Parameters
    ----------
    squares : array of float, shape (at least size,)
    size : int
    factor : float
        1 / (8 noise_variance), of the same type as `squares`.
    columns : array of float32, shape (2, at least size)
        Sums to which each column's terms are added: lower bound, upper bound.

    Returns
    -------
    lower, upper : float32
        The row's sums of exp(-d / (8 noise_variance)) and of its fourth power.
    """
    lower, upper = ZERO, ZERO
    lower_columns, upper_columns = columns[0], columns[1]
    for j in range(size):
        term = exp32(-np.float32(squares[j] * factor))
        root = max(term, SMALLEST)
        power = (root * root) * (root * root)
        lower += term
        upper += power
        lower_columns[j] += term
        upper_columns[j] += power
    return lower, upper


@compiled()
def pair_sums(points, starts, ends, factor):
    """Sum the kernels between each sample and all samples, by equal and by other label.

    Parameters
    ----------
    points : array of float, shape (units, padded samples)
        Samples sorted by label, an even number of units. Each label's segment starts at a
        multiple of `ALIGNMENT`; the gaps hold infinities.
    starts, ends : arrays of int64, shape (classes,)
        Where each label's samples begin and end.
    factor : float
        1 / (8 noise_variance), of the points' type.

    Returns
    -------
    sums : array of float64, shape (2, 2, padded samples)
        First axis: lower bound, exp(-d / (8 noise_variance)), and upper bound,
        exp(-d / (2 noise_variance)), with d the squared distance; second axis: pairs of equal
        labels (the sample itself among them) and of different labels.
    """
    sums = np.zeros((2, 2, points.shape[1]))
    squares = np.empty(BLOCK, points.dtype)
    columns = np.empty((2, BLOCK), np.float32)
    for label in range(starts.size):
        for first in range(starts[label], ends[label], TILE):
            last = min(first + TILE, ends[label])
            for other in range(label, starts.size):
                begin = first if other == label else starts[other]
                while begin < ends[other]:
                    # The tile's square on the diagonal holds each of its pairs twice.
                    diagonal = begin == first
                    end = min(begin + (TILE if diagonal else BLOCK), ends[other])
                    size = (end - begin + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
                    kind = 0 if other == label else 1
                    columns[:, :size] = ZERO
                    for row in range(first, last):
                        squared_distances(points, row, begin, begin + size, squares)
                        lower, upper = row_terms(squares, size, factor, columns)
                        sums[0, kind, row] += lower
                        sums[1, kind, row] += upper
                    if not diagonal:
                        for j in range(end - begin):
                            sums[0, kind, begin + j] += columns[0, j]
                            sums[1, kind, begin + j] += columns[1, j]
                    begin = end
    return sums
