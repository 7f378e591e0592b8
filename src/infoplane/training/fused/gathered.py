"""Matrix products of convolutions, compiled as those of dense layers are (see `kernels`).

A convolution is a small dense layer at every position of an image. What such a layer reads are
rows that do not follow one another: tables say where they stand.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import ROUNDING
from infoplane.training.fused.kernels import (
    GROUP,
    INT,
    INTEGER,
    LANES,
    OUTER_INPUTS,
    OUTER_UNITS,
    STRIDE,
    UNITS,
    VECTOR,
    Emitter,
    share,
)


@intrinsic
def _convolve_block(typing, units, rows, result, unit_rows, below, inputs, places, offset, weights,
                    weight, unit_stride, column, biases, bias, bias_stride, from_place, to_place,
                    positions, groups):  # fmt: skip
    """Run `convolve` for at most `UNITS` units."""
    signature = types.void(INT, rows, INT, INT, INT, INT, places, INT, weights, INT, INT, INT,
                           biases, INT, INT, INT, INT, INT, INT)  # fmt: skip

    def generate(context, builder, signature, arguments):
        emit = Emitter(context, builder)
        (units, rows, result, unit_rows, below, inputs, places, offset, weights, weight,
         unit_stride, column, biases, bias, bias_stride, from_place, to_place, positions,
         groups) = arguments  # fmt: skip
        rows = emit.data(signature.args[1], rows)
        result = emit.at(rows, emit.times(STRIDE, result))
        below = emit.at(rows, emit.times(STRIDE, below))
        places = emit.data(signature.args[6], places)
        weights = emit.at(emit.data(signature.args[8], weights), weight)
        biases = emit.at(emit.data(signature.args[12], biases), bias)

        def entry(first, index):
            return builder.load(emit.at(places, first, index))

        def block(size, position, group):
            sample = emit.times(GROUP * LANES, group)
            source = emit.at(below, sample, emit.times(STRIDE, entry(from_place, position)))
            sums = emit.locals(size * GROUP)
            for unit in range(size):
                start = emit.broadcast(emit.at(biases, emit.times(unit, bias_stride)))
                for vector in range(GROUP):
                    builder.store(start, sums[unit * GROUP + vector])
            with cgutils.for_range(builder, inputs) as loop:
                row = emit.at(source, emit.times(STRIDE, entry(offset, loop.index)))
                vectors = [emit.load(emit.at(row, INTEGER(v * LANES))) for v in range(GROUP)]
                own_column = entry(column, loop.index)
                for unit in range(size):
                    place = emit.at(weights, own_column, emit.times(unit, unit_stride))
                    factor = emit.broadcast(place)
                    for vector in range(GROUP):
                        emit.accumulate(sums[unit * GROUP + vector], factor, vectors[vector])
            goal = emit.at(result, sample, emit.times(STRIDE, entry(to_place, position)))
            for unit in range(size):
                row = emit.at(goal, emit.times(unit * STRIDE, unit_rows))
                for vector in range(GROUP):
                    value = builder.load(sums[unit * GROUP + vector])
                    emit.store(value, emit.at(row, INTEGER(vector * LANES)))

        for size in range(1, UNITS + 1):
            with (
                builder.if_then(builder.icmp_signed("==", units, INTEGER(size))),
                cgutils.for_range(builder, positions) as outside,
                cgutils.for_range(builder, groups) as inside,
            ):
                block(size, outside.index, inside.index)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def _correlate_block(typing, units, inputs, rows, delta, unit_rows, below, places, offset, gradient,
                     start, stride, from_place, to_place, positions, vectors):  # fmt: skip
    """Run `correlate` for at most `OUTER_UNITS` units and `OUTER_INPUTS` inputs."""
    signature = types.void(INT, INT, rows, INT, INT, INT, places, INT, gradient, INT, INT, INT, INT,
                           INT, INT)  # fmt: skip

    def generate(context, builder, signature, arguments):
        emit = Emitter(context, builder)
        (units, inputs, rows, delta, unit_rows, below, places, offset, gradient, start, stride,
         from_place, to_place, positions, vectors) = arguments  # fmt: skip
        rows = emit.data(signature.args[2], rows)
        deltas = emit.at(rows, emit.times(STRIDE, delta))
        below = emit.at(rows, emit.times(STRIDE, below))
        places = emit.data(signature.args[6], places)
        gradient = emit.at(emit.data(signature.args[8], gradient), start)

        def entry(first, index):
            return builder.load(emit.at(places, first, index))

        def block(height, width):
            sums = emit.locals(height * width)
            for total in sums:
                builder.store(ir.Constant(VECTOR, [0.0] * LANES), total)
            read = [
                emit.at(below, emit.times(STRIDE, entry(offset, INTEGER(n)))) for n in range(width)
            ]
            with cgutils.for_range(builder, positions) as outside:
                from_row = emit.times(STRIDE, entry(from_place, outside.index))
                to_row = emit.times(STRIDE, entry(to_place, outside.index))
                with cgutils.for_range(builder, vectors) as inside:
                    sample = emit.times(LANES, inside.index)
                    left = [
                        emit.load(
                            emit.at(deltas, sample, to_row, emit.times(n * STRIDE, unit_rows))
                        )
                        for n in range(height)
                    ]
                    for number in range(width):
                        right = emit.load(emit.at(read[number], sample, from_row))
                        for unit in range(height):
                            emit.accumulate(sums[unit * width + number], left[unit], right)
            for unit in range(height):
                for number in range(width):
                    place = emit.at(gradient, emit.times(unit, stride), INTEGER(number))
                    total = builder.load(sums[unit * width + number])
                    builder.store(builder.fadd(builder.load(place), emit.sum(total)), place)

        for height in range(1, OUTER_UNITS + 1):
            with builder.if_then(builder.icmp_signed("==", units, INTEGER(height))):
                for width in range(1, OUTER_INPUTS + 1):
                    with builder.if_then(builder.icmp_signed("==", inputs, INTEGER(width))):
                        block(height, width)
        return context.get_dummy_value()

    return signature, generate


@compiled(**ROUNDING)
def convolve(rows, result, unit_rows, units, below, inputs, places, offset, weights, weight,
             unit_stride, column, biases, bias, bias_stride, from_place, to_place, positions,
             groups):  # fmt: skip
    """Set rows to biases plus weights times other rows, at every position.

    Parameters
    ----------
    rows : array of float32, shape (all rows, STRIDE)
    result, unit_rows, units : int
        First row of the first unit's, how many rows each unit has, and how many units.
    below, inputs : int
        First row to read, and how many are read at each position; none of them is set.
    places : array of int64
        All tables. In it the following start, each counted in rows or in weights:
    offset, column : int
        Of each input: how far its row is from the position's, and its weight from the unit's.
    from_place, to_place : int
        Of each position: the row to read, counted from `below`, and to set, from the unit's first.
    weights, weight, unit_stride : array of float32, int, int
        The first weight of unit u is ``weights[weight + u*unit_stride]``.
    biases, bias, bias_stride : array of float32, int, int
        The bias of unit u is ``biases[bias + u*bias_stride]``.
    positions : int
    groups : int
        Samples to compute, in `GROUP` vectors of `LANES`.
    """
    done = 0
    while done < units:
        size = share(units - done, UNITS)
        _convolve_block(
            size, rows, result + done * unit_rows, unit_rows, below, inputs, places, offset,
            weights, weight + done * unit_stride, unit_stride, column,
            biases, bias + done * bias_stride, bias_stride, from_place, to_place, positions, groups,
        )  # fmt: skip
        done += size


@compiled(**ROUNDING)
def correlate(rows, delta, unit_rows, units, below, inputs, places, offset, gradient, start,
              stride, from_place, to_place, positions, groups):  # fmt: skip
    """Add the sums over positions and samples of products of two sets of rows to a gradient.

    Parameters
    ----------
    rows : array of float32, shape (all rows, STRIDE)
    delta, unit_rows, units : int
        As `result` and what follows it in `convolve`; read here.
    below, inputs, places, offset, from_place, to_place, positions, groups
        As for `convolve`.
    gradient, start, stride : array of float32, int, int
        The sum for unit u and input i goes to ``gradient[start + u*stride + i]``.
    """
    done = 0
    while done < units:
        height = share(units - done, OUTER_UNITS)
        first = 0
        while first < inputs:
            width = share(inputs - first, OUTER_INPUTS)
            _correlate_block(
                height, width, rows, delta + done * unit_rows, unit_rows, below, places,
                offset + first, gradient, start + done * stride + first, stride,
                from_place, to_place, positions, groups * GROUP,
            )  # fmt: skip
            first += width
        done += height
