"""Quantiser: by hand, against a loop in Python, invariants; the quantised forward pass.

Whole numbers and equalities are exact. Steps are float32, so that values are compared to within
1e-6 of the range.
"""

from __future__ import annotations

import numpy as np
import pytest

from infoplane.networks.dense import initial_parameters, split_parameters
from infoplane.networks.quantisation import quantise
from infoplane.tasks.icosahedron import binary_patterns
from tests import support


def quantise_by_loop(values, bits):
    """Round one by one in Python's floats, following Jacob et al. (2018), equations 12 and 13."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    highest = 2**bits - 1
    step = (high - low) / highest or 1.0
    zero = round(-low / step)
    stored = [min(max(round(float(v) / step) + zero, 0), highest) for v in values.ravel()]
    return np.reshape([(level - zero) * step for level in stored], values.shape)


@pytest.mark.parametrize(
    ("values", "levels", "step"),
    [
        ([-1.0, 0.0, 2.0, 0.6], [-1, 0, 2, 1], 1.0),
        ([1.5, 3.0, 0.4], [2, 3, 0], 1.0),  # a range above 0 is widened to hold it
        ([-6.0, -2.0], [-3, -1], 2.0),
        ([0.0, 0.0], [0, 0], 1.0),
    ],
)
def test_two_bits_by_hand(values, levels, step):
    quantised = quantise(np.array(values, np.float32), bits=2)
    np.testing.assert_array_equal(quantised.levels, levels)
    assert quantised.step == step


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("shift", [-3.0, 0.0, 0.4, 5.0])
def test_agrees_with_a_loop(bits, shift):
    values = np.random.default_rng(bits).normal(shift, 1, (60, 7)).astype(np.float32)
    quantised = quantise(values, bits).values
    span = float(np.ptp(np.append(values, 0)))
    np.testing.assert_allclose(quantised, quantise_by_loop(values, bits), rtol=0, atol=1e-6 * span)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_keeps_few_levels_near_the_values(bits):
    values = np.random.default_rng(0).uniform(-1, 2, 5000).astype(np.float32)
    quantised = quantise(values, bits)
    assert len(np.unique(quantised.values)) == 2**bits
    # Half a step of rounding, and up to half a step at the ends for moving 0 onto a level.
    assert np.abs(quantised.values - values).max() <= 1.0001 * quantised.step
    assert np.abs(quantised.values - values).mean() <= 0.26 * quantised.step


def test_quantised_values_stay_as_they_are():
    values = np.random.default_rng(1).normal(0, 1, 300).astype(np.float32)
    once = quantise(values, 4)
    again = quantise(once.values, 4)
    np.testing.assert_array_equal(again.levels, once.levels)


def test_nan_stays_nan():
    assert np.isnan(quantise(np.full(3, np.nan, np.float32), 4).values).all()


# Forward pass


def network(bits, activation="tanh", seed=0):
    chosen = support.network(widths=(6, 5, 4, 2), quantisation_bits=bits, activation=activation)
    parameters = initial_parameters(chosen.widths, "pytorch", np.random.default_rng(seed))
    return parameters, chosen, binary_patterns(6).astype(np.float32)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_forward_pass_agrees_with_rounding_layer_by_layer(activation):
    parameters, chosen, inputs = network(4, activation)
    net_inputs, activations = chosen.net_inputs_and_activations(parameters, inputs)
    below = inputs.astype(np.float64)
    for number, (weights, biases) in enumerate(split_parameters(parameters, chosen.widths)):
        net = below @ quantise_by_loop(weights, 4).T + biases
        np.testing.assert_allclose(net_inputs[number], net, rtol=0, atol=1e-5)
        below = activations[number].astype(np.float64)
        function = np.tanh if activation == "tanh" else lambda net: np.maximum(net, 0)
        exact = function(net) if number < 2 else np.exp(net) / np.exp(net).sum(1, keepdims=True)
        np.testing.assert_allclose(below, quantise_by_loop(exact, 4), rtol=0, atol=1e-5)


@pytest.mark.parametrize("bits", [4, 8])
def test_activations_take_few_values(bits):
    parameters, chosen, inputs = network(bits)
    _, activations = chosen.net_inputs_and_activations(parameters, inputs)
    for layer in activations:
        assert layer.dtype == np.float32
        assert len(np.unique(layer)) <= 2**bits


def test_forward_pass_does_not_depend_on_the_order_of_the_samples():
    parameters, chosen, inputs = network(8)
    order = np.random.default_rng(0).permutation(len(inputs))
    _, straight = chosen.net_inputs_and_activations(parameters, inputs)
    _, shuffled = chosen.net_inputs_and_activations(parameters, inputs[order])
    for one, other in zip(straight, shuffled, strict=True):
        np.testing.assert_array_equal(one[order], other)


def test_many_bits_are_the_network_in_floating_point():
    parameters, chosen, inputs = network(16)
    _, quantised = chosen.net_inputs_and_activations(parameters, inputs)
    dense = support.network(widths=chosen.widths)
    _, exact = dense.net_inputs_and_activations(parameters, inputs)
    # 2**-16 of a range of about 2 per layer, times weights of about 1, over three layers.
    for one, other in zip(quantised, exact, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=5e-4)


# Bits


@pytest.mark.parametrize("bits", [1, 17, 4.0, True, "8", None])
def test_refuses_bits(bits):
    with pytest.raises(ValueError, match="quantisation_bits must be a whole number from 2 to 16"):
        support.network(quantisation_bits=bits)
