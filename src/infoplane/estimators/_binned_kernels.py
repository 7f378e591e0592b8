"""Compiled loops of the binned estimator: intervals, state numbers, counts, entropies."""

from __future__ import annotations

import math

import numpy as np

from infoplane.compiled.compilation import compiled

# 2^64 divided by the golden ratio: Fibonacci hashing (Knuth 1998, volume 3, section 6.4).
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
HALF_A_WORD = np.uint64(32)


@compiled(error_model="numpy")
def interval_codes(values, low, high, bins):
    """Find the interval of each value, exactly as its edges in float64 say.

    Parameters
    ----------
    values : array of float, shape (samples, units)
    low, high : float
    bins : int
        The edges are low + k * (high - low) / bins in float64, evaluated left to right.

    Returns
    -------
    codes : array of int64, shape (samples, units)
        Intervals 0 .. bins - 1; the upper edge of the range belongs to the last one, a value
        outside to the nearest one.
    """
    codes = np.empty(values.shape, np.int64)
    flat_values, flat_codes = values.reshape(-1), codes.reshape(-1)
    span = high - low
    scale = bins / span
    for i in range(flat_values.size):
        value = min(max(np.float64(flat_values[i]), low), high)
        # The edge nearest to the value decides between its two neighbours.
        nearest = np.int64((value - low) * scale + 0.5)
        edge = low + nearest * span / bins
        flat_codes[i] = min(nearest - (value < edge), bins - 1)
    return codes


@compiled()
def first_outside(values, low, high):
    """Return sample and unit of the first value that lies outside [low, high]."""
    for sample in range(values.shape[0]):
        for unit in range(values.shape[1]):
            if not low <= values[sample, unit] <= high:
                return sample, unit
    return -1, -1


@compiled(error_model="numpy")
def width_codes(values, width):
    """Find floor(value / width) of each value, counted from the smallest one.

    Parameters
    ----------
    values : array of float, shape (samples, units)
    width : float

    Returns
    -------
    codes : array of int64, shape (samples, units)
    smallest, largest : int
        Extremes of floor(value / width), where anything outside -2**31 .. 2**31 - 1 counts as
        -2**31 - 1 or 2**31; the codes are then useless.
    """
    codes = np.empty(values.shape, np.int64)
    flat_values, flat_codes = values.reshape(-1), codes.reshape(-1)
    for i in range(flat_values.size):
        quotient = np.floor(np.float64(flat_values[i]) / width)
        flat_codes[i] = np.int64(min(max(quotient, -(2.0**31) - 1.0), 2.0**31))
    smallest, largest = flat_codes[0], flat_codes[0]
    for i in range(flat_codes.size):
        smallest = min(smallest, flat_codes[i])
        largest = max(largest, flat_codes[i])
    for i in range(flat_codes.size):
        flat_codes[i] -= smallest
    return codes, smallest, largest


@compiled()
def append_codes(states, codes, radix):
    """Append the codes of some units to the samples' states, in place.

    Parameters
    ----------
    states : array of uint64, shape (samples,)
        Together with the appended digits they must fit into 64 bits.
    codes : array of int64, shape (samples, units)
    radix : int
        The number of possible codes: states become states * radix + code.
    """
    radix = np.uint64(radix)
    for sample in range(codes.shape[0]):
        state = states[sample]
        for unit in range(codes.shape[1]):
            state = state * radix + np.uint64(codes[sample, unit])
        states[sample] = state


@compiled()
def rank(states):
    """Number the distinct states in order of appearance.

    Parameters
    ----------
    states : array of uint64, shape (samples,)

    Returns
    -------
    ranks : array of uint64, shape (samples,)
        Values 0 .. distinct - 1, equal where the states are equal.
    distinct : int
        Number of different states.

    Notes
    -----
    A hash table with open addressing that compares whole states, so that two of them are never
    merged. At most a quarter of its slots is taken: branches on a slot that is taken by another
    state are what costs time.
    """
    bits = 4
    while 1 << bits < 4 * states.size:
        bits += 1
    mask = np.uint64((1 << bits) - 1)
    shift = np.uint64(64 - bits)
    slots = np.zeros(1 << bits, np.uint32)
    known = np.empty(states.size, np.uint64)
    ranks = np.empty(states.size, np.uint64)
    distinct = 0
    for sample in range(states.size):
        state = states[sample]
        slot = ((state ^ (state >> HALF_A_WORD)) * MULTIPLIER) >> shift
        found = slots[slot]
        while found != 0 and known[found - 1] != state:
            slot = (slot + np.uint64(1)) & mask
            found = slots[slot]
        if found == 0:
            known[distinct] = state
            distinct += 1
            found = np.uint32(distinct)
            slots[slot] = found
        ranks[sample] = np.uint64(found - 1)
    return ranks, distinct


@compiled(error_model="numpy")
def entropy_of_counts(counts, samples):
    """Return the plug-in entropy in bits of states that occur so many times.

    Parameters
    ----------
    counts : array of int64, shape (states,)
    samples : int
        Their sum.

    Notes
    -----
    Counts are gathered by size and the terms summed from small to large: the result is the
    same bit for bit whatever the order of the samples and the numbering of the states.
    """
    # Most states of a wide layer occur once, and one counter of sizes would wait on itself.
    repeated, kept, once = np.empty_like(counts), 0, 0
    for state in range(counts.size):
        repeated[kept] = counts[state]
        kept += counts[state] > 1
        once += counts[state] == 1
    of_size = np.zeros(samples + 1, np.int64)
    for place in range(kept):
        of_size[repeated[place]] += 1
    bits, rest = once / samples * math.log2(samples), samples - once
    size = 2
    while rest > 0:
        if of_size[size] > 0:
            bits += of_size[size] * size / samples * math.log2(samples / size)
            rest -= of_size[size] * size
        size += 1
    return bits


@compiled(error_model="numpy")
def joint_entropies(states, labels, classes):
    """Return H(T), H(Y) and H(T,Y) in bits.

    Parameters
    ----------
    states : array of uint64, shape (samples,)
        The binned states T, by any numbers.
    labels : array of int64, shape (samples,)
        The labels Y, 0 .. classes - 1.
    classes : int

    Returns
    -------
    state_bits, label_bits, joint_bits : float
    """
    samples = states.size
    ranks, distinct = rank(states)
    of_state, of_label = np.zeros(distinct, np.int64), np.zeros(classes, np.int64)
    if distinct * classes <= 4 * samples:
        joint = np.zeros((distinct, classes), np.int64)
        for sample in range(samples):
            joint[ranks[sample], labels[sample]] += 1
        for state in range(distinct):
            for label in range(classes):
                of_state[state] += joint[state, label]
                of_label[label] += joint[state, label]
        of_joint = joint.reshape(-1)
    else:
        for sample in range(samples):
            of_state[ranks[sample]] += 1
            of_label[labels[sample]] += 1
            ranks[sample] = ranks[sample] * np.uint64(classes) + np.uint64(labels[sample])
        ranks, distinct = rank(ranks)
        of_joint = np.zeros(distinct, np.int64)
        for sample in range(samples):
            of_joint[ranks[sample]] += 1
    return (
        entropy_of_counts(of_state, samples),
        entropy_of_counts(of_label, samples),
        entropy_of_counts(of_joint, samples),
    )
