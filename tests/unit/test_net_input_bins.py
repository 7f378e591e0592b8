"""Net-input bins: against binned net inputs, far into saturation; what networks tell; refusals."""

import math

import numpy as np
import pytest

from infoplane.estimators import make_estimator
from tests.support import convolutional, network

STEEP = network(widths=(1, 1, 2), activation="tanh")


def steep_parameters(weight):
    """Return one hidden tanh unit of net input `weight` times x."""
    return np.array([weight, 0.0, 1.0, -1.0, 0.0, 0.0], dtype=np.float32)


def test_estimate_is_that_of_intervals_of_the_values():
    values = np.random.default_rng(1).normal(0, 12, (500, 2))
    labels = np.arange(500) % 3
    states = [tuple(row) for row in np.floor(values / 0.7).astype(int)]
    counts = np.array([states.count(state) for state in set(states)])
    expected = -(counts / 500 * np.log2(counts / 500)).sum()
    found = make_estimator("net_input", bin_width=0.7)(values, labels)
    # The same counts, summed in another order.
    assert found.mi_input_bits == pytest.approx(expected, abs=1e-12)
    assert found.ceiling_bits == math.log2(500)


def test_a_layer_far_in_saturation_keeps_all_that_its_net_inputs_tell():
    # 64 patterns at net inputs from -30 to 30, 0.95 apart: one in each interval of 0.9.
    inputs = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    labels = np.arange(64) % 2
    hidden, _ = STEEP.net_input_rows(steep_parameters(30.0), inputs)
    np.testing.assert_allclose(hidden[0], 30 * inputs[:, 0].astype(float), rtol=1e-15)
    estimator = make_estimator("net_input", bin_width=0.9)
    assert estimator(hidden.T, labels).mi_input_bits == pytest.approx(6.0, abs=1e-12)
    # What single precision leaves of the activations: those beyond 9.01, 22 at either end, are one.
    _, (activations, _) = STEEP.net_inputs_and_activations(steep_parameters(30.0), inputs)
    assert (np.abs(activations) == 1).sum() == 44
    kept = make_estimator("machine_precision")(activations, labels).mi_input_bits
    assert kept == pytest.approx(6.0 - 44 / 64 * math.log2(22), abs=1e-12)


def test_net_inputs_above_saturated_units_are_apart_in_double_precision():
    above = network(widths=(1, 1, 1, 2), activation="tanh")
    parameters = np.array([1.0, 0, 1.0, 0, 1, -1, 0, 0], dtype=np.float32)
    inputs = np.array([[10.0], [11.0]], dtype=np.float32)
    _, second, _ = above.net_input_rows(parameters, inputs)
    np.testing.assert_allclose(second[0], np.tanh([10.0, 11.0]), rtol=1e-15)
    assert second[0, 0] != second[0, 1]
    assert len(set(above.net_inputs_and_activations(parameters, inputs)[0][1].ravel())) == 1


@pytest.mark.parametrize("changes", [{}, {"quantisation_bits": 4}, {"activation": "relu"}])
def test_net_inputs_are_those_that_the_activations_come_from(changes):
    of = network(widths=(4, 3, 2), **changes)
    generator = np.random.default_rng(3)
    inputs = generator.normal(size=(50, 4)).astype(np.float32)
    parameters = of.initial_parameters(generator)
    pairs = zip(
        of.net_input_rows(parameters, inputs), of.unit_rows(parameters, inputs), strict=True
    )
    for net, (single, _) in pairs:
        assert net.dtype == np.float64
        # Float32 rounding of sums of four terms near 1; those of a quantised network are its own.
        np.testing.assert_allclose(net, single, rtol=0, atol=0 if "quant" in str(changes) else 1e-6)


def test_networks_that_do_not_tell_their_net_inputs_are_refused():
    images = convolutional()
    assert "net inputs" in make_estimator("net_input").refusal(images)
    parameters = images.initial_parameters(np.random.default_rng(0))
    with pytest.raises(ValueError, match="'convolutional' do not tell their net inputs"):
        next(images.net_input_rows(parameters, np.zeros((1, 1, 8, 8), np.float32)))


@pytest.mark.parametrize("width", [0.0, -1.0, math.inf, "wide"])
def test_a_width_that_is_none_is_refused(width):
    with pytest.raises(ValueError, match="bin_width must be a number > 0"):
        make_estimator("net_input", bin_width=width)


def test_a_range_is_refused_which_would_have_ends():
    with pytest.raises((TypeError, ValueError), match="no parameter 'high'; it has: bin_width"):
        make_estimator("net_input", bin_width=1.0, high=9.0)
