"""Time the compiled engine beside PyTorch's on wider and wider networks, on one thread.

What wins is for `infoplane.training.fused.engine.fits_loop` to know: it says what was measured
here. Each network trains by the compiled engine, chosen for it or not, and by the torch engine, in
the stack that it has there. Times are processor time, medians over rounds.
"""

from __future__ import annotations

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.timing import interleaved, median_ratio, medians
from infoplane.networks import make_network
from infoplane.training.engines import engine_classes
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
IMAGES, ROUNDS = 1280, 5
OPTIMIZERS = (
    Optimizer("sgd", learning_rate=0.01, batch_size=128),
    Optimizer("adam", learning_rate=0.001, batch_size=128),
)
# Parameters after an epoch; Adam divides by the root of a moment that is near 0 for some weights.
PARAMETERS_APART = 1e-3


class AnyWidth(FusedEngine):
    """The compiled engine, of networks that it is not chosen for too."""

    @staticmethod
    def supports(network, optimizer) -> bool:
        """Return whether the loop can train it; here all can."""
        return True


def make_problem(network) -> tuple:
    """Return made-up images, labels, training sets, order seeds and initial parameters."""
    generator, count = np.random.default_rng(0), stack_size(network)
    inputs = generator.random((IMAGES, network.widths[0]), dtype=np.float32)
    labels = generator.integers(0, network.widths[-1], IMAGES)
    parameters = np.stack([network.initial_parameters(generator) for _ in range(count)])
    splits = np.tile(np.arange(IMAGES), (count, 1))
    return inputs, labels, splits, np.arange(count, dtype=np.uint64), parameters


def compare(widths: tuple[int, ...], optimizer: Optimizer) -> dict:
    """Return microseconds a network step of both engines.

    Raises
    ------
    RuntimeError
        If their parameters differ after an epoch.
    """
    network = make_network(
        "dense", widths=widths, activation="tanh", output="softmax", initial_weights="glorot"
    )
    problem, count = make_problem(network), stack_size(network)
    by_torch = next(one for one in engine_classes("torch") if one.supports(network, optimizer))
    engines = {
        "fused_engine": AnyWidth(network, optimizer, *problem),
        "torch": FixedStacks(by_torch, range(count), network, optimizer, *problem),
    }
    for engine in engines.values():
        engine.advance(0, 1)
    ours, theirs = (engine.parameters for engine in engines.values())
    if (apart := float(np.abs(ours - theirs).max())) > PARAMETERS_APART:
        raise RuntimeError(f"{widths} by {optimizer.optimizer}: parameters {apart} apart")
    times = interleaved(
        {name: (lambda one=one: one.advance(1, 2)) for name, one in engines.items()}, ROUNDS
    )
    steps = count * -(-IMAGES // optimizer.batch_size)
    return {
        "widths": widths,
        "optimizer": optimizer.optimizer,
        "parameters": network.parameter_count,
        "networks": count,
        "microseconds": {
            name: 1e6 * own["processor"] / steps for name, own in medians(times).items()
        },
        "ratio": {"torch": median_ratio(times["torch"], times["fused_engine"])},
        "chosen": "fused" if FusedEngine.supports(network, optimizer) else "torch",
        "parameter_difference": apart,
    }


def measure() -> dict:
    """Return both engines' times on every network, by every optimiser."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        return {"networks": [compare(widths, by) for widths in WIDTHS for by in OPTIMIZERS]}
