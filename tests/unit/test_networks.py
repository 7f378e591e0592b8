"""Parameters, initial weights and the forward pass against PyTorch and closed forms."""

import json
import subprocess
import sys

import numpy as np
import pytest
import scipy
import torch

import infoplane
from infoplane.networks import NETWORKS, _torch_functions, make_network, network_from_dict
from infoplane.networks.dense import initial_parameters, parameter_count, split_parameters
from infoplane.networks.functions import (
    ACTIVATION_FUNCTIONS,
    ACTIVATIONS,
    COMPILED_ACTIVATIONS,
    losses_and_hits,
    sigmoid,
    softmax,
)
from infoplane.networks.initial import INITIAL_WEIGHTS, initial_layer
from tests.support import network, optimizer, schedule

WIDTHS = (12, 10, 7, 5, 4, 3, 2)


def test_parameters_of_the_szt_network_are_counted():
    assert parameter_count(WIDTHS) == 294


def test_split_parameters_are_views_in_the_stated_layout():
    vector = np.arange(parameter_count((3, 2, 1)), dtype=np.float32)
    (weights, biases), (last, last_bias) = split_parameters(vector, (3, 2, 1))
    np.testing.assert_array_equal(weights, [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(biases, [6, 7])
    np.testing.assert_array_equal(last, [[8, 9]])
    np.testing.assert_array_equal(last_bias, [10])
    assert np.shares_memory(weights, vector)
    with pytest.raises(ValueError, match="need 11 parameters, not 10"):
        split_parameters(vector[:-1], (3, 2, 1))


@pytest.mark.parametrize("mapped", [False, True])
def test_slope_of_tanh_in_pytorch_is_accurate_in_saturation(mapped):
    # Twice in float32 what float64 gives from exp(-2|z|), to some units in the last place; the
    # rounded value's own 1 - tanh(z)^2 is off by 10 % or more from 7.5 on. exp(2z) ends at 44.
    net = torch.linspace(-40, 40, 2001)
    function = torch.func.grad(lambda z: 2 * _torch_functions.ACTIVATION_FUNCTIONS["tanh"](z).sum())
    slopes = (torch.func.vmap(function) if mapped else function)(net).numpy()
    power = np.exp(-2 * np.abs(net.numpy().astype(np.float64)))
    np.testing.assert_allclose(slopes, 8 * power / (1 + power) ** 2, rtol=1e-6)


# Standard deviation of each distribution for 200 units above 100: a normal cut at two standard
# deviations keeps 0.8796 of its own, a uniform one has limit / sqrt(3).
SPREAD = {
    "truncated_normal_fan_in": 0.87962566 / np.sqrt(100),
    "truncated_normal_fan_out": 0.87962566 / np.sqrt(200),
    "glorot": np.sqrt(6 / 300) / np.sqrt(3),
    "he": np.sqrt(2 / 100),
    "pytorch": 1 / np.sqrt(100) / np.sqrt(3),
}
LIMIT = {
    "truncated_normal_fan_in": 2 / np.sqrt(100),
    "truncated_normal_fan_out": 2 / np.sqrt(200),
    "glorot": np.sqrt(6 / 300),
    "he": np.inf,
    "pytorch": 1 / np.sqrt(100),
}


@pytest.mark.parametrize("distribution", INITIAL_WEIGHTS)
def test_initial_weights_have_their_distribution(distribution):
    vector = initial_parameters((100, 200), distribution, np.random.default_rng(0))
    ((weights, biases),) = split_parameters(vector, (100, 200))
    assert vector.dtype == np.float32
    # 20,000 draws: the standard deviation is known to about 0.5 %, the mean to 0.7 % of it.
    assert weights.std() == pytest.approx(SPREAD[distribution], rel=0.02)
    assert abs(weights.mean()) < 0.03 * SPREAD[distribution]
    assert np.abs(weights).max() <= LIMIT[distribution] * (1 + 1e-6)
    if distribution == "pytorch":
        assert biases.std() == pytest.approx(SPREAD[distribution], rel=0.2)
    else:
        assert not biases.any()


def test_unknown_initial_weights_are_refused():
    with pytest.raises(ValueError, match="orthogonal"):
        initial_parameters((2, 2), "orthogonal", np.random.default_rng(0))


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_forward_pass_and_losses_agree_with_torch(activation, output):
    generator = np.random.default_rng(1)
    chosen = network(activation=activation, output=output)
    vector = initial_parameters(chosen.widths, "pytorch", generator) * 3
    inputs = generator.normal(size=(50, 12)).astype(np.float32)
    labels = generator.integers(0, 2, 50)
    functions = {
        "tanh": torch.tanh,
        "relu": torch.relu,
        "linear": lambda net: net,
        "softsign": torch.nn.functional.softsign,
        "softplus": torch.nn.functional.softplus,
        "gelu": torch.nn.functional.gelu,
    }
    below, expected = torch.from_numpy(inputs), []
    layers = split_parameters(vector, chosen.widths)
    for weights, biases in layers:
        net = torch.nn.functional.linear(below, torch.from_numpy(weights), torch.from_numpy(biases))
        below = functions[activation](net)
        expected.append(below)
    if output == "softmax":
        expected[-1] = net.softmax(dim=1)
        losses = torch.nn.functional.cross_entropy(net, torch.from_numpy(labels), reduction="none")
    else:
        expected[-1] = net.sigmoid()
        targets = torch.nn.functional.one_hot(torch.from_numpy(labels), 2).float()
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            net, targets, reduction="none"
        ).mean(dim=1)
    net_inputs, activations = chosen.net_inputs_and_activations(vector, inputs)
    found_losses, hits = losses_and_hits(net_inputs[-1].T, labels, output)
    # Both compute in float32; sums of a dozen terms of order 1 differ by a few 1e-7.
    for found, wanted in zip(activations, expected, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted.numpy(), atol=2e-6)
    np.testing.assert_allclose(found_losses, losses.numpy(), atol=1e-5)
    np.testing.assert_array_equal(hits, (net.argmax(dim=1).numpy() == labels))


def test_both_libraries_have_the_same_activations():
    assert tuple(_torch_functions.ACTIVATION_FUNCTIONS) == ACTIVATIONS
    assert set(COMPILED_ACTIVATIONS) <= set(ACTIVATIONS)
    net = np.linspace(-5, 5, 101, dtype=np.float32)
    for name, function in _torch_functions.ACTIVATION_FUNCTIONS.items():
        found = function(torch.from_numpy(net))
        np.testing.assert_allclose(found, ACTIVATION_FUNCTIONS[name](net), atol=1e-6)


def test_a_tie_is_a_prediction_of_the_first_class():
    net = np.array([[0.0, 1.0, 2.0], [0.0, 3.0, 1.0], [0.0, 3.0, 2.0]], np.float32)
    for label, expected in enumerate(net.argmax(axis=0)[None] == np.arange(3)[:, None]):
        _, hits = losses_and_hits(net, np.full(3, label), "softmax")
        np.testing.assert_array_equal(hits, expected)


def test_losses_of_certain_mistakes_are_finite_and_linear():
    net = np.array([[100.0, -100.0], [-100.0, 100.0]], np.float32)
    labels = np.array([1, 1])
    softmax_losses, hits = losses_and_hits(net.T, labels, "softmax")
    np.testing.assert_allclose(softmax_losses, [200.0, 0.0], atol=1e-12)
    np.testing.assert_array_equal(hits, [False, True])
    sigmoid_losses, _ = losses_and_hits(net.T, labels, "sigmoid")
    np.testing.assert_allclose(sigmoid_losses, [100.0, 0.0], atol=1e-12)


@pytest.mark.parametrize(
    ("make", "change", "message"),
    [
        (network, {"activation": "tahn"}, "activation 'tahn' is not one of: tanh, relu"),
        (network, {"output": "linear"}, "output 'linear'"),
        (network, {"initial_weights": "zeros"}, "initial_weights 'zeros'"),
        (network, {"widths": (12,)}, "at least two layers"),
        (network, {"widths": (12, 0, 2)}, "at least two layers"),
        (network, {"widths": (12, 2.5, 2)}, r"\[12, 2.5, 2\] are not all whole numbers"),
        (network, {"noise_standard_deviation": 0.0}, "must be finite and above 0, not 0.0"),
        (network, {"quantisation_bits": 1}, "must be a whole number from 2 to 16, not 1"),
        (optimizer, {"optimizer": "rmsprop"}, "optimizer 'rmsprop'"),
        (optimizer, {"learning_rate": 0.0}, "learning_rate must be above 0"),
        (optimizer, {"batch_size": 0}, "batch_size must be at least 1"),
        (optimizer, {"weight_decay": -1.0}, "weight_decay must not be negative"),
        *(
            (optimizer, {"largest_weight_norm": limit}, "largest_weight_norm must be finite")
            for limit in (0.0, -1.0, float("nan"), float("inf"))
        ),
        (optimizer, {"adam_epsilon": "none"}, "adam_epsilon 'none' is not one of: after"),
        (
            optimizer,
            {"optimizer": "sgd", "adam_epsilon": "before_correction"},
            "adam_epsilon is Adam's, and sgd has none",
        ),
        (schedule, {"split": "last"}, "split 'last' is not one of: shuffled, first"),
        (schedule, {"epochs": 0}, "epochs must be at least 1"),
        (schedule, {"training_fraction": 1.2}, "training_fraction must be above 0 and at most 1"),
    ],
)
def test_what_cannot_be_is_refused(make, change, message):
    with pytest.raises(ValueError, match=message):
        make(**change)


def test_noise_on_levels_is_refused():
    with pytest.raises(ValueError, match="'quantised' has no parameter 'noise_standard_deviation'"):
        network(quantisation_bits=4, noise_standard_deviation=0.1)


MEMBERS = [{}, {"quantisation_bits": 4}, {"noise_standard_deviation": 0.1}]


@pytest.mark.parametrize("changes", MEMBERS)
def test_a_network_is_made_again_from_plain_data(changes):
    chosen = network(**changes)
    plain = json.loads(json.dumps(chosen.as_dict()))
    assert plain == chosen.as_dict()
    assert network_from_dict(plain) == chosen
    assert hash(network_from_dict(plain)) == hash(chosen)


def test_only_noise_and_rounding_are_not_plain():
    assert [network(**changes).is_plain for changes in MEMBERS] == [True, False, False]


def test_members_have_names_and_take_parameters_in_order():
    assert set(NETWORKS.names) >= {"dense", "noisy", "quantised"}
    dense = ("widths", "activation", "output", "initial_weights")
    assert NETWORKS.parameters("dense") == dense
    assert NETWORKS.parameters("noisy") == (*dense, "noise_standard_deviation")
    assert NETWORKS.parameters("quantised") == (*dense, "quantisation_bits")
    with pytest.raises(ValueError, match="did you mean 'quantised'"):
        make_network("quantized")


def test_shape_of_a_dense_network():
    chosen = network(widths=WIDTHS)
    assert (chosen.layers, chosen.units, chosen.classes) == (6, WIDTHS[1:], 2)
    assert chosen.parameter_count == 294
    vector = chosen.initial_parameters(np.random.default_rng(0))
    np.testing.assert_array_equal(
        vector, initial_parameters(WIDTHS, "glorot", np.random.default_rng(0))
    )
    for found, (weights, _) in zip(
        chosen.weights(vector), split_parameters(vector, WIDTHS), strict=True
    ):
        np.testing.assert_array_equal(found, weights)
        assert np.shares_memory(found, vector)


@pytest.mark.parametrize("changes", MEMBERS)
def test_images_are_flattened(changes):
    generator = np.random.default_rng(0)
    chosen = network(**changes)
    inputs = generator.normal(size=(9, 12)).astype(np.float32)
    vector = chosen.initial_parameters(generator)
    flat, images = (
        chosen.net_inputs_and_activations(vector, shaped)[1]
        for shaped in (inputs, inputs.reshape(9, 1, 4, 3))
    )
    for one, other in zip(flat, images, strict=True):
        np.testing.assert_array_equal(one, other)


def test_tasks_that_do_not_fit_are_refused():
    chosen = network()
    chosen.check_task((12,), 2)
    chosen.check_task((1, 4, 3), 2)
    with pytest.raises(ValueError, match=r"inputs of shape \(1, 8, 8\) do not fit .* of 12"):
        chosen.check_task((1, 8, 8), 2)
    with pytest.raises(ValueError, match="10 classes do not fit 2 output units"):
        chosen.check_task((12,), 10)


def test_fans_of_a_convolution_count_its_kernel():
    shape = (40, 10, 3, 3)
    parameters = initial_layer(shape, "he", np.random.default_rng(0))
    assert parameters.shape == (40 * 10 * 9 + 40,)
    # 3600 draws: the standard deviation is known to 1.2 %.
    assert parameters[:-40].std() == pytest.approx(np.sqrt(2 / 90), rel=0.05)
    assert not parameters[-40:].any()
    glorot = initial_layer(shape, "glorot", np.random.default_rng(0))
    assert np.abs(glorot).max() == pytest.approx(np.sqrt(6 / (90 + 360)), rel=0.01)


@pytest.mark.parametrize("width", [2, 7])
def test_output_activations_are_those_of_scipy(width):
    steep = np.array([0.0, 1e-8, 1.0, 20.0, 85.0, 100.0, 1e30], np.float32)
    draws = np.random.default_rng(0).normal(0.0, 10.0, (500, width))
    net = np.concatenate([draws, np.tile(np.r_[steep, -steep][:, None], width)]).astype(np.float32)
    # A few units in the last place of float32, relative, so that small probabilities keep their
    # digits; for softmax times the largest exponent, 90, whose rounding counts. Denormals excepted.
    expected = scipy.special.expit(net.astype(float))
    np.testing.assert_allclose(sigmoid(net), expected, rtol=5e-7, atol=1e-37)
    expected = scipy.special.softmax(net.astype(float), axis=1)
    np.testing.assert_allclose(softmax(net.T).T, expected, rtol=1e-5, atol=1e-37)
    assert softmax(net.T).dtype == sigmoid(net).dtype == np.float32


def test_the_package_reaches_what_a_user_needs():
    names = set(infoplane.__all__) - {"__version__"}
    assert names >= {"make_task", "make_network", "make_estimator", "make_measure", "szt_task"}
    assert all(callable(getattr(infoplane, name)) for name in names)
    assert infoplane.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="no attribute 'make_tsak'"):
        _ = infoplane.make_tsak


def test_networks_are_described_without_the_libraries_that_train_them():
    program = (
        "import sys, infoplane\n"
        "from infoplane.networks import NETWORKS\n"
        "for name in NETWORKS.names: NETWORKS.parameters(name)\n"
        "infoplane.Optimizer, infoplane.Schedule\n"
        "assert not {'torch', 'numba'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
