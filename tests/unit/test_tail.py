"""The compiled tail of large networks against automatic differentiation in float64.

Sums of some hundred products of float32: 2e-5 of the largest entry.
"""

import itertools

import numpy as np
import pytest
import torch

from infoplane.networks.functions import COMPILED_ACTIVATIONS, CROSS_ENTROPY_OUTPUTS
from infoplane.training.fused.tail import Tail
from infoplane.training.torch.engine import mean_losses

FUNCTIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "linear": lambda net: net,
    "softsign": torch.nn.functional.softsign,
    "softplus": torch.nn.functional.softplus,
}
GENERATOR = np.random.default_rng(0)


def drawn(units, batch):
    """Return parameters, products, labels one-hot."""
    sizes = [units[0], *(above * (below + 1) for below, above in itertools.pairwise(units))]
    parameters = (0.4 * GENERATOR.normal(size=sum(sizes))).astype(np.float32)
    net = GENERATOR.normal(size=(units[0], batch)).astype(np.float32)
    labels = GENERATOR.integers(0, units[-1], batch)
    return parameters, net, np.eye(units[-1], dtype=np.float32)[labels]


def by_torch(units, activation, output, parameters, net, targets):
    """Return the gradients of the mean loss in the parameters and in the lowest net input."""
    vector, products = (
        torch.tensor(part, dtype=torch.float64, requires_grad=True) for part in (parameters, net)
    )
    values, start = products.t() + vector[: units[0]], units[0]
    for below, above in itertools.pairwise(units):
        weights, biases = vector[start : start + above * (below + 1)].split([above * below, above])
        values = FUNCTIONS[activation](values) @ weights.reshape(above, below).t() + biases
        start += above * (below + 1)
    loss = mean_losses(values, torch.tensor(targets, dtype=torch.float64), output)
    return [part.numpy() for part in torch.autograd.grad(loss, (vector, products))]


# One layer, layers that fill no vector, batches of less than a vector and of more than a tile.
@pytest.mark.parametrize("batch", [5, 128, 300])
@pytest.mark.parametrize("units", [(5,), (7, 3), (33, 64, 9, 10)], ids=str)
@pytest.mark.parametrize("output", CROSS_ENTROPY_OUTPUTS)
@pytest.mark.parametrize("activation", COMPILED_ACTIVATIONS)
def test_gradients_are_those_of_automatic_differentiation(activation, output, units, batch):
    parameters, net, targets = drawn(units, batch)
    expected = by_torch(units, activation, output, parameters, net, targets)
    gradient = np.full_like(parameters, np.nan)
    Tail(units, activation, output).differentiate(parameters, net, targets, gradient)
    for found, wanted in zip((gradient, net), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-5 * np.abs(wanted).max())


def test_nothing_is_left_of_the_batch_before():
    tail = Tail((6, 4, 3), "tanh", "softmax")
    large, small = drawn((6, 4, 3), 260), drawn((6, 4, 3), 20)
    found = []
    for before in (None, large):
        if before is not None:
            tail.differentiate(before[0], before[1].copy(), before[2], np.empty_like(before[0]))
        net, gradient = small[1].copy(), np.empty_like(small[0])
        tail.differentiate(small[0], net, small[2], gradient)
        found.append((net, gradient))
    for first, second in zip(*found, strict=True):
        np.testing.assert_array_equal(first, second)
