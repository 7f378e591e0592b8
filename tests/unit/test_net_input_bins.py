"""Net-input bins: against edges in activation space and binned net inputs; saturation; refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from infoplane.estimators import make_estimator
from infoplane.estimators.net_input import net_input_codes


def net_inputs(seed, samples=500, units=3, spread=2.0):
    return np.random.default_rng(seed).normal(0, spread, (samples, units))


def test_edges_are_tanh_of_equally_spaced_net_inputs():
    activations = np.tanh(net_inputs(0))
    edges = np.tanh(np.linspace(-12, 12, 25))
    expected = np.digitize(activations, edges) - 1
    np.testing.assert_array_equal(net_input_codes(activations, 24, -12.0, 12.0), expected)


def test_estimate_is_that_of_the_binned_net_inputs():
    values = net_inputs(1)
    labels = np.arange(len(values)) % 3
    expected = make_estimator("binned", bins=40, low=-20.0, high=20.0)(values, labels)
    found = make_estimator("net_input", bins=40, low=-20.0, high=20.0)(np.tanh(values), labels)
    # The same counts, summed in another order.
    assert found.mi_input_bits == pytest.approx(expected.mi_input_bits, abs=1e-12)
    assert found.mi_label_bits == pytest.approx(expected.mi_label_bits, abs=1e-12)
    assert found.ceiling_bits == expected.ceiling_bits


def test_saturation_does_not_compress_until_floating_point_rounds():
    values = np.linspace(-8, 8, 1600)[:, None]
    labels = np.arange(1600) % 2
    estimator = make_estimator("net_input", bins=100)
    assert estimator(np.tanh(values), labels).mi_input_bits == pytest.approx(4.0, abs=1e-12)
    saturated = np.tanh(30 * values + 1).astype(np.float32)
    assert estimator(saturated, labels).mi_input_bits < 1.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saturated_values_go_to_the_outermost_intervals(dtype):
    activations = np.array([[-1], [1], [0]], dtype=dtype)
    assert net_input_codes(activations, 10, -50.0, 50.0)[:, 0].tolist() == [0, 9, 5]


@pytest.mark.parametrize(
    ("activations", "message"),
    [
        ([[0.5], [1.5]], r"lie within \[-1, 1\]; the largest absolute value is 1.5"),
        ([[0.5], [0.99]], r"within the range \[-2.0, 2.0\]; they reach from 0.549306 to 2.64665"),
        ([[0.5], [1.0]], r"within the range \[-2.0, 2.0\]; .* to 18.715"),
    ],
)
def test_values_outside_are_refused(activations, message):
    estimator = make_estimator("net_input", bins=4, low=-2.0, high=2.0)
    with pytest.raises(ValueError, match=message):
        estimator(np.array(activations), np.array([0, 1]))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"bins": 0}, r"bins must be .* at least 2, not 0"),
        ({"low": math.inf}, r"low must be a finite number, not inf"),
        ({"low": 1.0, "high": 1.0}, r"low must be below high \(1.0\), not 1.0"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_estimator("net_input", **parameters)
