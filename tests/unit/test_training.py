"""The stack trainer against one plain PyTorch network at a time."""

import numpy as np
import pytest
import torch

from infoplane.networks.dense import split_parameters
from infoplane.tasks.icosahedron import szt_task
from infoplane.training import train_ensemble
from infoplane.training.engines import choose_engine
from infoplane.training.schedule import seed_sequence
from infoplane.training.shuffling import shuffle_epoch
from tests.support import network, optimizer, schedule

TASK = szt_task()


def records(**changes):
    """Return network, optimiser and schedule, each with those changes that are its own."""
    of_optimizer, of_schedule = (
        {key: changes.pop(key) for key in make().as_dict() if key in changes}
        for make in (optimizer, schedule)
    )
    return network(**changes), optimizer(**of_optimizer), schedule(**of_schedule)


def train(engine="torch", initialisations=(0, 1, 2), seed=3, keep=None, **changes):
    chosen = records(**{"epochs": 3, "snapshots": 4, "training_fraction": 0.1, **changes})
    result = train_ensemble(
        TASK.inputs, TASK.labels, *chosen, initialisations, seed=seed, engine=engine, keep=keep
    )
    return result, chosen


def plain_network(result, chosen, position) -> np.ndarray:
    """Train one network with `torch.nn` and `torch.optim`, and return its parameters."""
    chosen, by, during = chosen
    functions = {
        "tanh": torch.nn.Tanh,
        "relu": torch.nn.ReLU,
        "linear": torch.nn.Identity,
        "softsign": torch.nn.Softsign,
        "softplus": torch.nn.Softplus,
    }
    modules = []
    for weights, biases in split_parameters(result.parameters[position, 0], chosen.widths):
        linear = torch.nn.Linear(*weights.shape[::-1])
        linear.weight.data, linear.bias.data = map(
            torch.from_numpy, (weights.copy(), biases.copy())
        )
        modules += [linear, functions[chosen.activation]()]
    module = torch.nn.Sequential(*modules[:-1])
    groups = [
        {"params": [p], "weight_decay": by.weight_decay if p.ndim == 2 else 0.0}
        for p in module.parameters()
    ]
    optimizers = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
    optimizer = optimizers[by.optimizer](groups, lr=by.learning_rate)
    loss_functions = {
        "softmax": torch.nn.CrossEntropyLoss(),
        "sigmoid": torch.nn.BCEWithLogitsLoss(),
        "softmax_squared": lambda net, one_hot: torch.nn.MSELoss()(net.softmax(1), one_hot),
    }
    samples = result.training_samples[position]
    inputs, labels = torch.from_numpy(TASK.inputs).float(), torch.from_numpy(TASK.labels)
    targets = labels if chosen.output == "softmax" else torch.eye(2)[labels]
    init = int(result.initialisations[position])
    order_seed = seed_sequence(3, init, "order").generate_state(1, np.uint64)[0]
    order = np.arange(len(samples))
    for epoch in range(during.epochs):
        if by.batch_size is not None:
            shuffle_epoch(order, order_seed, epoch)
        for batch in torch.from_numpy(samples[order]).split(by.batch_size or len(samples)):
            optimizer.zero_grad()
            loss_functions[chosen.output](module(inputs[batch]), targets[batch]).backward()
            optimizer.step()
    return np.concatenate([p.detach().numpy().ravel() for p in module.parameters()])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation": "relu", "output": "sigmoid", "batch_size": None},
        {"activation": "linear", "optimizer": "sgd", "learning_rate": 0.1},
        {"activation": "softsign", "weight_decay": 0.1},
        {"optimizer": "sgd", "output": "softmax_squared", "learning_rate": 0.5},
        {"activation": "softplus", "optimizer": "sgd", "output": "sigmoid", "weight_decay": 0.1},
    ],
)
def test_torch_engine_agrees_with_a_plain_loop(changes):
    result, chosen = train(**changes)
    # Three epochs of float32 steps in another order of summation.
    np.testing.assert_allclose(
        result.parameters[1, -1], plain_network(result, chosen, 1), atol=2e-5
    )
    assert np.abs(result.parameters[1, -1] - result.parameters[1, 0]).max() > 1e-3


# PyTorch rounds more by place, shape and memory where layers are no multiple of a vector register.
ODD_WIDTHS = (12, 10, 7, 5, 4, 3, 2)
# Alone, in reverse, with gaps, more than fill a stack of the torch engine, and twice at one place.
CHUNKS = (range(7), [5], [6, 5], [9, 0, 4], range(3, 17), [25, 5, 15, 6])


@pytest.mark.parametrize("engine", ["torch", "fused"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation": "relu"},
        {"activation": "softplus", "output": "sigmoid", "weight_decay": 0.1},
        {"activation": "softsign", "batch_size": None},
        {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 50},
        {"activation": "relu", "optimizer": "sgd", "learning_rate": 0.1, "batch_size": None},
        {"noise_standard_deviation": 0.1},
        {"activation": "relu", "noise_standard_deviation": 0.1, "batch_size": None},
        {"quantisation_bits": 4},
        {"activation": "relu", "quantisation_bits": 8, "batch_size": 50, "optimizer": "sgd"},
    ],
    ids=lambda changes: ",".join(f"{name}={value}" for name, value in changes.items()) or "plain",
)
def test_a_network_does_not_depend_on_its_chunk(engine, changes):
    changes = {"widths": ODD_WIDTHS, "epochs": 2, "snapshots": 2, **changes}
    whole, _ = train(engine, range(26), **changes)
    assert (whole.parameters[5] != whole.parameters[6]).any()
    for chunk in CHUNKS:
        part, _ = train(engine, chunk, **changes)
        inits = list(chunk)
        np.testing.assert_array_equal(part.initialisations, inits)
        np.testing.assert_array_equal(part.training_samples, whole.training_samples[inits])
        np.testing.assert_array_equal(part.parameters, whole.parameters[inits])
        for name, values in whole.metrics.items():
            np.testing.assert_array_equal(part.metrics[name], values[inits])


@pytest.mark.parametrize("engine", ["torch", "fused"])
def test_snapshots_hold_the_start_and_every_epoch_asked_for(engine):
    result, _ = train(engine)
    assert result.parameters.dtype == np.float32
    np.testing.assert_array_equal(result.epochs, [0, 1, 2, 3])
    shorter, _ = train(engine, epochs=2)
    np.testing.assert_array_equal(result.parameters[:, :3], shorter.parameters)
    assert result.status == ["ok"] * 3
    assert result.engine == engine


def test_seed_changes_everything():
    first, _ = train()
    other, _ = train(seed=4)
    assert (first.parameters[:, 0] != other.parameters[:, 0]).any()
    assert (first.training_samples != other.training_samples).any()


def test_metrics_are_those_of_the_two_sets():
    result, chosen = train()
    split = result.training_samples[2]
    rest = np.setdiff1d(np.arange(4096), split)
    inputs = TASK.inputs.astype(np.float32)
    net_inputs, probabilities = chosen[0].net_inputs_and_activations(
        result.parameters[2, -1], inputs
    )
    hits = net_inputs[-1].argmax(axis=1) == TASK.labels
    losses = -np.log(probabilities[-1][np.arange(4096), TASK.labels])
    for part, members in (("train", split), ("test", rest)):
        assert result.metrics[f"{part}_accuracy"][2, -1] == hits[members].mean()
        # float32 probabilities.
        assert result.metrics[f"{part}_loss"][2, -1] == pytest.approx(
            losses[members].mean(), abs=1e-5
        )


@pytest.mark.parametrize("engine", ["torch", "fused"])
def test_diverged_networks_are_marked(engine):
    result, _ = train(
        engine, range(4), activation="linear", optimizer="sgd", learning_rate=1e30, batch_size=16
    )
    assert result.status == ["diverged"] * 4
    assert np.isfinite(result.parameters[:, 0]).all()
    for parameters, epoch in zip(result.parameters, result.diverged_epoch, strict=True):
        assert np.isnan(parameters[result.epochs >= epoch]).all()
        assert np.isfinite(parameters[result.epochs < epoch]).all()
    for values in result.metrics.values():
        assert np.isnan(values[:, -1]).all()


def test_progress_is_told_every_snapshot():
    told = []
    chosen = records(epochs=5, snapshots=3, training_fraction=0.05)
    train_ensemble(TASK.inputs, TASK.labels, *chosen, [0], seed=0, progress=told.append)
    assert told == [1, 2, 5]


DIVERGING = {"activation": "linear", "optimizer": "sgd", "learning_rate": 20.0, "batch_size": 16}


@pytest.mark.parametrize("engine", ["torch", "fused"])
@pytest.mark.parametrize("changes", [{}, DIVERGING])
def test_snapshots_are_handed_over_instead_of_held(engine, changes):
    held, _ = train(engine, **changes)
    kept = []
    streamed, _ = train(
        engine, keep=lambda number, parameters: kept.append((number, parameters)), **changes
    )
    assert streamed.parameters is None
    assert [number for number, _ in kept] == [0, 1, 2, 3]
    np.testing.assert_array_equal(np.stack([p for _, p in kept], axis=1), held.parameters)
    np.testing.assert_array_equal(streamed.diverged_epoch, held.diverged_epoch)
    for name, values in held.metrics.items():
        np.testing.assert_array_equal(streamed.metrics[name], values)
    assert (held.status == ["diverged"] * 3) == bool(changes)


@pytest.mark.parametrize("changes", [{}, {"activation": "relu", "quantisation_bits": 4}, DIVERGING])
def test_extremes_are_those_of_all_snapshots_before_a_divergence(changes):
    result, (chosen, *_) = train("fused", **changes)
    inputs = TASK.inputs.astype(np.float32)
    for init, snapshots in enumerate(result.parameters):
        layers = [
            chosen.net_inputs_and_activations(parameters, inputs)[1]
            for parameters in snapshots
            if np.isfinite(parameters).all()
        ]
        for extremes, function in ((result.lowest, np.min), (result.highest, np.max)):
            expected = [function(np.stack(values)) for values in zip(*layers, strict=True)]
            np.testing.assert_array_equal(extremes[init], expected)
            assert extremes.dtype == np.float32


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": TASK.inputs[:, :5]}, "do not fit an input layer of 12"),
        ({"labels": TASK.labels[:-1]}, r"labels must have shape \(4096,\)"),
        ({"labels": TASK.labels + 1}, "labels run from 1 to 2, but there are 2 output units"),
        ({"engine": "jax"}, "engine 'jax' is not one of: auto, fused, torch"),
        ({"device": "tpu"}, "device 'tpu' is not one of: auto, cpu, cuda"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    arguments = {"inputs": TASK.inputs, "labels": TASK.labels, **changes}
    inputs, labels = arguments.pop("inputs"), arguments.pop("labels")
    with pytest.raises(ValueError, match=message):
        train_ensemble(inputs, labels, *records(), [0], seed=0, **arguments)


def test_a_missing_gpu_is_said():
    if torch.cuda.is_available():
        assert choose_engine("torch", "auto", network(), optimizer()) == ("torch", "cuda")
    else:
        with pytest.raises(ValueError, match="PyTorch sees no GPU"):
            choose_engine("torch", "cuda", network(), optimizer())
        assert choose_engine("torch", "auto", network(), optimizer()) == ("torch", "cpu")


def test_auto_takes_the_fused_engine_where_it_serves():
    assert choose_engine("auto", "auto", network(), optimizer()) == ("fused", "cpu")
