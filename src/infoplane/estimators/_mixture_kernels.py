"""Compiled loops of a Gaussian mixture's density."""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import ROUNDING, exp32
from infoplane.estimators._kde_kernels import negative_power_of_two
from infoplane.units import BITS_PER_NAT

# Units whose squares are added at a time.
GROUP = 4


@compiled(forceinline=True, **ROUNDING)
def _add_squares(point, centres, unit, distances):
    """Add the squares in `GROUP` units, one after another, to sums that are stored once."""
    a, b, c, d = centres[unit], centres[unit + 1], centres[unit + 2], centres[unit + 3]
    at_a, at_b, at_c, at_d = point[unit], point[unit + 1], point[unit + 2], point[unit + 3]
    for centre in range(distances.size):
        total = distances[centre] + (a[centre] - at_a) * (a[centre] - at_a)
        total += (b[centre] - at_b) * (b[centre] - at_b)
        total += (c[centre] - at_c) * (c[centre] - at_c)
        distances[centre] = total + (d[centre] - at_d) * (d[centre] - at_d)


@compiled(**ROUNDING)
def _fill_distances(point, centres, distances):
    """Write the squared distances of one point to all centres."""
    distances[:] = np.float32(0.0)
    whole = centres.shape[0] // GROUP * GROUP
    for unit in range(0, whole, GROUP):
        _add_squares(point, centres, unit, distances)
    for unit in range(whole, centres.shape[0]):
        coordinate, row = point[unit], centres[unit]
        for centre in range(row.size):
            difference = row[centre] - coordinate
            distances[centre] += difference * difference


@compiled(**ROUNDING)
def _fill_weights(distances, least):
    """Replace each squared distance d by exp(least - d)."""
    for centre in range(distances.size):
        distances[centre] = exp32(least - distances[centre])


# Sums may be regrouped into vector lanes, everywhere alike: hence inlined. Nan and infinities keep
# their rules.
@compiled(fastmath={"reassoc", "contract", "nsz"}, forceinline=True)
def _sum(values, start, end):
    """Return the sum of values[start:end] in float64."""
    total = 0.0
    for place in range(start, end):
        total += np.float64(values[place])
    return total


@compiled(error_model="numpy")
def log_kernel_sums(points, centres, class_ranges, own_ranges):
    """Return ln sum_j exp(-|t - c_j|^2) over the centres of other patterns.

    Parameters
    ----------
    points : array of float32, shape (points, units)
    centres : array of float32, shape (units, centres)
        The centres of a class side by side, and within it those of a pattern.
    class_ranges, own_ranges : arrays of int64, shape (points, 2)
        Where the centres of each point's class, and of its own pattern, start and end.

    Returns
    -------
    of_class, of_all : arrays of float64, shape (points,)
        In nats: over the other patterns of the point's class, and over all other patterns.
        -inf where there are none.
    """
    of_class, of_all = np.empty(len(points)), np.empty(len(points))
    distances = np.empty(centres.shape[1], np.float32)
    for number in range(len(points)):
        _fill_distances(points[number], centres, distances)
        start, end = class_ranges[number]
        own_start, own_end = own_ranges[number]
        distances[own_start:own_end] = np.float32(np.inf)
        least = np.float32(np.inf)
        for place in range(distances.size):
            least = min(least, distances[place])
        if least == np.inf:
            of_class[number] = of_all[number] = -np.inf
            continue
        _fill_weights(distances, least)
        same = _sum(distances, start, end)
        other = _sum(distances, 0, start) + _sum(distances, end, distances.size)
        of_class[number] = np.log(same) - least
        of_all[number] = np.log(same + other) - least
    return of_class, of_all


@compiled(**ROUNDING)
def _fill_exponentials(logarithms, largest, weights):
    """Write exp(l - largest) of each logarithm l, 2^-126 for all below: subnormals are slow."""
    for place in range(weights.size):
        bits = (largest - logarithms[place]) * BITS_PER_NAT
        weights[place] = negative_power_of_two(np.float32(bits))


# The largest of several numbers is the same in any order.
@compiled(fastmath={"nnan", "nsz"}, forceinline=True)
def largest_of(values):
    """Return the largest of some numbers that hold no nan."""
    largest = values[0]
    for place in range(1, values.size):
        largest = max(largest, values[place])
    return largest


@compiled(error_model="numpy")
def log_sums(densities, class_ranges):
    """Return ln sum_j exp(d_j) over the components of each point's class, and over all.

    Parameters
    ----------
    densities : array of float64, shape (points, components)
        Logarithms in nats; the components of a class side by side.
    class_ranges : array of int64, shape (points, 2)
        Where the components of each point's class start and end.

    Returns
    -------
    of_class, of_all : arrays of float64, shape (points,)
        In nats, to 2e-7: exponentials are of float32, their sums of float64.
    """
    of_class, of_all = np.empty(len(densities)), np.empty(len(densities))
    weights = np.empty(densities.shape[1], np.float32)
    for number in range(len(densities)):
        row, (start, end) = densities[number], class_ranges[number]
        # A class may be so far below the others that nothing of it is left beside them.
        largest, of_own = largest_of(row), largest_of(row[start:end])
        _fill_exponentials(row[:start], largest, weights[:start])
        _fill_exponentials(row[start:end], of_own, weights[start:end])
        _fill_exponentials(row[end:], largest, weights[end:])
        same = _sum(weights, start, end)
        other = _sum(weights, 0, start) + _sum(weights, end, weights.size)
        of_class[number] = np.log(same) + of_own
        of_all[number] = np.log(same * np.exp(of_own - largest) + other) + largest
    return of_class, of_all
