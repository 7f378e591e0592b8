"""Training of one quantised or noisy network, compiled as one function.

The network's own arithmetic is that of `infoplane.training.fused.loop`; between the layers
stands a channel, which rounds, or adds noise or multiplies by it. Rounding the gradient passes
unchanged.
"""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import ROUNDING, SHIFT
from infoplane.training.fused.kernels import LANES, TILE, dense
from infoplane.training.fused.loop import (
    LINEAR,
    ONE,
    RELU,
    SOFTSIGN,
    ZERO,
    activate,
    all_finite,
    backward,
    descend,
    fetch,
    keep_gradient,
    limit_norms,
    output_delta,
    start_gradient,
)
from infoplane.training.shuffling import shuffle_epoch


@compiled(**ROUNDING)
def train_epoch(widths, activation, output, adam, rate, decay, limit, table, samples, count, taken,
                batch_size, shuffled, seed, parameters, means, squares, kept, steps, starts, rows,
                slopes, is_weight, bits, noise, is_relative, epoch):  # fmt: skip
    """Train one network for one epoch, in place, unless a parameter is not finite.

    Parameters
    ----------
    limit : float32
        On the norm of a hidden unit's weights, before they are rounded; 0 for none.
    count, taken, kept
        As for `infoplane.training.fused.loop.train`.
    bits : int
        Of the quantisation, 0 for none; a batch then has at most `TILE` samples.
    noise : array of float32, shape (hidden units, at least count + TILE)
        Of the units of the sample in that place of the epoch; no rows for none.
    is_relative : bool
        Whether units are multiplied by 1 plus the noise, or it is added to them.
    """
    if not all_finite(parameters):
        return
    met = samples.copy()
    if shuffled:
        order = np.arange(count).astype(np.int32)
        shuffle_epoch(order, seed, epoch)
        for place in range(taken):
            met[place] = samples[order[place]]
    gradient, seen = np.zeros_like(parameters), parameters.copy()
    zeros = np.zeros(1, dtype=np.float32)
    for first in range(0, taken, batch_size):
        size = min(batch_size, taken - first)
        start_gradient(gradient, kept, decay, parameters)
        for index in range(parameters.size):
            seen[index] = parameters[index]
        if bits > 0:
            quantise_weights(widths, seen, is_weight, bits)
        for start in range(first, first + size, TILE):
            width = min(TILE, first + size - start)
            vectors = (width + LANES - 1) // LANES
            fetch(table, met, start, vectors, rows)
            forward(widths, activation, seen, starts, rows, slopes, vectors, width, bits, noise,
                    is_relative, start)  # fmt: skip
            output_delta(widths, output, starts, rows, slopes, width, vectors * LANES, size)
            # The softsign's backward pass takes any activation's slopes as they are kept.
            backward(widths, SOFTSIGN, seen, starts, rows, slopes, vectors, gradient, zeros)
        keep_gradient(gradient, kept, decay, parameters)
        descend(parameters, gradient, means, squares, steps, rate, adam)
        if limit > ZERO:
            limit_norms(widths, parameters, limit)


@compiled(**ROUNDING)
def forward(widths, activation, parameters, starts, rows, slopes, vectors, width, bits, noise,
            is_relative, start):  # fmt: skip
    """Compute all layers' units, each hidden layer's through its channel, and their slopes."""
    weight, unit = 0, 0
    for layer in range(1, widths.size):
        below, units, result = widths[layer - 1], widths[layer], starts[layer]
        dense(rows, result, units, starts[layer - 1], below, parameters, weight, below + 1, 1,
              parameters, weight + below, below + 1, vectors)  # fmt: skip
        weight += units * (below + 1)
        if layer < widths.size - 1:
            last, samples = result + units, vectors * LANES
            activate(activation, rows, slopes, result, last, samples)
            keep_slopes(activation, rows, slopes, result, last, samples)
            if bits > 0:
                quantise_rows(rows, result, last, width, samples, starts[-1], bits)
            if noise.shape[0] > 0 and is_relative:
                multiply_by_noise(rows, slopes, result, last, samples, noise, unit, start)
            elif noise.shape[0] > 0:
                add_noise(rows, result, last, samples, noise, unit, start)
            unit += units


@compiled(**ROUNDING)
def keep_slopes(activation, rows, slopes, first, last, samples):
    """Keep the slopes of the activations that the channel is about to hide."""
    if activation == RELU:
        for unit in range(first, last):
            for sample in range(samples):
                slopes[unit, sample] = ONE if rows[unit, sample] > ZERO else ZERO
    elif activation == LINEAR:
        slopes[first:last, :samples] = ONE


@compiled(**ROUNDING)
def add_noise(rows, first, last, samples, noise, unit, start):
    """Add to each unit of each sample its own noise."""
    for row in range(first, last):
        for sample in range(samples):
            rows[row, sample] += noise[unit + row - first, start + sample]


@compiled(**ROUNDING)
def multiply_by_noise(rows, slopes, first, last, samples, noise, unit, start):
    """Multiply each unit of each sample, and its slope, by 1 plus its own noise."""
    for row in range(first, last):
        for sample in range(samples):
            factor = ONE + noise[unit + row - first, start + sample]
            rows[row, sample] *= factor
            slopes[row, sample] *= factor


@compiled(**ROUNDING)
def quantise_rows(rows, first, last, width, samples, scratch, bits):
    """Round a layer's units to levels over the range of the samples before `width`."""
    low, high = rows[scratch], rows[scratch + 1]
    low[:samples], high[:samples] = ZERO, ZERO
    for unit in range(first, last):
        for sample in range(samples):
            low[sample] = min(low[sample], rows[unit, sample])
            high[sample] = max(high[sample], rows[unit, sample])
    lowest, highest = ZERO, ZERO
    for sample in range(width):
        lowest, highest = min(lowest, low[sample]), max(highest, high[sample])
    step, least, most = levels(lowest, highest, bits)
    for unit in range(first, last):
        for sample in range(samples):
            rows[unit, sample] = rounded(rows[unit, sample], step, least, most)


@compiled(**ROUNDING)
def quantise_weights(widths, parameters, is_weight, bits):
    """Round each layer's weights, in place, to levels over their own range; keep biases."""
    start = 0
    for layer in range(1, widths.size):
        end = start + widths[layer] * (widths[layer - 1] + 1)
        lowest, highest = ZERO, ZERO
        for index in range(start, end):
            value = parameters[index] * is_weight[index]
            lowest, highest = min(lowest, value), max(highest, value)
        step, least, most = levels(lowest, highest, bits)
        for index in range(start, end):
            value = parameters[index]
            level = rounded(value, step, least, most)
            parameters[index] = level if is_weight[index] > ZERO else value
        start = end


@compiled(**ROUNDING)
def levels(lowest, highest, bits):
    """Return step, least and most level of a range that holds 0.

    As `infoplane.networks.quantisation.quantise`.
    """
    count = np.float32(2**bits - 1)
    step = (highest - lowest) / count
    step = ONE if step == ZERO else step
    # Adding and subtracting 1.5 * 2^23 rounds half to even.
    zero = (-lowest / step + SHIFT) - SHIFT
    return step, -zero, count - zero


@compiled(**ROUNDING)
def rounded(value, step, least, most):
    """Return the value of the nearest level."""
    level = (value / step + SHIFT) - SHIFT
    level = least if level < least else level
    level = most if level > most else level
    return level * step
