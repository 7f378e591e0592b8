"""Elementary functions of float32 numbers that vectorise when a loop inlines them.

Each is free of branches and calls: polynomials, comparisons that become selections, and
arithmetic on the bits of the number. They hold over the whole float32 range, subnormal results
and infinities included, and keep nan. Errors against the exact value, in units in the last
place: `exp32` 1.5, `sigmoid32` and `softplus32` 3.

The polynomials are minimax fits for these functions, by Lawson's iteration in 60 digits
(Lawson 1961); the reductions of the arguments are the usual ones (Muller, Elementary
Functions, 3rd ed., chapter 11). Callers must not compile with ``reassoc`` and inline at the
level of numba: these functions are inlined by LLVM and keep their own rounding rules.
"""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled

# "contract" fuses multiplications and additions; nothing is reordered and nan is honoured.
ROUNDING = {"fastmath": {"contract"}, "error_model": "numpy"}

LOG2_E = np.float32(1.44269504)
# ln 2 in two parts: the first has so few bits that its product with an exponent is exact.
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
# Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
SHIFT, SHIFT_BITS = np.float32(12582912.0), np.int32(0x4B400000)
EXP_LOWEST, EXP_HIGHEST = np.float32(-104.0), np.float32(89.0)
BIAS, MANTISSA_BITS = np.int32(127), np.int32(23)
ONE, TWO, HALF = np.float32(1.0), np.float32(2.0), np.float32(0.5)
ZERO = np.float32(0.0)

# exp(r) = 1 + r + r^2 E(r) on |r| <= ln(2) / 2, relative error 3e-9.
E0, E1, E2 = np.float32(0.4999999341), np.float32(0.1666652011), np.float32(0.04166839426)
E3, E4 = np.float32(0.008368780622), np.float32(0.001381446475)

# 2 artanh(d / 2) = d + d^3 A(d^2) on 0 <= d <= 2/3, relative error 5e-9.
A0, A1 = np.float32(0.08333301633731205), np.float32(0.012506781766332175)
A2, A3 = np.float32(0.0021874303123896525), np.float32(0.000547355322359314)


@compiled(**ROUNDING)
def exp32(x):
    """Return e to the power of a float32.

    Parameters
    ----------
    x : float32

    Returns
    -------
    float32
        Within 1.5 units in the last place; subnormal below -87.3, 0 below -103.98, infinite
        above 88.73.
    """
    x = EXP_HIGHEST if x > EXP_HIGHEST else x
    x = EXP_LOWEST if x < EXP_LOWEST else x
    shifted = x * LOG2_E + SHIFT
    exponent = np.int32(np.float32(shifted).view(np.int32) - SHIFT_BITS)
    rounded = shifted - SHIFT
    r = (x - rounded * LN2_HIGH) - rounded * LN2_LOW
    polynomial = (((E4 * r + E3) * r + E2) * r + E1) * r + E0
    power = (r * r) * polynomial + r + ONE
    # 2^exponent may leave the range of normal numbers, so it is multiplied in halves.
    half = np.int32(exponent >> np.int32(1))
    first = np.int32((half + BIAS) << MANTISSA_BITS).view(np.float32)
    second = np.int32((exponent - half + BIAS) << MANTISSA_BITS).view(np.float32)
    return (power * first) * second


@compiled(**ROUNDING)
def sigmoid32(x):
    """Return 1 / (1 + exp(-x)) of a float32.

    Parameters
    ----------
    x : float32

    Returns
    -------
    float32
        Within 3 units in the last place, down to subnormal results.
    """
    small = exp32(-abs(x))
    numerator = small if x < ZERO else ONE
    return numerator / (ONE + small)


@compiled(**ROUNDING)
def softplus32(x):
    """Return log(1 + exp(x)) of a float32, in nats.

    Parameters
    ----------
    x : float32

    Returns
    -------
    float32
        Within 3 units in the last place, down to subnormal results.
    """
    small = exp32(-abs(x))
    # log(1 + e) = 2 artanh(e / (2 + e))
    d = (TWO * small) / (TWO + small)
    square = d * d
    polynomial = ((A3 * square + A2) * square + A1) * square + A0
    largest = ZERO if x < ZERO else x
    return largest + (d + (d * square) * polynomial)
