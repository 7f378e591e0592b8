"""The plane during training: against single measurements, harmless, bounded, refusals, drawing.

All equalities are exact: the same activations reach the same estimator.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
import weakref

import pandas as pd
import pytest
import torch

from infoplane import LivePlane
from infoplane.estimators import make_estimator
from infoplane.plane import information_plane
from infoplane.tasks.icosahedron import binary_patterns

INPUTS = torch.from_numpy(binary_patterns(6)).float()
LABELS = (INPUTS.sum(dim=1) > 3).long()
COLUMNS = ["epoch", "layer", "mi_input_bits", "mi_label_bits", "ceiling_bits"]
binned = make_estimator("binned", bins=10, low=-1.0, high=1.0)
LAYERS = ["1", "3"]


class Restless(torch.nn.Module):
    """Draw numbers even in evaluation mode, and use them for nothing."""

    def forward(self, values):
        torch.rand(3)
        return values


def perceptron():
    torch.manual_seed(3)
    return torch.nn.Sequential(
        *(torch.nn.Linear(6, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2), torch.nn.Tanh()),
        *(Restless(), torch.nn.Dropout(0.2)),
    )


def train(network, epochs=6, plane=None):
    """Take a few steps, and return what `information_plane` gives at each of them."""
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    tables = []
    for epoch in range(epochs):
        if plane is not None:
            plane.log(epoch, network)
            table = information_plane(network, INPUTS, LABELS, binned, LAYERS)
            tables.append(table.assign(epoch=epoch)[COLUMNS])
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(INPUTS), LABELS).backward()
        optimizer.step()
    return tables


@pytest.fixture
def plane():
    return LivePlane(INPUTS, LABELS, binned, LAYERS)


def test_the_table_is_that_of_single_measurements(plane):
    tables = train(perceptron(), plane=plane)
    assert plane.table.equals(pd.concat(tables, ignore_index=True))
    assert list(plane.table.columns) == COLUMNS
    # Another test would see nothing if the layers did not change.
    assert plane.table.groupby("layer")["mi_input_bits"].nunique().min() > 1


def test_a_log_gives_its_own_rows_and_they_are_the_callers(plane):
    network = perceptron()
    rows = plane.log(5, network)
    assert rows.equals(plane.table)
    rows["mi_input_bits"] = -1.0
    assert (plane.table["mi_input_bits"] >= 0).all()


def test_training_is_the_same_with_and_without():
    alone, watched = perceptron(), perceptron()
    torch.manual_seed(8)
    train(alone)
    plane = LivePlane(INPUTS, LABELS, binned, LAYERS)
    torch.manual_seed(8)
    optimizer = torch.optim.SGD(watched.parameters(), lr=0.5)
    for epoch in range(6):
        plane.log(epoch, watched)
        assert watched.training
        assert watched[5].training
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(watched(INPUTS), LABELS).backward()
        optimizer.step()
    for one, other in zip(alone.parameters(), watched.parameters(), strict=True):
        assert torch.equal(one, other)


def test_neither_modules_nor_activations_are_kept(plane):
    wide = torch.nn.Sequential(
        *(torch.nn.Linear(6, 256), torch.nn.Tanh(), torch.nn.Linear(256, 256), torch.nn.Tanh())
    )
    plane.log(0, wide)
    seen = weakref.ref(wide)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for epoch in range(1, 41):
        plane.log(epoch, wide)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    # Two rows of five numbers a log; its activations are 131 kB.
    assert grown / 40 < 4000
    del wide
    assert seen() is None


@pytest.mark.parametrize("epoch", [-1, 1.5, "1", None, True])
def test_refuses_what_is_no_epoch(plane, epoch):
    with pytest.raises(ValueError, match="epoch must be a whole number of at least 0, not"):
        plane.log(epoch, perceptron())


@pytest.mark.parametrize("epoch", [3, 4])
def test_refuses_an_epoch_that_is_not_later(plane, epoch):
    plane.log(4, perceptron())
    with pytest.raises(ValueError, match=f"epoch {epoch} is not after 4, which was logged last"):
        plane.log(epoch, perceptron())
    assert list(plane.table["epoch"]) == [4, 4]


def test_refuses_another_module():
    plane = LivePlane(INPUTS, LABELS, make_estimator("kde", noise_variance=0.1))
    plane.log(0, torch.nn.Sequential(torch.nn.Linear(6, 2)))
    message = "the module's layers are 0, 1, those logged before 0; another module needs a plane"
    with pytest.raises(ValueError, match=message):
        plane.log(1, torch.nn.Sequential(torch.nn.Linear(6, 2), torch.nn.Tanh()))
    assert len(plane.table) == 1


def test_arguments_the_other_way_round_are_told(plane):
    with pytest.raises(ValueError, match=r"epoch must be a whole number .* not Sequential"):
        plane.log(perceptron(), 0)
    with pytest.raises(TypeError, match=r"module must be a torch.nn.Module, not OrderedDict"):
        plane.log(0, perceptron().state_dict())


WRONG = [
    ({"estimator": "binned"}, TypeError, "estimator must be what make_estimator returns"),
    ({"labels": LABELS[:3]}, ValueError, r"labels must have shape \(64,\)"),
    ({"layers": []}, ValueError, "layers must name at least one module"),
    ({"batch_size": 0}, ValueError, "batch_size must be a whole number of at least 1"),
]


@pytest.mark.parametrize(("changed", "error", "message"), WRONG)
def test_what_needs_no_module_is_refused_at_once(changed, error, message):
    arguments = {"inputs": INPUTS, "labels": LABELS, "estimator": binned}
    with pytest.raises(error, match=message):
        LivePlane(**arguments | changed)


def test_a_layer_that_the_estimator_refuses_leaves_no_rows(plane):
    network = perceptron()
    plane.log(0, network)
    with torch.no_grad():
        network[2].bias[1] = float("nan")
    with pytest.raises(ValueError, match="layer '3': activations must be finite"):
        plane.log(1, network)
    assert list(plane.table["epoch"]) == [0, 0]


def test_the_picture_has_every_point(plane):
    pytest.importorskip("matplotlib")
    network = perceptron()
    train(network, plane=plane)
    axes = plane.draw()
    for points, layer in zip(axes.collections, LAYERS, strict=True):
        rows = plane.table[plane.table["layer"] == layer]
        drawn = rows[["mi_input_bits", "mi_label_bits"]].to_numpy()
        assert points.get_offsets().tolist() == drawn.tolist()
        assert list(points.get_array()) == list(rows["epoch"])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == LAYERS
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("I(X;T) in bits", "I(T;Y) in bits")
    assert plane.draw(axes) is axes


def test_refuses_to_draw_no_plane(plane):
    with pytest.raises(ValueError, match="nothing is logged, so there is no plane to draw"):
        plane.draw()
    assert plane.table.empty
    decoder = LivePlane(INPUTS, LABELS, make_estimator("decoder"), ["1"])
    decoder.log(0, perceptron())
    with pytest.raises(ValueError, match="gives no mi_input_bits, so there is no plane to draw"):
        decoder.draw()


def test_without_matplotlib_the_table_is_there_and_drawing_says_what_is_missing():
    code = """
import sys
sys.modules["matplotlib"] = None
import torch
from infoplane import LivePlane, make_estimator
inputs = torch.eye(4)
plane = LivePlane(inputs, torch.tensor([0, 0, 1, 1]), make_estimator("machine_precision"))
plane.log(0, torch.nn.Sequential(torch.nn.Tanh()))
print(len(plane.table))
plane.draw()
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert said.stdout == "1\n"
    assert "drawing a plane needs Matplotlib: pip install matplotlib" in said.stderr
