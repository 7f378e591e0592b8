"""The engines of large networks: the same networks as by automatic differentiation of a stack."""

import numpy as np
import pytest

from infoplane.networks import make_network
from infoplane.networks.dense import initial_parameters
from infoplane.training.engines import choose_engine, make_engine
from infoplane.training.torch import large
from infoplane.training.torch.dense import DenseTorchEngine
from infoplane.training.torch.fixed_stacks import FixedStacks
from infoplane.training.torch.large import LargeDenseEngine
from infoplane.training.torch.lone_module import LoneModuleEngine
from infoplane.training.torch.modules import ModuleTorchEngine
from tests.support import convolutional, network, optimizer

# A few more than 100,000 parameters, above which networks train one by one.
WIDTHS = (200, 480, 17, 3)


def problem(inits=2, samples=70):
    """Return images in three classes, splits, seeds and parameters."""
    generator = np.random.default_rng(3)
    labels = np.arange(samples) % 3
    inputs = generator.normal(size=(samples, 1, 10, 20)).astype(np.float32)
    inputs[:, 0, 0, :3] += 2 * np.eye(3, dtype=np.float32)[labels]
    splits = np.stack([generator.permutation(samples)[:60] for _ in range(inits)])
    seeds = generator.integers(0, 2**64, inits, dtype=np.uint64)
    parameters = [initial_parameters(WIDTHS, "glorot", generator) for _ in range(inits)]
    return inputs, labels, splits, seeds, np.stack(parameters)


def trained(engine_class, chosen, by, given, initialisations=(0, 1), epochs=3):
    stacks = FixedStacks(engine_class, initialisations, chosen, by, *given)
    stacks.advance(0, epochs)
    return stacks.parameters


# With small layers at the top, and as where the output layer is large or the device another one.
@pytest.mark.parametrize("largest", [large.LARGEST_OF_TAIL, 2])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation": "relu", "weight_decay": 0.1},
        {"activation": "linear", "output": "sigmoid", "batch_size": None},
        {"activation": "softsign", "optimizer": "sgd", "weight_decay": 0.1},
        {"activation": "softplus", "optimizer": "sgd", "output": "sigmoid"},
        {"optimizer": "sgd", "batch_size": None},
    ],
    ids=str,
)
def test_networks_are_those_of_automatic_differentiation(changes, largest, monkeypatch):
    monkeypatch.setattr(large, "LARGEST_OF_TAIL", largest)
    own = ("activation", "output")
    chosen = network(widths=WIDTHS, **{key: changes[key] for key in own if key in changes})
    rate = 0.1 if changes.get("optimizer") == "sgd" else 0.001
    descent = {key: value for key, value in changes.items() if key not in own}
    by = optimizer(**{"learning_rate": rate, "batch_size": 25} | descent)
    given = problem()
    ours, theirs = (
        trained(kind, chosen, by, given) for kind in (LargeDenseEngine, DenseTorchEngine)
    )
    # Up to nine float32 steps in another order of summation; Adam divides by the root of a moment
    # that is near 0 for some weights.
    np.testing.assert_allclose(ours, theirs, atol=2e-5 if rate == 0.1 else 2e-4)
    assert np.abs(ours - given[-1]).max() > 1e-3


def large_module(activation="relu"):
    """Return a convolutional network of 107,006 parameters."""
    return make_network(
        "convolutional",
        **{"input_shape": (1, 10, 20), "channels": (4, 7), "kernel_size": 3, "pooling": 1},
        **{"dense_widths": (76, 3), "activation": activation, "initial_weights": "glorot"},
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"adam_epsilon": "before_correction"},
        {"activation": "tanh", "weight_decay": 0.1},
        {"activation": "tanh", "optimizer": "sgd", "batch_size": None},
        {"optimizer": "sgd", "weight_decay": 0.1},
    ],
    ids=str,
)
def test_modules_are_those_of_automatic_differentiation(changes):
    descent = dict(changes)
    chosen = large_module(descent.pop("activation", "relu"))
    rate = 0.1 if changes.get("optimizer") == "sgd" else 0.001
    by = optimizer(**{"learning_rate": rate, "batch_size": 25} | descent)
    assert LoneModuleEngine.supports(chosen, by)
    generator, given = np.random.default_rng(5), problem()
    parameters = np.stack([chosen.initial_parameters(generator) for _ in range(2)])
    given = (*given[:-1], parameters)
    ours, theirs = (
        trained(kind, chosen, by, given) for kind in (LoneModuleEngine, ModuleTorchEngine)
    )
    # As above.
    np.testing.assert_allclose(ours, theirs, atol=2e-5 if rate == 0.1 else 2e-4)
    assert np.abs(ours - parameters).max() > 1e-3
    alone = [array[1:] if len(array) == 2 else array for array in given]
    np.testing.assert_array_equal(trained(LoneModuleEngine, chosen, by, alone, (7,)), ours[1:])


def test_small_modules_and_other_optimisers_keep_their_engine():
    by = optimizer()
    assert not LoneModuleEngine.supports(convolutional(), by)
    assert not LoneModuleEngine.supports(network(widths=WIDTHS), by)
    assert not LoneModuleEngine.supports(large_module(), optimizer(largest_weight_norm=1.0))
    assert not LoneModuleEngine.supports(large_module(), optimizer(zero_gradients=False))
    for chosen, engine in (
        (large_module(), LoneModuleEngine),
        (convolutional(), ModuleTorchEngine),
    ):
        generator = np.random.default_rng(5)
        _, labels, splits, seeds, _ = problem()
        inputs = np.zeros((len(labels), *chosen.input_shape), np.float32)
        parameters = np.stack([chosen.initial_parameters(generator) for _ in range(2)])
        given = inputs, labels % chosen.classes, splits, seeds, parameters
        made = make_engine("torch", "cpu", chosen, by, [0, 1], given)
        assert {type(stack) for _, stack in made._stacks} == {engine}


def test_a_network_depends_on_itself_alone():
    chosen, by, given = network(widths=WIDTHS), optimizer(optimizer="sgd"), problem()
    both = trained(LargeDenseEngine, chosen, by, given)
    alone = [array[1:] if len(array) == 2 else array for array in given]
    np.testing.assert_array_equal(trained(LargeDenseEngine, chosen, by, alone, (7,)), both[1:])


def test_it_is_chosen_for_large_dense_networks_alone():
    wide, by = network(widths=WIDTHS), optimizer()
    assert LargeDenseEngine.supports(wide, by)
    for chosen, descent in (
        (network(), by),
        (network(widths=WIDTHS, noise_standard_deviation=0.1), by),
        (network(widths=WIDTHS, quantisation_bits=4), by),
        (wide, optimizer(largest_weight_norm=1.0)),
        (wide, optimizer(zero_gradients=False)),
        # One unit and a squared error.
        (network(widths=(*WIDTHS[:-1], 1), output="tanh"), by),
    ):
        assert not LargeDenseEngine.supports(chosen, descent)
    assert choose_engine("auto", "auto", wide, by)[0] == "fused"
    larger = network(widths=(784, 256, 20, 3))
    assert choose_engine("auto", "auto", larger, by)[0] == "torch"
    made = make_engine("torch", "cpu", wide, by, [0, 1], problem())
    assert {type(stack) for _, stack in made._stacks} == {LargeDenseEngine}


def test_large_networks_train_one_by_one():
    with pytest.raises(ValueError, match="large networks train one by one, not 2"):
        LargeDenseEngine(network(widths=WIDTHS), optimizer(), *problem())
