"""How the compiled loops want samples, parameters and a batch's units in memory."""

from __future__ import annotations

import itertools

import numpy as np

from infoplane.training.fused.kernels import LANES


def sample_table(inputs: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return all that a network needs of each sample, side by side.

    Parameters
    ----------
    inputs : array, shape (samples, ...)
        Flattened.
    labels : array of int, shape (samples,)
    classes : int

    Returns
    -------
    table : array of float32, shape (samples, columns)
        Inputs, the constant 1 that biases multiply, one-hot label, zeros to a multiple of
        `LANES`.
    """
    inputs = inputs.reshape(len(inputs), -1)
    samples, features = inputs.shape
    columns = -(-(features + 1 + classes) // LANES) * LANES
    table = aligned_zeros(samples, columns)
    table[:, :features] = inputs
    table[:, features] = 1.0
    table[np.arange(samples), features + 1 + labels] = 1.0
    return table


def bias_last(widths: tuple[int, ...]) -> np.ndarray:
    """Return where each parameter of the engine's layout stands in that of the networks."""
    parts, start = [], 0
    for below, above in itertools.pairwise(widths):
        weights = start + np.arange(above * below).reshape(above, below)
        biases = start + above * below + np.arange(above)[:, None]
        parts.append(np.hstack([weights, biases]).ravel())
        start += above * (below + 1)
    return np.concatenate(parts)


def bias_places(widths: tuple[int, ...]) -> np.ndarray:
    """Return which parameters of the engine's layout are biases."""
    parts, start = [], 0
    for below, above in itertools.pairwise(widths):
        parts.append(start + below + np.arange(above) * (below + 1))
        start += above * (below + 1)
    return np.concatenate(parts)


def row_starts(widths: tuple[int, ...], columns: int) -> tuple[np.ndarray, int]:
    """Lay out the rows of a batch.

    Parameters
    ----------
    widths : tuple of int
        Units of every layer from the input to the output.
    columns : int
        Of the table of samples.

    Returns
    -------
    starts : array of int64, shape (layers + 2,)
        First row of the table's columns, of each layer's units (hidden layers are followed by a
        row of ones) and of the scratch rows.
    rows : int
        Number of rows in all.
    """
    heights = [columns, *(width + 1 for width in widths[1:-1]), widths[-1]]
    starts = np.concatenate([[0], np.cumsum(heights)]).astype(np.int64)
    return starts, int(starts[-1]) + max(max(widths), 2)


def aligned_zeros(rows: int, columns: int) -> np.ndarray:
    """Return zeros of float32 that start at a multiple of 64 bytes, a line of the cache."""
    array = np.zeros(rows * columns + 16, dtype=np.float32)
    skipped = (-array.ctypes.data % 64) // 4
    return array[skipped : skipped + rows * columns].reshape(rows, columns)
