"""Compiled neighbours of pairs whose distance is Euclidean within each of two variables."""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled

# Samples whose distances are held at once, and those that they are compared with in one go.
ROWS, BLOCK = 32, 256


def euclidean_counts(
    x: np.ndarray, y: np.ndarray, neighbours: int
) -> tuple[np.ndarray, np.ndarray]:
    """Count the samples near each one in either variable, by its neighbours in both.

    Parameters
    ----------
    x, y : array of float64, shape (samples, units of x), (samples, units of y)
    neighbours : int
        k, below the number of samples.

    Returns
    -------
    of_x, of_y : array of int64, shape (samples, 2)
        Samples, the one itself included, nearer than the k-th neighbour in the joint space, whose
        distance is the larger of the two; and samples as near as the furthest of the k neighbours
        in this variable, or nearer.
    """
    rows = [np.ascontiguousarray(values.T, dtype=np.float64) for values in (x, y)]
    return _counts(*rows, neighbours)


@compiled(error_model="numpy")
def _squares(values, first, squares):
    """Set the squared distances of `ROWS` samples to all others; the same sum for a pair always."""
    units, samples = values.shape
    last = min(first + ROWS, samples)
    for start in range(0, samples, BLOCK):
        stop = min(start + BLOCK, samples)
        for i in range(first, last):
            row = squares[i - first]
            row[start:stop] = 0.0
            for unit in range(units):
                here = values[unit, i]
                for j in range(start, stop):
                    gap = values[unit, j] - here
                    row[j] += gap * gap


@compiled(error_model="numpy")
def _counts(x, y, neighbours):
    """Count; see `euclidean_counts`."""
    samples = x.shape[1]
    of_x, of_y = np.zeros((samples, 2), np.int64), np.zeros((samples, 2), np.int64)
    in_x, in_y = np.empty((ROWS, samples)), np.empty((ROWS, samples))
    nearest, places = np.empty(neighbours), np.empty(neighbours, np.int64)
    for first in range(0, samples, ROWS):
        _squares(x, first, in_x)
        _squares(y, first, in_y)
        for i in range(first, min(first + ROWS, samples)):
            row_x, row_y = in_x[i - first], in_y[i - first]
            nearest[:] = np.inf
            for j in range(samples):
                distance = max(row_x[j], row_y[j])
                if j != i and distance < nearest[neighbours - 1]:
                    place = neighbours - 1
                    while place > 0 and nearest[place - 1] > distance:
                        nearest[place] = nearest[place - 1]
                        places[place] = places[place - 1]
                        place -= 1
                    nearest[place], places[place] = distance, j
            reach, reach_x, reach_y = nearest[neighbours - 1], 0.0, 0.0
            for place in places:
                reach_x, reach_y = max(reach_x, row_x[place]), max(reach_y, row_y[place])
            for j in range(samples):
                of_x[i, 0] += row_x[j] < reach
                of_y[i, 0] += row_y[j] < reach
                of_x[i, 1] += row_x[j] <= reach_x
                of_y[i, 1] += row_y[j] <= reach_y
    return of_x, of_y
