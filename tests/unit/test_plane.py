"""Information planes by hooks: against direct estimates, modes, names, refusals, the manual.

All equalities are exact: the same activations reach the same estimator.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from infoplane.estimators import make_estimator
from infoplane.measures import make_measure
from infoplane.plane import check_measurement, information_plane, layer_activations
from infoplane.reading import Reading
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
    with pytest.raises(ValueError, match="layer '0'"):
        information_plane(network, torch.zeros(3, 5), torch.arange(3), exact)
    assert all(part.training for part in network.modules())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in network.modules())


class Sized(torch.nn.Module):
    """Reshape to a fixed size in a forward pass of its own."""

    def __init__(self):
        super().__init__()
        self.last = torch.nn.Linear(64, 2)

    def forward(self, inputs):
        return self.last(inputs.view(len(inputs), 64))


def convolutional():
    return torch.nn.Sequential(
        *(torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU()),
        *(torch.nn.Flatten(), torch.nn.Linear(144, 2)),
    )


@pytest.mark.parametrize(
    ("network", "shape", "message"),
    [
        (
            convolutional(),
            (1, 10, 10),
            r"layer '4', Linear\(in_features=144, out_features=2, bias=True\), cannot take the "
            r"shape \(2, 256\) that it is given for 2 inputs of \(1, 10, 10\): ",
        ),
        (convolutional(), (3, 8, 8), r"layer '0', Conv2d\(1, 4.*\(2, 3, 8, 8\).* \(3, 8, 8\): "),
        (convolutional()[1:], (64,), r"layer '1', BatchNorm2d\(4.*expected 4D input"),
        (torch.nn.Sequential(Sized()), (1, 7, 7), r"layer '0', Sized, .*\(2, 1, 7, 7\)"),
        (Sized(), (1, 7, 7), r"the module, Sized, cannot take the shape \(2, 1, 7, 7\)"),
    ],
)
def test_images_of_another_shape_are_refused_by_the_layer_that_cannot_take_them(
    network, shape, message
):
    with pytest.raises(ValueError, match=message):
        information_plane(network, torch.zeros(3, *shape), torch.arange(3), exact)


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
    for size in (0, 2.5):
        with pytest.raises(ValueError, match=f"batch_size must be a whole number .* not {size}"):
            information_plane(perceptron(), INPUTS, LABELS, exact, batch_size=size)


def test_gradients_and_masks_without_masked_values_change_nothing():
    network = torch.nn.Sequential(torch.nn.Identity(), perceptron())
    plain = information_plane(network, INPUTS, LABELS, exact)
    labels = np.ma.masked_array(LABELS.numpy())
    with_gradient = INPUTS.clone().requires_grad_()
    for inputs in (with_gradient, np.ma.masked_array(INPUTS.numpy()), INPUTS.tolist()):
        assert information_plane(network, inputs, labels, exact).equals(plain)
    alone = torch.nn.Sequential(torch.nn.Identity())
    assert layer_activations(alone, with_gradient)["0"].tolist() == INPUTS.tolist()


class Trained(torch.nn.Module):
    """Give an output with a gradient whatever the caller says."""

    def forward(self, inputs):
        with torch.enable_grad():
            return inputs * torch.ones(1, requires_grad=True)


def test_an_output_that_requires_a_gradient_is_measured():
    activations = layer_activations(torch.nn.Sequential(Trained()), INPUTS)
    np.testing.assert_array_equal(activations["0"], INPUTS.numpy())


def test_views_and_read_only_arrays_are_inputs_and_none_is_changed():
    backwards = INPUTS.numpy()[::-1] - 0.5
    backwards = np.ascontiguousarray(backwards[::-1])[::-1]
    backwards.flags.writeable = False
    before = backwards.copy()
    network = torch.nn.Sequential(torch.nn.ReLU(inplace=True))
    activations = layer_activations(network, backwards)
    np.testing.assert_array_equal(activations["0"], np.maximum(before, 0))
    own = torch.from_numpy(before.copy())
    layer_activations(network, own)
    np.testing.assert_array_equal(own.numpy(), before)


def test_refuses_masked_values():
    masked = np.ma.masked_equal(INPUTS.numpy(), 0.0)
    with pytest.raises(ValueError, match="inputs must have a value everywhere, but 192 are masked"):
        information_plane(perceptron(), masked, LABELS, exact)
    with pytest.raises(ValueError, match="labels must have a value everywhere, but 22 are masked"):
        information_plane(perceptron(), INPUTS, np.ma.masked_equal(LABELS.numpy(), 1), exact)


def test_of_a_file_only_the_samples_drawn_are_read(tmp_path, monkeypatch):
    np.save(tmp_path / "inputs.npy", INPUTS.numpy())
    inputs = np.load(tmp_path / "inputs.npy", mmap_mode="r")
    given, contiguous = [], np.ascontiguousarray
    monkeypatch.setattr(
        np, "ascontiguousarray", lambda values: given.append(values.shape) or contiguous(values)
    )
    drawn = Reading(samples=20, seed=1)
    read = layer_activations(torch.nn.Sequential(torch.nn.Identity()), inputs, reading=drawn)["0"]
    assert given == [(20, 6)]
    np.testing.assert_array_equal(read, INPUTS.numpy()[drawn.drawn(64).numpy()])
    # Without a draw the file is read as it is, not copied.
    assert np.shares_memory(check_measurement(inputs, LABELS, exact)[0].numpy(), inputs)


DATASET = TensorDataset(INPUTS, LABELS)
WRONG = [
    (
        {"inputs": DATASET},
        TypeError,
        r"inputs .* not an object of TensorDataset; .* torch.stack\(\[x for x, y in it\]\)",
    ),
    ({"inputs": DataLoader(DATASET)}, TypeError, r"of DataLoader; .* torch.cat\(\[x for x, y in"),
    ({"labels": DATASET}, TypeError, r"labels .* torch.stack\(\[torch.as_tensor\(y\) for x, y"),
    ({"inputs": [(INPUTS[0], 1)]}, TypeError, "an object of list of which NumPy makes no array"),
    ({"layers": []}, ValueError, "layers must name at least one module"),
    ({"layers": 3}, TypeError, "layers must be names of modules, not 3"),
    ({"layers": [0]}, TypeError, "layers must be names of modules, not 0"),
    ({"module": torch.tanh}, TypeError, "module must be a torch.nn.Module, not an object of"),
    ({"estimator": "kde"}, TypeError, "what make_estimator returns, .* not 'kde'"),
    ({"inputs": "all"}, TypeError, "inputs must be a tensor or array of numbers, not 'all'"),
    ({"inputs": None}, TypeError, "inputs must be a tensor or array of numbers, not None"),
    ({"inputs": np.array(["a"])}, TypeError, "array of numbers, not an array of <U1"),
    ({"inputs": 1.0}, TypeError, "inputs must have one row for each sample"),
    ({"inputs": INPUTS.to_sparse()}, TypeError, "inputs must be a dense tensor"),
    ({"labels": LABELS.float().requires_grad_()}, ValueError, "labels must be whole numbers"),
    ({"labels": LABELS[:, None]}, ValueError, r"labels must have shape \(64,\)"),
]


@pytest.mark.parametrize(("changed", "error", "message"), WRONG)
def test_refuses_what_is_of_the_wrong_kind(changed, error, message):
    arguments = {"module": perceptron(), "inputs": INPUTS, "labels": LABELS, "estimator": exact}
    with pytest.raises(error, match=message):
        information_plane(**arguments | changed)


def test_hsic_is_no_estimator_and_has_no_bits():
    with pytest.raises(ValueError, match="no estimator 'hsic'"):
        make_estimator("hsic")
    measure = make_measure("dependence", label="hsic")
    with pytest.raises(TypeError, match="not an object of DependenceMeasure; measures, HSIC among"):
        information_plane(perceptron(), INPUTS, LABELS, measure)


def test_a_quantity_that_an_estimator_does_not_give_is_nan():
    table = information_plane(perceptron(), INPUTS, LABELS, make_estimator("decoder"), layers="0")
    assert np.isnan(table["mi_input_bits"]).all()
    assert np.isfinite(table["mi_label_bits"]).all()


def test_net_inputs_are_named():
    binned = make_estimator("net_input", bin_width=0.5)
    with pytest.raises(ValueError, match="'net_input' reads net inputs: name in `layers`"):
        information_plane(perceptron(), INPUTS, LABELS, binned)
    network = perceptron()
    table = information_plane(network, INPUTS, LABELS, binned, layers=["0", "2"])
    given = binned(network[0](INPUTS).detach().numpy(), LABELS.numpy())
    assert table["mi_input_bits"][0] == given.mi_input_bits


def test_refuses_a_module_whose_layers_are_not_called():
    class Functional(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.idle = torch.nn.Linear(6, 2)

        def forward(self, inputs):
            return inputs @ self.idle.weight.T

    with pytest.raises(ValueError, match="calls none of the module's layers"):
        information_plane(Functional(), INPUTS, LABELS, exact)


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
