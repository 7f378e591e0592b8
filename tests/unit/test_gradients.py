"""Gradient statistics: SZT's worked example, automatic differentiation, saturated networks."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from infoplane.measures import _module_gradients
from infoplane.measures._gradient_moments import mean_norm_and_variance
from infoplane.measures.gradients import (
    DEFINITIONS,
    GradientMoments,
    gradient_moments,
)
from infoplane.networks.dense import initial_parameters, split_parameters
from infoplane.networks.functions import COMPILED_ACTIVATIONS, CROSS_ENTROPY_OUTPUTS
from infoplane.tasks.icosahedron import szt_task
from infoplane.training.shuffling import shuffle_epoch
from tests.support import convolutional
from tests.support import network as network_of
from tests.unit.test_modules import Branched

SEED = np.uint64(11)
# The network is passed in float32 (2^-24 = 6e-8), its sums cancel tenfold or so.
RTOL = 1e-5


def a_network(widths=(12, 8, 5, 2), samples=150, scale=1.0, **changes):
    """Return a network, parameters of one snapshot, inputs and labels."""
    chosen, generator = network_of(widths=widths, **changes), np.random.default_rng(5)
    parameters = scale * initial_parameters(widths, "pytorch", generator)
    inputs = generator.integers(0, 2, (samples, widths[0])).astype(np.uint8)
    return chosen, parameters[None], inputs, generator.integers(0, widths[-1], samples)


def moments_of(network, epoch=0, batch_size=64, seed=SEED) -> GradientMoments:
    chosen, parameters, inputs, labels = network
    epochs = np.full(len(parameters), epoch)
    return gradient_moments(parameters, epochs, chosen, inputs, labels, seed, batch_size)


def autograd_gradients(network) -> list[np.ndarray]:
    """Differentiate each sample's loss by PyTorch: per layer, shape (samples, weights)."""
    chosen, parameters, inputs, labels = network
    function = {
        "tanh": torch.tanh,
        "relu": torch.relu,
        "linear": lambda net: net,
        "softsign": torch.nn.functional.softsign,
        "softplus": torch.nn.functional.softplus,
    }[chosen.activation]
    layers = [
        [torch.tensor(part, dtype=torch.float64, requires_grad=True) for part in layer]
        for layer in split_parameters(parameters[0], chosen.widths)
    ]
    weights = [layer[0] for layer in layers]
    gradients = [[] for _ in layers]
    for x, label in zip(torch.tensor(inputs, dtype=torch.float64), labels, strict=True):
        for number, (matrix, biases) in enumerate(layers, start=1):
            x = matrix @ x + biases
            x = function(x) if number < len(layers) else x
        if chosen.output == "softmax":
            loss = torch.nn.functional.cross_entropy(x[None], torch.tensor([label]))
        else:
            target = torch.nn.functional.one_hot(torch.tensor(label), len(x)).double()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(x, target)
        for kept, gradient in zip(gradients, torch.autograd.grad(loss, weights), strict=True):
            kept.append(gradient.numpy().ravel())
    return [np.array(kept) for kept in gradients]


def plain_moments(network, epoch, batch_size, gradients=None) -> dict[str, np.ndarray]:
    """Average stored per-sample gradients, the slow and obvious way."""
    gradients = autograd_gradients(network) if gradients is None else gradients
    samples = len(network[3])
    order = np.empty(samples, dtype=np.int64)
    shuffle_epoch(order, SEED, epoch)
    rows = {field.name: [] for field in dataclasses.fields(GradientMoments)}
    weights = network[0].weights(network[1][0])
    for of_layer, matrix in zip(gradients, weights, strict=True):
        batches = np.array(
            [
                of_layer[order[start : start + batch_size]].mean(axis=0)
                for start in range(0, samples, batch_size)
            ]
        )
        for name, draws in (("batch", batches), ("sample", of_layer)):
            rows[f"{name}_mean_norm"].append(np.linalg.norm(draws.mean(axis=0)))
            rows[f"{name}_variance"].append(np.trace(np.atleast_2d(np.cov(draws.T, ddof=0))))
        rows["weight_norm"].append(np.linalg.norm(matrix.astype(np.float64)))
    return {name: np.array(values) for name, values in rows.items()}


def assert_same_moments(measured: GradientMoments, expected: dict, rtol: float) -> None:
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(measured, name)[0], values, rtol=rtol, err_msg=name)


def module_gradients(network) -> list[np.ndarray]:
    """Differentiate each sample's loss of a module of its own: per layer, (samples, weights)."""
    chosen, parameters, inputs, labels = network
    module = chosen.build().double()
    module.load_state_dict(chosen.skeleton.split(torch.tensor(parameters[0], dtype=torch.float64)))
    weights = [p for p in module.parameters() if p.ndim > 1]
    gradients = [[] for _ in weights]
    for x, label in zip(torch.tensor(inputs, dtype=torch.float64), labels, strict=True):
        net = module(x[None])
        if chosen.output == "softmax":
            loss = torch.nn.functional.cross_entropy(net, torch.tensor([label]))
        else:
            loss = torch.nn.functional.mse_loss(net.softmax(1), torch.eye(2)[[label]].double())
        for kept, gradient in zip(gradients, torch.autograd.grad(loss, weights), strict=True):
            kept.append(gradient.numpy().ravel())
    return [np.array(kept) for kept in gradients]


# Held at a time: all samples, two mini-batches of 16, and less than one.
@pytest.mark.parametrize("held", [50, 35, 12])
@pytest.mark.parametrize("batch_size", [16, 49])
@pytest.mark.parametrize("output", ["softmax", "softmax_squared"])
def test_gradients_of_modules_are_those_of_single_samples(output, batch_size, held, monkeypatch):
    chosen, generator = (
        dataclasses.replace(convolutional(), output=output),
        np.random.default_rng(3),
    )
    parameters = chosen.initial_parameters(generator)[None]
    inputs = generator.random((50, 1, 8, 8)).astype(np.float32)
    monkeypatch.setattr(_module_gradients, "MOST_NUMBERS", held * parameters.size)
    network = (chosen, parameters, inputs, generator.integers(0, 2, 50))
    expected = plain_moments(network, 4, batch_size, module_gradients(network))
    # Sums of 50 numbers of float64, from inputs of float32.
    assert_same_moments(moments_of(network, 4, batch_size), expected, rtol=1e-10)


def test_a_layer_without_weights_has_no_gradient():
    chosen, generator = Branched(), np.random.default_rng(3)
    inputs = generator.random((20, 1, 6, 5)).astype(np.float32)
    parameters = chosen.initial_parameters(generator)[None]
    moments = moments_of((chosen, parameters, inputs, generator.integers(0, 3, 20)), 0, 8)
    assert [array.size > 0 for array in chosen.weights(parameters[0])] == [True, True, False, True]
    for values in (moments.batch_mean_norm, moments.sample_variance, moments.weight_norm):
        assert (values[0] > 0).tolist() == [True, True, False, True]


def worked_example() -> GradientMoments:
    """Return the moments of two identical layers with mini-batch gradients [2, 3], [4, 5]."""
    gradients = np.array([[2.0, 3.0, 2.0, 3.0], [4.0, 5.0, 4.0, 5.0]])
    squares = (gradients**2).sum(axis=0).reshape(2, 2).sum(axis=1)
    mean, variance = mean_norm_and_variance(gradients.sum(axis=0), squares, 2, np.array([0, 2]))
    return GradientMoments(mean, variance, mean, variance, weight_norm=np.array([10.0, 5.0]))


def test_worked_example_of_the_latest_definition():
    drawn = DEFINITIONS["szt_latest"](worked_example())
    np.testing.assert_allclose(drawn.mean_norm, [5.0, 10.0])
    # 1.189 is 2^(1/4): the covariance is divided by the number of draws; one less gives 1.414.
    np.testing.assert_allclose(drawn.std_norm, [1.189, 1.682], atol=5e-4)
    np.testing.assert_allclose(drawn.snr, [25 / math.sqrt(2), 100 / (2 * math.sqrt(2))])


def test_other_definitions_on_the_worked_example():
    first = DEFINITIONS["szt_first"](worked_example())
    np.testing.assert_allclose(first.mean_norm, [0.5, 1.0])
    np.testing.assert_allclose(first.std_norm, [0.2, 0.4])
    np.testing.assert_allclose(first.snr, [2.5, 2.5])
    second = DEFINITIONS["szt_second"](worked_example())
    np.testing.assert_allclose(second.mean_norm, [5.0, 10.0])
    np.testing.assert_allclose(second.std_norm, [math.sqrt(2), 2.0])
    np.testing.assert_allclose(second.snr, [12.5, 25.0])
    saxe = DEFINITIONS["saxe_sample"](worked_example())
    np.testing.assert_allclose(saxe.mean_norm, [5.0, 5.0])
    np.testing.assert_allclose(saxe.std_norm, [math.sqrt(2), math.sqrt(2)])
    np.testing.assert_allclose(saxe.snr, [5 / math.sqrt(2), 5 / math.sqrt(2)])


def test_over_mini_batches_of_one_size_the_mean_stays_and_the_deviation_falls():
    moments = moments_of(a_network(), batch_size=15)
    samples, batches = (DEFINITIONS[name](moments) for name in ("saxe_sample", "saxe_batch"))
    np.testing.assert_allclose(batches.mean_norm, samples.mean_norm, rtol=1e-4)
    # Means of 15 drawn without replacement from 150: 15 ** 0.5 times smaller, but for chance.
    ratios = samples.std_norm / batches.std_norm
    assert (ratios > 0.7 * math.sqrt(15)).all()
    assert (ratios < 1.5 * math.sqrt(15)).all()


@pytest.mark.parametrize("output", CROSS_ENTROPY_OUTPUTS)
@pytest.mark.parametrize("activation", COMPILED_ACTIVATIONS)
def test_agrees_with_automatic_differentiation(activation, output):
    # Mini-batches of 270 and 10 samples: more than the kernel takes at a time, and a partial one.
    network = a_network((12, 7, 5, 2), samples=280, activation=activation, output=output)
    measured = moments_of(network, epoch=4, batch_size=270)
    assert_same_moments(measured, plain_moments(network, 4, 270), RTOL)


@pytest.mark.parametrize("output", CROSS_ENTROPY_OUTPUTS)
@pytest.mark.parametrize("widths", [(3, 2), (5, 1, 4), (12, 10, 7, 5, 4, 3, 2), (20, 70, 3)])
def test_agrees_with_automatic_differentiation_at_other_widths(widths, output):
    network = a_network(widths, samples=60, output=output)
    measured = moments_of(network, epoch=1, batch_size=7)
    assert_same_moments(measured, plain_moments(network, 1, 7), RTOL)


def saturated_moments(margin, output) -> GradientMoments:
    """Measure a network without hidden layers that is right by a margin on its one input."""
    parameters = np.array([[margin / 2, -margin / 2, 0.0, 0.0]], np.float32)
    chosen = network_of(widths=(1, 2), output=output)
    return moments_of((chosen, parameters, np.ones((5, 1)), np.zeros(5, int)), batch_size=2)


@pytest.mark.parametrize("margin", [1.0, 20.0, 50.0, 80.0])
def test_certain_networks_keep_their_tiny_gradients(margin):
    # Softmax of two: both errors are sigmoid(-margin). Two sigmoid units, averaged: half of
    # sigmoid(-margin / 2). Subtracted, p - y would be 0 from a margin of 17 on.
    for output, error in (
        ("softmax", 1 / (1 + math.exp(margin))),
        ("sigmoid", 0.5 / (1 + math.exp(margin / 2))),
    ):
        mean = saturated_moments(margin, output).batch_mean_norm
        np.testing.assert_allclose(mean, [[math.sqrt(2) * error]], rtol=1e-6)


@pytest.mark.parametrize("margin", [-600.0, -30.0])
def test_wrong_and_certain_networks_have_errors_of_one(margin):
    mean = saturated_moments(margin, "softmax").sample_mean_norm
    np.testing.assert_allclose(mean, [[math.sqrt(2)]], rtol=1e-6)


@pytest.mark.parametrize("net_input", [0.0, 3.0, -12.0, 40.0])
def test_saturated_tanh_keeps_its_tiny_derivative(net_input):
    # One hidden unit of derivative 1 / cosh^2; output weights +1, -1 and errors -1/2, +1/2
    # wherever the output's net inputs are equal, which biases of -+tanh make them.
    height = math.tanh(net_input)
    parameters = np.array([[net_input, 0.0, 1.0, -1.0, -height, height]], np.float32)
    chosen = network_of(widths=(1, 1, 2))
    network = (chosen, parameters, np.ones((4, 1)), np.zeros(4, int))
    mean = moments_of(network, batch_size=2).batch_mean_norm
    np.testing.assert_allclose(mean[0, 0], 1 / math.cosh(net_input) ** 2, rtol=2e-6)


def test_deeper_certain_networks_agree_with_higher_precision():
    network = a_network((12, 6, 4, 2), samples=40, scale=20.0, activation="relu")
    chosen, parameters, inputs, _ = network
    layers = split_parameters(parameters[0].astype(np.longdouble), chosen.widths)
    rows = [inputs.astype(np.longdouble)]
    for number, (weights, biases) in enumerate(layers, start=1):
        net = rows[-1] @ weights.T + biases
        rows.append(np.maximum(net, 0) if number < len(layers) else net)
    labels = net.argmax(axis=1)
    measured = moments_of((chosen, parameters, inputs, labels), batch_size=20)
    share = 1 / (1 + np.exp(np.abs(net[:, 0] - net[:, 1])))
    error = share[:, None] * np.where(np.arange(2) == labels[:, None], -1, 1)
    assert share.min() < 1e-20
    for layer in reversed(range(len(layers))):
        gradients = (error[:, :, None] * rows[layer][:, None, :]).reshape(len(inputs), -1)
        mean = np.sqrt((gradients.mean(axis=0) ** 2).sum())
        variance = gradients.var(axis=0).sum()
        # Net inputs of some hundreds, in float32, are 1e-5 off, and errors are exp(-margin).
        np.testing.assert_allclose(measured.sample_mean_norm[0, layer], float(mean), rtol=1e-4)
        np.testing.assert_allclose(measured.sample_variance[0, layer], float(variance), rtol=2e-4)
        error = (error @ layers[layer][0]) * (rows[layer] > 0)


def test_samples_do_not_know_their_batches():
    network = a_network(samples=200)
    one, other = moments_of(network, batch_size=50), moments_of(network, 3, 77, np.uint64(1))
    # The same sums in another order.
    for name in ("sample_mean_norm", "sample_variance"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), RTOL)
    # Equal mini-batches have the samples' mean; 77, 77 and 46 do not.
    np.testing.assert_allclose(one.batch_mean_norm, one.sample_mean_norm, rtol=1e-12)
    assert (abs(other.batch_mean_norm / other.sample_mean_norm - 1) > 1e-6).all()


def test_batch_variance_is_that_of_draws_without_replacement():
    network, size, count = a_network(samples=200), 20, 200
    variances = [moments_of(network, epoch, size).batch_variance for epoch in range(400)]
    sample = moments_of(network).sample_variance
    expected = sample / size * (count - size) / (count - 1)
    # 400 epochs of 10 batches: the mean's standard error is about 1 %.
    np.testing.assert_allclose(np.mean(variances, axis=0), expected, rtol=0.05)


def test_snapshots_are_measured_one_by_one():
    chosen, parameters, inputs, labels = a_network()
    stack, epochs = np.concatenate([parameters, 2 * parameters]), np.array([3, 8])
    together = gradient_moments(stack, epochs, chosen, inputs, labels, SEED, 64)
    for number, epoch in enumerate(epochs):
        alone = moments_of((chosen, stack[number : number + 1], inputs, labels), epoch)
        for field in dataclasses.fields(GradientMoments):
            np.testing.assert_array_equal(
                getattr(together, field.name)[number], getattr(alone, field.name)[0]
            )


@pytest.mark.parametrize("change", [{"quantisation_bits": 4}, {"noise_standard_deviation": 0.1}])
def test_networks_with_noise_or_quantisation_are_refused(change):
    with pytest.raises(ValueError, match="plain networks only"):
        moments_of(a_network(**change))


def test_one_mini_batch_has_no_fluctuation_to_measure():
    moments = moments_of(a_network(), batch_size=150)
    for name in ("szt_first", "szt_second", "szt_latest", "saxe_batch"):
        statistics = DEFINITIONS[name](moments)
        assert np.isfinite(statistics.mean_norm).all()
        assert np.isnan(statistics.std_norm).all()
        assert np.isnan(statistics.snr).all()
    assert np.isfinite(DEFINITIONS["saxe_sample"](moments).snr).all()


def test_dead_layers_have_no_ratio():
    chosen, parameters, inputs, labels = a_network(activation="relu")
    weights, biases = split_parameters(parameters[0], chosen.widths)[0]
    weights[:], biases[:] = -1.0, -1.0
    moments = moments_of((chosen, parameters, inputs, labels))
    for definition in DEFINITIONS.values():
        statistics = definition(moments)
        assert statistics.mean_norm[0, 0] == 0
        assert statistics.std_norm[0, 0] == 0
        assert np.isnan(statistics.snr[0, 0])


def test_halving_the_loss_doubles_the_first_ratio_alone():
    moments = worked_example()
    halved = GradientMoments(
        moments.batch_mean_norm / 2,
        moments.batch_variance / 4,
        moments.sample_mean_norm / 2,
        moments.sample_variance / 4,
        moments.weight_norm,
    )
    growth = {
        name: definition(halved).snr / definition(moments).snr
        for name, definition in DEFINITIONS.items()
    }
    for name, factor in (
        ("szt_first", 2.0),
        ("szt_second", 1.0),
        ("szt_latest", 0.5),
        ("saxe_sample", 1.0),
        ("saxe_batch", 1.0),
    ):
        np.testing.assert_allclose(growth[name], factor)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"labels": np.full(150, 2)}, "labels run from 2 to 2"),
        ({"labels": np.zeros(149, int)}, "do not fit 149 labels"),
        ({"inputs": np.zeros((150, 11))}, r"inputs of shape \(11,\) do not fit"),
        ({"epochs": np.array([0, 1])}, "do not fit 2 epochs"),
        ({"parameters": np.full((1, 161), np.nan)}, "parameters must be finite"),
        ({"parameters": np.zeros((1, 160))}, "need 161 parameters, not 160"),
    ],
)
def test_refuses_what_does_not_fit(change, message):
    chosen, parameters, inputs, labels = a_network()
    arguments = {
        "parameters": parameters,
        "epochs": np.array([0]),
        "network": chosen,
        "inputs": inputs,
        "labels": labels,
        "order_seed": SEED,
        "batch_size": 64,
    }
    with pytest.raises(ValueError, match=message):
        gradient_moments(**{**arguments, **change})


def test_szt_network_at_initialisation_has_every_definition():
    task = szt_task()
    chosen = network_of(widths=(12, 10, 7, 5, 4, 3, 2))
    parameters = initial_parameters(chosen.widths, "glorot", np.random.default_rng(0))
    moments = moments_of((chosen, parameters[None], task.inputs, task.labels), batch_size=256)
    names = ["szt_first", "szt_second", "szt_latest", "saxe_sample", "saxe_batch"]
    assert list(DEFINITIONS) == names
    for definition in DEFINITIONS.values():
        assert definition(moments).snr.shape == (1, 6)
        assert (definition(moments).snr > 0).all()
