"""Compiled searches for neighbours that compare all samples, in the maximum norm.

In many units a search tree visits most samples anyway; these loops do so unit by unit, over rows
of memory that the processor takes several at a time.
"""

from __future__ import annotations

import numpy as np

from infoplane.compilation import compiled


@compiled(error_model="numpy")
def nearest_of_all(columns, neighbours):
    """Find the distances of each sample to its nearest neighbours.

    Parameters
    ----------
    columns : array of float64, shape (units, samples)
    neighbours : int
        k, below the number of samples.

    Returns
    -------
    array of float64, shape (samples,)
        To the k-th neighbour, the sample itself left out.
    """
    units, samples = columns.shape
    found = np.empty(samples)
    nearest = np.empty(neighbours)
    largest = np.empty(samples)
    for i in range(samples):
        largest[:] = 0.0
        for unit in range(units):
            own = columns[unit, i]
            for j in range(samples):
                difference = abs(columns[unit, j] - own)
                largest[j] = difference if difference > largest[j] else largest[j]
        largest[i] = np.inf
        nearest[:] = np.inf
        for j in range(samples):
            distance = largest[j]
            if distance < nearest[neighbours - 1]:
                place = neighbours - 1
                while place > 0 and nearest[place - 1] > distance:
                    nearest[place] = nearest[place - 1]
                    place -= 1
                nearest[place] = distance
        found[i] = nearest[neighbours - 1]
    return found


@compiled(error_model="numpy")
def counts_of_all(columns, radii):
    """Count the samples within a closed cube about each sample, itself included.

    Parameters
    ----------
    columns : array of float64, shape (units, samples)
    radii : array of float64, shape (samples,)

    Returns
    -------
    array of int64, shape (samples,)
    """
    units, samples = columns.shape
    counts = np.zeros(samples, np.int64)
    largest = np.empty(samples)
    for i in range(samples):
        largest[:] = 0.0
        for unit in range(units):
            own = columns[unit, i]
            for j in range(samples):
                difference = abs(columns[unit, j] - own)
                largest[j] = difference if difference > largest[j] else largest[j]
        count = 0
        for j in range(samples):
            count += largest[j] <= radii[i]
        counts[i] = count
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
        next to each other, so it is the least reach of all such windows.
    """
    samples = values.size
    found = np.empty(samples)
    for i in range(samples):
        least = np.inf
        for first in range(max(i - neighbours, 0), min(i, samples - 1 - neighbours) + 1):
            reach = max(values[i] - values[first], values[first + neighbours] - values[i])
            least = min(least, reach)
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
