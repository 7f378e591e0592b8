"""Information planes by hooks: against direct estimates, modes, names, refusals, the manual.

All equalities are exact: the same activations reach the same estimator.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from infoplane.estimators import make_estimator
from infoplane.plane import information_plane, layer_activations
from infoplane.tasks.icosahedron import binary_patterns

MANUAL = Path(__file__).parents[2] / "docs" / "library.md"
COLUMNS = ["layer", "mi_input_bits", "mi_label_bits", "ceiling_bits"]
INPUTS = torch.from_numpy(binary_patterns(6)).float()
LABELS = (INPUTS.sum(dim=1) > 3).long()
exact = make_estimator("machine_precision")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


class Reused(torch.nn.Module):
    """Call one activation twice, and keep a part that is never called."""

    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(6, 4), torch.nn.Linear(4, 2)
        self.activation, self.idle = torch.nn.Tanh(), torch.nn.Linear(1, 1)

    def forward(self, inputs):
        return self.activation(self.second(self.activation(self.first(inputs))))


def perceptron():
    return torch.nn.Sequential(
        torch.nn.Linear(6, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2), torch.nn.Softmax(dim=1)
    )


def test_rows_are_the_layers_in_order_with_their_estimates():
    network = perceptron()
    binned = make_estimator("binned", bins=5, low=-4.0, high=4.0)
    table = information_plane(network, INPUTS, LABELS, binned)
    assert list(table.columns) == COLUMNS
    assert list(table["layer"]) == ["0", "1", "2", "3"]
    below = INPUTS
    for row, layer in zip(table.itertuples(index=False), network, strict=True):
        below = layer(below)
        estimate = binned(below.detach().numpy(), LABELS.numpy())
        assert row[1:] == (estimate.mi_input_bits, estimate.mi_label_bits, estimate.ceiling_bits)


def test_convolutions_are_flattened_to_units():
    images = torch.rand(30, 2, 5, 5)
    network = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.ReLU(inplace=True))
    activations = layer_activations(network, images)
    assert {name: values.shape for name, values in activations.items()} == {
        "0": (30, 27),
        "1": (30, 27),
    }
    np.testing.assert_array_equal(
        activations["0"], network[0](images).detach().reshape(30, -1).numpy()
    )
    assert activations["0"].min() < 0 <= activations["1"].min()


def test_a_layer_called_twice_has_two_rows_and_an_unused_one_has_none():
    table = information_plane(Reused(), INPUTS, LABELS, exact)
    assert list(table["layer"]) == ["first", "activation", "second", "activation:2"]


def test_named_layers_only_and_blocks_too():
    network = torch.nn.Sequential(perceptron(), torch.nn.Linear(2, 2))
    table = information_plane(network, INPUTS, LABELS, exact, layers=["0", "0.1"])
    assert list(table["layer"]) == ["0.1", "0"]
    assert list(information_plane(network, INPUTS, LABELS, exact, layers="1")["layer"]) == ["1"]


def test_a_single_layer_has_its_class_for_a_name():
    table = information_plane(torch.nn.Linear(6, 2), INPUTS, LABELS, exact)
    assert list(table["layer"]) == ["Linear"]


def test_batches_and_arrays_change_nothing():
    network = perceptron()
    whole = information_plane(network, INPUTS, LABELS, exact)
    parts = information_plane(network, INPUTS.double().numpy(), LABELS.numpy(), exact, batch_size=7)
    assert whole.equals(parts)


def test_whole_numbers_stay_whole_numbers():
    network = torch.nn.Sequential(torch.nn.Embedding(2, 3), torch.nn.Flatten())
    table = information_plane(network, binary_patterns(6).astype(np.int64), LABELS, exact)
    assert list(table["mi_input_bits"]) == [6.0, 6.0]


def test_evaluates_and_leaves_every_part_as_it_was():
    network = torch.nn.Sequential(
        torch.nn.BatchNorm1d(6), torch.nn.Dropout(0.5), torch.nn.Linear(6, 2)
    )
    network.train()
    network[0].eval()
    means = network[0].running_mean.clone()
    with torch.enable_grad():
        activations = layer_activations(network, INPUTS)
    np.testing.assert_array_equal(activations["0"], activations["1"])
    assert [part.training for part in network.modules()] == [True, False, True, True]
    assert torch.equal(network[0].running_mean, means)
    assert not any(part._forward_hooks for part in network.modules())


def test_modes_and_hooks_are_restored_after_an_error():
    network = perceptron().train()
    with pytest.raises(RuntimeError):
        information_plane(network, torch.zeros(3, 5), torch.arange(3), exact)
    assert all(part.training for part in network.modules())
    assert not any(part._forward_hooks for part in network.modules())


class Pair(torch.nn.Module):
    def forward(self, inputs):
        return inputs, inputs


class Total(torch.nn.Module):
    def forward(self, inputs):
        return inputs.sum()


class Best(torch.nn.Module):
    def forward(self, inputs):
        return inputs.argmax(dim=1)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Pair(), "layer '1' gives a tuple, not a tensor"),
        (Total(), r"layer '1' gives shape \(\) for 64 samples"),
        (Best(), "layer '1': activations must be floating point"),
    ],
)
def test_refuses_what_is_not_a_layer_of_numbers(part, message):
    with pytest.raises(ValueError, match=message):
        information_plane(torch.nn.Sequential(torch.nn.Tanh(), part), INPUTS, LABELS, exact)


def test_names_the_layer_with_nan():
    network = perceptron()
    with torch.no_grad():
        network[2].bias[1] = float("nan")
    with pytest.raises(ValueError, match="layer '2': activations must be finite; sample 0, unit 1"):
        information_plane(network, INPUTS, LABELS, exact)


def test_refuses_layers_that_are_not_there_or_not_used():
    with pytest.raises(ValueError, match="no layer '9'; the module has: 0, 1, 2, 3"):
        information_plane(perceptron(), INPUTS, LABELS, exact, layers=["9"])
    with pytest.raises(ValueError, match="layer 'idle' is not used"):
        information_plane(Reused(), INPUTS, LABELS, exact, layers=["first", "idle"])


def test_refuses_labels_and_batches():
    with pytest.raises(ValueError, match=r"labels must have shape \(64,\), .* not \(3,\)"):
        information_plane(perceptron(), INPUTS, LABELS[:3], exact)
    with pytest.raises(ValueError, match="labels must be of at least 2 classes; all 64 are 1"):
        information_plane(perceptron(), INPUTS, np.ones(64, int), exact)
    with pytest.raises(ValueError, match="batch_size must be at least 1, not 0"):
        information_plane(perceptron(), INPUTS, LABELS, exact, batch_size=0)


def test_the_manual_runs(capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", MANUAL.read_text(), re.MULTILINE | re.DOTALL)
    namespace = {}
    for block in blocks:
        exec(compile(block, str(MANUAL), "exec"), namespace)
    assert list(namespace["table"].columns) == COLUMNS
    assert list(namespace["table"]["layer"]) == ["0", "1", "2", "3"]
    assert len(namespace["activations"]) == 3
    printed = capsys.readouterr().out
    assert "mi_input_bits" in printed
    assert "mixture_entropy: " in printed
