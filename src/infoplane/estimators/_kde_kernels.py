"""Compiled pass over all pairs of samples for the kernel-density bounds."""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled

# Samples per block: its points and its column sums stay in the first-level cache.
BLOCK = 512
# Rows whose terms a column adds up in float32 before they go to float64.
TILE = 64
# Columns are processed in whole vectors of this many.
LANES = 16
# Up to so many units squared distances stay in registers.
NARROW = 12
# Those of more units are kept, and grow by GROUP units at a time, for ROWS samples together: what
# their columns hold is loaded once for all of them.
GROUP, ROWS = 4, 4

ZERO, ONE = np.float32(0.0), np.float32(1.0)
# Below 2^-31 the fourth power of a term counts as 2^-124, which keeps it a normal number.
SMALLEST = np.float32(2.0**-31)
# 2^-126 stands for everything smaller.
LARGEST_EXPONENT = np.float32(126.0)
# Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
SHIFT, MANTISSA_BITS = np.float32(12582912.0), np.int32(23)
# 2^r = 1 + r P(r) on |r| <= 1/2, minimax with coefficients rounded to float32: relative error
# 9.4e-8, and exactly 1 at 0.
P0, P1, P2 = np.float32(0.693147), np.float32(0.24022247), np.float32(0.05550711)
P3, P4 = np.float32(0.009671291), np.float32(0.0013269521)

# Sums may be regrouped into vector lanes; nan, infinities and divisions keep their rules. Inlined,
# because LLVM regroups a function by itself and a copy of it within its caller in different ways,
# and a process that compiles would call the one, and a process that finds a cache the other.
INLINED = {"error_model": "numpy", "forceinline": True}
REGROUPED = {"fastmath": {"reassoc", "contract", "nsz"}, **INLINED}


@compiled(fastmath={"contract"}, **INLINED)
def negative_power_of_two(exponent):
    """Return 2^-exponent for a float32 exponent >= 0, infinity included.

    Notes
    -----
    Relative error below 2e-7, exactly 1 at 0, and 2^-126 from 126 on. Without ``reassoc``,
    which would cancel the rounding by `SHIFT`; cheaper than a general exponential because of
    its one-sided range.
    """
    exponent = LARGEST_EXPONENT if exponent > LARGEST_EXPONENT else exponent
    shifted = SHIFT - exponent
    r = (SHIFT - shifted) - exponent
    power = ONE + r * ((((P4 * r + P3) * r + P2) * r + P1) * r + P0)
    whole = np.int32(np.float32(shifted).view(np.int32) << MANTISSA_BITS)
    return np.int32(np.float32(power).view(np.int32) + whole).view(np.float32)


@compiled(**REGROUPED)
def add_squares(columns, rows, units, size, squares):
    """Set the squared distances of `ROWS` samples to a block's samples over the first units.

    Parameters
    ----------
    columns : array of float, shape (units of the layer * BLOCK,)
        One block's samples, unit after unit.
    rows : array of float, shape (ROWS, units of the layer)
        The samples.
    units : int
        How many units to use; a multiple of `GROUP`.
    size : int
        How many of the block's samples to use.
    squares : array of float, shape (ROWS, BLOCK)
        Overwritten.
    """
    squares_0, squares_1, squares_2, squares_3 = squares[0], squares[1], squares[2], squares[3]
    squares[:, :size] = 0
    for first in range(0, units, GROUP):
        group = columns[first * BLOCK :]
        row_0, row_1 = rows[0, first : first + GROUP], rows[1, first : first + GROUP]
        row_2, row_3 = rows[2, first : first + GROUP], rows[3, first : first + GROUP]
        for j in range(size):
            square_0, square_1 = squares_0[j], squares_1[j]
            square_2, square_3 = squares_2[j], squares_3[j]
            for unit in range(GROUP):
                value = group[unit * BLOCK + j]
                square_0 += (value - row_0[unit]) * (value - row_0[unit])
                square_1 += (value - row_1[unit]) * (value - row_1[unit])
                square_2 += (value - row_2[unit]) * (value - row_2[unit])
                square_3 += (value - row_3[unit]) * (value - row_3[unit])
            squares_0[j], squares_1[j] = square_0, square_1
            squares_2[j], squares_3[j] = square_2, square_3


@compiled(**REGROUPED)
def tile_terms(columns, rows, size, factor, last_units, squares, row_sums, column_sums):
    """Add the kernels between a tile's and a block's samples along rows and columns.

    Parameters
    ----------
    columns : array of float, shape (at least (units - 1) * BLOCK + size,)
        The block's samples, unit after unit.
    rows : array of float, shape (tile's samples and up to `ROWS` - 1 more, units)
    size : int
        How many of the block's samples to use.
    factor : float
        1 / (8 ln 2 noise_variance), of the type of the points.
    last_units : tuple
        Only its length counts, the number of units whose loop is unrolled so that distances
        stay in registers: all units, or all but a multiple of `GROUP`.
    squares : array of float, shape (ROWS, BLOCK), or None
        Working space of layers with other units than these.
    row_sums : array of float64, shape (2, tile's samples)
        Sums of exp(-d / (8 noise_variance)), with d the squared distance, and of its fourth
        power, to which each row's terms are added.
    column_sums : array of float32, shape (2, BLOCK)
        The same for the columns.
    """
    others = rows.shape[1] - len(last_units)
    last_columns = columns[others * BLOCK :]
    lower_columns, upper_columns = column_sums[0], column_sums[1]
    for i in range(row_sums.shape[1]):
        row = rows[i, others:]
        if squares is not None and i % ROWS == 0:
            add_squares(columns, rows[i : i + ROWS], others, size, squares)
        lower, upper = ZERO, ZERO
        for j in range(size):
            square = columns.dtype.type(0) if squares is None else squares[i % ROWS, j]
            for unit in range(len(last_units)):
                difference = last_columns[unit * BLOCK + j] - row[unit]
                square += difference * difference
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
def pair_sums(blocks, rows, sizes, block_labels, factor, last_units, squares):
    """Sum the kernels between each sample and all samples, by equal and by other label.

    Parameters
    ----------
    blocks : array of float, shape (blocks, units * BLOCK)
        The samples in blocks of equal labels, unit after unit. Places beyond a block's size
        hold infinities.
    rows : array of float, shape (blocks * BLOCK, units)
        The same numbers, sample after sample.
    sizes, block_labels : arrays of int64, shape (blocks,)
        How many samples each block holds, and their label.
    factor : float
        1 / (8 ln 2 noise_variance), of the type of the points.
    last_units, squares : tuple, array of float or None
        See `tile_terms`.

    Returns
    -------
    sums : array of float64, shape (2, 2, blocks * BLOCK)
        First axis: lower bound, exp(-d / (8 noise_variance)), and upper bound,
        exp(-d / (2 noise_variance)), with d the squared distance; second axis: pairs of equal
        labels (the sample itself among them) and of different labels.
    """
    sums = np.zeros((2, 2, rows.shape[0]))
    column_sums = np.empty((2, BLOCK), np.float32)
    for block in range(sizes.size):
        for first in range(0, sizes[block], TILE):
            last = min(first + TILE, sizes[block])
            tile = slice(block * BLOCK + first, block * BLOCK + last)
            # What is beyond the last sample is in none of the sums.
            whole = slice(tile.start, tile.start + (last - first + ROWS - 1) // ROWS * ROWS)
            for partner in range(block, sizes.size):
                kind = 0 if block_labels[partner] == block_labels[block] else 1
                # A tile meets itself, with each of its pairs twice, and all that comes later.
                begin, end = (first, last) if partner == block else (0, sizes[partner])
                while begin < sizes[partner]:
                    size = (end - begin + LANES - 1) // LANES * LANES
                    column_sums[:, :size] = ZERO
                    tile_terms(
                        blocks[partner, begin:],
                        rows[whole],
                        size,
                        factor,
                        last_units,
                        squares,
                        sums[:, kind, tile],
                        column_sums,
                    )
                    if partner != block or begin != first:
                        for j in range(end - begin):
                            sums[0, kind, partner * BLOCK + begin + j] += column_sums[0, j]
                            sums[1, kind, partner * BLOCK + begin + j] += column_sums[1, j]
                    begin, end = end, sizes[partner]
    return sums
