"""Sample propagation through noisy networks: statistics of the centres, a linear network.

Means and variances over n draws are compared to within 5 standard errors.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from infoplane.estimators.mixture_entropy import mixture_information
from infoplane.measures import make_measure
from infoplane.measures._propagation import noisy_network_information, propagated_centres
from infoplane.networks import make_network, network_from_dict
from infoplane.networks.dense import (
    initial_parameters,
    split_parameters,
)
from infoplane.tasks.icosahedron import binary_patterns


def network_with(**changes):
    values = {
        "widths": (4, 3, 3, 2),
        "activation": "linear",
        "output": "softmax",
        "initial_weights": "truncated_normal_fan_in",
        "noise_standard_deviation": 0.3,
    }
    return make_network("noisy", **{**values, **changes})


def without_noise(**changes):
    chosen = network_with(**changes).as_dict()
    del chosen["noise_standard_deviation"]
    return network_from_dict({**chosen, "network": "dense"})


INPUTS = binary_patterns(4).astype(np.float32)
LABELS = INPUTS[:, 0].astype(np.int64)


def network(chosen, seed=0):
    return initial_parameters(chosen.widths, "pytorch", np.random.default_rng(seed))


def test_first_layer_is_certain_and_second_has_the_noise_of_the_first():
    chosen = network_with()
    parameters = network(chosen)
    draws = 20_000
    first, second, _ = propagated_centres(
        parameters, chosen, INPUTS, draws, np.random.default_rng(1)
    )
    _, activations = chosen.net_inputs_and_activations(parameters, INPUTS)
    np.testing.assert_array_equal(first, np.repeat(activations[0][:, None], draws, axis=1))
    weights = split_parameters(parameters, chosen.widths)[1][0].astype(np.float64)
    covariance = 0.09 * weights @ weights.T
    scale = math.sqrt(covariance.diagonal().max())
    for centres, mean in zip(second, activations[1], strict=True):
        assert np.abs(centres.mean(axis=0) - mean).max() < 5 * scale / math.sqrt(draws)
        error = np.abs(np.cov(centres.T) - covariance).max()
        assert error < 5 * scale**2 * math.sqrt(2 / draws)


def test_no_noise_is_the_network_itself():
    chosen = without_noise(activation="tanh")
    centres = propagated_centres(network(chosen), chosen, INPUTS, 3, np.random.default_rng(0))
    _, activations = chosen.net_inputs_and_activations(network(chosen), INPUTS)
    for drawn, layer in zip(centres, activations, strict=True):
        np.testing.assert_allclose(drawn, np.repeat(layer[:, None], 3, axis=1), rtol=0, atol=1e-6)


def test_first_layer_is_the_mixture_over_its_activations():
    chosen = network_with()
    parameters = network(chosen)
    found = noisy_network_information(
        parameters, chosen, INPUTS, LABELS, np.random.default_rng(2), own_draws=600
    )[0]
    _, activations = chosen.net_inputs_and_activations(parameters, INPUTS)
    exact = mixture_information(activations[0], LABELS, 0.3, 4000, np.random.default_rng(3))
    assert abs(found.mi_input_bits - exact.mi_input_bits) < 4 * found.mi_input_standard_error
    assert abs(found.mi_label_bits - exact.mi_label_bits) < 4 * found.mi_label_standard_error


def test_second_layer_of_a_linear_network_has_coloured_gaussian_noise():
    """T_2 = W x + noise of covariance sigma^2 (W W' + I): whiten, and it is one mixture."""
    chosen = network_with()
    parameters = network(chosen)
    runs = [
        noisy_network_information(
            parameters,
            chosen,
            INPUTS,
            LABELS,
            np.random.default_rng(seed),
            own_draws=500,
            draws=100,
        )[1]
        for seed in range(20)
    ]
    _, activations = chosen.net_inputs_and_activations(parameters, INPUTS)
    weights = split_parameters(parameters, chosen.widths)[1][0].astype(np.float64)
    whitening = np.linalg.inv(np.linalg.cholesky(0.09 * (weights @ weights.T + np.eye(3))))
    exact = mixture_information(
        activations[1] @ whitening.T, LABELS, 1.0, 20_000, np.random.default_rng(4)
    )
    values = np.array([[run.mi_input_bits, run.mi_label_bits] for run in runs])
    error = values.std(axis=0, ddof=1) / math.sqrt(len(runs))
    difference = values.mean(axis=0) - (exact.mi_input_bits, exact.mi_label_bits)
    # The bias of 500 draws is about 1/500 nats for every cell that the noise below fills.
    assert (np.abs(difference) < 4 * error + 0.01).all()
    lower = np.mean([run.mi_input_lower_bits for run in runs])
    assert abs(lower - exact.mi_input_bits) < 4 * error[0] + 0.02


def test_noise_loses_information_layer_by_layer():
    chosen = network_with(activation="tanh", widths=(6, 5, 4, 3, 2), noise_standard_deviation=0.1)
    inputs = binary_patterns(6).astype(np.float32)
    layers = noisy_network_information(
        network(chosen), chosen, inputs, inputs[:, 0].astype(np.int64), np.random.default_rng(5)
    )
    values = [layer.mi_input_bits for layer in layers]
    errors = [layer.mi_input_standard_error for layer in layers]
    assert len(layers) == 4
    assert (np.diff(values) < 4 * np.hypot(errors[1:], errors[:-1])).all()
    assert values[0] <= 6.0 + 1e-9


def test_depends_on_the_generator_alone():
    chosen = network_with()
    twice = [
        noisy_network_information(
            network(chosen), chosen, INPUTS, LABELS, np.random.default_rng(6), own_draws=10
        )
        for _ in range(2)
    ]
    assert [layer.mi_input_bits for layer in twice[0]] == [
        layer.mi_input_bits for layer in twice[1]
    ]


def test_refuses_a_network_without_noise():
    chosen = without_noise()
    with pytest.raises(ValueError, match="noise_standard_deviation must be above 0"):
        noisy_network_information(network(chosen), chosen, INPUTS, LABELS, np.random.default_rng(0))


def test_refuses_networks_and_labels_that_no_estimator_can_use():
    chosen = network_with()
    broken = network(chosen)
    broken[5] = np.nan
    for parameters, labels, message in (
        (broken, LABELS, "parameters must be finite; number 5 is nan"),
        (network(chosen), LABELS[:3], r"labels must have shape \(16,\), .* not \(3,\)"),
        (network(chosen), np.ones(16, int), "labels must be of at least 2 classes; all 16 are 1"),
    ):
        with pytest.raises(ValueError, match=message):
            noisy_network_information(parameters, chosen, INPUTS, labels, np.random.default_rng(0))


def test_measure_gives_what_the_function_gives():
    chosen = network_with()
    measure = make_measure("noisy_propagation", label="mine", patterns=16, own_draws=10, draws=2)
    found = measure.of_network(network(chosen), chosen, INPUTS, LABELS, np.random.default_rng(6))
    same = noisy_network_information(
        network(chosen),
        chosen,
        INPUTS,
        LABELS,
        np.random.default_rng(6),
        patterns=16,
        own_draws=10,
        draws=2,
    )
    assert found == same
    assert measure.estimators() == ("mine_upper", "mine_lower")
    assert "noisy" in measure.refusal(without_noise())
    assert measure.refusal(chosen) == ""


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"patterns": 1}, "patterns must be a whole number of at least 2"),
        ({"own_draws": 1}, "own_draws must be a whole number of at least 2"),
        ({"draws": 0}, "draws must be a whole number of at least 1"),
    ],
)
def test_measure_refuses(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_measure("noisy_propagation", label="mine", **parameters)
