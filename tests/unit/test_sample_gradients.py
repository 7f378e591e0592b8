"""Gradients of single samples against one backward pass a sample and a direction.

All is float64; the same sums in another order agree to 1e-12 of the largest entry.
"""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from infoplane.measures import _sample_gradients
from infoplane.measures._sample_gradients import sample_gradients
from infoplane.networks import make_network
from infoplane.networks.modules import ModuleNetwork
from tests.support import convolutional, invertible


class Strided(nn.Sequential):
    """Convolve with strides and gaps, and work in place."""

    def __init__(self):
        super().__init__(
            nn.Sequential(nn.Conv2d(1, 3, (4, 3), stride=2, padding=(2, 1)), nn.ReLU(inplace=True)),
            nn.Sequential(nn.Conv2d(3, 2, 2, dilation=2, padding="same"), nn.Tanh()),
            nn.Sequential(nn.Flatten(), nn.Linear(2 * 5 * 4, 3)),
        )


class OneLayerTwice(nn.Module):
    """Run the same linear layer twice."""

    def __init__(self):
        super().__init__()
        self.hidden, self.output = nn.Linear(56, 56), nn.Linear(56, 3)

    def forward(self, inputs):
        once = torch.tanh(self.hidden(inputs.flatten(1)))
        return self.output(torch.tanh(self.hidden(once)))


@dataclass(frozen=True)
class Given(ModuleNetwork):
    made_by: type

    input_shape = (1, 8, 7)
    initial_weights = "glorot"

    def build(self):
        return self.made_by()


TRANSFORMER = make_network(
    "transformer",
    input_shape=(6,),
    blocks=1,
    width=4,
    feed_forward=5,
    outputs=2,
    layer_norm=True,
    activation="gelu",
    initial_weights="glorot",
)
WITHOUT_PADDING = make_network(
    "convolutional",
    input_shape=(2, 8, 7),
    channels=(3,),
    kernel_size=4,
    padding="valid",
    pooling=2,
    dense_widths=(5, 3),
    activation="relu",
    dense_activation="tanh",
    initial_weights="he",
)


@pytest.mark.parametrize(
    ("network", "at_once"),
    [
        (convolutional(), True),
        (WITHOUT_PADDING, True),
        (Given(Strided), True),
        (invertible(), True),
        (Given(OneLayerTwice), False),
        (TRANSFORMER, False),
    ],
    ids=["same", "valid", "strided", "invertible", "one layer twice", "transformer"],
)
def test_rows_are_those_of_single_backward_passes(network, at_once, monkeypatch):
    generator = np.random.default_rng(2)
    vector = torch.tensor(network.initial_parameters(generator), dtype=torch.float64)
    inputs = torch.tensor(generator.normal(size=(6, *network.input_shape)))
    errors = torch.tensor(generator.normal(size=(2, 6, network.classes)))
    if at_once:
        monkeypatch.setattr(_sample_gradients, "_one_by_one", None)
    rows = sample_gradients(network, vector, inputs, lambda net: errors)
    places = np.concatenate(
        [view.ravel() for view in network.weights(np.arange(network.parameter_count))]
    )
    vector.requires_grad_()
    for direction, of_samples in zip(rows, errors, strict=True):
        for row, sample, error in zip(direction, inputs, of_samples, strict=True):
            net = network.skeleton.net_input(vector, sample[None])[0]
            (expected,) = torch.autograd.grad(net @ error, vector)
            np.testing.assert_allclose(row, expected[places], atol=1e-12)
            assert expected[places].abs().max() > 1e-3
