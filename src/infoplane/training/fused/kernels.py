"""Matrix products of small dense layers, blocked so that sums stay in registers.

A batch lies in memory as rows of samples, one row per unit, so that the innermost loop
runs over samples and every unit's sum is a few vector registers. The three kernels are written
in LLVM's own instructions: numba's loops cannot hold a block of sums in registers, and a loop
over as many arrays as a block has rows is not vectorised at all, for fear that they overlap.
Layer widths are data; only the shapes of the blocks are compiled in.
"""

from __future__ import annotations

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import ROUNDING


def _registers() -> tuple[int, int, int, int, int]:
    """Return lanes of a vector, then block shapes that fit this machine's vector registers."""
    if llvmlite.binding.get_host_cpu_features().get("avx512f", False):
        return 16, 4, 5, 5, 5
    return 8, 2, 4, 3, 4


# LANES numbers in a vector. Forward block: GROUP vectors of samples x UNITS units. Gradient
# block: OUTER_UNITS units x OUTER_INPUTS inputs, each sum one vector.
LANES, GROUP, UNITS, OUTER_UNITS, OUTER_INPUTS = _registers()
# Samples computed at a time: those of a small network then fit the first-level cache. Rows are
# a little longer, or their beginnings would compete for the same few lines of that cache.
TILE = 256
STRIDE = TILE + LANES
FLOAT, INTEGER = ir.FloatType(), ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, LANES)
INT = types.int64


class Emitter:
    """Emit vector instructions on arrays of float32.

    Parameters
    ----------
    context, builder
        Numba's target context and llvmlite's builder.
    """

    def __init__(self, context, builder):
        self.context, self.builder = context, builder

    def intrinsic(self, name: str, result, arguments: list):
        """Declare one of LLVM's functions of vectors."""
        return cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(result, arguments), f"llvm.{name}.v{LANES}f32"
        )

    def data(self, array_type, array):
        """Return the address of an array's first number."""
        return self.context.make_array(array_type)(self.context, self.builder, array).data

    def at(self, pointer, *terms):
        """Return an address moved by the sum of some indices."""
        offset = terms[0]
        for term in terms[1:]:
            offset = self.builder.add(offset, term)
        return self.builder.gep(pointer, [offset])

    def times(self, constant: int, index):
        """Return an index times a constant."""
        return self.builder.mul(INTEGER(constant), index)

    def load(self, pointer):
        """Load a vector from an address of any alignment."""
        address = self.builder.bitcast(pointer, VECTOR.as_pointer())
        return self.builder.load(address, align=4)

    def store(self, vector, pointer):
        """Store a vector at an address of any alignment."""
        self.builder.store(vector, self.builder.bitcast(pointer, VECTOR.as_pointer()), align=4)

    def broadcast(self, pointer):
        """Load one number into all lanes."""
        undefined = ir.Constant(VECTOR, ir.Undefined)
        number = self.builder.load(pointer, align=4)
        first = self.builder.insert_element(undefined, number, ir.IntType(32)(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def shuffle(self, left, right, picks: list[int]):
        """Pick lanes out of two vectors, the right one's counted on from `LANES`."""
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), picks)
        return self.builder.shuffle_vector(left, right, mask)

    def accumulate(self, total, left, right):
        """Add a product to a sum held in a local variable."""
        multiply_add = self.intrinsic("fmuladd", VECTOR, [VECTOR] * 3)
        values = [left, right, self.builder.load(total)]
        self.builder.store(self.builder.call(multiply_add, values), total)

    def sum(self, vector):
        """Add up the lanes of a vector."""
        add = self.intrinsic("vector.reduce.fadd", FLOAT, [FLOAT, VECTOR])
        return self.builder.call(add, [FLOAT(-0.0), vector], fastmath=("reassoc",))

    def locals(self, count: int) -> list:
        """Return local variables that LLVM turns into registers."""
        return [cgutils.alloca_once(self.builder, VECTOR) for _ in range(count)]


@intrinsic
def _dense_block(typing, units, rows, result, below, inputs, weights, weight, unit_stride,
                 input_stride, biases, bias, bias_stride, vectors):  # fmt: skip
    """Run `dense` for at most `UNITS` units."""
    signature = types.void(INT, rows, INT, INT, INT, weights, INT, INT, INT, biases, INT, INT, INT)

    def generate(context, builder, signature, arguments):
        emit = Emitter(context, builder)
        (units, rows, result, below, inputs, weights, weight, unit_stride, input_stride,
         biases, bias, bias_stride, vectors) = arguments  # fmt: skip
        rows = emit.data(signature.args[1], rows)
        result = emit.at(rows, emit.times(STRIDE, result))
        below = emit.at(rows, emit.times(STRIDE, below))
        weights = emit.at(emit.data(signature.args[5], weights), weight)
        biases = emit.at(emit.data(signature.args[9], biases), bias)
        groups = builder.udiv(vectors, INTEGER(GROUP))
        rest = builder.urem(vectors, INTEGER(GROUP))

        def block(size, group, first, count):
            sums = emit.locals(size * group)
            with cgutils.for_range(builder, count) as loop:
                sample = builder.add(first, emit.times(group * LANES, loop.index))
                for unit in range(size):
                    start = emit.broadcast(emit.at(biases, emit.times(unit, bias_stride)))
                    for vector in range(group):
                        builder.store(start, sums[unit * group + vector])
                with cgutils.for_range(builder, inputs) as loop:
                    row = emit.at(below, sample, emit.times(STRIDE, loop.index))
                    vectors = [emit.load(emit.at(row, INTEGER(v * LANES))) for v in range(group)]
                    column = builder.mul(loop.index, input_stride)
                    for unit in range(size):
                        place = emit.at(weights, column, emit.times(unit, unit_stride))
                        factor = emit.broadcast(place)
                        for vector in range(group):
                            emit.accumulate(sums[unit * group + vector], factor, vectors[vector])
                for unit in range(size):
                    row = emit.at(result, sample, INTEGER(unit * STRIDE))
                    for vector in range(group):
                        value = builder.load(sums[unit * group + vector])
                        emit.store(value, emit.at(row, INTEGER(vector * LANES)))

        for size in range(1, UNITS + 1):
            with builder.if_then(builder.icmp_signed("==", units, INTEGER(size))):
                block(size, GROUP, INTEGER(0), groups)
                block(size, 1, emit.times(GROUP * LANES, groups), rest)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def _outer_block(typing, units, inputs, rows, delta, row, gradient, start, stride, vectors):
    """Run `outer` for at most `OUTER_UNITS` units and `OUTER_INPUTS` inputs."""
    signature = types.void(INT, INT, rows, INT, INT, gradient, INT, INT, INT)

    def generate(context, builder, signature, arguments):
        emit = Emitter(context, builder)
        units, inputs, rows, delta, row, gradient, start, stride, vectors = arguments
        rows = emit.data(signature.args[2], rows)
        deltas = emit.at(rows, emit.times(STRIDE, delta))
        rows = emit.at(rows, emit.times(STRIDE, row))
        gradient = emit.at(emit.data(signature.args[5], gradient), start)

        def block(height, width):
            sums = emit.locals(height * width)
            for total in sums:
                builder.store(ir.Constant(VECTOR, [0.0] * LANES), total)
            with cgutils.for_range(builder, vectors) as loop:
                sample = emit.times(LANES, loop.index)
                left = [
                    emit.load(emit.at(deltas, sample, INTEGER(n * STRIDE))) for n in range(height)
                ]
                for number in range(width):
                    right = emit.load(emit.at(rows, sample, INTEGER(number * STRIDE)))
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


@intrinsic
def transpose_block(typing, table, columns, column, samples, sample, rows, place):
    """Turn `LANES` rows of a table of samples into `LANES` rows of units.

    Parameters
    ----------
    table : array of float32, shape (samples, columns)
    columns, column : int
        Width of the table, a multiple of `LANES`; first column to take.
    samples, sample : array of int32, int
        Rows of the table to take, from this place in the array on.
    rows, place : array of float32, int
        Where the first number goes; the next row follows `STRIDE` numbers on.
    """
    signature = types.void(table, INT, INT, samples, INT, rows, INT)

    def generate(context, builder, signature, arguments):
        emit = Emitter(context, builder)
        table, columns, column, samples, sample, rows, place = arguments
        table = emit.at(emit.data(signature.args[0], table), column)
        samples = emit.at(emit.data(signature.args[3], samples), sample)
        rows = emit.at(emit.data(signature.args[5], rows), place)
        block = []
        for lane in range(LANES):
            index = builder.sext(builder.load(emit.at(samples, INTEGER(lane))), INTEGER)
            block.append(emit.load(emit.at(table, builder.mul(index, columns))))
        # Swap the off-diagonal quarters of ever smaller squares.
        size = LANES // 2
        while size:
            low = [lane if not lane & size else lane - size + LANES for lane in range(LANES)]
            high = [lane + size if not lane & size else lane + LANES for lane in range(LANES)]
            for first in range(LANES):
                if not first & size:
                    left, right = block[first], block[first + size]
                    block[first] = emit.shuffle(left, right, low)
                    block[first + size] = emit.shuffle(left, right, high)
            size //= 2
        for number, vector in enumerate(block):
            emit.store(vector, emit.at(rows, INTEGER(number * STRIDE)))
        return context.get_dummy_value()

    return signature, generate


@compiled(**ROUNDING)
def share(left, largest):
    """Return the size of the next block when what is left is cut as evenly as possible."""
    blocks = (left + largest - 1) // largest
    return (left + blocks - 1) // blocks


@compiled(**ROUNDING)
def dense(rows, result, units, below, inputs, weights, weight, unit_stride, input_stride,
          biases, bias, bias_stride, vectors):  # fmt: skip
    """Set rows to biases plus weights times other rows.

    Parameters
    ----------
    rows : array of float32, shape (all rows, STRIDE)
        One row per unit.
    result, units : int
        First row to set, and how many.
    below, inputs : int
        First row to read, and how many; none of them is set.
    weights, weight, unit_stride, input_stride : array of float32, int, int, int
        The weight of unit u for input i is ``weights[weight + u*unit_stride + i*input_stride]``.
    biases, bias, bias_stride : array of float32, int, int
        The bias of unit u is ``biases[bias + u*bias_stride]``.
    vectors : int
        Samples to compute, in vectors of `LANES`.
    """
    done = 0
    while done < units:
        size = share(units - done, UNITS)
        _dense_block(
            size, rows, result + done, below, inputs,
            weights, weight + done * unit_stride, unit_stride, input_stride,
            biases, bias + done * bias_stride, bias_stride, vectors,
        )  # fmt: skip
        done += size


@compiled(**ROUNDING)
def outer(rows, delta, units, row, inputs, gradient, start, stride, vectors):
    """Add the sums over samples of the products of two sets of rows to a gradient.

    Parameters
    ----------
    rows : array of float32, shape (all rows, STRIDE)
    delta, units : int
        First row of the first set, and how many.
    row, inputs : int
        First row of the second set, and how many.
    gradient, start, stride : array of float32, int, int
        The sum for rows u and i goes to ``gradient[start + u*stride + i]``.
    vectors : int
        Samples to sum over, in vectors of `LANES`.
    """
    done = 0
    while done < units:
        height = share(units - done, OUTER_UNITS)
        column = 0
        while column < inputs:
            width = share(inputs - column, OUTER_INPUTS)
            _outer_block(
                height, width, rows, delta + done, row + column,
                gradient, start + done * stride + column, stride, vectors,
            )  # fmt: skip
            column += width
        done += height
