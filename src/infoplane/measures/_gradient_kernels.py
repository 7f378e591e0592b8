"""One pass over a network's training samples that adds up gradients, compiled as one function.

The passes through the network are those of the fused training engine, in float32, but errors and
slopes are formed so that nothing cancels: late in training gradients are many decades smaller
than the probabilities and activations that they are differences of. Whatever is squared or
summed over mini-batches is float64.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import ROUNDING, exp32, sigmoid32
from infoplane.networks.functions import OUTPUTS
from infoplane.training.fused.kernels import LANES, TILE, dense, outer
from infoplane.training.fused.loop import activate, fetch, multiply_slopes

# Sums over samples may be split over the lanes of a vector, everywhere alike: hence inlined.
SUMMING = {"fastmath": {"contract", "reassoc"}, "error_model": "numpy", "forceinline": True}

ZERO, ONE, TWO = np.float32(0.0), np.float32(1.0), np.float32(2.0)
SOFTMAX = OUTPUTS.index("softmax")


@compiled(**ROUNDING)
def add_gradients(widths, activation, output, table, order, count, batch_size, parameters, starts,
                  rows, slopes, totals, squares):  # fmt: skip
    """Add up gradients of mini-batches and of samples, and their squared norms.

    Parameters
    ----------
    widths : array of int64, shape (layers + 1,)
    activation, output : int
        Places in `COMPILED_ACTIVATIONS` and `OUTPUTS`.
    table : array of float32, shape (samples, columns)
        From `infoplane.training.fused.layout.sample_table`.
    order : array of int64, shape (count + TILE,)
        Rows of the table in the order of the epoch, followed by any.
    count, batch_size : int
        Training samples, and how many make a mini-batch.
    parameters : array of float32, shape (parameters,)
        In the layout of `infoplane.networks`.
    starts : array of int64, shape (layers + 2,)
        First row of the table's columns, of each layer's units and of the scratch rows.
    rows, slopes : arrays of float32, shape (all rows, STRIDE)
        Overwritten.
    totals : array of float64, shape (2, weights)
        Grows by the sum of the gradients of the mini-batches' mean losses, and of the samples'
        losses; layer after layer, row-major.
    squares : array of float64, shape (2, layers)
        Grows by the sums of the squared norms of the same gradients.
    """
    gradient = np.empty(totals.shape[1], np.float32)
    zeros = np.zeros(1, np.float32)
    norms = np.empty((2, TILE))
    for first in range(0, count, batch_size):
        size = min(batch_size, count - first)
        gradient[:] = ZERO
        for start in range(first, first + size, TILE):
            width = min(TILE, first + size - start)
            vectors = (width + LANES - 1) // LANES
            fetch(table, order, start, vectors, rows)
            forward(widths, activation, parameters, starts, rows, slopes, vectors)
            output_errors(widths, output, starts, rows, width, vectors * LANES)
            backward(widths, activation, parameters, starts, rows, slopes, vectors, gradient,
                     squares[1], norms, zeros)  # fmt: skip
        place = 0
        for layer in range(widths.size - 1):
            for index in range(place, place + widths[layer] * widths[layer + 1]):
                total = np.float64(gradient[index])
                mean = total / size
                totals[0, index] += mean
                totals[1, index] += total
                squares[0, layer] += mean * mean
            place += widths[layer] * widths[layer + 1]


@compiled(**ROUNDING)
def forward(widths, activation, parameters, starts, rows, slopes, vectors):
    """Compute all layers' units and the slopes of the hidden ones; the output's net input."""
    weight = 0
    for layer in range(1, widths.size):
        below, units, result = widths[layer - 1], widths[layer], starts[layer]
        dense(rows, result, units, starts[layer - 1], below, parameters, weight, below, 1,
              parameters, weight + units * below, 1, vectors)  # fmt: skip
        weight += units * (below + 1)
        if layer < widths.size - 1:
            activate(activation, rows, slopes, result, result + units, vectors * LANES)


@compiled(**ROUNDING)
def output_errors(widths, output, starts, rows, width, padded):
    """Turn the output's net input into the derivative of each sample's loss with respect to it.

    Parameters
    ----------
    width, padded : int
        Samples in the rows, and how many fill whole vectors; those beyond `width` get zero.

    Notes
    -----
    p - 1 of the labelled class is minus the sum of the others' probabilities, and
    sigmoid(z) - 1 is -sigmoid(-z).
    """
    classes, first, target = widths[-1], starts[widths.size - 1], widths[0] + 1
    if output == SOFTMAX:
        largest, total, others = starts[-1], starts[-1] + 1, starts[-1] + 2
        for sample in range(padded):
            rows[largest, sample] = rows[first, sample]
            rows[total, sample] = ZERO
            rows[others, sample] = ZERO
        for unit in range(first + 1, first + classes):
            for sample in range(padded):
                rows[largest, sample] = max(rows[largest, sample], rows[unit, sample])
        for unit in range(classes):
            for sample in range(padded):
                power = exp32(rows[first + unit, sample] - rows[largest, sample])
                rows[first + unit, sample] = power
                rows[total, sample] += power
                rows[others, sample] += power * (ONE - rows[target + unit, sample])
        for unit in range(classes):
            for sample in range(padded):
                labelled = rows[target + unit, sample]
                error = (ONE - labelled) * rows[first + unit, sample]
                error -= labelled * rows[others, sample]
                rows[first + unit, sample] = error / rows[total, sample]
    else:
        scale = np.float32(1.0 / classes)
        for unit in range(classes):
            for sample in range(padded):
                sign = ONE - TWO * rows[target + unit, sample]
                error = sign * sigmoid32(sign * rows[first + unit, sample])
                rows[first + unit, sample] = error * scale
    for unit in range(first, first + classes):
        for sample in range(width, padded):
            rows[unit, sample] = ZERO


@compiled(**ROUNDING)
def backward(widths, activation, parameters, starts, rows, slopes, vectors, gradient, squares,
             norms, zeros):  # fmt: skip
    """Add the samples' gradients and their squared norms; units' rows become their errors."""
    weight, place, scratch = parameters.size, gradient.size, starts[-1]
    for layer in range(widths.size - 1, 0, -1):
        below, units, delta = widths[layer - 1], widths[layer], starts[layer]
        weight -= units * (below + 1)
        place -= units * below
        outer(rows, delta, units, starts[layer - 1], below, gradient, place, below, vectors)
        squares[layer - 1] += squared_norms(
            rows, delta, units, starts[layer - 1], below, norms, vectors * LANES
        )
        if layer > 1:
            dense(rows, scratch, below, delta, units, parameters, weight, 1, below, zeros, 0, 0,
                  vectors)  # fmt: skip
            multiply_slopes(activation, rows, slopes, starts[layer - 1], below, scratch,
                            vectors * LANES)  # fmt: skip


@njit(**SUMMING)
def squared_norms(rows, delta, units, row, inputs, norms, samples):
    """Return the sum over samples of the squared norm of a layer's gradient.

    A sample's gradient is the outer product of its errors and the activations below, and the
    norm of an outer product is the product of the norms.
    """
    for part in range(2):
        first, count = (delta, units) if part == 0 else (row, inputs)
        for sample in range(samples):
            norms[part, sample] = 0.0
        for unit in range(first, first + count):
            for sample in range(samples):
                value = np.float64(rows[unit, sample])
                norms[part, sample] += value * value
    total = 0.0
    for sample in range(samples):
        total += norms[0, sample] * norms[1, sample]
    return total
