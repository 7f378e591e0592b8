"""Time the compiled engines beside PyTorch's on larger and larger networks, on one thread.

What wins is for `infoplane.training.fused.engine` and `block_engine` to know: they say what was
measured here. Each network trains by the compiled engine, chosen for it or not, and by the torch
engine, in the stack that it has there. Times are processor time, medians over rounds.
"""

from __future__ import annotations

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.timing import interleaved, median_ratio, medians
from infoplane.networks import Network, make_network
from infoplane.training.engines import choose_engine, engine_classes
from infoplane.training.fused.block_engine import BlockEngine
from infoplane.training.fused.engine import FusedEngine
from infoplane.training.records import Optimizer
from infoplane.training.torch.fixed_stacks import FixedStacks, stack_size

# The networks of the study on images, SAXE's published one, and those between them.
WIDTHS = (
    (64, 64, 20, 20, 20, 10),
    (196, 32, 20, 20, 10),
    (784, 32, 20, 20, 10),
    (784, 64, 20, 20, 20, 10),
    (64, 128, 128, 128, 10),
    (784, 128, 20, 20, 20, 10),
    (784, 256, 20, 20, 20, 10),
    (784, 1024, 20, 20, 20, 10),
)
# Images' shape, channels of the blocks, side of the kernels, widths of the dense layers: networks
# of the study, a LeNet on images of one and of three channels, and one whose products fill a core.
CONVOLUTIONS = (
    ((1, 8, 8), (4, 8), 3, (10,)),
    ((1, 14, 14), (4, 8), 3, (10,)),
    ((1, 8, 8), (16, 32), 3, (10,)),
    ((1, 28, 28), (6, 16), 5, (120, 84, 10)),
    ((3, 32, 32), (6, 16), 5, (120, 84, 10)),
    ((1, 28, 28), (32, 64), 5, (256, 10)),
)
IMAGES, ROUNDS = 1280, 5
OPTIMIZERS = (
    Optimizer("sgd", learning_rate=0.01, batch_size=128),
    Optimizer("adam", learning_rate=0.001, batch_size=128),
)
# Root mean square over parameters after an epoch. Adam divides by the root of a moment that is near
# 0 for some weights, so that a few may be steps apart; a wrong formula leaves all a step or more.
PARAMETERS_APART = 3e-4


class AnyWidth(FusedEngine):
    """The compiled engine, of networks that it is not chosen for too."""

    @staticmethod
    def supports(network, optimizer) -> bool:
        """Return whether the loop can train it; here all can."""
        return True


class AnyBlocks(BlockEngine):
    """The compiled engine for convolutions, of networks that it is not chosen for too."""

    @staticmethod
    def supports(network, optimizer) -> bool:
        """Return whether the loop can train it; here all can."""
        return True


def networks() -> dict[str, Network]:
    """Return all networks, by what to call them."""
    found = {}
    for widths in WIDTHS:
        found["-".join(map(str, widths))] = make_network(
            "dense", widths=widths, activation="tanh", output="softmax", initial_weights="glorot"
        )
    for shape, channels, side, dense_widths in CONVOLUTIONS:
        name = f"{'x'.join(map(str, shape))}, {'-'.join(map(str, channels))} of {side}x{side}"
        found[f"{name}, {'-'.join(map(str, dense_widths))}"] = make_network(
            "convolutional",
            input_shape=shape,
            channels=channels,
            kernel_size=side,
            pooling=2,
            dense_widths=dense_widths,
            activation="relu",
            initial_weights="he",
        )
    return found


def make_problem(network: Network) -> tuple:
    """Return made-up images, labels, training sets, order seeds and initial parameters."""
    generator, count = np.random.default_rng(0), stack_size(network)
    inputs = generator.random((IMAGES, *network.input_shape), dtype=np.float32)
    labels = generator.integers(0, network.classes, IMAGES)
    parameters = np.stack([network.initial_parameters(generator) for _ in range(count)])
    splits = np.tile(np.arange(IMAGES), (count, 1))
    return inputs, labels, splits, np.arange(count, dtype=np.uint64), parameters


def compare(name: str, network: Network, optimizer: Optimizer) -> dict:
    """Return microseconds a network step of both engines.

    Raises
    ------
    RuntimeError
        If their parameters differ after an epoch.
    """
    problem, count = make_problem(network), stack_size(network)
    by_torch = next(one for one in engine_classes("torch") if one.supports(network, optimizer))
    compiled = AnyBlocks if network.widths is None else AnyWidth
    engines = {
        "fused_engine": compiled(network, optimizer, *problem),
        "torch": FixedStacks(by_torch, range(count), network, optimizer, *problem),
    }
    for engine in engines.values():
        engine.advance(0, 1)
    ours, theirs = (engine.parameters for engine in engines.values())
    if (apart := float(np.sqrt(np.mean((ours - theirs) ** 2)))) > PARAMETERS_APART:
        raise RuntimeError(f"{name} by {optimizer.optimizer}: parameters {apart} apart")
    times = interleaved(
        {name: (lambda one=one: one.advance(1, 2)) for name, one in engines.items()}, ROUNDS
    )
    steps = count * -(-IMAGES // optimizer.batch_size)
    return {
        "network": name,
        "optimizer": optimizer.optimizer,
        "parameters": network.parameter_count,
        "networks": count,
        "microseconds": {
            name: 1e6 * own["processor"] / steps for name, own in medians(times).items()
        },
        "ratio": {"torch": median_ratio(times["torch"], times["fused_engine"])},
        "chosen": choose_engine("auto", "cpu", network, optimizer)[0],
        "parameter_difference": apart,
    }


def measure() -> dict:
    """Return both engines' times on every network, by every optimiser."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        found = [compare(*one, by) for one in networks().items() for by in OPTIMIZERS]
        return {"networks": found}
