"""Training of quantised and of noisy networks against one network at a time in plain autograd.

Updates by plain descent at rate 1 are gradients. They agree with the slow version to float32
rounding, 1e-5, unless a value on the edge between two levels is rounded the other way, which
the seeds used here do not meet. Claims of equality are exact.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from infoplane.networks.dense import initial_parameters, parameter_count, split_parameters
from infoplane.networks.functions import COMPILED_ACTIVATIONS, OUTPUTS
from infoplane.networks.quantisation import quantise
from infoplane.tasks.icosahedron import binary_patterns
from infoplane.training import train_ensemble
from infoplane.training.fused.channel_engine import ChannelEngine
from infoplane.training.fused.channel_loop import quantise_rows
from infoplane.training.fused.engine import FusedEngine
from infoplane.training.noise import epoch_noise
from infoplane.training.records import Optimizer, Schedule
from infoplane.training.torch.gaussian_dropout import GaussianDropoutTorchEngine
from infoplane.training.torch.noisy import NoisyTorchEngine
from infoplane.training.torch.quantised import (
    QuantisedTorchEngine,
    quantise_segments,
    weight_tensors,
)
from tests.support import network

INPUTS = binary_patterns(6).astype(np.float32)
LABELS = (INPUTS.sum(axis=1) > 3).astype(np.int64)
SEEDS = np.array([11, 12], np.uint64)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


SMALL = {"widths": (6, 5, 4, 2), "initial_weights": "truncated_normal_fan_in"}
BY = Optimizer("adam", learning_rate=0.01, batch_size=16)
SCHEDULE = Schedule(epochs=4, snapshots=3, training_fraction=0.8)
FULL_BATCH = dataclasses.replace(BY, batch_size=None)


def dense_network(**changes):
    return network(**{**SMALL, **changes})


def quantised_network(**changes):
    return dense_network(**{"quantisation_bits": 4, **changes})


def noisy_network(**changes):
    return dense_network(**{"noise_standard_deviation": 0.1, **changes})


def dropout_network(**changes):
    return dense_network(**{"relative_noise": 0.3, **changes})


def trained(chosen, by=BY, schedule=SCHEDULE, initialisations=(0, 1), engine="auto"):
    return train_ensemble(
        INPUTS, LABELS, chosen, by, schedule, initialisations, seed=3, engine=engine
    )


def widths_for(output):
    """Return small widths whose output layer fits."""
    return 6, 5, 4, 1 if output == "tanh" else 2


def start(chosen):
    return np.stack(
        [
            initial_parameters(chosen.widths, "pytorch", np.random.default_rng(seed))
            for seed in (0, 1)
        ]
    )


def one_full_batch_step(engine_class, chosen, batch_size=None):
    """Return the parameters before, and how descent at rate 1 moves them in one step."""
    by = Optimizer("sgd", learning_rate=1.0, batch_size=batch_size)
    parameters = start(chosen)
    everything = np.tile(np.arange(len(INPUTS)), (2, 1))
    engine = engine_class(chosen, by, INPUTS, LABELS, everything, SEEDS, parameters)
    engine.advance(0, 1)
    return parameters, engine.parameters - parameters


def slow_gradient(parameters, chosen, weight_of, hidden_of):
    """Return one network's gradient; the callables change its weights and hidden layers."""
    vector = torch.tensor(parameters, requires_grad=True)
    below = torch.tensor(INPUTS)
    layers = split_parameters(vector, chosen.widths)
    for number, (weights, biases) in enumerate(layers):
        net = below @ weight_of(weights).T + biases
        below = hidden_of(torch.tanh(net), number) if number < len(layers) - 1 else net
    torch.nn.functional.cross_entropy(below, torch.tensor(LABELS)).backward()
    return vector.grad.numpy()


def through(values, bits):
    """Quantise with the identity for a gradient."""
    rounded = torch.tensor(quantise(values.detach().numpy(), bits).values)
    return values + (rounded - values).detach()


@pytest.mark.parametrize("engine_class", [QuantisedTorchEngine, ChannelEngine])
@pytest.mark.parametrize("bits", [4, 8])
def test_quantised_step_is_the_straight_through_gradient(engine_class, bits):
    chosen = quantised_network(quantisation_bits=bits)
    parameters, moved = one_full_batch_step(engine_class, chosen, batch_size=len(INPUTS))
    for vector, step in zip(parameters, moved, strict=True):
        gradient = slow_gradient(
            vector, chosen, lambda w: through(w, bits), lambda t, _: through(t, bits)
        )
        np.testing.assert_allclose(step, -gradient, rtol=0, atol=1e-5)


@pytest.mark.parametrize("engine_class", [NoisyTorchEngine, ChannelEngine])
def test_noisy_step_is_the_gradient_at_that_noise(engine_class):
    chosen = noisy_network()
    parameters, moved = one_full_batch_step(engine_class, chosen)
    hidden = chosen.widths[1:-1]
    for vector, step, seed in zip(parameters, moved, SEEDS, strict=True):
        noise = epoch_noise(sum(hidden), len(INPUTS), seed, epoch=0).T
        parts = torch.tensor(noise * np.float32(0.1)).split(list(hidden), dim=1)
        gradient = slow_gradient(vector, chosen, lambda w: w, lambda t, n, z=parts: t + z[n])
        np.testing.assert_allclose(step, -gradient, rtol=0, atol=1e-5)


@pytest.mark.parametrize("engine_class", [GaussianDropoutTorchEngine, ChannelEngine])
def test_a_step_of_gaussian_dropout_is_the_gradient_at_that_noise(engine_class):
    chosen = dropout_network()
    parameters, moved = one_full_batch_step(engine_class, chosen)
    hidden = chosen.widths[1:-1]
    for vector, step, seed in zip(parameters, moved, SEEDS, strict=True):
        noise = epoch_noise(sum(hidden), len(INPUTS), seed, epoch=0).T
        parts = torch.tensor(1 + noise * np.float32(0.3)).split(list(hidden), dim=1)
        gradient = slow_gradient(vector, chosen, lambda w: w, lambda t, n, z=parts: t * z[n])
        np.testing.assert_allclose(step, -gradient, rtol=0, atol=1e-5)


def test_weights_are_quantised_alike_in_both_libraries():
    chosen = quantised_network()
    widths, parameters = chosen.widths, start(chosen)
    tensors = torch.tensor(np.tile(weight_tensors(chosen), (2, 1)))
    stack = quantise_segments(torch.tensor(parameters), tensors, len(widths) - 1, 4).numpy()
    for vector, rounded in zip(parameters, stack, strict=True):
        pairs = zip(
            split_parameters(vector, widths), split_parameters(rounded, widths), strict=True
        )
        for (weights, biases), (rounded_weights, rounded_biases) in pairs:
            np.testing.assert_array_equal(rounded_weights, quantise(weights, 4).values)
            np.testing.assert_array_equal(rounded_biases, biases)


def test_loss_while_training_is_the_loss_of_the_forward_pass():
    chosen = quantised_network(quantisation_bits=8)
    parameters = start(chosen)
    everything = np.tile(np.arange(len(INPUTS)), (2, 1))
    engine = QuantisedTorchEngine(chosen, FULL_BATCH, INPUTS, LABELS, everything, SEEDS, parameters)
    _, layers = engine._parameters_and_layers()
    batch = torch.from_numpy(everything)
    loss = engine._loss(layers, engine._inputs[batch], engine._targets[batch]).item()
    expected = 0.0
    for vector in parameters:
        net = torch.tensor(chosen.net_inputs_and_activations(vector, INPUTS)[0][-1])
        expected += torch.nn.functional.cross_entropy(net, torch.tensor(LABELS)).item()
    assert loss == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("engine", ["torch", "fused"])
@pytest.mark.parametrize("chosen", [quantised_network(), noisy_network(), dropout_network()])
def test_a_network_does_not_depend_on_its_stack(chosen, engine):
    together = trained(chosen, initialisations=range(4), engine=engine)
    alone = trained(chosen, initialisations=[2], engine=engine)
    np.testing.assert_array_equal(together.parameters[2], alone.parameters[0])
    assert np.isfinite(together.metrics["train_loss"]).all()


@pytest.mark.parametrize("engine", ["torch", "fused"])
@pytest.mark.parametrize("chosen", [quantised_network(), noisy_network(), dropout_network()])
def test_training_learns(chosen, engine):
    longer = dataclasses.replace(SCHEDULE, epochs=300)
    result = trained(chosen, schedule=longer, engine=engine)
    # The labels are linearly separable; 60 of 64 patterns leave room for 4-bit weights.
    assert (result.metrics["train_accuracy"][:, -1] >= 0.94).all()


@pytest.mark.parametrize("activation", COMPILED_ACTIVATIONS)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("made", [noisy_network, dropout_network])
def test_both_engines_take_the_same_noisy_steps(activation, output, made):
    chosen = made(activation=activation, output=output, widths=widths_for(output))
    by = dataclasses.replace(BY, weight_decay=0.01, largest_weight_norm=0.7)
    both = [trained(chosen, by, engine=engine).parameters for engine in ("torch", "fused")]
    # Sums of float32 in another order, over 4 epochs of 4 steps of Adam at rate 0.01.
    np.testing.assert_allclose(*both, rtol=0, atol=1e-4)


@pytest.mark.parametrize("activation", COMPILED_ACTIVATIONS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_both_engines_take_the_same_quantised_steps(activation, output):
    chosen = quantised_network(
        activation=activation, output=output, quantisation_bits=8, widths=widths_for(output)
    )
    by, short = (
        dataclasses.replace(BY, optimizer="sgd", largest_weight_norm=0.7),
        dataclasses.replace(SCHEDULE, epochs=2),
    )
    both = [trained(chosen, by, short, engine=engine).parameters for engine in ("torch", "fused")]
    # A value between two levels that is rounded the other way moves a sum by 1/256 of a range,
    # times the rate of 0.01 and a sample's share of 1/16.
    np.testing.assert_allclose(*both, rtol=0, atol=1e-4)


def test_both_engines_leave_out_batches_and_add_gradients_up():
    by = dataclasses.replace(
        BY, optimizer="sgd", weight_decay=0.01, batches_per_epoch=2, zero_gradients=False
    )
    both = [trained(noisy_network(), by, engine=engine).parameters for engine in ("torch", "fused")]
    np.testing.assert_allclose(*both, rtol=0, atol=1e-5)
    assert np.abs(both[0][:, -1] - both[0][:, 0]).max() > 0.01


@pytest.mark.parametrize("bits", [2, 8, 16])
def test_rounding_is_that_of_the_library(bits):
    values = np.random.default_rng(bits).normal(0.3, 1, (3, 40)).astype(np.float32)
    rows = np.zeros((5, 64), np.float32)
    rows[:3, :40], rows[:3, 40:] = values, 9.0  # beyond the batch; no part of its range
    quantise_rows(rows, 0, 3, 40, 64, 3, bits)
    np.testing.assert_array_equal(rows[:3, :40], quantise(values, bits).values)


def test_noise_is_new_for_every_epoch_and_network():
    draws = np.stack(
        [
            epoch_noise(4, 5000, np.uint64(seed), epoch)
            for seed, epoch in zip((5, 5, 6), (0, 1, 0), strict=True)
        ]
    )
    correlations = np.corrcoef(draws.reshape(3, -1))
    # Five standard errors of 20,000 independent draws: 5 / sqrt(20000) = 0.035.
    assert np.abs(correlations - np.eye(3)).max() < 0.035
    assert np.abs(draws.mean()) < 0.021
    assert draws.std() == pytest.approx(1, abs=0.015)


@pytest.mark.parametrize("engine_class", [NoisyTorchEngine, ChannelEngine])
def test_training_can_be_cut_anywhere(engine_class):
    chosen = noisy_network()
    everything = np.tile(np.arange(len(INPUTS)), (2, 1))
    engines = [
        engine_class(chosen, BY, INPUTS, LABELS, everything, SEEDS, start(chosen)) for _ in range(2)
    ]
    engines[0].advance(0, 3)
    engines[1].advance(0, 1)
    engines[1].advance(1, 3)
    np.testing.assert_array_equal(engines[0].parameters, engines[1].parameters)


@pytest.mark.parametrize("engine", ["torch", "fused"])
def test_vanishing_noise_changes_nothing(engine):
    quiet, silent = (
        trained(chosen, initialisations=[0], engine=engine).parameters
        for chosen in (noisy_network(noise_standard_deviation=1e-30), dense_network())
    )
    if engine == "torch":
        np.testing.assert_array_equal(quiet, silent)
    else:  # two kernels, which LLVM may contract differently
        np.testing.assert_allclose(quiet, silent, rtol=0, atol=1e-4)


def test_which_engine_serves_what():
    for chosen in (quantised_network(), noisy_network(), dropout_network()):
        assert not FusedEngine.supports(chosen, BY)
        assert ChannelEngine.supports(chosen, BY)
        assert trained(chosen, initialisations=[0]).engine == "fused"
    assert not ChannelEngine.supports(dense_network(), BY)
    assert ChannelEngine.supports(noisy_network(), FULL_BATCH)
    assert not ChannelEngine.supports(noisy_network(widths=(6, 100, 2)), BY)
    for batch_size in (None, 1000):
        by = dataclasses.replace(BY, batch_size=batch_size)
        assert not ChannelEngine.supports(quantised_network(), by)
        assert trained(quantised_network(), by, initialisations=[0]).engine == "torch"
        with pytest.raises(ValueError, match="the fused engine serves neither"):
            trained(quantised_network(), by, initialisations=[0], engine="fused")


@pytest.mark.parametrize("noise", [-0.1, 0.0, float("nan"), float("inf")])
def test_refuses_noise(noise):
    with pytest.raises(ValueError, match="noise_standard_deviation must be finite"):
        noisy_network(noise_standard_deviation=noise)


def test_every_parameter_belongs_to_one_tensor():
    chosen = quantised_network(widths=(12, 10, 2))
    tensors = weight_tensors(chosen)
    assert len(tensors) == parameter_count(chosen.widths)
    np.testing.assert_array_equal(np.bincount(tensors), [120, 20, 12])
