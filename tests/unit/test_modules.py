"""Convolutional networks, and any other module: layers, training, independence of the chunk.

Forward passes agree to float32 rounding, 1e-5 on activations of order 1; claims of equality are
exact.
"""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from infoplane.networks import make_network, network_from_dict
from infoplane.networks.functions import ACTIVATIONS
from infoplane.networks.modules import ModuleNetwork
from infoplane.training import Optimizer, Schedule, train_ensemble
from infoplane.training.engines import choose_engine
from infoplane.training.fused.engine import FusedEngine
from infoplane.training.schedule import seed_sequence
from infoplane.training.shuffling import shuffle_epoch
from infoplane.training.torch.engine import hidden_units
from infoplane.training.torch.fixed_stacks import FixedStacks
from infoplane.training.torch.modules import ModuleTorchEngine

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.normal(size=(90, 1, 6, 5)).astype(np.float32)
LABELS = GENERATOR.integers(0, 3, 90)
BY = Optimizer("adam", learning_rate=0.01, batch_size=16)
SCHEDULE = Schedule(epochs=3, snapshots=4, training_fraction=0.8)


def convolutional(**changes):
    """Return a small network whose layers are no multiple of a vector register."""
    values = {
        "input_shape": (1, 6, 5),
        "channels": (3, 5),
        "kernel_size": 3,
        "pooling": 2,
        "dense_widths": (7, 3),
        "activation": "tanh",
        "initial_weights": "glorot",
    }
    return make_network("convolutional", **{**values, **changes})


def drawn(network, seed=0):
    return network.initial_parameters(np.random.default_rng(seed))


def as_module(network, parameters) -> torch.nn.Module:
    """Return an ordinary module with values of its own."""
    module = network.build()
    values = network.skeleton.split(torch.tensor(parameters))
    module.load_state_dict(values)
    return module


def trained(network=None, by=BY, schedule=SCHEDULE, initialisations=(0, 1), **keywords):
    network = network or convolutional()
    return train_ensemble(
        IMAGES, LABELS, network, by, schedule, initialisations, 3, "torch", **keywords
    )


@pytest.mark.parametrize("pooling", [1, 2])
def test_channels_and_positions_are_units(pooling):
    network = convolutional(pooling=pooling)
    sides = {1: (6 * 5, 6 * 5), 2: (3 * 2, 1 * 1)}[pooling]
    assert network.units == (3 * sides[0], 5 * sides[1], 7, 3) == network.skeleton.units
    assert (network.layers, network.classes, network.is_plain) == (4, 3, True)
    weights = [3 * 9, 5 * 3 * 9, 7 * 5 * sides[1], 3 * 7]
    assert network.parameter_count == sum(weights) + 3 + 5 + 7 + 3
    assert network.skeleton.parameter_count == network.parameter_count


def test_means_of_channels_stand_for_blocks_and_the_network_is_the_same():
    positions, means = convolutional(), convolutional(representation="mean", pooling=2)
    vector = drawn(positions)
    np.testing.assert_array_equal(drawn(means), vector)
    assert means.units == (3, 5, 7, 3)
    assert means.parameter_count == positions.parameter_count
    of_positions, of_means = (
        network.net_inputs_and_activations(vector, IMAGES)[1] for network in (positions, means)
    )
    for layer, (whole, found) in enumerate(zip(of_positions, of_means, strict=True)):
        if layer < 2:
            whole = whole.reshape(len(IMAGES), means.channels[layer], -1).mean(axis=2)
        np.testing.assert_allclose(found, whole, atol=1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_pooling_first_changes_nothing(activation):
    network = convolutional(activation=activation)
    module = as_module(network, drawn(network))
    convolution, *after = module[0]
    values = convolution(torch.from_numpy(IMAGES)).detach().requires_grad_()
    found = after[1](after[0](values))
    activate = next(part for part in after if not isinstance(part, torch.nn.MaxPool2d))
    expected = torch.nn.functional.max_pool2d(activate(values), 2)
    ours, theirs = (torch.autograd.grad(one.sum(), values)[0] for one in (found, expected))
    if activation == "relu":
        assert torch.equal(found, expected)
        assert torch.equal(ours, theirs)
    # PyTorch rounds others by where a number stands.
    np.testing.assert_allclose(found.detach(), expected.detach(), atol=1e-6)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_layers_are_those_of_an_ordinary_module(activation):
    network = convolutional(activation=activation)
    parameters = drawn(network)
    net_inputs, activations = network.net_inputs_and_activations(parameters, IMAGES)
    assert net_inputs[:-1] == [None] * 3
    expected, below = [], torch.tensor(IMAGES)
    with torch.no_grad():
        for layer in as_module(network, parameters):
            below = layer(below)
            expected.append(below.flatten(1))
        np.testing.assert_allclose(net_inputs[-1], expected[-1], atol=1e-5)
        expected[-1] = expected[-1].softmax(dim=1)
    for found, wanted in zip(activations, expected, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_initial_parameters_come_from_the_generator_alone():
    network = convolutional()
    before = torch.random.get_rng_state()
    first, again, other = drawn(network), drawn(convolutional()), drawn(network, seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first.dtype, first.shape) == (np.float32, (network.parameter_count,))


def test_weights_are_views_without_biases():
    network = convolutional(initial_weights="pytorch")
    stack = np.stack([drawn(network), drawn(network, seed=1)])
    weights = network.weights(stack)
    shapes = [(2, 3, 1, 3, 3), (2, 5, 3, 3, 3), (2, 7, 5), (2, 3, 7)]
    assert [array.shape for array in weights] == shapes
    for array in weights:
        assert np.shares_memory(array, stack)
        array[...] = 0
    assert np.count_nonzero(stack) == 2 * (3 + 5 + 7 + 3)


def squared_error(net, labels):
    """Return what `torch.nn.MSELoss` makes of class probabilities and one-hot labels."""
    return torch.nn.functional.mse_loss(net.softmax(1), torch.eye(net.shape[1])[labels])


# Of the Skoltech replication's fourth experiment: no padding, two activations, squared errors.
SKOLTECH = {
    "kernel_size": 4,
    "padding": "valid",
    "channels": (2,),
    "activation": "relu",
    "dense_activation": "tanh",
    "output": "softmax_squared",
}


def test_convolutions_without_padding_and_dense_layers_of_another_activation():
    network = convolutional(**SKOLTECH)
    assert network.units == (2 * 1 * 1, 7, 3) == network.skeleton.units
    assert network.parameter_count == network.skeleton.parameter_count
    parameters = drawn(network)
    block, dense, output = network.net_inputs_and_activations(parameters, IMAGES)[1]
    values = network.skeleton.split(torch.tensor(parameters))
    kernels, shifts = values["block_1.0.weight"], values["block_1.0.bias"]
    expected = torch.nn.functional.conv2d(torch.tensor(IMAGES), kernels, shifts)
    expected = torch.relu(torch.nn.functional.max_pool2d(expected, 2)).flatten(1).numpy()
    np.testing.assert_allclose(block, expected, atol=1e-5)
    weights, biases = (values[f"dense_1.1.{name}"].numpy() for name in ("weight", "bias"))
    np.testing.assert_allclose(dense, np.tanh(expected @ weights.T + biases), atol=1e-5)
    np.testing.assert_allclose(output.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "loss"), [({}, torch.nn.functional.cross_entropy), (SKOLTECH, squared_error)]
)
def test_training_agrees_with_a_plain_loop(changes, loss):
    network = convolutional(initial_weights="pytorch", **changes)
    by = dataclasses.replace(BY, weight_decay=0.1)
    result = trained(network, by)
    module = as_module(network, result.parameters[1, 0])
    groups = [
        {"params": [p], "weight_decay": 0.1 if p.ndim > 1 else 0.0} for p in module.parameters()
    ]
    optimizer = torch.optim.Adam(groups, lr=by.learning_rate)
    samples = result.training_samples[1]
    seed = seed_sequence(3, 1, "order").generate_state(1, np.uint64)[0]
    order = np.empty(len(samples), np.int64)
    for epoch in range(SCHEDULE.epochs):
        shuffle_epoch(order, seed, epoch)
        for batch in torch.from_numpy(samples[order]).split(by.batch_size):
            optimizer.zero_grad()
            net = module(torch.tensor(IMAGES)[batch])
            loss(net, torch.tensor(LABELS)[batch]).backward()
            optimizer.step()
    values = network.skeleton.split(result.parameters[1, -1])
    for name, parameter in module.named_parameters():
        # Fifteen steps of float32 in another order of summation.
        np.testing.assert_allclose(values[name], parameter.detach(), atol=2e-5)
    assert np.abs(result.parameters[1, -1] - result.parameters[1, 0]).max() > 1e-2


def test_a_limit_is_on_every_channel_and_hidden_unit_alone():
    limited, free = (
        trained(by=dataclasses.replace(BY, largest_weight_norm=limit)).parameters[:, -1]
        for limit in (0.4, None)
    )
    norms, others = (
        [
            np.linalg.norm(weights.reshape(*weights.shape[:2], -1), axis=2)
            for weights in convolutional().weights(parameters)
        ]
        for parameters in (limited, free)
    )
    for layer in range(3):
        # A few roundings of float32.
        assert norms[layer].max() <= 0.4 * (1 + 1e-6)
        assert others[layer].min() > 0.4
    assert norms[3].min() > 0.4


@pytest.mark.parametrize(
    ("changes", "by"),
    [
        ({}, BY),
        ({"activation": "relu", "pooling": 1}, Optimizer("sgd", 0.1, batch_size=None)),
        ({"activation": "softplus", "channels": (8, 16)}, Optimizer("sgd", 0.1, 50, 0.01)),
        ({}, dataclasses.replace(BY, largest_weight_norm=0.4)),
    ],
)
def test_a_network_does_not_depend_on_its_chunk(changes, by):
    network = convolutional(**changes)
    short = dataclasses.replace(SCHEDULE, epochs=2, snapshots=2)
    whole = trained(network, by, short, range(17))
    assert (whole.parameters[5] != whole.parameters[6]).any()
    for chunk in ([5], [6, 5], [9, 0, 4], range(3, 17), [15, 5, 6]):
        part = trained(network, by, short, chunk)
        inits = list(chunk)
        np.testing.assert_array_equal(part.parameters, whole.parameters[inits])
        np.testing.assert_array_equal(part.lowest, whole.lowest[inits])
        for name, values in whole.metrics.items():
            np.testing.assert_array_equal(part.metrics[name], values[inits])


@pytest.mark.parametrize("factor", [100, np.inf, np.nan])
def test_what_becomes_of_a_network_does_not_reach_the_others(factor):
    network = convolutional(activation="relu", initial_weights="pytorch")
    splits = np.stack([np.random.default_rng(init).permutation(90)[:70] for init in range(5)])
    parameters = np.stack([drawn(network, init) for init in range(5)])

    def descend():
        problem = (IMAGES, LABELS, splits, np.arange(5, dtype=np.uint64), parameters)
        stacks = FixedStacks(ModuleTorchEngine, range(5), network, BY, *problem)
        stacks.advance(0, 3)
        return stacks.parameters

    expected = descend()
    assert np.isfinite(expected).all()
    parameters[2] *= np.float32(factor)
    found, others = descend(), [0, 1, 3, 4]
    assert (found[2] != expected[2]).any()
    np.testing.assert_array_equal(found[others], expected[others])


def test_threads_do_not_matter():
    # So much work for a layer that PyTorch would share it.
    network = convolutional(channels=(40, 40), pooling=1)
    threads, results = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            results.append(trained(network, schedule=Schedule(2, 2, 0.8)))
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(results[1].parameters, results[0].parameters)
    np.testing.assert_array_equal(results[1].highest, results[0].highest)


def test_training_learns():
    labels = (IMAGES.mean(axis=(1, 2, 3)) > 0).astype(np.int64)
    network = convolutional(dense_widths=(7, 2))
    result = train_ensemble(
        IMAGES, labels, network, BY, dataclasses.replace(SCHEDULE, epochs=40), [0, 1], 3, "torch"
    )
    assert (result.metrics["train_accuracy"][:, -1] > 0.95).all()


def test_the_fused_engine_is_not_for_modules():
    network = convolutional(activation="gelu")
    assert not FusedEngine.supports(network, BY)
    assert choose_engine("auto", "cpu", network, BY) == ("torch", "cpu")
    with pytest.raises(ValueError, match="the fused engine serves neither"):
        choose_engine("fused", "cpu", network, BY)


def test_a_network_is_made_again_from_plain_data():
    network = convolutional()
    assert network.parameter_count > 0
    plain = json.loads(json.dumps(network.as_dict()))
    assert plain == network.as_dict()
    assert network_from_dict(plain) == network
    assert hash(network_from_dict(plain)) == hash(network)


def test_tasks_that_do_not_fit_are_refused():
    network = convolutional()
    network.check_task((1, 6, 5), 3)
    with pytest.raises(ValueError, match=r"inputs of shape \(30,\) do not fit .* \(1, 6, 5\)"):
        network.check_task((30,), 3)
    with pytest.raises(ValueError, match="10 classes do not fit 3 output units"):
        network.check_task((1, 6, 5), 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_shape": (6, 5)}, "channels, height and width"),
        ({"channels": ()}, "channels must name at least one number"),
        ({"dense_widths": (0,)}, "dense_widths must name at least one number, all above 0"),
        ({"kernel_size": 4}, "kernel_size must be odd, not 4, where padding is same"),
        ({"kernel_size": 0}, "kernel_size must be at least 1, not 0"),
        ({"padding": "zeros"}, "padding 'zeros' is not one of: same, valid"),
        ({"kernel_size": 6, "padding": "valid"}, "kernel_size 6, padding valid and pooling 2 in 2"),
        ({"dense_activation": "tahn"}, "dense_activation 'tahn'"),
        ({"output": "sigmoid"}, "output 'sigmoid' is not one of: softmax, softmax_squared"),
        ({"pooling": 0}, "pooling must be at least 1"),
        ({"channels": (3, 3, 3)}, "pooling 2 in 3 blocks leave nothing of images of 6 x 5"),
        ({"activation": "tahn"}, "activation 'tahn'"),
        ({"initial_weights": "zeros"}, "initial_weights 'zeros'"),
        ({"representation": "max"}, "representation 'max' is not one of: positions, mean"),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        convolutional(**change)


# Any module


class TwoBranches(torch.nn.Module):
    """Add what two convolutions give; neither is a child of a sequence."""

    def __init__(self, extra=None):
        super().__init__()
        self.branches = torch.nn.ModuleDict(
            {"near": torch.nn.Conv2d(1, 2, 1), "far": torch.nn.Conv2d(1, 2, 5, padding=2)}
        )
        self.sum = torch.nn.Tanh()
        self.end = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(60, 3))
        if extra is not None:
            self.extra = extra()

    def forward(self, images):
        return self.end(self.sum(sum(part(images) for part in self.branches.values())))


@dataclasses.dataclass(frozen=True)
class Branched(ModuleNetwork):
    extra: type | None = None
    layer_names = ("branches.near", "branches.far", "sum", "end")
    input_shape = (1, 6, 5)
    initial_weights = "glorot"

    def build(self):
        return TwoBranches(self.extra)


def test_layers_are_the_named_modules():
    network = Branched()
    assert network.units == (60, 60, 60, 3)
    assert [array.size for array in network.weights(drawn(network))] == [2, 50, 0, 180]
    result = trained(network)
    assert result.status == ["ok", "ok"]
    _, (near, far, total, _) = network.net_inputs_and_activations(result.parameters[0, -1], IMAGES)
    np.testing.assert_allclose(total, np.tanh(near + far), atol=1e-6)


@dataclasses.dataclass(frozen=True)
class Wholesale(Branched):
    layer_names = ("branches", "end")


def test_weights_of_a_layer_of_several_are_flattened():
    network = Wholesale()
    vector = drawn(network)
    # Weights before biases, so that they are one view: a 1 x 1 and a 5 x 5 kernel.
    assert [array.shape for array in network.weights(vector)] == [(2 + 50,), (3, 60)]
    assert (network.weights(vector)[0] != 0).all()
    assert not vector[52:56].any()


def test_a_limit_on_units_that_arrays_do_not_tell_is_refused():
    with pytest.raises(ValueError, match=r"largest_weight_norm: layer 1 has several arrays"):
        hidden_units(Wholesale())
    units = hidden_units(Branched())
    # Two channels of 1 x 1 and two of 5 x 5; biases and the output layer's weights belong to none.
    assert sorted(np.bincount(units)[1:]) == [1, 1, 25, 25]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (lambda: torch.nn.Linear(2, 2), "parameter 'extra.bias' belongs to no layer"),
        (lambda: torch.nn.BatchNorm2d(2, affine=False), "'extra.running_mean' is a buffer"),
    ],
)
def test_modules_that_are_no_networks_are_refused(extra, message):
    with pytest.raises(ValueError, match=message):
        _ = Branched(extra).parameter_count


def test_layers_that_are_not_there_are_refused():
    class Elsewhere(Branched):
        layer_names = ("branches", "start")

    with pytest.raises(ValueError, match="no layer 'start'; the module has: "):
        _ = Elsewhere().units


def test_parameters_of_another_kind_need_initial_values_of_their_own():
    class Normed(Branched):
        layer_names = ("branches.near", "branches.far", "sum", "end", "extra")

    with pytest.raises(ValueError, match="'extra' has initial parameters of its own"):
        drawn(Normed(torch.nn.PReLU))
    # What scales and shifts does neither at first.
    normed = Normed(lambda: torch.nn.LayerNorm(3))
    vector = drawn(normed)
    assert normed.skeleton.split(vector)["extra.weight"].tolist() == [1, 1, 1]
    assert normed.skeleton.split(vector)["extra.bias"].tolist() == [0, 0, 0]


def test_a_million_parameters_take_less_than_a_gigabyte():
    """Four networks of 60 snapshots would be a gigabyte by themselves."""
    program = """
import re
from pathlib import Path
import numpy as np
import infoplane
network = infoplane.make_network(
    "convolutional", input_shape=(1, 8, 8), channels=(64, 128), kernel_size=3, pooling=2,
    dense_widths=(1800, 10), activation="relu", initial_weights="he",
)
assert network.parameter_count > 1e6
kept = []
result = infoplane.train_ensemble(
    np.random.default_rng(0).normal(size=(40, 1, 8, 8)), np.arange(40) % 10, network,
    infoplane.Optimizer("adam", 1e-4), infoplane.Schedule(60, 400, 0.5), range(4), seed=0,
    keep=lambda number, parameters: kept.append(parameters.shape),
)
assert kept == [(4, network.parameter_count)] * len(result.epochs) and len(kept) == 61
# Not ru_maxrss: it would start from the size of the process that forked this one.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(finished.stdout) < 1e6  # KiB
