"""The kernel-density bounds of wide layers, their distances from matrix products.

Of many units a core multiplies several times faster than it adds up squared differences.
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
from infoplane.units import BITS_PER_NAT

# From so many units on products are faster: measured at 64 to 1024 units of 4096 samples.
WIDE = 128
# Up to this largest squared norm, in noise variances, products are of float32. A squared distance
# is then off by at most a few times 2^-24 of it, which moves no estimate by 1e-3 bits; beyond, of
# float64.
FLOAT32_SQUARES = 2e4


@compiled(**REGROUPED)
def product_terms(products, row_squares, column_squares, factor, row_sums, column_sums):
    """Add the kernels between a tile's and a block's samples along rows and columns.

    Parameters
    ----------
    products : array of float, shape (tile's samples, block's samples)
        Inner products of their activations.
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
    for i in range(products.shape[0]):
        row, own = products[i], row_squares[i]
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
def add_block(products, row_squares, column_squares, factor, row_sums, column_sums):
    """Add the kernels between two blocks to the sums of both.

    Parameters
    ----------
    products, row_squares, column_squares, factor
        As for `product_terms`, of all of the first block's samples.
    row_sums, column_sums : arrays of float64, shape (2, samples)
        Of the two blocks.
    """
    sums = np.empty((2, BLOCK), np.float32)
    for first in range(0, products.shape[0], TILE):
        last = min(first + TILE, products.shape[0])
        sums[:, :] = ZERO
        product_terms(
            products[first:last],
            row_squares[first:last],
            column_squares,
            factor,
            row_sums[:, first:last],
            sums,
        )
        for j in range(products.shape[1]):
            column_sums[0, j] += sums[0, j]
            column_sums[1, j] += sums[1, j]


def product_sums(
    rows: np.ndarray, sizes: np.ndarray, block_labels: np.ndarray, noise_variance: float
) -> np.ndarray:
    """Sum the kernels between each sample and all samples, by equal and by other label.

    Parameters
    ----------
    rows : array of float32, shape (blocks * BLOCK, units)
        The samples in blocks of equal labels; places beyond a block's size are not read.
    sizes, block_labels : arrays of int64, shape (blocks,)
        How many samples each block holds, and their label.
    noise_variance : float

    Returns
    -------
    sums : array of float64, shape (2, 2, blocks * BLOCK)
        As from `infoplane.estimators._kde_kernels.pair_sums`.
    """
    used = np.concatenate([block * BLOCK + np.arange(size) for block, size in enumerate(sizes)])
    # Distances are those from the middle, where squared norms are smallest.
    middle = rows[used].mean(axis=0, dtype=np.float64)
    moved = np.zeros_like(rows)
    moved[used] = rows[used] - middle
    squares = np.einsum("ij,ij->i", moved, moved, dtype=np.float64)
    if squares.max() > FLOAT32_SQUARES * noise_variance:
        moved = np.zeros(rows.shape)
        moved[used] = rows[used] - middle
        squares = np.einsum("ij,ij->i", moved, moved)
    squares = squares.astype(moved.dtype)
    factor = moved.dtype.type(BITS_PER_NAT / (8 * noise_variance))
    sums, unused = np.zeros((2, 2, len(rows))), np.zeros((2, BLOCK))
    parts = [slice(block * BLOCK, block * BLOCK + size) for block, size in enumerate(sizes)]
    for block, part in enumerate(parts):
        for partner in range(block, len(parts)):
            other = parts[partner]
            kind = 0 if block_labels[partner] == block_labels[block] else 1
            products = moved[part] @ moved[other].T
            itself = partner == block
            if itself:
                # A sample is at no distance from itself.
                np.fill_diagonal(products, squares[part])
            column_sums = unused if itself else sums[:, kind, other]
            add_block(
                products, squares[part], squares[other], factor, sums[:, kind, part], column_sums
            )
    return sums
