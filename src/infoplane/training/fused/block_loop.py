"""Training of one small convolutional network, compiled as one function.

The dense layers above the blocks are those of `infoplane.training.fused.loop`.
"""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import ROUNDING
from infoplane.training.fused.gathered import convolve, correlate
from infoplane.training.fused.kernels import GROUP, LANES, dense
from infoplane.training.fused.loop import (
    ZERO,
    activate,
    all_finite,
    backward,
    descend,
    fetch,
    forward,
    keep_gradient,
    multiply_slopes,
    output_delta,
    start_gradient,
)
from infoplane.training.shuffling import shuffle_epoch

# Samples computed at a time: of more, or fewer, a step takes up to a fifth longer.
IMAGES = max(32, GROUP * LANES)


@compiled(**ROUNDING)
def train_blocks(blocks, tables, widths, activation, dense_activation, output, adam, rate, decay,
                 table, samples, count, taken, batch_size, shuffled, seed, parameters, means,
                 squares, kept, steps, starts, rows, slopes, first_row, scratch, first_dense,
                 first_epoch, last_epoch):  # fmt: skip
    """Train one network, in place, until an epoch leaves a parameter that is not finite.

    Parameters
    ----------
    blocks, tables, widths, starts, first_row, scratch, first_dense
        From `BlockLayout`.
    adam : int
        0 for plain descent, else `ADAM` or `ADAM_BEFORE`.
    count, taken, kept
        As for `infoplane.training.fused.loop.train`.
    """
    order = np.arange(count).astype(np.int32)
    met = samples.copy()
    gradient = np.zeros_like(parameters)
    zeros = np.zeros(1, dtype=np.float32)
    dense_parameters, dense_gradient = parameters[first_dense:], gradient[first_dense:]
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
            for start in range(first, first + size, IMAGES):
                width = min(IMAGES, first + size - start)
                groups = (width + GROUP * LANES - 1) // (GROUP * LANES)
                vectors = groups * GROUP
                fetch(table, met, start, vectors, rows[first_row:])
                place_sample(blocks[0], tables, widths, rows, first_row, vectors * LANES)
                forward_blocks(blocks, tables, activation, parameters, rows, slopes, groups)
                forward(widths, dense_activation, dense_parameters, starts, rows, slopes, vectors)
                output_delta(widths, output, starts, rows, slopes, width, vectors * LANES, size)
                backward(widths, dense_activation, dense_parameters, starts, rows, slopes, vectors,
                         dense_gradient, zeros)  # fmt: skip
                dense(rows, scratch, widths[0], starts[1], widths[1], dense_parameters, 0, 1,
                      widths[0] + 1, zeros, 0, 0, vectors)  # fmt: skip
                backward_blocks(blocks, tables, activation, parameters, rows, slopes, scratch,
                                groups, gradient, zeros)  # fmt: skip
            keep_gradient(gradient, kept, decay, parameters)
            descend(parameters, gradient, means, squares, steps, rate, adam)


@compiled(**ROUNDING)
def place_sample(block, tables, widths, rows, first_row, samples):
    """Copy pixels to where the first block reads, and labels to where the output looks."""
    pixels = block.channels_below * block.positions_below
    for pixel in range(pixels):
        goal = block.read + tables[block.inside + pixel]
        for sample in range(samples):
            rows[goal, sample] = rows[first_row + pixel, sample]
    for unit in range(widths[-1]):
        for sample in range(samples):
            rows[widths[0] + 1 + unit, sample] = rows[first_row + pixels + 1 + unit, sample]


@compiled(**ROUNDING)
def forward_blocks(blocks, tables, activation, parameters, rows, slopes, groups):
    """Compute what each block gives for the samples of a batch."""
    samples = groups * GROUP * LANES
    for number in range(blocks.size):
        block = blocks[number]
        convolve(rows, block.net, block.net_rows, block.channels, block.read, block.kernel, tables,
                 block.offset, parameters, block.weight, block.kernel, block.column, parameters,
                 block.bias, 1, block.from_place, block.to_place, block.positions,
                 groups)  # fmt: skip
        pool(block, tables, rows, samples)
        units = block.channels * block.squares
        activate(activation, rows, slopes, block.value, block.value + units, samples)
        if number + 1 < blocks.size:
            above = blocks[number + 1]
            for unit in range(units):
                goal = above.read + tables[above.inside + unit]
                for sample in range(samples):
                    rows[goal, sample] = rows[block.value + unit, sample]


@compiled(**ROUNDING)
def pool(block, tables, rows, samples):
    """Keep the largest net input of each square, and which of its positions has it first.

    A nonlinearity that never falls may come after: the largest value is that of the largest net
    input.
    """
    for unit in range(block.channels * block.squares):
        channel, square = unit // block.squares, unit % block.squares
        net, member = block.net + channel * block.net_rows, block.member + square * block.members
        largest, winner, first = block.value + unit, block.winner + unit, net + tables[member]
        for sample in range(samples):
            rows[largest, sample] = rows[first, sample]
            rows[winner, sample] = ZERO
        for other in range(1, block.members):
            row, name = net + tables[member + other], np.float32(other)
            for sample in range(samples):
                is_larger = rows[row, sample] > rows[largest, sample]
                rows[winner, sample] = name if is_larger else rows[winner, sample]
                rows[largest, sample] = rows[row, sample] if is_larger else rows[largest, sample]


@compiled(**ROUNDING)
def backward_blocks(blocks, tables, activation, parameters, rows, slopes, scratch, groups, gradient,
                    zeros):  # fmt: skip
    """Add a batch's gradient in the blocks' parameters.

    Parameters
    ----------
    scratch : int
        First row of the gradient in what the last block gives.
    """
    samples = groups * GROUP * LANES
    for number in range(blocks.size - 1, -1, -1):
        block = blocks[number]
        multiply_slopes(activation, rows, slopes, block.value, block.channels * block.squares,
                        scratch, samples)  # fmt: skip
        send_to_winners(block, tables, rows, samples)
        correlate(rows, block.net, block.net_rows, block.channels, block.read, block.kernel, tables,
                  block.offset, gradient, block.weight, block.kernel, block.from_place,
                  block.to_place, block.positions, groups)  # fmt: skip
        add_bias_gradient(block, rows, scratch, samples, gradient)
        if number > 0:
            convolve(rows, scratch, block.positions_below, block.channels_below, block.net,
                     block.channels * (block.kernel // block.channels_below), tables,
                     block.sent_offset, parameters, block.weight,
                     block.kernel // block.channels_below, block.sent_column, zeros, 0, 0,
                     block.sent_from, block.sent_to, block.positions_below, groups)  # fmt: skip


@compiled(**ROUNDING)
def send_to_winners(block, tables, rows, samples):
    """Replace the net input by the gradient in it: nothing where it was not the largest."""
    if block.positions > block.squares * block.members:
        for row in range(block.net, block.net + block.channels * block.net_rows):
            for sample in range(samples):
                rows[row, sample] = ZERO
    for unit in range(block.channels * block.squares):
        channel, square = unit // block.squares, unit % block.squares
        net, member = block.net + channel * block.net_rows, block.member + square * block.members
        sent, winner = block.value + unit, block.winner + unit
        for other in range(block.members):
            row, name = net + tables[member + other], np.float32(other)
            for sample in range(samples):
                is_winner = rows[winner, sample] == name
                rows[row, sample] = rows[sent, sample] if is_winner else ZERO


@compiled(**ROUNDING)
def add_bias_gradient(block, rows, scratch, samples, gradient):
    """Add the gradient in the biases: what was sent to the pooled values, over all of them."""
    for channel in range(block.channels):
        for sample in range(samples):
            rows[scratch, sample] = ZERO
        first = block.value + channel * block.squares
        for row in range(first, first + block.squares):
            for sample in range(samples):
                rows[scratch, sample] += rows[row, sample]
        total = ZERO
        for sample in range(samples):
            total += rows[scratch, sample]
        gradient[block.bias + channel] += total
