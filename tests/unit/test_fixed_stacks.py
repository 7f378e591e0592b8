"""Stacks of fixed size: who stands where, and that nothing else reaches a network's numbers.

Claims of equality are exact. That chunks do not matter is tested in `test_training`.
"""

import numpy as np
import pytest
import torch

from infoplane.networks.dense import initial_parameters
from infoplane.training.torch.dense import DenseTorchEngine
from infoplane.training.torch.fixed_stacks import STACK, FixedStacks, stack_members, stack_size
from infoplane.training.torch.noisy import NoisyTorchEngine
from infoplane.training.torch.quantised import QuantisedTorchEngine
from tests.support import network, optimizer

ENGINES = {
    DenseTorchEngine: {},
    NoisyTorchEngine: {"noise_standard_deviation": 0.1},
    QuantisedTorchEngine: {"quantisation_bits": 4},
}


def odd_network(engine_class, **changes):
    """Return networks whose layers are no multiple of a vector register."""
    return network(**{"widths": (12, 10, 7, 5, 4, 3, 2), **ENGINES[engine_class], **changes})


def make_problem(chosen, inits, samples=90):
    """Return what an engine takes after its records: data, splits, seeds and parameters."""
    generator = np.random.default_rng(7)
    inputs = generator.normal(size=(samples, chosen.widths[0])).astype(np.float32)
    labels = (inputs.sum(axis=1) > 0).astype(np.int64)
    splits = np.stack([generator.permutation(samples)[: samples - 20] for _ in range(inits)])
    seeds = generator.integers(0, 2**64, inits, dtype=np.uint64)
    parameters = np.stack(
        [initial_parameters(chosen.widths, "pytorch", generator) for _ in range(inits)]
    )
    return inputs, labels, splits, seeds, parameters


def trained(engine_class, initialisations, chosen, batch_size, problem, epochs=4):
    by = optimizer(batch_size=batch_size)
    stacks = FixedStacks(engine_class, initialisations, chosen, by, *problem)
    stacks.advance(0, epochs)
    return stacks.parameters


@pytest.mark.parametrize(
    ("initialisations", "stacks"),
    [
        ([], []),
        ([6], [[-1, -1, 0, -1]]),
        ([5, 4, 7, 6], [[1, 0, 3, 2]]),
        ([2, 3, 4, 5, 6], [[2, 3, 0, 1], [-1, -1, 4, -1]]),
        ([1, 9, 5, 0], [[3, 0, -1, -1], [-1, 1, -1, -1], [-1, 2, -1, -1]]),
    ],
)
def test_a_place_is_the_index_modulo_the_size(initialisations, stacks):
    assert [members.tolist() for members in stack_members(initialisations, 4)] == stacks


def test_large_networks_stand_alone():
    assert stack_size(network()) == STACK
    assert stack_size(network(widths=(12, 300, 300, 2))) == STACK
    assert stack_size(network(widths=(784, 1024, 20, 10))) == 1


# Three samples, few units: vectors of 8 or 16 numbers reach over the edges of networks.
@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus", "linear"])
@pytest.mark.parametrize("engine_class", ENGINES)
@pytest.mark.parametrize("factor", [100, 1e20, np.inf, np.nan])
def test_what_becomes_of_a_network_does_not_reach_the_others(engine_class, factor, activation):
    chosen = odd_network(engine_class, activation=activation)
    problem = make_problem(chosen, 5)
    expected = trained(engine_class, range(5), chosen, 3, problem)
    assert np.isfinite(expected).all()
    problem[-1][2] *= np.float32(factor)
    found = trained(engine_class, range(5), chosen, 3, problem)
    assert (found[2] != expected[2]).any()
    others = [0, 1, 3, 4]
    np.testing.assert_array_equal(found[others], expected[others])


@pytest.mark.parametrize("engine_class", ENGINES)
def test_threads_do_not_matter(engine_class):
    # PyTorch splits 10 networks' 100 samples of 33 units into two shares, within a vector.
    chosen = odd_network(engine_class, widths=(12, 33, 17, 2), activation="softplus")
    problem = make_problem(chosen, STACK, samples=900)
    threads, results = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            results.append(trained(engine_class, range(STACK), chosen, 100, problem))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(results[1], results[0])
