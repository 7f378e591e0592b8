"""Training of one small dense network, compiled as one function.

What `train` calls is compiled into it, and kept apart too: the loops of channels, blocks and
gradients take half of their compilation from there.
"""

from __future__ import annotations

import math

import numpy as np

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import ROUNDING, exp32, sigmoid32, softplus32
from infoplane.networks.functions import COMPILED_ACTIVATIONS, OUTPUTS
from infoplane.training.fused.kernels import (
    LANES,
    STRIDE,
    TILE,
    dense,
    outer,
    transpose_block,
)
from infoplane.training.fused.tanh import tanh_rows
from infoplane.training.shuffling import shuffle_epoch

BETA_MEAN, BETA_SQUARE = 0.9, 0.999
EPSILON = np.float32(1e-8)
ADAM, ADAM_BEFORE = 1, 2
ZERO, ONE = np.float32(0.0), np.float32(1.0)
TANH, RELU, LINEAR, SOFTSIGN, SOFTPLUS = (
    COMPILED_ACTIVATIONS.index(name) for name in ("tanh", "relu", "linear", "softsign", "softplus")
)
SOFTMAX, SIGMOID, ONE_TANH, SOFTMAX_SQUARED = (
    OUTPUTS.index(name) for name in ("softmax", "sigmoid", "tanh", "softmax_squared")
)
TWO = np.float32(2.0)


@compiled(**ROUNDING)
def train(widths, activation, output, adam, rate, decay, limit, table, samples, count, taken,
          batch_size, shuffled, seed, parameters, means, squares, kept, steps, starts, rows, slopes,
          first_epoch, last_epoch):  # fmt: skip
    """Train one network, in place, until an epoch leaves a parameter that is not finite.

    Parameters
    ----------
    adam : int
        0 for plain descent, else `ADAM` or `ADAM_BEFORE`.
    limit : float32
        On the norm of a hidden unit's weights; 0 for none.
    count, taken : int
        Samples, and how many of them an epoch takes.
    kept : array of float32
        The gradient that the next step starts from; of no length if each starts from none.
    """
    order = np.arange(count).astype(np.int32)
    met = samples.copy()
    gradient = np.zeros_like(parameters)
    zeros = np.zeros(1, dtype=np.float32)
    for epoch in range(first_epoch, last_epoch):
        if not all_finite(parameters):
            return
        if shuffled:
            shuffle_epoch(order, seed, epoch)
            for place in range(taken):
                met[place] = samples[order[place]]
        for first in range(0, taken, batch_size):
            size = min(batch_size, taken - first)
            start_gradient(gradient, kept, decay, parameters)
            for start in range(first, first + size, TILE):
                width = min(TILE, first + size - start)
                vectors = (width + LANES - 1) // LANES
                fetch(table, met, start, vectors, rows)
                forward(widths, activation, parameters, starts, rows, slopes, vectors)
                output_delta(widths, output, starts, rows, slopes, width, vectors * LANES, size)
                backward(widths, activation, parameters, starts, rows, slopes, vectors, gradient,
                         zeros)  # fmt: skip
            keep_gradient(gradient, kept, decay, parameters)
            descend(parameters, gradient, means, squares, steps, rate, adam)
            if limit > ZERO:
                limit_norms(widths, parameters, limit)


@compiled(**ROUNDING)
def all_finite(parameters):
    """Return whether no parameter is nan or infinite."""
    total = ZERO
    for index in range(parameters.size):
        total += parameters[index] * ZERO
    return total == ZERO


@compiled(**ROUNDING)
def start_gradient(gradient, kept, decay, parameters):
    """Begin a step's gradient with that of the weight decay, and with what was kept."""
    # One by one: numba takes as long to compile the refusal of arrays that do not fit as all of the
    # training.
    for index in range(parameters.size):
        gradient[index] = decay[index] * parameters[index]
    for index in range(kept.size):
        gradient[index] += kept[index]


@compiled(**ROUNDING)
def keep_gradient(gradient, kept, decay, parameters):
    """Keep a step's gradient for the next one, without that of the weight decay."""
    for index in range(kept.size):
        kept[index] = gradient[index] - decay[index] * parameters[index]


@compiled(**ROUNDING)
def fetch(table, samples, start, vectors, rows):
    """Copy samples from rows of the table to columns of the batch."""
    for vector in range(vectors):
        for column in range(0, table.shape[1], LANES):
            transpose_block(
                table, table.shape[1], column, samples, start + vector * LANES,
                rows, column * STRIDE + vector * LANES,
            )  # fmt: skip


@compiled(**ROUNDING)
def forward(widths, activation, parameters, starts, rows, slopes, vectors):
    """Compute all layers' units for the samples of a batch; the output's net input."""
    weight = 0
    for layer in range(1, widths.size):
        below, units, result = widths[layer - 1], widths[layer], starts[layer]
        dense(rows, result, units, starts[layer - 1], below, parameters, weight, below + 1, 1,
              parameters, weight + below, below + 1, vectors)  # fmt: skip
        weight += units * (below + 1)
        if layer < widths.size - 1:
            activate(activation, rows, slopes, result, result + units, vectors * LANES)


@compiled(**ROUNDING)
def activate(activation, rows, slopes, first, last, samples):
    """Apply the activation in place; keep its slope where the result does not tell it well.

    Parameters
    ----------
    samples : int
        A multiple of `LANES`.
    """
    if activation == TANH:
        tanh_rows(rows, slopes, first, last - first, samples // LANES)
    elif activation == RELU:
        for unit in range(first, last):
            for sample in range(samples):
                net = rows[unit, sample]
                rows[unit, sample] = ZERO if net < ZERO else net
    elif activation == SOFTSIGN:
        for unit in range(first, last):
            for sample in range(samples):
                net = rows[unit, sample]
                share = ONE / (ONE + abs(net))
                slopes[unit, sample] = share * share
                rows[unit, sample] = net * share
    elif activation == SOFTPLUS:
        for unit in range(first, last):
            for sample in range(samples):
                net = rows[unit, sample]
                slopes[unit, sample] = sigmoid32(net)
                rows[unit, sample] = softplus32(net)


@compiled(**ROUNDING)
def output_delta(widths, output, starts, rows, slopes, width, padded, size):
    """Turn the output's net input into the gradient of the mean loss with respect to it.

    Parameters
    ----------
    width, padded : int
        Samples in the rows, and how many fill whole vectors; those beyond `width` get zero.
    size : int
        Samples in the batch, over which the loss is a mean.
    """
    classes, first, target = widths[-1], starts[widths.size - 1], widths[0] + 1
    scratch = starts[-1]
    if output == SOFTMAX:
        raise_to_powers(rows, first, classes, scratch, padded)
        scale = np.float32(1.0 / size)
        for unit in range(classes):
            for sample in range(padded):
                probability = rows[first + unit, sample] / rows[scratch + 1, sample]
                error = probability - rows[target + unit, sample]
                rows[first + unit, sample] = error * scale
    elif output == SOFTMAX_SQUARED:
        raise_to_powers(rows, first, classes, scratch, padded)
        scale = np.float32(2.0 / (size * classes))
        squared_delta(rows, first, classes, target, scratch, padded, scale)
    elif output == SIGMOID:
        scale = np.float32(1.0 / (size * classes))
        for unit in range(classes):
            for sample in range(padded):
                error = sigmoid32(rows[first + unit, sample]) - rows[target + unit, sample]
                rows[first + unit, sample] = error * scale
    elif output == ONE_TANH:
        tanh_rows(rows, slopes, first, 1, padded // LANES)
        scale = np.float32(2.0 / size)
        for sample in range(padded):
            # Towards -1 or 1, by whether the label is the second one.
            error = rows[first, sample] - (TWO * rows[target + 1, sample] - ONE)
            rows[first, sample] = error * slopes[first, sample] * scale
    for unit in range(first, first + classes):
        for sample in range(width, padded):
            rows[unit, sample] = ZERO


@compiled(**ROUNDING)
def raise_to_powers(rows, first, classes, scratch, padded):
    """Replace net inputs by their exponentials, 1 at the largest, and sum them below `scratch`."""
    largest, total = scratch, scratch + 1
    for sample in range(padded):
        rows[largest, sample] = rows[first, sample]
        rows[total, sample] = ZERO
    for unit in range(first + 1, first + classes):
        for sample in range(padded):
            rows[largest, sample] = max(rows[largest, sample], rows[unit, sample])
    for unit in range(first, first + classes):
        for sample in range(padded):
            power = exp32(rows[unit, sample] - rows[largest, sample])
            rows[unit, sample] = power
            rows[total, sample] += power


@compiled(**ROUNDING)
def squared_delta(rows, first, classes, target, scratch, padded, scale):
    """Replace exponentials by the gradient of the softmax's squared error in the net input.

    With errors e of the probabilities p it is p (e - sum of p e), times `scale`.
    """
    mean, total = scratch, scratch + 1
    for sample in range(padded):
        rows[mean, sample] = ZERO
    for unit in range(classes):
        for sample in range(padded):
            probability = rows[first + unit, sample] / rows[total, sample]
            error = probability - rows[target + unit, sample]
            rows[first + unit, sample] = probability
            rows[mean, sample] += probability * error
    for unit in range(classes):
        for sample in range(padded):
            probability = rows[first + unit, sample]
            error = probability - rows[target + unit, sample]
            rows[first + unit, sample] = probability * (error - rows[mean, sample]) * scale


@compiled(**ROUNDING)
def backward(widths, activation, parameters, starts, rows, slopes, vectors, gradient, zeros):
    """Add a batch's gradient; units' rows are overwritten by the loss's gradient in them."""
    weight, scratch = parameters.size, starts[-1]
    for layer in range(widths.size - 1, 0, -1):
        below, units, delta = widths[layer - 1], widths[layer], starts[layer]
        weight -= units * (below + 1)
        outer(rows, delta, units, starts[layer - 1], below + 1, gradient, weight, below + 1,
              vectors)  # fmt: skip
        if layer > 1:
            dense(rows, scratch, below, delta, units, parameters, weight, 1, below + 1,
                  zeros, 0, 0, vectors)  # fmt: skip
            multiply_slopes(activation, rows, slopes, starts[layer - 1], below, scratch,
                            vectors * LANES)  # fmt: skip


@compiled(**ROUNDING)
def multiply_slopes(activation, rows, slopes, first, units, scratch, samples):
    """Replace units' values by their slope times what the layer above sends back."""
    if activation == RELU:
        for unit in range(units):
            for sample in range(samples):
                slope = ONE if rows[first + unit, sample] > ZERO else ZERO
                rows[first + unit, sample] = rows[scratch + unit, sample] * slope
    elif activation == LINEAR:
        for unit in range(units):
            for sample in range(samples):
                rows[first + unit, sample] = rows[scratch + unit, sample]
    else:
        for unit in range(units):
            for sample in range(samples):
                slope = slopes[first + unit, sample]
                rows[first + unit, sample] = rows[scratch + unit, sample] * slope


@compiled(**ROUNDING)
def descend(parameters, gradient, means, squares, steps, rate, adam):
    """Take one step, in place: Adam's, or where `adam` is 0 one of plain descent."""
    steps[0] += 1
    if adam > 0:
        adam_step(parameters, gradient, means, squares, steps[0], rate, adam)
    else:
        for index in range(parameters.size):
            parameters[index] -= np.float32(rate) * gradient[index]


@compiled(**ROUNDING)
def adam_step(parameters, gradient, means, squares, step, rate, adam):
    """Take one step of Adam (Kingma & Ba 2015, algorithm 1), in place.

    Parameters
    ----------
    adam : int
        `ADAM`, or `ADAM_BEFORE` to add epsilon before the second moment's bias is corrected.
    """
    scale = np.float32(rate / (1.0 - BETA_MEAN**step))
    root = np.float32(1.0 / math.sqrt(1.0 - BETA_SQUARE**step))
    new_mean, new_square = np.float32(1.0 - BETA_MEAN), np.float32(1.0 - BETA_SQUARE)
    kept_square = np.float32(BETA_SQUARE)
    epsilon = EPSILON * root if adam == ADAM_BEFORE else EPSILON
    for index in range(parameters.size):
        slope = gradient[index]
        means[index] += (slope - means[index]) * new_mean
        squares[index] = squares[index] * kept_square + slope * slope * new_square
        parameters[index] -= scale * means[index] / (math.sqrt(squares[index]) * root + epsilon)


@compiled(**ROUNDING)
def limit_norms(widths, parameters, limit):
    """Scale down, in place, the weights of hidden units whose norm is above the limit."""
    start = 0
    for layer in range(1, widths.size - 1):
        below = widths[layer - 1]
        for _ in range(widths[layer]):
            square = ZERO
            for index in range(start, start + below):
                square += parameters[index] * parameters[index]
            if square > limit * limit:
                factor = limit / np.float32(math.sqrt(square))
                for index in range(start, start + below):
                    parameters[index] *= factor
            start += below + 1
