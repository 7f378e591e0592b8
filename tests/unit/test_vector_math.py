"""Sweep the whole float32 range and compare with float64 NumPy."""

import re

import numba
import numpy as np
import pytest

from infoplane.compiled.vector_math import exp32, sigmoid32, softplus32


def exact_sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1.0) / (1.0 + small)


def exact_softplus(x):
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


# Function, exact value in float64, error in units in the last place that its docstring states.
FUNCTIONS = {
    "exp": (exp32, np.exp, 1.5),
    "sigmoid": (sigmoid32, exact_sigmoid, 3.0),
    "softplus": (softplus32, exact_softplus, 3.0),
}


def over_array(function):
    @numba.njit(error_model="numpy")
    def apply(values, results):
        for index in range(values.size):
            results[index] = function(values[index])

    return apply


@pytest.fixture(scope="module")
def loops():
    return {name: over_array(function) for name, (function, _, _) in FUNCTIONS.items()}


def evaluate(loop, values):
    values = np.asarray(values, dtype=np.float32)
    results = np.empty_like(values)
    loop(values, results)
    return results


@pytest.fixture(scope="module")
def sweep():
    """Return 4 million float32 numbers: every 1021st bit pattern, and every turning point."""
    patterns = np.arange(0, 2**32, 1021, dtype=np.uint64).astype(np.uint32).view(np.float32)
    edges = np.float32([0, 1e-45, 1.1754944e-38, 87.3365, 88.7228, 103.9721, np.inf])
    near = (edges.view(np.int32)[:, None] + np.arange(-300, 300)).astype(np.int32)
    values = np.concatenate([patterns, near.ravel().view(np.float32), edges])
    values = np.concatenate([values, -values])
    return values[~np.isnan(values)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_error_in_units_in_the_last_place(loops, sweep, name):
    _, exact, tolerance = FUNCTIONS[name]
    results = evaluate(loops[name], sweep)
    with np.errstate(over="ignore", under="ignore"):
        expected = exact(sweep.astype(np.float64))
        nearest = expected.astype(np.float32)
    overflow = np.isinf(nearest)
    assert not np.isnan(results).any()
    # At the edge of the range the last finite number and infinity are one unit apart.
    np.testing.assert_array_less(np.float32(3.4028e38), results[overflow])
    # 24 bits of significand, fewer below the smallest normal number.
    unit = np.ldexp(1.0, np.maximum(np.frexp(nearest[~overflow])[1] - 24, -149))
    finite = results[~overflow].astype(np.float64)
    error = np.abs(finite - expected[~overflow]) / unit
    assert np.isfinite(finite).all()
    assert error.max() <= tolerance


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nan_stays_nan(loops, name):
    # Enough values for the vectorised loop and its remainder.
    assert np.isnan(evaluate(loops[name], np.full(37, np.nan))).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_result_does_not_depend_on_the_place_in_the_loop(loops, name):
    values = np.random.default_rng(0).normal(0, 4, 37).astype(np.float32)
    alone = [evaluate(loops[name], [value])[0] for value in values]
    np.testing.assert_array_equal(evaluate(loops[name], values), alone)


def test_limits(loops):
    far = [-np.inf, np.inf]
    np.testing.assert_array_equal(evaluate(loops["exp"], [*far, 0, -0.0]), [0, np.inf, 1, 1])
    np.testing.assert_array_equal(evaluate(loops["sigmoid"], [*far, 0, 20]), [0, 1, 0.5, 1])
    np.testing.assert_array_equal(evaluate(loops["softplus"], [*far, 100]), [0, np.inf, 100])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_loops_vectorise(loops, name):
    """A loop that calls or branches per number has scalar multiplications only."""
    evaluate(loops[name], [0.0])
    (assembly,) = loops[name].inspect_asm().values()
    x86 = re.search(r"v?mulps|vfn?madd\d+ps", assembly)
    arm = re.search(r"(fmul|fmla)\s+v\d+\.4s", assembly)
    assert x86 or arm
