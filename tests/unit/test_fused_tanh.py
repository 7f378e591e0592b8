"""Sweep the float32 range and compare tanh and its slope with float64 NumPy."""

import numba
import numpy as np
import pytest

from infoplane.training.fused.kernels import LANES, STRIDE, TILE
from infoplane.training.fused.tanh import tanh_rows

# The slope is exact to this many units in the last place up to a net input.
SLOPE_ERRORS = {20.0: 12.0, 43.0: 24.0}


@numba.njit
def run(rows, slopes, first, count, vectors):
    tanh_rows(rows, slopes, first, count, vectors)


def evaluate(values):
    """Return tanh and slope of any numbers, laid out as the units of a batch."""
    values = np.asarray(values, dtype=np.float32)
    count = -(-values.size // TILE)
    rows, slopes = np.zeros((2, count, STRIDE), dtype=np.float32)
    rows[:, :TILE] = np.resize(values, (count, TILE))
    run(rows, slopes, 0, count, TILE // LANES)
    return tuple(part[:, :TILE].ravel()[: values.size] for part in (rows, slopes))


@pytest.fixture(scope="module")
def sweep():
    """Return every 1021st bit pattern, and a dense grid where tanh bends and saturates."""
    patterns = np.arange(0, 2**31, 1021, dtype=np.uint64).astype(np.uint32).view(np.float32)
    values = np.concatenate([patterns, np.linspace(1e-3, 44, 2_000_001, dtype=np.float32)])
    values = values[~np.isnan(values)]
    return np.concatenate([values, -values])


def units_in_the_last_place(results, expected):
    unit = np.ldexp(1.0, np.maximum(np.frexp(expected.astype(np.float32))[1] - 24, -149))
    return np.abs(results.astype(np.float64) - expected) / unit


def exact_slope(net_inputs):
    """Return 4 e / (1 + e)^2 with e = exp(-2|z|), in float64: it cancels nowhere."""
    power = np.exp(-2 * np.abs(net_inputs.astype(np.float64)))
    return 4 * power / (1 + power) ** 2


def test_value_is_within_four_units_in_the_last_place(sweep):
    values, _ = evaluate(sweep)
    assert units_in_the_last_place(values, np.tanh(sweep.astype(np.float64))).max() <= 4


def test_value_is_one_only_where_that_is_the_nearest_number(sweep):
    values, _ = evaluate(sweep)
    nearest = np.tanh(sweep.astype(np.float64)).astype(np.float32)
    assert np.abs(values).max() == 1
    np.testing.assert_array_equal(np.abs(values) == 1, np.abs(nearest) == 1)


def test_value_is_odd_down_to_negative_zero(sweep):
    values, slopes = evaluate(sweep)
    opposite, same = evaluate(-sweep)
    np.testing.assert_array_equal(opposite.view(np.uint32), (-values).view(np.uint32))
    np.testing.assert_array_equal(same, slopes)


@pytest.mark.parametrize("farthest", SLOPE_ERRORS)
def test_slope_is_accurate_in_saturation(sweep, farthest):
    inside = sweep[np.abs(sweep) <= farthest]
    _, slopes = evaluate(inside)
    errors = units_in_the_last_place(slopes, exact_slope(inside))
    assert errors.max() <= SLOPE_ERRORS[farthest]


def test_far_beyond_there_is_a_slope_too_small_to_matter_and_no_subnormal_number(sweep):
    beyond = sweep[np.abs(sweep) > 43]
    _, slopes = evaluate([*beyond, np.inf, -np.inf])
    assert (slopes < 2.1e-37).all()
    assert (slopes >= np.finfo(np.float32).tiny).all()


def test_nan_stays_nan():
    for part in evaluate(np.full(37, np.nan)):
        assert np.isnan(part).all()


def test_rows_and_vectors_beyond_those_named_are_left_alone():
    rows = np.full((3, STRIDE), 2.0, dtype=np.float32)
    slopes = np.zeros_like(rows)
    run(rows, slopes, 1, 1, 2)
    assert (rows[[0, 2]] == 2).all()
    assert (rows[1, 2 * LANES :] == 2).all()
    assert (rows[1, : 2 * LANES] != 2).all()
    assert (slopes[rows == 2] == 0).all()
