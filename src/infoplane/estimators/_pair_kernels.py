"""Compiled neighbours of pairs whose distance is Euclidean within each of two variables."""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled

# Samples whose distances are held at once, and those that they are compared with in one go.
ROWS, BLOCK = 32, 256
# Distances that are looked at together for one that is near enough.
CHUNK = 64
# Units whose squares are added at a time.
GROUP = 4

INLINED = {"error_model": "numpy", "forceinline": True}


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


@compiled(**INLINED)
def _add_squares(values, unit, start, i, row):
    """Add the squares in `GROUP` units, one after another, to sums that are stored once."""
    a, b, c, d = (
        values[unit, start : start + BLOCK],
        values[unit + 1, start : start + BLOCK],
        values[unit + 2, start : start + BLOCK],
        values[unit + 3, start : start + BLOCK],
    )
    at_a, at_b, at_c, at_d = (
        values[unit, i],
        values[unit + 1, i],
        values[unit + 2, i],
        values[unit + 3, i],
    )
    for j in range(row.size):
        total = row[j] + (a[j] - at_a) * (a[j] - at_a)
        total += (b[j] - at_b) * (b[j] - at_b)
        total += (c[j] - at_c) * (c[j] - at_c)
        row[j] = total + (d[j] - at_d) * (d[j] - at_d)


@compiled(**INLINED)
def _squares(values, first, squares):
    """Set the squared distances of `ROWS` samples to all others; the same sum for a pair always."""
    units, samples = values.shape
    for start in range(0, samples, BLOCK):
        for i in range(first, min(first + ROWS, samples)):
            # Slices, whose places a compiler knows to be from 0 on, are read in vectors.
            row = squares[i - first, start : start + BLOCK]
            row[:] = 0.0
            whole = units // GROUP * GROUP
            for unit in range(0, whole, GROUP):
                _add_squares(values, unit, start, i, row)
            for unit in range(whole, units):
                others, here = values[unit, start : start + BLOCK], values[unit, i]
                for j in range(row.size):
                    gap = others[j] - here
                    row[j] += gap * gap


# The least of several numbers is the same in any order.
@compiled(fastmath={"nnan", "nsz"}, **INLINED)
def _least(values):
    least = values[0]
    for j in range(1, values.size):
        least = min(least, values[j])
    return least


@compiled(**INLINED)
def _find_nearest(distances, nearest, places):
    """Set the least of some distances, in ascending order, and where they are."""
    last = nearest.size - 1
    nearest[:] = np.inf
    for start in range(0, distances.size, CHUNK):
        chunk = distances[start : start + CHUNK]
        if _least(chunk) >= nearest[last]:
            continue
        for j in range(chunk.size):
            if chunk[j] < nearest[last]:
                place = last
                while place > 0 and nearest[place - 1] > chunk[j]:
                    nearest[place] = nearest[place - 1]
                    places[place] = places[place - 1]
                    place -= 1
                nearest[place], places[place] = chunk[j], start + j


@compiled(**INLINED)
def _count(squares, reach, reach_here):
    """Count those below the reach of the joint space, and those within that of this variable."""
    below, within = 0, 0
    for j in range(squares.size):
        below += squares[j] < reach
        within += squares[j] <= reach_here
    return below, within


@compiled(error_model="numpy")
def _counts(x, y, neighbours):
    """Count; see `euclidean_counts`."""
    samples = x.shape[1]
    of_x, of_y = np.zeros((samples, 2), np.int64), np.zeros((samples, 2), np.int64)
    in_x, in_y = np.empty((ROWS, samples)), np.empty((ROWS, samples))
    joint, nearest = np.empty(samples), np.empty(neighbours)
    places = np.empty(neighbours, np.int64)
    for first in range(0, samples, ROWS):
        _squares(x, first, in_x)
        _squares(y, first, in_y)
        for i in range(first, min(first + ROWS, samples)):
            row_x, row_y = in_x[i - first], in_y[i - first]
            for j in range(joint.size):
                joint[j] = row_x[j] if row_x[j] > row_y[j] else row_y[j]
            joint[i] = np.inf
            _find_nearest(joint, nearest, places)
            reach, reach_x, reach_y = nearest[neighbours - 1], 0.0, 0.0
            for place in places:
                reach_x, reach_y = max(reach_x, row_x[place]), max(reach_y, row_y[place])
            of_x[i] = _count(row_x, reach, reach_x)
            of_y[i] = _count(row_y, reach, reach_y)
    return of_x, of_y
