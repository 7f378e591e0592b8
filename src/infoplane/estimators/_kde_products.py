"""The kernel-density bounds of wide layers, their distances from matrix products.

Of many units a core multiplies several times faster than it adds up squared differences. Each pair
is multiplied once: a panel of samples meets itself and all that come later, in pieces large enough
for products at the core's full rate and small enough to be read again from a cache.
"""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled
from infoplane.estimators._kde_kernels import (
    BLOCK,
    REGROUPED,
    SMALLEST,
    TILE,
    ZERO,
    negative_power_of_two,
)
from infoplane.estimators._row_parts import row_parts, rows_in_order
from infoplane.units import BITS_PER_NAT

# From so many units on products are faster: measured at 64 to 1024 units of 4096 samples.
WIDE = 128
# Up to this largest squared norm, in noise variances, products are of float32. A squared distance
# is then off by at most a few times 2^-24 of it, which moves no estimate by 1e-3 bits; beyond, of
# float64.
FLOAT32_SQUARES = 2e4
# Samples of a panel, and of those that it meets at a time.
PANEL = 1024


@compiled(**REGROUPED)
def product_terms(products, top, left, row_squares, column_squares, factor, row_sums, column_sums):
    """Add the kernels between a tile's and a block's samples along rows and columns.

    Parameters
    ----------
    products : array of float
        Inner products of the activations of samples, those of the tile and the block among them.
    top, left : int
        Row of the tile's first sample, column of the block's.
    row_squares, column_squares : arrays of float
        Squared norms of the tile's and of the block's samples.
    factor : float
        1 / (8 ln 2 noise_variance), of the type of the products.
    row_sums : array of float64, shape (2, tile's samples)
        Sums of exp(-d / (8 noise_variance)), with d the squared distance, and of its fourth
        power, to which each row's terms are added.
    column_sums : array of float32, shape (2, BLOCK)
        The same for the columns.
    """
    nothing = products.dtype.type(0)
    lower_columns, upper_columns = column_sums[0], column_sums[1]
    for i in range(row_squares.size):
        row, own = products[top + i, left : left + column_squares.size], row_squares[i]
        lower, upper = ZERO, ZERO
        for j in range(row.size):
            square = (own - row[j]) + (column_squares[j] - row[j])
            square = square if square > nothing else nothing
            term = negative_power_of_two(np.float32(square * factor))
            root = max(term, SMALLEST)
            power = (root * root) * (root * root)
            lower += term
            upper += power
            lower_columns[j] += term
            upper_columns[j] += power
        row_sums[0, i] += lower
        row_sums[1, i] += upper


@compiled()
def add_products(products, row, column, squares, labels, factor, sums):
    """Add the kernels between some samples and others to the sums of both.

    Parameters
    ----------
    products : array of float, shape (samples, others)
        Inner products; the samples are either the others or come before them.
    row, column : int
        Where the samples and the others begin.
    squares : array of float, shape (all samples,)
        Squared norms.
    labels : array of int64, shape (all samples,)
        In ascending order.
    factor : float
        As for `product_terms`.
    sums : array of float64, shape (2, 2, all samples)
        As from `product_sums`.
    """
    last_row, last_column = row + products.shape[0], column + products.shape[1]
    column_sums = np.empty((2, BLOCK), np.float32)
    begin = row
    while begin < last_row:
        end = piece_end(labels, begin, min(begin + TILE, last_row))
        first = column
        while first < last_column:
            last = piece_end(labels, first, min(first + BLOCK, last_column))
            kind = 0 if labels[first] == labels[begin] else 1
            column_sums[:, :] = ZERO
            product_terms(
                products,
                begin - row,
                first - column,
                squares[begin:end],
                squares[first:last],
                factor,
                sums[:, kind, begin:end],
                column_sums,
            )
            # Samples that meet themselves have each of their pairs twice.
            if row != column:
                for j in range(last - first):
                    sums[0, kind, first + j] += column_sums[0, j]
                    sums[1, kind, first + j] += column_sums[1, j]
            first = last
        begin = end


@compiled()
def piece_end(labels, first, last):
    """Return the end of the samples from the first on that have its label, at most `last`."""
    label = labels[first]
    if labels[last - 1] == label:
        return last
    while labels[last - 1] != label:
        last -= 1
    return last


def product_sums(activations: np.ndarray, labels: np.ndarray, noise_variance: float) -> np.ndarray:
    """Sum the kernels between each sample and all samples, by equal and by other label.

    Parameters
    ----------
    activations : array of float16 or float32, shape (samples, units)
    labels : array of int64, shape (samples,)
    noise_variance : float

    Returns
    -------
    sums : array of float64, shape (2, 2, samples)
        As from `infoplane.estimators._kde_kernels.pair_sums`.
    """
    order = np.argsort(labels, kind="stable")
    middle, squares = _middle_and_squares(activations, order, noise_variance)
    factor = middle.dtype.type(BITS_PER_NAT / (8 * noise_variance))
    count, sorted_labels = len(order), labels[order]
    sums, room = np.zeros((2, 2, count)), np.empty(PANEL * PANEL, middle.dtype)
    for row in range(0, count, PANEL):
        own = _seen_from(middle, activations, order[row : row + PANEL])
        for column in range(row, count, PANEL):
            # NumPy multiplies an array by itself in half the time.
            others = own
            if column != row:
                others = _seen_from(middle, activations, order[column : column + PANEL])
            products = room[: len(own) * len(others)].reshape(len(own), len(others))
            np.matmul(own, others.T, out=products)
            if row == column:
                # A sample is at no distance from itself.
                np.fill_diagonal(products, squares[row : row + PANEL])
            add_products(products, row, column, squares, sorted_labels, factor, sums)
            del others
    in_order = np.empty_like(sums)
    in_order[:, :, order] = sums
    return in_order


def _middle_and_squares(
    activations: np.ndarray, order: np.ndarray, noise_variance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of all points, and squared norms seen from it, in the type of products.

    Distances are those from the middle, where squared norms are smallest.
    """
    middle = _mean(activations, order)
    single = middle.astype(np.float32)
    squares = _squares(single, activations, order)
    if squares.max() <= FLOAT32_SQUARES * noise_variance:
        return single, squares.astype(np.float32)
    return middle, _squares(middle, activations, order)


def _mean(activations: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the mean over samples in float64, added up one after the other in this order."""
    total = np.zeros(activations.shape[1])
    for part in row_parts(*activations.shape):
        terms = np.vstack([total, activations[order[part]]])
        np.add.reduce(terms, axis=0, out=total)
    return total / len(order)


def _squares(middle: np.ndarray, activations: np.ndarray, order: np.ndarray) -> np.ndarray:
    squares = np.empty(len(order))
    for part in row_parts(*activations.shape):
        points = _seen_from(middle, activations, order[part])
        squares[part] = np.einsum("ij,ij->i", points, points, dtype=np.float64)
    return squares


def _seen_from(middle: np.ndarray, activations: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return some samples in this order, as differences from the middle and in its type."""
    points = rows_in_order(activations, order, middle.dtype)
    points -= middle
    return points
