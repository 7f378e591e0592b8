"""The compiled engine for convolutions against PyTorch's derivatives, and its own invariants.

Tolerances are those of test_fused_engine: rounding alone moves parameters by up to 2e-5, a wrong
formula by steps times the rate, 0.02 and more.
"""

import dataclasses

import numpy as np
import pytest
import torch

from infoplane.networks import make_network
from infoplane.networks.functions import COMPILED_ACTIVATIONS
from infoplane.training import Schedule, train_ensemble
from infoplane.training.engines import choose_engine
from infoplane.training.fused.block_engine import MOST_PARAMETERS, BlockEngine
from infoplane.training.records import ADAM_EPSILONS, OPTIMIZERS, Optimizer
from infoplane.training.torch.modules import ModuleTorchEngine
from tests.unit.test_fused_engine import RATES, TOLERANCE, assert_same, select, trained

# What a block can be; no size is a multiple of a vector, a block of sums or a square.
SHAPES = {
    "same": {},
    "one block": {"channels": (3,)},
    "three blocks": {"channels": (2, 3, 4), "input_shape": (2, 9, 11)},
    "valid": {"padding": "valid", "input_shape": (2, 13, 12)},
    "valid and even": {"padding": "valid", "kernel_size": 2, "input_shape": (1, 9, 8)},
    "wide kernels": {"kernel_size": 5},
    "kernels of one pixel": {"kernel_size": 1},
    "squares of three": {"pooling": 3, "channels": (4,), "input_shape": (3, 13, 10)},
    "no pooling": {"pooling": 1},
    "many channels": {"channels": (7, 13)},
    "hidden dense layers": {"dense_widths": (7, 5, 3), "dense_activation": "tanh"},
}


def make_records(optimizer="adam", batch_size=50, weight_decay=0.0, **changes):
    """Return a network and its optimiser."""
    values = {
        "input_shape": (1, 7, 8),
        "channels": (3, 5),
        "kernel_size": 3,
        "pooling": 2,
        "dense_widths": (3,),
        "activation": "tanh",
        "initial_weights": "glorot",
        **changes,
    }
    chosen = make_network("convolutional", **values)
    return chosen, Optimizer(optimizer, RATES[optimizer], batch_size, weight_decay)


def make_problem(chosen, inits=2, samples=150, train=117):
    """Return what an engine takes after its records: data, splits, seeds and parameters."""
    generator = np.random.default_rng(7)
    inputs = generator.normal(size=(samples, *chosen.input_shape)).astype(np.float32)
    labels = generator.integers(0, chosen.classes, samples)
    splits = np.stack([generator.permutation(samples)[:train] for _ in range(inits)])
    seeds = generator.integers(0, 2**64, inits, dtype=np.uint64)
    parameters = np.stack([chosen.initial_parameters(generator) for _ in range(inits)])
    return inputs, labels, splits, seeds, parameters


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def assert_as_pytorch(records, epochs=4):
    """Train by both engines and compare."""
    problem = make_problem(records[0])
    found = trained(BlockEngine, records, problem, epochs)
    expected = trained(ModuleTorchEngine, records, problem, epochs)
    assert np.abs(expected - problem[-1]).max() > 100 * TOLERANCE
    assert_same(found, expected, records)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("activation", COMPILED_ACTIVATIONS)
def test_training_is_pytorchs(activation, optimizer):
    assert_as_pytorch(make_records(optimizer, activation=activation))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_blocks(shape):
    assert_as_pytorch(make_records("sgd", **SHAPES[shape]))


@pytest.mark.parametrize("batch_size", [1, 31, 32, 65, 117, 500, None])
def test_every_size_of_batches(batch_size):
    assert_as_pytorch(make_records("sgd", batch_size), epochs=2 if batch_size == 1 else 40)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weight_decay_leaves_biases_alone(optimizer):
    assert_as_pytorch(make_records(optimizer, weight_decay=0.1))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_squared_errors_of_the_softmax(optimizer):
    assert_as_pytorch(make_records(optimizer, output="softmax_squared"), epochs=20)


@pytest.mark.parametrize("zero", [True, False], ids=["zeroed", "added up"])
@pytest.mark.parametrize("batches", [1, None])
def test_batches_left_out_and_gradients_that_add_up(batches, zero):
    chosen, by = make_records("sgd", weight_decay=0.1)
    by = dataclasses.replace(by, batches_per_epoch=batches, zero_gradients=zero)
    assert_as_pytorch((chosen, by))


@pytest.mark.parametrize("epsilon", ADAM_EPSILONS)
def test_adams_epsilon(epsilon):
    chosen, _ = make_records()
    # A rate and gradients at which the place of epsilon tells.
    records = chosen, Optimizer("adam", 1e-3, 50, adam_epsilon=epsilon)
    assert_as_pytorch(records)


def test_equal_pixels_send_the_gradient_to_the_first():
    chosen, by = make_records("sgd", channels=(2,), activation="linear")
    inputs, *others = make_problem(chosen)
    flat = np.ones_like(inputs) * np.arange(len(inputs), dtype=np.float32)[:, None, None, None]
    problem = flat / len(inputs), *others
    found = trained(BlockEngine, (chosen, by), problem, 4)
    expected = trained(ModuleTorchEngine, (chosen, by), problem, 4)
    assert np.abs(found - expected).max() <= TOLERANCE


def test_a_network_does_not_depend_on_its_company():
    records = make_records()
    problem = make_problem(records[0], inits=3)
    together = trained(BlockEngine, records, problem, 3)
    for network in range(3):
        alone = trained(BlockEngine, records, select(problem, [network]), 3)
        np.testing.assert_array_equal(alone[0], together[network])


def test_training_may_be_cut_anywhere():
    records = make_records()
    problem = make_problem(records[0])
    engine = BlockEngine(*records, *problem)
    for first, last in ((0, 1), (1, 1), (1, 5)):
        engine.advance(first, last)
    np.testing.assert_array_equal(engine.parameters, trained(BlockEngine, records, problem, 5))


def test_a_network_that_diverged_stays_as_it_is_and_leaves_no_trace():
    chosen, by = make_records("sgd", activation="relu")
    problem = make_problem(chosen, inits=3)
    problem[-1][1] = 1e30
    found = trained(BlockEngine, (chosen, by), problem, 3)
    assert not np.isfinite(found[1]).all()
    healthy = trained(BlockEngine, (chosen, by), select(problem, [0, 2]), 3)
    np.testing.assert_array_equal(found[[0, 2]], healthy)


def test_it_is_chosen_where_it_can_train():
    chosen, by = make_records()
    assert choose_engine("auto", "cpu", chosen, by) == ("fused", "cpu")
    assert choose_engine("torch", "cpu", chosen, by) == ("torch", "cpu")
    larger, _ = make_records(channels=(40, 500))
    assert larger.parameter_count < MOST_PARAMETERS
    assert BlockEngine.supports(larger, by)
    for other in (
        {"activation": "gelu"},
        {"dense_widths": (4, 3), "dense_activation": "gelu"},
        {"channels": (40, 600)},
    ):
        refused, _ = make_records(**other)
        assert not BlockEngine.supports(refused, by)
        assert choose_engine("auto", "cpu", refused, by) == ("torch", "cpu")
    assert not BlockEngine.supports(chosen, Optimizer("sgd", 0.1, 50, largest_weight_norm=1.0))
    with pytest.raises(ValueError, match=r"BlockEngine does not train .*gelu"):
        BlockEngine(make_records(activation="gelu")[0], by, *make_problem(chosen))


def test_networks_learn_and_say_by_what():
    chosen, by = make_records(activation="relu", initial_weights="he")
    inputs, *_ = make_problem(chosen)
    labels = np.digitize(inputs.mean(axis=(1, 2, 3)), [-0.05, 0.05])
    result = train_ensemble(inputs, labels, chosen, by, Schedule(1000, 3, 0.8), [0, 1], 3)
    assert result.engine == "fused"
    assert (result.metrics["train_accuracy"][:, -1] > 0.9).all()
