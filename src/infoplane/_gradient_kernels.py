"""Compiled loops of the gradient statistics: one pass over a network's training samples.

The samples of a mini-batch go through in blocks whose activations stay in the nearest caches;
arrays hold units x samples, samples innermost, so that every inner loop vectorises. All is
float64: late in training gradients are many decades smaller than the outputs they come from.
"""

from __future__ import annotations

import math

import numpy as np

from infoplane.compilation import compiled

# Codes of what differs between networks, by position.
TANH, RELU, LINEAR, SOFTSIGN, SOFTPLUS = range(5)
SOFTMAX, SIGMOID = range(2)

BLOCK = 128

# "contract" fuses multiplications and additions; nothing is reordered.
ROUNDING = {"fastmath": {"contract"}, "error_model": "numpy"}
# Sums over samples may be split into the lanes of a vector.
SUMMING = {"fastmath": {"contract", "reassoc", "nsz"}, "error_model": "numpy"}

LOG2_E = 1.4426950408889634
# ln 2 in two parts: the first has so few bits that its product with an exponent is exact.
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
# Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits.
SHIFT = 6755399441055744.0
SHIFT_BITS = np.float64(SHIFT).view(np.int64)
EXPONENT_BIAS, MANTISSA_BITS = np.int64(1023), np.int64(52)
EXP_LOWEST = -708.0
(C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12) = (1.0 / math.factorial(k) for k in range(2, 13))
(D1, D3, D5, D7, D9, D11, D13, D15, D17) = (1.0 / k for k in range(1, 18, 2))
(D19, D21, D23, D25, D27, D29, D31, D33) = (1.0 / k for k in range(19, 34, 2))


@compiled(**ROUNDING)
def decay(x):
    """Return exp(-x) of a float64 that is not negative.

    Parameters
    ----------
    x : float64

    Returns
    -------
    float64
        Within 2 units in the last place up to 708, then constant at 3e-308.
    """
    x = EXP_LOWEST if -x < EXP_LOWEST else -x
    shifted = x * LOG2_E + SHIFT
    rounded = shifted - SHIFT
    r = (x - rounded * LN2_HIGH) - rounded * LN2_LOW
    high = (((C12 * r + C11) * r + C10) * r + C9) * r + C8
    polynomial = (((((high * r + C7) * r + C6) * r + C5) * r + C4) * r + C3) * r + C2
    exponent = np.float64(shifted).view(np.int64) - SHIFT_BITS + EXPONENT_BIAS
    return ((r * r) * polynomial + r + 1.0) * np.int64(exponent << MANTISSA_BITS).view(np.float64)


@compiled(**ROUNDING)
def log_one_plus(x):
    """Return log(1 + x) of a float64 in [0, 1].

    Notes
    -----
    2 artanh(s) with s = x / (2 + x) <= 1/3; the power series ends at s^33, where the next term
    is below 2^-59 of the sum.
    """
    s = x / (2.0 + x)
    t = s * s
    high = (((((((D33 * t + D31) * t + D29) * t + D27) * t + D25) * t + D23) * t + D21) * t) + D19
    middle = ((((high * t + D17) * t + D15) * t + D13) * t + D11) * t + D9
    series = (((middle * t + D7) * t + D5) * t + D3) * t + D1
    return 2.0 * s * series


@compiled(**ROUNDING)
def activate(net, derivative, first, units, count, activation):
    """Replace the net inputs of a layer by its activations, and give the derivatives.

    Parameters
    ----------
    net, derivative : arrays of float64, shape (units of all layers, BLOCK)
    first, units : int
        The rows of this layer.
    count : int
        Samples in the block.
    activation : int

    Notes
    -----
    Derivatives are products of positive numbers, never 1 - h^2 or the like: they keep their
    relative accuracy where a unit saturates.
    """
    for row in range(first, first + units):
        if activation == TANH:
            for s in range(count):
                z = net[row, s]
                small = decay(2.0 * abs(z))
                share = 1.0 / (1.0 + small)
                net[row, s] = math.copysign((1.0 - small) * share, z)
                derivative[row, s] = 4.0 * small * (share * share)
        elif activation == RELU:
            for s in range(count):
                z = net[row, s]
                net[row, s] = z if z > 0.0 else 0.0
                derivative[row, s] = 1.0 if z > 0.0 else 0.0
        elif activation == SOFTSIGN:
            for s in range(count):
                share = 1.0 / (1.0 + abs(net[row, s]))
                net[row, s] *= share
                derivative[row, s] = share * share
        elif activation == SOFTPLUS:
            for s in range(count):
                z = net[row, s]
                small = decay(abs(z))
                net[row, s] = (z if z > 0.0 else 0.0) + log_one_plus(small)
                derivative[row, s] = (small if z < 0.0 else 1.0) / (1.0 + small)
        else:
            for s in range(count):
                derivative[row, s] = 1.0


@compiled(**ROUNDING)
def output_errors(net, first, classes, labels, count, output, delta, scratch):
    """Write the derivative of each sample's loss with respect to the output's net inputs.

    Parameters
    ----------
    net : array of float64, shape (units of all layers, BLOCK)
    first, classes : int
        The rows of the output layer.
    labels : array of int64, shape (BLOCK,)
    count : int
        Samples in the block.
    output : int
    delta : array of float64, shape (units of all layers, BLOCK)
        The output layer's rows are overwritten.
    scratch : array of float64, shape (3, BLOCK)

    Notes
    -----
    p - 1 of the labelled class is minus the sum of the other classes' probabilities, and
    sigmoid(z) - 1 is -sigmoid(-z): nothing cancels where the network is certain.
    """
    if output == SIGMOID:
        for unit in range(classes):
            row = first + unit
            for s in range(count):
                sign = -1.0 if labels[s] == unit else 1.0
                z = sign * net[row, s]
                small = decay(abs(z))
                delta[row, s] = sign * (small if z < 0.0 else 1.0) / ((1.0 + small) * classes)
        return
    highest, total, others = scratch
    for s in range(count):
        highest[s], total[s], others[s] = net[first, s], 0.0, 0.0
    for row in range(first + 1, first + classes):
        for s in range(count):
            highest[s] = max(highest[s], net[row, s])
    for unit in range(classes):
        row = first + unit
        for s in range(count):
            share = decay(highest[s] - net[row, s])
            delta[row, s] = share
            total[s] += share
            others[s] += 0.0 if labels[s] == unit else share
    for unit in range(classes):
        row = first + unit
        for s in range(count):
            delta[row, s] = (-others[s] if labels[s] == unit else delta[row, s]) / total[s]


@compiled(**SUMMING)
def combine(target, row, offset, weights, start, stride, source, first, terms, count):
    """Write offset + sum_i weights[start + i stride] source[first + i] to a row."""
    for s in range(count):
        target[row, s] = offset
    i = 0
    while i + 4 <= terms:
        a, b = weights[start + i * stride], weights[start + (i + 1) * stride]
        c, d = weights[start + (i + 2) * stride], weights[start + (i + 3) * stride]
        k = first + i
        for s in range(count):
            target[row, s] += (a * source[k, s] + b * source[k + 1, s]) + (
                c * source[k + 2, s] + d * source[k + 3, s]
            )
        i += 4
    while i < terms:
        a = weights[start + i * stride]
        for s in range(count):
            target[row, s] += a * source[first + i, s]
        i += 1


@compiled(**SUMMING)
def add_products(delta, row, below, first, terms, count, sums, squares, start):
    """Add up, over samples, the products of one unit's errors with the activations below.

    Parameters
    ----------
    delta : array of float64, shape (units of all layers, BLOCK)
    row : int
        The unit.
    below : array of float64, shape (units of all layers, BLOCK)
    first, terms : int
        The rows of the layer below.
    count : int
        Samples in the block.
    sums, squares : arrays of float64, shape (weights,)
        Elements start .. start + terms - 1 grow by the sums of the products and squares.
    start : int
    """
    i = 0
    while i + 4 <= terms:
        k = first + i
        a = b = c = d = aa = bb = cc = dd = 0.0
        for s in range(count):
            error = delta[row, s]
            p, q = error * below[k, s], error * below[k + 1, s]
            u, v = error * below[k + 2, s], error * below[k + 3, s]
            a, b, c, d = a + p, b + q, c + u, d + v
            aa, bb, cc, dd = aa + p * p, bb + q * q, cc + u * u, dd + v * v
        w = start + i
        sums[w] += a
        sums[w + 1] += b
        sums[w + 2] += c
        sums[w + 3] += d
        squares[w] += aa
        squares[w + 1] += bb
        squares[w + 2] += cc
        squares[w + 3] += dd
        i += 4
    while i < terms:
        a = aa = 0.0
        for s in range(count):
            p = delta[row, s] * below[first + i, s]
            a, aa = a + p, aa + p * p
        sums[start + i] += a
        squares[start + i] += aa
        i += 1


@compiled(error_model="numpy")
def gradient_sums(
    parameters, widths, activation, output, inputs, labels, order, batch_size, sums, squares
):
    """Add up the gradients of each sample's loss, and their squares, at frozen weights.

    Parameters
    ----------
    parameters : array of float64, shape (parameters,)
        In the layout of `infoplane.networks`.
    widths : array of int64, shape (layers + 1,)
    activation, output : int
    inputs : array of float64, shape (features, samples)
    labels : array of int64, shape (samples,)
    order : array of int64, shape (samples,)
        The samples in the order of the epoch.
    batch_size : int
    sums : array of float64, shape (batches, weights)
        Grows by the sum of each mini-batch's gradients; layer after layer, row-major.
    squares : array of float64, shape (weights,)
        Grows by the sum of all samples' squared gradients, element by element.
    """
    layers = widths.size - 1
    net = np.empty((widths.sum(), BLOCK))
    derivative, delta = np.empty_like(net), np.empty_like(net)
    block_labels, scratch = np.empty(BLOCK, np.int64), np.empty((3, BLOCK))
    for batch in range(sums.shape[0]):
        end = min((batch + 1) * batch_size, order.size)
        for begin in range(batch * batch_size, end, BLOCK):
            count = min(BLOCK, end - begin)
            for s in range(count):
                block_labels[s] = labels[order[begin + s]]
            for feature in range(widths[0]):
                for s in range(count):
                    net[feature, s] = inputs[feature, order[begin + s]]
            below, start = 0, 0
            for layer in range(layers):
                terms, units = widths[layer], widths[layer + 1]
                biases, first = start + terms * units, below + terms
                for unit in range(units):
                    at = start + unit * terms
                    bias = parameters[biases + unit]
                    combine(net, first + unit, bias, parameters, at, 1, net, below, terms, count)
                if layer < layers - 1:
                    activate(net, derivative, first, units, count, activation)
                below, start = first, biases + units
            output_errors(net, below, widths[layers], block_labels, count, output, delta, scratch)
            weight = sums.shape[1]
            for layer in range(layers - 1, -1, -1):
                terms, units = widths[layer], widths[layer + 1]
                first, below = below, below - terms
                start -= (terms + 1) * units
                weight -= terms * units
                for unit in range(units):
                    row, at = first + unit, weight + unit * terms
                    add_products(delta, row, net, below, terms, count, sums[batch], squares, at)
                for unit in range(terms if layer > 0 else 0):
                    row, at = below + unit, start + unit
                    combine(delta, row, 0.0, parameters, at, terms, delta, first, units, count)
                    for s in range(count):
                        delta[row, s] *= derivative[row, s]
