"""What of a module's layers is read: channels, draws, memory.

Weights and inputs are small whole numbers, so that sums are exact in any order and batches of any
size give the same bits; all equalities are exact.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from infoplane import LivePlane, Reading
from infoplane.estimators import make_estimator
from infoplane.estimators.machine_precision import MachinePrecisionEstimator
from infoplane.plane import information_plane, layer_activations

GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.randint(0, 3, (48, 1, 6, 6), generator=GENERATOR).float()
LABELS = torch.arange(48) % 4
exact = make_estimator("machine_precision")


class Counting(torch.nn.Module):
    """Keep how many samples each call had."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, inputs):
        self.seen.append(len(inputs))
        return inputs


class Copying(MachinePrecisionEstimator):
    """Count as one that copies the layer in double precision."""

    copies = 1.0


def with_whole_weights(network):
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randint(-1, 2, parameter.shape, generator=GENERATOR))
    return network


def convolutional():
    """Return a network whose layers have 36, 108, 108, 108, and 2 values an image."""
    return with_whole_weights(
        torch.nn.Sequential(
            *(Counting(), torch.nn.Conv2d(1, 3, 3, padding=1), torch.nn.ReLU()),
            *(torch.nn.Flatten(), torch.nn.Linear(108, 2)),
        )
    )


def test_pooled_channels_are_units_and_dense_layers_stay():
    network = convolutional()
    maps = network[:3](IMAGES).detach()
    for pooling, expected in (("mean", maps.mean((2, 3))), ("max", maps.amax((2, 3)))):
        read = layer_activations(network, IMAGES, reading=Reading(pooling=pooling))
        assert {name: values.shape[1] for name, values in read.items()} == {
            **{"0": 1, "1": 3, "2": 3, "3": 108, "4": 2}
        }
        # A mean of 36 numbers is divided: rounded once, whichever way.
        np.testing.assert_allclose(read["2"], expected.numpy(), rtol=1e-6)


def test_units_drawn_are_the_same_at_every_call_and_tell_no_more():
    network, some = convolutional(), Reading(units=5, seed=3)
    read = layer_activations(network, IMAGES, reading=some)
    assert [values.shape[1] for values in read.values()] == [5, 5, 5, 5, 2]
    whole = layer_activations(network, IMAGES)
    for batch_size in (7, 48):
        again = layer_activations(network, IMAGES, batch_size=batch_size, reading=some)
        assert all(np.array_equal(again[name], values) for name, values in read.items())
    assert all(column in whole["2"].T.tolist() for column in read["2"].T.tolist())
    other = layer_activations(network, IMAGES, reading=Reading(units=5, seed=4))
    assert not np.array_equal(other["2"], read["2"])
    part, all_of_it = (
        information_plane(network, IMAGES, LABELS, exact, reading=reading)
        for reading in (Reading(units=1), None)
    )
    # The last layer has two units: of one of them there is less.
    assert (part["mi_input_bits"] <= all_of_it["mi_input_bits"]).all()
    assert part["mi_input_bits"].iloc[-1] < all_of_it["mi_input_bits"].iloc[-1]


def test_samples_are_drawn_with_a_seed():
    network, some = convolutional(), Reading(samples=20, seed=1)
    drawn = layer_activations(network, IMAGES, layers=["0"], reading=some)["0"]
    rows = [IMAGES.flatten(1).tolist().index(row) for row in drawn.tolist()]
    assert rows == sorted(set(rows))
    assert len(rows) == 20
    by_hand = information_plane(network, IMAGES[rows], LABELS[rows], exact)
    assert information_plane(network, IMAGES, LABELS, exact, reading=some).equals(by_hand)
    assert by_hand["ceiling_bits"].iloc[0] == math.log2(20)
    plane = LivePlane(IMAGES, LABELS, exact, reading=some)
    assert plane.log(0, network).drop(columns="epoch").equals(by_hand)


def test_little_memory_moves_no_number():
    """A layer of 108 numbers of 4 bytes takes 20736 bytes for all images: one at a time fits."""
    network = convolutional()
    whole = information_plane(network, IMAGES, LABELS, exact)
    # All at once, after a look at two images.
    assert network[0].seen == [2, 48]
    network[0].seen.clear()
    tight = Reading(memory_bytes=30_000)
    assert information_plane(network, IMAGES, LABELS, exact, reading=tight).equals(whole)
    # 36 + 108 numbers, then 108, then 108 + 2: what 27,648, 20,736 and 21,120 bytes leave is room
    # for so many images of 2 * 432 bytes.
    assert network[0].seen == [2, *24 * [2], *4 * [10], 8, *4 * [10], 8]


def test_what_an_estimator_takes_beside_a_layer_counts():
    network = convolutional()
    whole = information_plane(network, IMAGES, LABELS, Copying())
    # The layers of 108 numbers take 20,736 bytes, and twice as much in double precision.
    fits = Reading(memory_bytes=63_000)
    assert information_plane(network, IMAGES, LABELS, Copying(), reading=fits).equals(whole)
    with pytest.warns(UserWarning, match=r"takes 2.07e-05 GB and the estimator 4.15e-05 GB beside"):
        table = information_plane(
            *(network, IMAGES, LABELS, Copying()), reading=Reading(memory_bytes=62_000)
        ).set_index("layer")
    assert table.index[table["mi_input_bits"].isna()].tolist() == ["1", "2", "3"]
    assert table.loc[["0", "4"], "mi_input_bits"].notna().all()


def test_a_layer_that_fills_the_memory_leaves_a_sixteenth_for_a_batch():
    network = torch.nn.Sequential(Counting(), torch.nn.Flatten())
    layer_activations(network, IMAGES, layers=["1"], reading=Reading(memory_bytes=48 * 36 * 4))
    # 432 bytes for images of 2 * 144.
    assert set(network[0].seen[1:]) == {1}
    network[0].seen.clear()
    layer_activations(network, IMAGES, layers=["1"], reading=Reading(memory_bytes=4 * 48 * 36 * 4))
    assert network[0].seen == [2, 48]


def test_a_layer_of_a_million_values_an_image_does_not_end_the_program():
    images = torch.randint(0, 3, (16, 1, 256, 256), generator=GENERATOR).float()
    labels = torch.arange(16) % 2
    network = with_whole_weights(
        torch.nn.Sequential(
            *(Counting(), torch.nn.Conv2d(1, 16, 1), torch.nn.AdaptiveAvgPool2d(1)),
            *(torch.nn.Flatten(), torch.nn.Linear(16, 2)),
        )
    )
    # The layer takes 67 MB for all images, and 4.2 MB for one.
    tight = Reading(memory_bytes=20_000_000)
    plane = LivePlane(images, labels, exact, reading=tight)
    with pytest.warns(UserWarning, match=r"layer '1' is left out: it takes 0.0671 GB, more than"):
        plane.log(0, network)
    assert max(network[0].seen) == 2
    table = plane.table.set_index("layer")
    assert table.index[table["mi_input_bits"].isna()].tolist() == ["1"]
    for reading in (
        Reading(pooling="max", memory_bytes=20_000_000),
        Reading(units=1000, memory_bytes=20_000_000),
        Reading(samples=4, memory_bytes=20_000_000),
    ):
        read = information_plane(network, images, labels, exact, reading=reading)
        assert read["layer"].tolist() == ["0", "1", "2", "3", "4"]
        assert read["mi_input_bits"].notna().all()


def test_layers_that_do_not_fit_together_are_not_handed_out():
    with pytest.raises(ValueError, match=r"the layers take 6.95e-05 GB together, more than"):
        layer_activations(convolutional(), IMAGES, reading=Reading(memory_bytes=60_000))
    named = layer_activations(
        convolutional(), IMAGES, layers=["0", "4"], reading=Reading(memory_bytes=60_000)
    )
    assert list(named) == ["0", "4"]


class Squeezed(torch.nn.Module):
    """Drop all axes of length one, as of a batch of one image it would be that of the images."""

    def forward(self, inputs):
        return inputs.mean((2, 3)).squeeze(1).unsqueeze(1)


def test_modules_that_drop_axes_are_read():
    assert layer_activations(Squeezed(), IMAGES)["Squeezed"].shape == (48, 1)


class Fickle(torch.nn.Module):
    """Use a layer, or another number of units, for some inputs only."""

    def __init__(self, skips):
        super().__init__()
        self.skips, self.part = skips, torch.nn.Identity()

    def forward(self, inputs):
        values, is_late = inputs.flatten(1), len(inputs) == 8
        if self.skips and is_late:
            return values
        return self.part(values[:, : 5 if is_late else 9])


@pytest.mark.parametrize(("skips", "said"), [(True, "for some inputs only"), (False, "number of")])
def test_refuses_layers_that_change_with_the_inputs(skips, said):
    with pytest.raises(ValueError, match=f"layer 'part' .*{said}"):
        layer_activations(Fickle(skips), IMAGES, batch_size=20)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"samples": 0}, "samples must be a whole number of at least 1, not 0"),
        ({"units": 2.5}, "units must be a whole number of at least 1, not 2.5"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"memory_bytes": 0}, "memory_bytes must be a whole number of at least 1"),
        ({"pooling": "sum"}, "pooling must be one of None, 'mean', 'max', not 'sum'"),
    ],
)
def test_refuses_readings_of_nothing(changed, said):
    with pytest.raises(ValueError, match=said):
        Reading(**changed)


def test_refuses_draws_that_cannot_be_or_lose_a_class():
    network = convolutional()
    with pytest.raises(ValueError, match="samples must be at most the 48 there are, not 49"):
        information_plane(network, IMAGES, LABELS, exact, reading=Reading(samples=49))
    with pytest.raises(
        ValueError, match=r"3 samples drawn with seed 0 have none of class \d; draw"
    ):
        LivePlane(IMAGES, LABELS, exact, reading=Reading(samples=3))
    with pytest.raises(TypeError, match=r"reading must be an infoplane\.Reading, not 'mean'"):
        LivePlane(IMAGES, LABELS, exact, reading="mean")
