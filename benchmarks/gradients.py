"""Time the gradient statistics at all snapshots of a training beside the training itself.

One network of the papers' size is trained by the fused engine, stopping at every snapshot; then
all four definitions are computed at all snapshots. Both run in every round, on one thread.
"""

from __future__ import annotations

import itertools

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.timing import interleaved, median_ratio, medians
from benchmarks.train import NETWORK, OPTIMIZER, SCHEDULE, make_problem
from infoplane.measures.gradients import DEFINITIONS, gradient_moments
from infoplane.training.fused.engine import FusedEngine
from infoplane.training.schedule import snapshot_epochs

EPOCHS, SNAPSHOTS = SCHEDULE.epochs, SCHEDULE.snapshots
ROUNDS = 5


def train(problem: tuple, epochs: np.ndarray) -> np.ndarray:
    """Return the parameters of one network at each snapshot, shape (snapshots, parameters)."""
    engine = FusedEngine(NETWORK, OPTIMIZER, *problem)
    kept = [engine.parameters[0]]
    for first, last in itertools.pairwise(epochs):
        engine.advance(int(first), int(last))
        kept.append(engine.parameters[0])
    return np.stack(kept)


def gradient_statistics(problem: tuple, epochs: np.ndarray, parameters: np.ndarray) -> list:
    """Return the four definitions' statistics at each snapshot."""
    inputs, labels, splits, seeds, _ = problem
    moments = gradient_moments(
        *(parameters, epochs, NETWORK, inputs[splits[0]], labels[splits[0]]),
        order_seed=int(seeds[0]),
        batch_size=OPTIMIZER.batch_size,
    )
    return [definition(moments) for definition in DEFINITIONS.values()]


def measure() -> dict:
    """Return seconds of both and the share of the training time that the statistics take."""
    with threadpool_limits(1):
        problem, epochs = make_problem(1), snapshot_epochs(EPOCHS, SNAPSHOTS)
        parameters = train(problem, epochs)
        gradient_statistics(problem, epochs[:1], parameters[:1])
        times = interleaved(
            {
                "training": lambda: train(problem, epochs),
                "gradient_statistics": lambda: gradient_statistics(problem, epochs, parameters),
            },
            ROUNDS,
        )
    return {
        "epochs": EPOCHS,
        "snapshots": len(epochs),
        "definitions": list(DEFINITIONS),
        "rounds": ROUNDS,
        "seconds": medians(times),
        "share_of_training": median_ratio(times["gradient_statistics"], times["training"]),
    }
