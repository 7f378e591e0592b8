"""Time what networks on images need side by side with other ways to it, on one thread.

An epoch of SAXE's network for MNIST by plain descent: with gradients written out, by automatic
differentiation of a stack, and by a plain PyTorch loop, beside what its matrix products take at the
largest rate that is measured for products of these shapes. The estimates of its first layer from
10,000 images: kernel bounds beside whole matrices in NumPy, and bins. Before anything is timed the
results are compared. Times are processor time, medians over rounds.
"""

from __future__ import annotations

import itertools
import time

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.estimate import (
    binned_by_unique_rows,
    binned_of_infoplane,
    kde_by_matrices,
    kde_of_infoplane,
    tanh_layer,
)
from benchmarks.timing import interleaved, median_ratio, medians
from benchmarks.train import PlainLoop, plain_network
from infoplane.networks import make_network
from infoplane.training.records import Optimizer
from infoplane.training.shuffling import shuffle_epoch
from infoplane.training.torch.dense import DenseTorchEngine
from infoplane.training.torch.fixed_stacks import FixedStacks
from infoplane.training.torch.large import LargeDenseEngine

WIDTHS = (784, 1024, 20, 20, 20, 10)
BATCH, EPOCH_IMAGES = 128, 60_000
IMAGES, ESTIMATED = 12_800, 10_000
ROUNDS, PEAK_SECONDS = 3, 0.2
OURS = "large_engine"
# Parameters after an epoch, and bits.
PARAMETERS_APART, BITS_APART = 1e-4, 1e-3


class PlainDescent(PlainLoop):
    """Train one network with `torch.nn` and `torch.optim.SGD`."""

    def __init__(self, network, optimizer, inputs, labels, splits, order_seeds, parameters):
        self._batch_size, self._seeds = optimizer.batch_size, order_seeds
        module = plain_network(network.widths, parameters[0])
        descent = torch.optim.SGD(module.parameters(), lr=optimizer.learning_rate)
        data = torch.from_numpy(inputs[splits[0]]), torch.from_numpy(labels[splits[0]])
        self._members = [(module, descent, *data)]
        self._loss = torch.nn.CrossEntropyLoss()


def by(engine):
    """Return what makes an engine for one network."""
    return lambda network, optimizer, *problem: FixedStacks(
        engine, [0], network, optimizer, *problem
    )


CONTENDERS = {
    OURS: by(LargeDenseEngine),
    "torch_stack": by(DenseTorchEngine),
    "plain_loop": PlainDescent,
}


def make_problem() -> tuple:
    """Return made-up images, labels, the training set, an order seed and initial parameters."""
    generator = np.random.default_rng(0)
    inputs = generator.random((IMAGES, WIDTHS[0]), dtype=np.float32)
    labels = generator.integers(0, WIDTHS[-1], IMAGES)
    order = np.empty(IMAGES, dtype=np.int64)
    shuffle_epoch(order, np.uint64(1), 0)
    parameters = NETWORK.initial_parameters(generator)[None]
    return inputs, labels, order[None], np.array([1], np.uint64), parameters


NETWORK = make_network(
    "dense", widths=WIDTHS, activation="tanh", output="softmax", initial_weights="glorot"
)
OPTIMIZER = Optimizer("sgd", learning_rate=0.001, batch_size=BATCH)


def product_operations() -> int:
    """Count the operations of a step's matrix products: forward, gradient, error sent back."""
    sizes = [below * above for below, above in itertools.pairwise(WIDTHS)]
    return 2 * BATCH * (3 * sum(sizes) - sizes[0])


def peak_gigaflops() -> float:
    """Measure the most float32 operations a second of products of the first layer's shapes."""
    below, above = WIDTHS[:2]
    rates = []
    for rows, inner, columns in ((BATCH, below, above), (above, BATCH, below), (1024, 1024, 1024)):
        left, right = torch.rand(rows, inner), torch.rand(inner, columns)
        result, count, start = torch.empty(rows, columns), 0, time.process_time()
        while not count or time.process_time() - start < PEAK_SECONDS:
            torch.mm(left, right, out=result)
            count += 1
        seconds = time.process_time() - start
        rates.append(2 * rows * inner * columns * count / seconds / 1e9)
    return max(rates)


def training() -> dict:
    """Return seconds of an epoch of 60,000 images by each contender, and of its products at peak.

    Raises
    ------
    RuntimeError
        If a contender's parameters differ from ours after an epoch.
    """
    problem = make_problem()
    engines = {name: make(NETWORK, OPTIMIZER, *problem) for name, make in CONTENDERS.items()}
    for engine in engines.values():
        engine.advance(0, 1)
    ours = engines[OURS].parameters
    apart = {name: float(np.abs(one.parameters - ours).max()) for name, one in engines.items()}
    if max(apart.values()) > PARAMETERS_APART:
        raise RuntimeError(f"the contenders' parameters differ after an epoch: {apart}")
    peaks = []
    calls = {name: (lambda one=one: one.advance(1, 2)) for name, one in engines.items()}
    times = interleaved(calls | {"peak": lambda: peaks.append(peak_gigaflops())}, ROUNDS)
    del times["peak"]
    share, peak = EPOCH_IMAGES / IMAGES, max(peaks)
    least = share * min(one.processor for one in times[OURS])
    seconds = {name: share * value["processor"] for name, value in medians(times).items()}
    at_peak = product_operations() * (EPOCH_IMAGES / BATCH) / peak / 1e9
    return {
        "widths": WIDTHS,
        "batch_size": BATCH,
        "epoch_seconds": seconds,
        "ratio": {
            name: median_ratio(rounds, times[OURS])
            for name, rounds in times.items()
            if name != OURS
        },
        "parameter_difference": apart,
        "peak_gigaflops": peak,
        "products_seconds": at_peak,
        # Both at their best: other jobs on the machine take cache and clock from either.
        "times_the_products": least / at_peak,
    }


def estimates() -> dict:
    """Return seconds of the first layer's estimates, ours beside others'.

    Raises
    ------
    RuntimeError
        If two ways to the same bits differ.
    """
    layer, labels = tanh_layer(ESTIMATED, WIDTHS[1])
    # Nearer to one another than single units of noise would be: kernels that are not all zero.
    near = layer * np.float32(0.02)
    pairs = {
        "kernels": (kde_of_infoplane, kde_by_matrices, near),
        "bins": (binned_of_infoplane, binned_by_unique_rows, layer),
    }
    found = {}
    for name, (ours, theirs, values) in pairs.items():
        apart = np.abs(np.subtract(ours(values, labels), theirs(values, labels))).max()
        if apart > BITS_APART:
            raise RuntimeError(f"{name} differ by {apart} bits")
        contenders = {"infoplane": ours, "numpy": theirs}
        times = interleaved(
            {who: (lambda f=f, v=values: f(v, labels)) for who, f in contenders.items()}, ROUNDS
        )
        found[name] = {
            "units": WIDTHS[1],
            "images": ESTIMATED,
            "seconds": medians(times),
            "ratio": {"numpy": median_ratio(times["numpy"], times["infoplane"])},
            "bits_apart": float(apart),
        }
    return found


def measure() -> dict:
    """Return what training and estimates take."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        return {"training": training(), "estimates": estimates()}
