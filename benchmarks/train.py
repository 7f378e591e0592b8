"""Time the training engines side by side with a plain PyTorch loop, on one thread.

Every contender trains in every round, for an epoch or as many as fill a fiftieth of a second,
so that a slow spell of the machine hits all alike; times are medians over rounds, ratios are
medians of the rounds' ratios. Times are the process's processor time, which on one thread of an
idle machine is the time on the clock and on a busy one leaves out the other processes' share.
Before anything is timed the contenders' parameters after an epoch are compared.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numba
import numpy as np
import torch
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from threadpoolctl import threadpool_limits

from infoplane.networks import Network, make_network
from infoplane.networks.dense import split_parameters
from infoplane.tasks.splits import training_samples
from infoplane.training.fused.engine import FusedEngine
from infoplane.training.fused.kernels import INTEGER, LANES, VECTOR, Emitter
from infoplane.training.records import Optimizer, Schedule
from infoplane.training.shuffling import shuffle_epoch
from infoplane.training.torch.dense import DenseTorchEngine
from infoplane.training.torch.fixed_stacks import FixedStacks

NETWORK = make_network(
    "dense",
    widths=(12, 10, 7, 5, 4, 3, 2),
    activation="tanh",
    output="softmax",
    initial_weights="truncated_normal_fan_in",
)
OPTIMIZER = Optimizer("adam", learning_rate=4e-4, batch_size=256)
SCHEDULE = Schedule(epochs=10000, snapshots=400, training_fraction=0.8)
SAMPLES, NETWORKS = 4096, 50
SCALING_NETWORKS = (1, 10, 50, 200)
ROUNDS, ROUND_SECONDS = 15, 0.02
OURS = "fused_engine"
# Arithmetic operations per number, counted in `infoplane.training.fused.tanh`, whose 36 give the
# slope too, and in `infoplane.compiled.vector_math`; a multiply-add is two.
TANH_OPERATIONS, EXP_OPERATIONS, SLOPE_OPERATIONS = 36, 25, 1


class PlainLoop:
    """Train one network after the other with `torch.nn` and `torch.optim`.

    Takes what the engines take.
    """

    def __init__(
        self, network, optimizer, inputs, labels, training_samples, order_seeds, parameters
    ):
        self._batch_size, self._seeds = optimizer.batch_size, order_seeds
        self._members = []
        for split, start in zip(training_samples, parameters, strict=True):
            module = plain_network(network.widths, start)
            descent = torch.optim.Adam(module.parameters(), lr=optimizer.learning_rate)
            data = torch.from_numpy(inputs[split]), torch.from_numpy(labels[split])
            self._members.append((module, descent, *data))
        self._loss = torch.nn.CrossEntropyLoss()

    @property
    def parameters(self) -> np.ndarray:
        """Return the current parameters, shape (inits, parameters)."""
        return np.stack(
            [
                torch.cat([part.detach().flatten() for part in member[0].parameters()]).numpy()
                for member in self._members
            ]
        )

    def advance(self, first_epoch: int, last_epoch: int) -> None:
        """Train the epochs from `first_epoch` up to, not including, `last_epoch`."""
        for (module, descent, inputs, labels), seed in zip(self._members, self._seeds, strict=True):
            for epoch in range(first_epoch, last_epoch):
                order = np.empty(len(inputs), dtype=np.int64)
                shuffle_epoch(order, seed, epoch)
                for batch in torch.from_numpy(order).split(self._batch_size):
                    descent.zero_grad()
                    self._loss(module(inputs[batch]), labels[batch]).backward()
                    descent.step()


def plain_network(widths: tuple[int, ...], parameters: np.ndarray) -> torch.nn.Sequential:
    """Return a tanh network of `torch.nn` layers with given parameters."""
    modules = []
    for (below, above), parts in zip(
        itertools.pairwise(widths), split_parameters(parameters, widths), strict=True
    ):
        layer = torch.nn.Linear(below, above)
        for target, part in zip((layer.weight, layer.bias), parts, strict=True):
            target.data.copy_(torch.from_numpy(part))
        modules += [layer, torch.nn.Tanh()]
    return torch.nn.Sequential(*modules[:-1])


def torch_stacks(network: Network, optimizer: Optimizer, *problem) -> FixedStacks:
    """Return the torch engine as `train_ensemble` runs it: stacks of one size."""
    return FixedStacks(DenseTorchEngine, range(len(problem[2])), network, optimizer, *problem)


CONTENDERS = {OURS: FusedEngine, "torch_stack": torch_stacks, "plain_loop": PlainLoop}


def make_problem(networks: int) -> tuple:
    """Return twelve-bit inputs, labels, splits, order seeds and initial parameters."""
    generator = np.random.default_rng(0)
    inputs = ((np.arange(SAMPLES)[:, None] >> np.arange(12)) & 1).astype(np.float32)
    labels = (inputs @ generator.normal(size=12) > generator.normal(size=SAMPLES)).astype(np.int64)
    splits = [
        training_samples(labels, SCHEDULE.training_fraction, generator) for _ in range(networks)
    ]
    parameters = [NETWORK.initial_parameters(generator) for _ in range(networks)]
    seeds = generator.integers(0, 2**64, networks, dtype=np.uint64)
    return inputs, labels, np.stack(splits), seeds, np.stack(parameters)


def network_steps(problem: tuple) -> int:
    """Return the optimiser steps of one epoch, summed over the networks."""
    splits = problem[2]
    return len(splits) * -(-splits.shape[1] // OPTIMIZER.batch_size)


class Timer:
    """Time epochs of an engine, in microseconds a network step."""

    def __init__(self, contender, networks: int):
        problem = make_problem(networks)
        self.engine = contender(NETWORK, OPTIMIZER, *problem)
        self._steps, self._epoch = network_steps(problem), 0
        self.round()

    def round(self) -> float:
        """Train one more epoch, or as many as fill `ROUND_SECONDS`."""
        first, start = self._epoch, time.process_time()
        while self._epoch == first or time.process_time() - start < ROUND_SECONDS:
            self.engine.advance(self._epoch, self._epoch + 1)
            self._epoch += 1
        seconds = time.process_time() - start
        return 1e6 * seconds / (self._steps * (self._epoch - first))


def compare() -> dict:
    """Time the fused engine, the torch stack and the plain loop on the paper's networks.

    Returns
    -------
    comparison : dict
        Median and least microseconds a network step per contender, ratios to ours, and the
        largest difference of parameters from ours after an epoch.

    Raises
    ------
    RuntimeError
        If a contender's parameters differ from ours by more than 1e-5.
    """
    timers = {name: Timer(contender, NETWORKS) for name, contender in CONTENDERS.items()}
    ours = timers[OURS].engine.parameters
    differences = {
        name: float(np.abs(timer.engine.parameters - ours).max())
        for name, timer in timers.items()
        if name != OURS
    }
    if max(differences.values()) > 1e-5:
        raise RuntimeError(f"the contenders' parameters differ after an epoch: {differences}")
    times = _interleaved(timers)
    return {
        "widths": NETWORK.widths,
        "batch_size": OPTIMIZER.batch_size,
        "networks": NETWORKS,
        "rounds": ROUNDS,
        "microseconds": {name: statistics.median(values) for name, values in times.items()},
        "microseconds_least": {name: min(values) for name, values in times.items()},
        "ratio": {
            name: statistics.median(
                theirs / ours for theirs, ours in zip(values, times[OURS], strict=True)
            )
            for name, values in times.items()
            if name != OURS
        },
        "parameter_difference": differences,
    }


def scaling() -> list[dict]:
    """Time the engines that take stacks, with 1 to 200 networks.

    Returns
    -------
    list of dict
        Engine, networks, median microseconds a network step.
    """
    timers = {
        (name, networks): Timer(CONTENDERS[name], networks)
        for name in (OURS, "torch_stack")
        for networks in SCALING_NETWORKS
    }
    return [
        {"engine": name, "networks": networks, "microseconds": statistics.median(values)}
        for (name, networks), values in _interleaved(timers).items()
    ]


def _interleaved(timers: dict) -> dict[object, list[float]]:
    times = {name: [] for name in timers}
    for _ in range(ROUNDS):
        for name, timer in timers.items():
            times[name].append(timer.round())
    return times


def operations(widths: tuple[int, ...], batch: int) -> dict[str, int]:
    """Count the arithmetic operations of one Adam step of a tanh network with softmax."""
    pairs = list(itertools.pairwise(widths))
    weights = sum(below * above for below, above in pairs)
    parameters = weights + sum(widths[1:])
    sent_back = weights - widths[0] * widths[1]
    hidden = sum(widths[1:-1])
    return {
        # Forward, gradient of weights and biases, gradient sent back.
        "products": 2 * batch * (weights + parameters + sent_back),
        "activations": batch * hidden * (TANH_OPERATIONS + SLOPE_OPERATIONS),
        "softmax": batch * widths[-1] * (EXP_OPERATIONS + 6),
        "adam": 14 * parameters,
    }


@intrinsic
def _multiply_adds(typing, start, count):
    """Run `count` rounds of 24 independent vector multiply-adds; return something of them."""

    def generate(context, builder, signature, arguments):
        emit = Emitter(context, builder)
        start, count = arguments
        first = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), start, INTEGER(0))
        factor = emit.shuffle(first, first, [0] * LANES)
        sums = emit.locals(24)
        for total in sums:
            builder.store(factor, total)
        with cgutils.for_range(builder, count):
            for total in sums:
                emit.accumulate(total, builder.load(total), factor)
        whole = builder.load(sums[0])
        for total in sums[1:]:
            whole = builder.fadd(whole, builder.load(total))
        return emit.sum(whole)

    return types.float32(types.float32, types.int64), generate


@numba.njit
def run_multiply_adds(start, count):
    """Run `_multiply_adds`, with as many vectors as stay in registers."""
    return _multiply_adds(start, count)


def peak_gigaflops() -> float:
    """Measure the most float32 operations that one core does, 10^9 a second."""
    count, rates = 200_000, []
    run_multiply_adds(np.float32(0.5), 1)
    for _ in range(ROUNDS):
        start = time.process_time()
        run_multiply_adds(np.float32(0.5), count)
        rates.append(2 * 24 * LANES * count / (time.process_time() - start) / 1e9)
    return max(rates)


def compile_seconds() -> dict[str, float]:
    """Time a process's first epoch, with an empty cache and with the cache it left."""
    program = (
        "import time\n"
        "from benchmarks.train import FusedEngine, NETWORK, OPTIMIZER, make_problem\n"
        "engine = FusedEngine(NETWORK, OPTIMIZER, *make_problem(1))\n"
        "start = time.process_time()\n"
        "engine.advance(0, 1)\n"
        "print(time.process_time() - start)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        seconds = [
            subprocess.run(
                [sys.executable, "-c", program],
                check=True,
                capture_output=True,
                text=True,
                env=environment,
                cwd=Path(__file__).parents[1],
            ).stdout
            for _ in range(2)
        ]
    return {"empty_cache": float(seconds[0]), "filled_cache": float(seconds[1])}


def limit(microseconds: float) -> dict:
    """Compare a step's time with what its arithmetic takes at the core's peak."""
    counted, peak = operations(NETWORK.widths, OPTIMIZER.batch_size), peak_gigaflops()
    least = sum(counted.values()) / peak / 1e3
    return {
        "operations": counted,
        "peak_gigaflops": peak,
        "microseconds_at_peak": least,
        "microseconds_at_100_gigaflops": sum(counted.values()) / 1e5,
        "share_of_peak": least / microseconds,
    }


def measure() -> dict:
    """Return the comparison, the scaling and the arithmetic limit."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        comparison = compare()
        return {
            "threads": 1,
            "clock": "processor time",
            "comparison": comparison,
            "scaling": scaling(),
            "limit": limit(comparison["microseconds"][OURS]),
            "compile_seconds": compile_seconds(),
        }
