"""Rows of a layer a few at a time, so that no second layer is made on the way."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

PART_BYTES = 2**23
"""Of a part in double precision."""


def row_parts(rows: int, units: int) -> Iterator[slice]:
    """Yield slices of all rows in turn; none of a single row, which NumPy sums in another order.

    Parameters
    ----------
    rows, units : int
        Of the layer; a layer of one row is one part.
    """
    step = max(2, PART_BYTES // (8 * units))
    last = max(rows - 1, 1)
    for start in range(0, last, step):
        yield slice(start, start + step if start + step < last else rows)


def rows_in_order(activations: np.ndarray, order: np.ndarray, dtype: type) -> np.ndarray:
    """Return rows in another order and type, without a copy of them in their own type.

    Parameters
    ----------
    activations : array of float, shape (samples, units)
    order : array of int, shape (rows,)
    dtype : type

    Returns
    -------
    array, shape (rows, units)
    """
    rows = np.empty((len(order), activations.shape[1]), dtype)
    for part in row_parts(*rows.shape):
        rows[part] = activations[order[part]]
    return rows
