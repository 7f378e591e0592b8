"""Time the same chunks of work spread over 1, 2, 4 ... all cores, one thread each.

A chunk is what the study's jobs do: train a network, then measure its layers with the binned
estimator and the kernel bounds. Processes are started, and kernels loaded, before anything is
timed. On a machine with other work the time on the clock says how much of the cores was left; the
chunks' own processor time says what the cores take from each other.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.train import NETWORK, OPTIMIZER, make_problem
from infoplane.estimators import make_estimator
from infoplane.estimators.kde import kde_bounds
from infoplane.training.fused.engine import FusedEngine

EPOCHS, MEASURED_SAMPLES, NOISE_VARIANCE = 500, 2048, 0.1
CHUNKS_PER_CORE, ROUNDS = 4, 3


def core_counts() -> list[int]:
    """Return 1, 2, 4 ... up to and with the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        available = len(os.sched_getaffinity(0))
    else:
        available = os.cpu_count() or 1
    powers = [2**power for power in range(available.bit_length()) if 2**power < available]
    return [*powers, available]


def work(epochs: int) -> float:
    """Do one chunk and return its processor time in seconds."""
    start = time.process_time()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        inputs, labels, splits, seeds, parameters = make_problem(1)
        engine = FusedEngine(NETWORK, OPTIMIZER, inputs, labels, splits, seeds, parameters)
        engine.advance(0, epochs)
        measured = inputs[:MEASURED_SAMPLES], labels[:MEASURED_SAMPLES]
        _, layers = NETWORK.net_inputs_and_activations(engine.parameters[0], measured[0])
        binned = make_estimator("binned", bins=30, low=-1.0, high=1.0)
        for layer in layers:
            activations = np.asarray(layer)
            binned(activations, measured[1])
            kde_bounds(activations, measured[1], NOISE_VARIANCE)
    return time.process_time() - start


def measure() -> dict:
    """Return seconds of all chunks by number of cores, and the speed against one core."""
    counts = core_counts()
    chunks = CHUNKS_PER_CORE * counts[-1]
    context = multiprocessing.get_context("spawn")
    pools = {cores: context.Pool(cores) for cores in counts}
    wall, processor = {cores: [] for cores in counts}, {cores: [] for cores in counts}
    try:
        for cores, pool in pools.items():
            pool.map(work, [1] * 2 * cores, chunksize=1)
        for _ in range(ROUNDS):
            for cores, pool in pools.items():
                start = time.perf_counter()
                own = pool.map(work, [EPOCHS] * chunks, chunksize=1)
                wall[cores].append(time.perf_counter() - start)
                processor[cores].append(sum(own))
    finally:
        for pool in pools.values():
            pool.terminate()
    return {
        "chunks": chunks,
        "epochs": EPOCHS,
        "rounds": ROUNDS,
        "scaling": [
            {
                "cores": cores,
                "wall_seconds": statistics.median(wall[cores]),
                "processor_seconds": statistics.median(processor[cores]),
                "speed": _ratio(wall[1], wall[cores]),
                "speed_on_free_cores": cores * _ratio(processor[1], processor[cores]),
            }
            for cores in counts
        ],
    }


def _ratio(one: list[float], other: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(one, other, strict=True))
