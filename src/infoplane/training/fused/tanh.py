"""The hyperbolic tangent of rows of units, and its slope, in LLVM's own instructions.

LLVM would cut numba's loop into vectors half as long as the registers, at a tenth of the time of a
whole step of training.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import ROUNDING
from infoplane.training.fused.kernels import INT, LANES, STRIDE, VECTOR, Emitter

# 2^r - 1 = r (T0 + T1 r + ...) on |r| <= 1/2, relative error 1.1e-8: a minimax fit by Lawson's
# iteration in 60 digits (Lawson 1961).
POLYNOMIAL = (
    0.693147187927,
    0.240226497949,
    0.0555035743368,
    0.00961823750765,
    0.00133907354592,
    0.000154035083087,
)
MINUS_2_LOG2_E = -2.0 * 1.4426950408889634
# Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits; with 128 more, 23 places to
# the left those bits are 2 * 2^integer.
SHIFT = 12582912.0 + 128.0
MANTISSA_BITS = 23
# exp(-2 * 43) is a normal number; tanh is 1 long before.
FARTHEST = 43.0
# Where tanh is 0.5: from there on 1 - (1 - tanh) cancels nothing.
MIDDLE = 0.55
BITS = ir.VectorType(ir.IntType(32), LANES)


@intrinsic
def tanh_rows(typing, rows, slopes, first, count, vectors):
    """Replace net inputs by their tanh and keep its slope there.

    Parameters
    ----------
    rows, slopes : arrays of float32, shape (all rows, STRIDE)
        The tanh is within 4 units in the last place, never beyond +-1, and +-1 only where that is
        the nearest number, from 9.011 on. The slope is within 12 units in the last place up to a
        net input of 20, 24 up to 43, and constant beyond, at 2e-37. nan stays nan.
    first, count : int
        First row, and how many.
    vectors : int
        Samples, in vectors of `LANES`.

    Notes
    -----
    With u = 1 - tanh|z| = 2 exp(-2|z|) / (1 + exp(-2|z|)) the slope is u (2 - u). As the rounded
    tanh's 1 - tanh(z)^2 it would be off by a tenth to all of it from 7.5 on.
    """
    signature = types.void(rows, slopes, INT, INT, INT)

    def generate(context, builder, signature, arguments):
        emit = Emitter(context, builder)
        rows, slopes, first, count, vectors = arguments
        start = emit.times(STRIDE, first)
        rows = emit.at(emit.data(signature.args[0], rows), start)
        slopes = emit.at(emit.data(signature.args[1], slopes), start)
        with cgutils.for_range(builder, count) as unit:
            row = emit.times(STRIDE, unit.index)
            with cgutils.for_range(builder, vectors) as vector:
                place = builder.add(row, emit.times(LANES, vector.index))
                value, slope = _tanh_and_slope(emit, emit.load(emit.at(rows, place)))
                emit.store(value, emit.at(rows, place))
                emit.store(slope, emit.at(slopes, place))
        return context.get_dummy_value()

    return signature, generate


@compiled(**ROUNDING)
def tanh_and_slopes(values, slopes):
    """Replace net inputs by their tanh, and set slopes; see `tanh_rows`.

    Parameters
    ----------
    values, slopes : arrays of float32, of one axis and the same length
    """
    vectors = values.size // LANES
    tanh_rows(values, slopes, 0, 1, vectors)
    # What fills no vector.
    first, rest = vectors * LANES, np.zeros((2, LANES), np.float32)
    for index in range(first, values.size):
        rest[0, index - first] = values[index]
    tanh_rows(rest[0], rest[1], 0, 1, 1)
    for index in range(first, values.size):
        values[index], slopes[index] = rest[0, index - first], rest[1, index - first]


def _tanh_and_slope(emit: Emitter, net):
    """Emit the tanh of a vector and its slope."""
    builder = emit.builder
    fused = emit.intrinsic("fmuladd", VECTOR, [VECTOR] * 3)

    def multiply_add(left, right, addend):
        return builder.call(fused, [left, right, addend])

    def bits(vector):
        return builder.bitcast(vector, BITS)

    sign = builder.and_(bits(net), ir.Constant(BITS, [-(2**31)] * LANES))
    size = builder.bitcast(builder.xor(bits(net), sign), VECTOR)
    # nan is not above, and stays.
    is_far = builder.fcmp_ordered(">", size, constant(FARTHEST))
    size = builder.select(is_far, constant(FARTHEST), size)
    shifted = multiply_add(size, constant(MINUS_2_LOG2_E), constant(SHIFT))
    rounded = builder.fsub(shifted, constant(SHIFT))
    remainder = multiply_add(size, constant(MINUS_2_LOG2_E), builder.fneg(rounded))
    *lower, polynomial = (constant(coefficient) for coefficient in POLYNOMIAL)
    for coefficient in reversed(lower):
        polynomial = multiply_add(polynomial, remainder, coefficient)
    above_one = builder.fmul(polynomial, remainder)
    doubled = builder.shl(bits(shifted), ir.Constant(BITS, [MANTISSA_BITS] * LANES))
    doubled = builder.bitcast(doubled, VECTOR)
    twice_exponential = multiply_add(above_one, doubled, doubled)
    rest = builder.fdiv(
        twice_exponential, multiply_add(twice_exponential, constant(0.5), constant(1.0))
    )
    slope = builder.fmul(rest, builder.fsub(constant(2.0), rest))
    # (1 - exp(-2|z|)) / (1 + exp(-2|z|)), of which the numerator cancels nothing near 0.
    numerator = multiply_add(builder.fneg(above_one), doubled, builder.fsub(constant(2.0), doubled))
    near = builder.fmul(numerator, multiply_add(rest, constant(-0.25), constant(0.5)))
    is_middle = builder.fcmp_ordered(">", size, constant(MIDDLE))
    value = builder.select(is_middle, builder.fsub(constant(1.0), rest), near)
    return builder.bitcast(builder.or_(bits(value), sign), VECTOR), slope


def constant(number: float):
    """Return a vector of one number, rounded to float32."""
    return ir.Constant(VECTOR, [float(np.float32(number))] * LANES)
