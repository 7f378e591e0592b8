"""The fused engine against float64 NumPy, the torch engine and its own invariants."""

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import infoplane
from infoplane.networks.dense import parameter_count, split_parameters
from infoplane.networks.functions import COMPILED_ACTIVATIONS, OUTPUTS
from infoplane.training.engines import choose_engine
from infoplane.training.fused import engine, loop
from infoplane.training.fused.engine import FusedEngine
from infoplane.training.records import OPTIMIZERS, Optimizer
from infoplane.training.shuffling import shuffle_epoch
from infoplane.training.torch.dense import DenseTorchEngine
from tests.support import network

SZT_WIDTHS = (12, 10, 7, 5, 4, 3, 2)
RATES = {"adam": 1e-3, "sgd": 0.1}
EPSILON = 1e-8


def make_records(optimizer="adam", batch_size=64, weight_decay=0.0, limit=None, **changes):
    """Return a network and its optimiser."""
    chosen = network(**{"widths": SZT_WIDTHS, "initial_weights": "pytorch", **changes})
    return chosen, Optimizer(optimizer, RATES[optimizer], batch_size, weight_decay, limit)


def make_problem(chosen, inits=2, samples=300, train=250):
    """Return what an engine takes after its records: data, splits, seeds and parameters."""
    generator = np.random.default_rng(7)
    inputs = generator.normal(size=(samples, chosen.widths[0])).astype(np.float32)
    scores = inputs @ generator.normal(size=(chosen.widths[0], chosen.classes))
    labels = scores.argmax(axis=1)
    splits = np.stack([generator.permutation(samples)[:train] for _ in range(inits)])
    seeds = generator.integers(0, 2**64, inits, dtype=np.uint64)
    parameters = np.stack([chosen.initial_parameters(generator) for _ in range(inits)])
    return inputs, labels, splits, seeds, parameters


def select(problem, chosen):
    inputs, labels, *per_network = problem
    return inputs, labels, *(array[chosen] for array in per_network)


# The derivative of each activation, given the net input.
SLOPES = {
    "tanh": lambda net: 1 - np.tanh(net) ** 2,
    "relu": lambda net: (net > 0).astype(float),
    "linear": np.ones_like,
    "softsign": lambda net: 1 / (1 + np.abs(net)) ** 2,
    "softplus": lambda net: 1 / (1 + np.exp(-net)),
}


def reference_delta(values, labels, output):
    """Return the derivative of each sample's loss in the output's net input."""
    if output == "tanh":
        return 2 * (values - (2.0 * labels[:, None] - 1)) * (1 - values**2)
    units = values.shape[1]
    error = values - np.eye(units)[labels]
    if output == "softmax_squared":
        return 2 / units * values * (error - (values * error).sum(axis=1, keepdims=True))
    return error / units if output == "sigmoid" else error


def reference_gradient(parameters, chosen, weight_decay, inputs, labels):
    """Return the gradient of the mean loss by backpropagation, layer by layer, in float64."""
    nets, activations = chosen.net_inputs_and_activations(parameters, inputs)
    gradient = np.zeros_like(parameters)
    layers = split_parameters(parameters, chosen.widths)
    gradients = split_parameters(gradient, chosen.widths)
    delta = reference_delta(activations[-1], labels, chosen.output) / len(labels)
    for layer in reversed(range(len(layers))):
        below = activations[layer - 1] if layer else inputs
        weights, (weight_slopes, bias_slopes) = layers[layer][0], gradients[layer]
        weight_slopes[...] = delta.T @ below + weight_decay * weights
        bias_slopes[...] = delta.sum(axis=0)
        if layer:
            delta = (delta @ weights) * SLOPES[chosen.activation](nets[layer - 1])
    return gradient


def reference_training(records, problem, epochs):
    """Train each network in float64, the obvious way."""
    chosen, by = records
    inputs, labels, splits, seeds, initial = problem
    results = []
    for split, seed, start in zip(splits, seeds, initial, strict=True):
        parameters = start.astype(np.float64)
        mean, square, step = np.zeros_like(parameters), np.zeros_like(parameters), 0
        for epoch in range(epochs):
            order = np.arange(len(split))
            if by.batch_size is not None:
                shuffle_epoch(order, seed, epoch)
            size = by.batch_size or len(split)
            for first in range(0, len(split), size):
                batch = split[order[first : first + size]]
                gradient = reference_gradient(
                    parameters,
                    chosen,
                    by.weight_decay,
                    inputs[batch].astype(np.float64),
                    labels[batch],
                )
                step += 1
                if by.optimizer == "adam":
                    mean = 0.9 * mean + 0.1 * gradient
                    square = 0.999 * square + 0.001 * gradient**2
                    gradient = mean / (1 - 0.9**step)
                    root, before = np.sqrt(1 - 0.999**step), by.adam_epsilon == "before_correction"
                    epsilon = EPSILON / root if before else EPSILON
                    gradient = gradient / (np.sqrt(square) / root + epsilon)
                parameters = parameters - by.learning_rate * gradient
                if by.largest_weight_norm is not None:
                    for weights, _ in split_parameters(parameters, chosen.widths)[:-1]:
                        norms = np.linalg.norm(weights, axis=1, keepdims=True)
                        weights /= np.maximum(norms / by.largest_weight_norm, 1)
        results.append(parameters)
    return np.stack(results)


def trained(engine, records, problem, epochs):
    engine = engine(*records, *problem)
    engine.advance(0, epochs)
    return engine.parameters


# Parameters are of order 1, so one rounding is 6e-8. Over 200 steps sums of up to 250 terms in
# another order leave 1e-6; Adam divides small gradients by their own size and turns their
# rounding errors into up to 1e-5. A wrong formula moves parameters by 200 rates: 0.2 and more.
TOLERANCE = 2e-5


def assert_same(found, expected, records):
    """Compare parameters after training by two engines.

    The slope of a rectifier jumps: where a sample comes within rounding of the jump, two engines
    may disagree whether a rarely active unit takes a step, so a few weights may be a few steps
    apart.
    """
    apart = np.abs(found - expected)
    chosen, by = records
    if chosen.activation == "relu":
        assert np.quantile(apart, 0.98) <= TOLERANCE
        assert apart.max() <= 5 * by.learning_rate
    else:
        assert apart.max() <= TOLERANCE


@pytest.fixture(autouse=True)
def _one_thread():
    """Keep PyTorch from spreading small products over threads, which is far slower."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("activation", COMPILED_ACTIVATIONS)
@pytest.mark.parametrize("widths", [SZT_WIDTHS, (5, 17, 64, 6, 3), (4, 1, 2)])
def test_many_steps_match_both_references(widths, activation, optimizer, output):
    epochs = 50
    if output == "tanh":
        # Its slopes are up to four times as large: rounding grows as fast.
        widths, epochs = (*widths[:-1], 1), 20
    records = make_records(widths=widths, activation=activation, optimizer=optimizer, output=output)
    problem = make_problem(records[0])
    fused = trained(FusedEngine, records, problem, epochs)
    assert np.abs(fused - problem[-1]).max() > 100 * TOLERANCE
    assert_same(fused, reference_training(records, problem, epochs), records)
    assert_same(fused, trained(DenseTorchEngine, records, problem, epochs), records)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_wide_layers_match_both_references(optimizer):
    records = make_records(widths=(150, 70, 9, 3), optimizer=optimizer)
    problem = make_problem(records[0])
    fused = trained(FusedEngine, records, problem, 5)
    assert_same(fused, reference_training(records, problem, 5), records)
    assert_same(fused, trained(DenseTorchEngine, records, problem, 5), records)


# Training sets of 1 to 3 tiles of 256 samples, of whole vectors or not, and single samples.
@pytest.mark.parametrize(
    ("batch_size", "train"),
    [(None, 600), (None, 256), (None, 37), (600, 600), (300, 601), (256, 513), (1, 40), (33, 100)],
)
def test_batches_of_every_size(batch_size, train):
    records = make_records(batch_size=batch_size)
    problem = make_problem(records[0], samples=700, train=train)
    expected = reference_training(records, problem, 5)
    np.testing.assert_allclose(
        trained(FusedEngine, records, problem, 5), expected, rtol=0, atol=TOLERANCE
    )


def test_epsilon_before_the_correction_is_that_of_the_second_form_of_adam():
    # Slopes as small as epsilon, so that its place decides the step: alpha_t m / (sqrt(v) + eps).
    slopes = np.array([1e-8, -3e-8, 1e-5, 0.0], np.float32)
    chosen, by = make_records()
    by = dataclasses.replace(by, adam_epsilon="before_correction")
    torch_engine = DenseTorchEngine(chosen, by, *make_problem(chosen))
    torch_engine._mean, torch_engine._square = torch.zeros(4), torch.zeros(4)
    found, means, squares = (np.zeros(4, np.float32) for _ in range(3))
    expected, mean, square, moved = np.zeros(4), 0.0, 0.0, np.zeros(4)
    for step in range(1, 11):
        loop.adam_step.py_func(found, slopes, means, squares, step, 1e-3, engine.adam_code(by))
        moved -= torch_engine._update(torch.from_numpy(slopes)).numpy()
        mean, square = 0.9 * mean + 0.1 * slopes, 0.999 * square + 0.001 * slopes.astype(float) ** 2
        rate = 1e-3 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        expected -= rate * mean / (np.sqrt(square) + EPSILON)
    # Roundings of float32 over ten steps; after the correction the first moves 0.005.
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    np.testing.assert_allclose(moved, expected, rtol=1e-4)
    assert abs(expected[0]) < 0.002


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weight_decay_spares_biases(optimizer):
    records = make_records(optimizer=optimizer, weight_decay=0.3)
    problem = make_problem(records[0])
    fused = trained(FusedEngine, records, problem, 50)
    expected = reference_training(records, problem, 50)
    np.testing.assert_allclose(fused, expected, rtol=0, atol=TOLERANCE)
    without = trained(FusedEngine, make_records(optimizer=optimizer), problem, 50)
    assert np.abs(fused - without).max() > 100 * TOLERANCE


@pytest.mark.parametrize("zero", [True, False], ids=["zeroed", "added up"])
@pytest.mark.parametrize("batches", [1, 2, 100, None])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_batches_left_out_and_gradients_that_add_up(optimizer, batches, zero):
    chosen, by = make_records(optimizer=optimizer, weight_decay=0.1)
    records = (
        chosen,
        dataclasses.replace(by, batches_per_epoch=batches, zero_gradients=zero),
    )
    problem = make_problem(chosen)
    engine = FusedEngine(*records, *problem)
    for first, last in ((0, 3), (3, 5)):
        engine.advance(first, last)
    assert_same(engine.parameters, trained(DenseTorchEngine, records, problem, 5), records)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_limit_on_the_norms_of_hidden_units(optimizer):
    records = make_records(optimizer=optimizer, limit=0.5)
    problem = make_problem(records[0])
    fused = trained(FusedEngine, records, problem, 50)
    assert_same(fused, reference_training(records, problem, 50), records)
    assert_same(fused, trained(DenseTorchEngine, records, problem, 50), records)
    *hidden, output = (weights for weights, _ in split_parameters(fused, SZT_WIDTHS))
    norms = np.concatenate([np.linalg.norm(weights, axis=2) for weights in hidden], axis=1)
    # A few roundings of float32.
    assert norms.max() <= 0.5 * (1 + 1e-6)
    assert (norms > 0.499).mean() > 0.5
    assert np.linalg.norm(output, axis=2).max() > 0.7


@pytest.mark.parametrize("engine", [FusedEngine, DenseTorchEngine])
def test_a_limit_that_no_unit_reaches_changes_no_bit(engine):
    records = make_records()
    problem = make_problem(records[0])
    far = trained(engine, make_records(limit=1000.0), problem, 5)
    np.testing.assert_array_equal(far, trained(engine, records, problem, 5))


def test_no_layer_between_inputs_and_outputs():
    records = make_records(widths=(6, 3))
    problem = make_problem(records[0])
    expected = reference_training(records, problem, 20)
    np.testing.assert_allclose(
        trained(FusedEngine, records, problem, 20), expected, rtol=0, atol=TOLERANCE
    )


@pytest.mark.parametrize("batch_size", [None, 64])
def test_networks_do_not_depend_on_the_stack(batch_size):
    records = make_records(batch_size=batch_size)
    problem = make_problem(records[0], inits=7)
    together = trained(FusedEngine, records, problem, 6)
    for chunk in (1, 3):
        parts = [
            trained(FusedEngine, records, select(problem, slice(first, first + chunk)), 6)
            for first in range(0, 7, chunk)
        ]
        np.testing.assert_array_equal(np.concatenate(parts), together)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_pieces_make_the_whole(optimizer):
    records = make_records(optimizer=optimizer)
    problem = make_problem(records[0])
    engine = FusedEngine(*records, *problem)
    for first, last in ((0, 1), (1, 1), (1, 4), (4, 9)):
        engine.advance(first, last)
    np.testing.assert_array_equal(engine.parameters, trained(FusedEngine, records, problem, 9))


@pytest.mark.parametrize("activation", ["relu", "linear"])
def test_a_diverged_network_stops_and_leaves_the_others_alone(activation):
    records = make_records(activation=activation, optimizer="sgd")
    problem = make_problem(records[0], inits=3)
    problem[-1][1] *= 1e20
    engine = FusedEngine(*records, *problem)
    engine.advance(0, 4)
    frozen = engine.parameters
    assert not np.isfinite(frozen[1]).all()
    engine.advance(4, 8)
    np.testing.assert_array_equal(engine.parameters[1], frozen[1])
    others = trained(FusedEngine, records, select(problem, [0, 2]), 8)
    assert np.isfinite(others).all()
    np.testing.assert_array_equal(engine.parameters[[0, 2]], others)


def test_no_epoch_leaves_the_parameters_as_they_were():
    records = make_records()
    problem = make_problem(records[0])
    before = problem[-1].copy()
    engine = FusedEngine(*records, *problem)
    engine.advance(0, 0)
    np.testing.assert_array_equal(engine.parameters, before)
    engine.advance(0, 1)
    np.testing.assert_array_equal(problem[-1], before)
    assert engine.parameters.shape == (2, parameter_count(SZT_WIDTHS))
    assert engine.parameters.dtype == np.float32


def test_large_networks_are_refused():
    assert FusedEngine.supports(*make_records(widths=(784, 200, 20, 2)))
    large = make_records(widths=(784, 256, 20, 2))
    assert not FusedEngine.supports(*large)
    with pytest.raises(ValueError, match=r"FusedEngine does not train .*784"):
        FusedEngine(*large, *make_problem(large[0]))


@pytest.mark.parametrize("changes", [{"quantisation_bits": 8}, {"noise_standard_deviation": 0.1}])
def test_networks_that_the_engine_does_not_know_are_refused(changes):
    assert not FusedEngine.supports(*make_records(**changes))


def test_an_activation_that_is_not_compiled_is_left_to_the_torch_engine(monkeypatch):
    monkeypatch.setattr(engine, "COMPILED_ACTIVATIONS", ("tanh",))
    assert FusedEngine.supports(*make_records())
    unknown = make_records(activation="relu")
    assert not FusedEngine.supports(*unknown)
    assert choose_engine("auto", "cpu", *unknown) == ("torch", "cpu")


def test_an_optimizer_that_the_engine_does_not_know_is_refused():
    @dataclasses.dataclass(frozen=True)
    class Heavy(Optimizer):
        momentum: float = 0.0

    chosen, _ = make_records()
    assert FusedEngine.supports(chosen, Heavy("sgd", 0.1))
    assert not FusedEngine.supports(chosen, Heavy("sgd", 0.1, momentum=0.9))


def test_a_folder_that_takes_no_cache(tmp_path):
    """Files stand where the cache folders would be, so that none can be made."""
    shutil.copytree(
        Path(infoplane.__file__).parent,
        tmp_path / "infoplane",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for folder in (tmp_path / "infoplane").rglob("*/"):
        (folder / "__pycache__").touch()
    (tmp_path / "infoplane" / "__pycache__").touch()
    (tmp_path / "home").touch()
    program = """
import numpy as np
from infoplane.networks import make_network
from infoplane.training.fused import engine, loop
from infoplane.training.records import Optimizer
network = make_network(
    "dense", widths=(3, 2), activation="tanh", output="softmax", initial_weights="glorot"
)
samples = np.arange(4)[None]
trainer = engine.FusedEngine(
    network, Optimizer("sgd", 0.1), np.eye(4, 3, dtype=np.float32), samples[0] % 2, samples,
    np.zeros(1, np.uint64), np.zeros((1, 8), np.float32),
)
trainer.advance(0, 1)
assert np.abs(trainer.parameters).max() > 0
assert loop.train.stats.cache_path is None
"""
    home = str(tmp_path / "home")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")
    }
    environment |= {"PYTHONPATH": str(tmp_path), "HOME": home, "XDG_CACHE_HOME": home + "/cache"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(
        [sys.executable, "-c", program], check=True, cwd=tmp_path, env=environment, timeout=300
    )
