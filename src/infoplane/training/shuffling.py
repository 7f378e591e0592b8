"""The order in which a network meets its samples in an epoch."""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled


@compiled()
def mix(state):
    """Return splitmix64's output for a counter (Steele, Lea & Flood 2014, figure 15)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@compiled()
def shuffle_epoch(order, seed, epoch):
    """Fill an array with the order in which one network meets its samples in one epoch.

    Parameters
    ----------
    order : array of int64, shape (samples,)
        Overwritten with a permutation of 0 .. samples - 1.
    seed : uint64
        The network's own seed.
    epoch : int
        Every epoch's order depends on the seed and the epoch alone, so that training can stop
        and go on anywhere.

    Notes
    -----
    Fisher-Yates, its random numbers the 32 high bits of splitmix64, scaled by multiplication;
    the bias is below samples / 2^32.
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    state = mix(seed + golden * (np.uint64(epoch) + np.uint64(1)))
    for position in range(order.size):
        order[position] = position
    for position in range(order.size - 1, 0, -1):
        state += golden
        draw = mix(state) >> np.uint64(32)
        other = np.int64((draw * np.uint64(position + 1)) >> np.uint64(32))
        kept = order[position]
        order[position] = order[other]
        order[other] = kept
