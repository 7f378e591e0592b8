"""Compiled searches for neighbours that compare all samples, in the maximum norm.

In many units a search tree visits most samples anyway. These loops visit all of them, but first
in whole numbers of two bytes, of which the processor takes 16 or 32 at a time: a pair whose rounded
values differ by clearly more or less than a radius is further apart or nearer than it. Only the few
that remain are compared in full, so that distances and counts are exact.
"""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled

# Samples whose rounded values are compared with one sample's in one go, and how many of those are
# looked at together for one that is near enough.
BLOCK, CHUNK = 256, 64
# Samples that are compared with a block while it is in the first-level cache.
TILE = 32
# Rounded values are 0 .. STEPS. Two that differ by d steps are d - 1 to d + 1 steps apart; one step
# more allows for rounding in the division.
STEPS, SLACK = 65535, 2

INLINED = {"error_model": "numpy", "forceinline": True}


def nearest_of_all(values: np.ndarray, neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest neighbours of each sample.

    Parameters
    ----------
    values : array of float64, shape (samples, units)
    neighbours : int
        k, below the number of samples.

    Returns
    -------
    distances : array of float64, shape (samples, neighbours)
        To the first .. k-th neighbour, the sample itself left out.
    indices : array of int64, shape (samples, neighbours)
        Which samples they are.
    """
    values = np.ascontiguousarray(values)
    return _nearest(values, *_rounded(values), neighbours)


def counts_of_all(values: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Count the samples within a closed cube about each sample, itself included.

    Parameters
    ----------
    values : array of float64, shape (samples, units)
    radii : array of float64, shape (samples, sets)
        At least 0; all sets of radii are counted in one go.

    Returns
    -------
    array of int64, shape (samples, sets)
    """
    values = np.ascontiguousarray(values)
    return _counts(values, *_rounded(values), np.ascontiguousarray(radii))


def _rounded(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Round values down to 65536 levels.

    Returns
    -------
    rows : array of uint16, shape (samples, units)
    blocks : array of uint16, shape (blocks, units * BLOCK)
        The same in blocks of samples, unit after unit.
    step : float
        Between levels. Where no float can be, all levels are 0 and the step is infinite:
        nothing is ruled out, nothing certain.
    """
    samples, units = values.shape
    with np.errstate(over="ignore"):
        step = float((values.max() - values.min()) / STEPS)
    usable = 0 < step < np.inf
    places = -(-samples // BLOCK) * BLOCK
    rows = np.zeros((places, units), np.uint16)
    if usable:
        rows[:samples] = np.minimum((values - values.min()) / step, STEPS)
    blocks = np.ascontiguousarray(rows.reshape(-1, BLOCK, units).transpose(0, 2, 1))
    return rows[:samples], blocks.reshape(-1, units * BLOCK), step if usable else np.inf


@compiled(**INLINED)
def _larger_gap(first, second, largest):
    gap = np.uint16(max(first, second) - min(first, second))
    return gap if gap > largest else largest


@compiled(**INLINED)
def _compare_rounded(block, row, gaps):
    """Set the largest difference in any unit of a rounded sample to each of a block's."""
    gaps[:] = 0
    whole = row.size // 4 * 4
    for first in range(0, whole, 4):
        columns = block[first * BLOCK : (first + 4) * BLOCK]
        a, b, c, d = row[first], row[first + 1], row[first + 2], row[first + 3]
        for j in range(BLOCK):
            gap = _larger_gap(columns[j], a, gaps[j])
            gap = _larger_gap(columns[BLOCK + j], b, gap)
            gap = _larger_gap(columns[2 * BLOCK + j], c, gap)
            gaps[j] = _larger_gap(columns[3 * BLOCK + j], d, gap)
    for unit in range(whole, row.size):
        column, value = block[unit * BLOCK : (unit + 1) * BLOCK], row[unit]
        for j in range(BLOCK):
            gaps[j] = _larger_gap(column[j], value, gaps[j])


@compiled(**INLINED)
def _any_within(gaps, limit):
    least = gaps[0]
    for j in range(1, gaps.size):
        least = gaps[j] if gaps[j] < least else least
    return least <= limit


# The largest of several numbers is the same in any order.
@compiled(fastmath={"nnan", "nsz"}, **INLINED)
def _distance(first, second):
    largest = 0.0
    for unit in range(first.size):
        largest = max(largest, abs(first[unit] - second[unit]))
    return largest


@compiled(**INLINED)
def _most_steps(radius, step):
    """Return the largest rounded difference of a pair that may be within a radius."""
    steps = radius / step + SLACK
    # Also where both are infinite.
    return np.uint16(steps if steps < STEPS else STEPS)


@compiled(error_model="numpy")
def _nearest(values, rows, blocks, step, neighbours):
    """Find neighbours; see `nearest_of_all` and `_rounded`."""
    samples = len(values)
    distances = np.full((samples, neighbours), np.inf)
    indices = np.zeros((samples, neighbours), np.int64)
    gaps = np.empty(BLOCK, np.uint16)
    for tile in range(0, samples, TILE):
        for turn in range(len(blocks)):
            block = (tile // BLOCK + turn) % len(blocks)
            size = min(samples - block * BLOCK, BLOCK)
            for i in range(tile, min(tile + TILE, samples)):
                nearest, places = distances[i], indices[i]
                limit = _most_steps(nearest[neighbours - 1], step)
                _compare_rounded(blocks[block], rows[i], gaps)
                for chunk in range(0, size, CHUNK):
                    if not _any_within(gaps[chunk : chunk + CHUNK], limit):
                        continue
                    for j in range(chunk, min(chunk + CHUNK, size)):
                        other = block * BLOCK + j
                        if gaps[j] > limit or other == i:
                            continue
                        distance = _distance(values[i], values[other])
                        if distance < nearest[neighbours - 1]:
                            place = neighbours - 1
                            while place > 0 and nearest[place - 1] > distance:
                                nearest[place] = nearest[place - 1]
                                places[place] = places[place - 1]
                                place -= 1
                            nearest[place], places[place] = distance, other
                            limit = _most_steps(nearest[neighbours - 1], step)
    return distances, indices


@compiled(error_model="numpy")
def _counts(values, rows, blocks, step, radii):
    """Count samples; see `counts_of_all` and `_rounded`."""
    samples, sets = radii.shape
    counts = np.zeros((samples, sets), np.int64)
    gaps = np.empty(BLOCK, np.uint16)
    for tile in range(0, samples, TILE):
        for block in range(len(blocks)):
            size = min(samples - block * BLOCK, BLOCK)
            for i in range(tile, min(tile + TILE, samples)):
                _compare_rounded(blocks[block], rows[i], gaps)
                for which in range(sets):
                    radius = radii[i, which]
                    most = _most_steps(radius, step)
                    # Below this many steps a pair is within the radius for certain.
                    fewest = np.uint16(min(max(radius / step - SLACK, 0.0), STEPS))
                    # As short as what they count, so that they are added up in as many lanes.
                    certain, possible = np.uint16(0), np.uint16(0)
                    for j in range(size):
                        certain = np.uint16(certain + np.uint16(gaps[j] < fewest))
                        possible = np.uint16(possible + np.uint16(gaps[j] <= most))
                    counts[i, which] += certain
                    if possible == certain:
                        continue
                    for j in range(size):
                        if fewest <= gaps[j] <= most:
                            distance = _distance(values[i], values[block * BLOCK + j])
                            counts[i, which] += distance <= radius
    return counts


@compiled(error_model="numpy")
def nearest_on_line(values, neighbours):
    """Find the distances of each number to its nearest neighbours among sorted numbers.

    Parameters
    ----------
    values : array of float64, shape (samples,)
        Increasing.
    neighbours : int
        k, below the number of samples.

    Returns
    -------
    array of float64, shape (samples,)
        To the k-th neighbour, the sample itself left out. The k neighbours and the sample are
        next to each other, so it is the least reach of all such windows, found by bisection.
    """
    samples = values.size
    found = np.empty(samples)
    for i in range(samples):
        lowest, highest = max(i - neighbours, 0), min(i, samples - 1 - neighbours)
        # From some window on the upper end is the further one, and only ever further.
        first, last = lowest, highest + 1
        while first < last:
            middle = (first + last) // 2
            if values[middle + neighbours] - values[i] < values[i] - values[middle]:
                first = middle + 1
            else:
                last = middle
        least = np.inf
        if first <= highest:
            least = values[first + neighbours] - values[i]
        if first > lowest:
            least = min(least, values[i] - values[first - 1])
        found[i] = least
    return found


@compiled(error_model="numpy")
def counts_on_line(values, radii):
    """Count the numbers within a closed interval about each of sorted numbers, itself included.

    Parameters
    ----------
    values : array of float64, shape (samples,)
        Increasing.
    radii : array of float64, shape (samples,)
        At least 0.

    Returns
    -------
    array of int64, shape (samples,)
        By bisection on the differences themselves, as they are rounded.
    """
    samples = values.size
    counts = np.empty(samples, np.int64)
    for i in range(samples):
        inside, outside = i, samples
        while outside - inside > 1:
            middle = (inside + outside) // 2
            if values[middle] - values[i] <= radii[i]:
                inside = middle
            else:
                outside = middle
        last = inside
        inside, outside = i, -1
        while inside - outside > 1:
            middle = (inside + outside) // 2
            if values[i] - values[middle] <= radii[i]:
                inside = middle
            else:
                outside = middle
        counts[i] = last - inside + 1
    return counts
