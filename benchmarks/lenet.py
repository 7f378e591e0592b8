"""Time a LeNet beside its convolutions and products alone, on one thread.

A step of Adam on 128 images of 28 x 28 pixels: by the engine that the study takes, by PyTorch's for
single networks and for stacks, and by a plain PyTorch loop, beside the same step's convolutions,
products and gradients of both with nothing between them, by PyTorch, each in the memory layout that
is faster for it. Before anything is timed the contenders' parameters after an epoch are compared.
Times are processor time, medians over rounds.
"""

from __future__ import annotations

import statistics

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.timing import interleaved, median_ratio, medians
from infoplane.networks import make_network
from infoplane.training.fused.block_engine import BlockEngine
from infoplane.training.records import Optimizer
from infoplane.training.shuffling import shuffle_epoch
from infoplane.training.torch.fixed_stacks import FixedStacks
from infoplane.training.torch.lone_module import LoneModuleEngine
from infoplane.training.torch.modules import ModuleTorchEngine

# LeCun et al. (1998), figure 2, as it is taken today: ReLU, largest values, a softmax.
CHANNELS, KERNEL, SIDE, DENSE = (6, 16), 5, 28, (120, 84, 10)
BATCH, IMAGES, ROUNDS = 128, 1280, 5
OURS = "compiled"
# Parameters after an epoch; Adam divides by the root of a moment that is near 0 for some weights.
PARAMETERS_APART = 1e-3

NETWORK = make_network(
    "convolutional",
    input_shape=(1, SIDE, SIDE),
    channels=CHANNELS,
    kernel_size=KERNEL,
    pooling=2,
    dense_widths=DENSE,
    activation="relu",
    initial_weights="he",
)
OPTIMIZER = Optimizer("adam", learning_rate=0.001, batch_size=BATCH)


class PlainLoop:
    """Train one network with its module, `torch.nn.CrossEntropyLoss` and `torch.optim.Adam`."""

    def __init__(self, inputs, labels, splits, order_seeds, parameters):
        self._module = NETWORK.build()
        self._module.load_state_dict(NETWORK.skeleton.split(torch.tensor(parameters[0])))
        self._descent = torch.optim.Adam(self._module.parameters(), lr=OPTIMIZER.learning_rate)
        self._data = torch.from_numpy(inputs[splits[0]]), torch.from_numpy(labels[splits[0]])
        self._seed, self._loss = order_seeds[0], torch.nn.CrossEntropyLoss()

    @property
    def parameters(self) -> np.ndarray:
        """Return the current parameters, shape (1, parameters)."""
        parts = [part.detach().flatten() for part in self._module.parameters()]
        return torch.cat(parts).numpy()[None]

    def advance(self, first_epoch: int, last_epoch: int) -> None:
        """Train the epochs from `first_epoch` up to, not including, `last_epoch`."""
        inputs, labels = self._data
        for epoch in range(first_epoch, last_epoch):
            order = np.empty(len(inputs), dtype=np.int64)
            shuffle_epoch(order, self._seed, epoch)
            for batch in torch.from_numpy(order).split(BATCH):
                self._descent.zero_grad()
                self._loss(self._module(inputs[batch]), labels[batch]).backward()
                self._descent.step()


def make_problem() -> tuple:
    """Return made-up images, labels, the training set, an order seed and initial parameters."""
    generator = np.random.default_rng(0)
    inputs = generator.random((IMAGES, 1, SIDE, SIDE), dtype=np.float32)
    labels = generator.integers(0, DENSE[-1], IMAGES)
    parameters = NETWORK.initial_parameters(generator)[None]
    return inputs, labels, np.arange(IMAGES)[None], np.array([1], np.uint64), parameters


def convolution(below: int, above: int, side: int, is_first: bool, layout: torch.memory_format):
    """Return a call that runs a convolution of a batch and its gradients, and nothing else."""
    inputs = torch.rand(BATCH, below, side, side).contiguous(memory_format=layout)
    weights = torch.rand(above, below, KERNEL, KERNEL).contiguous(memory_format=layout)
    biases, padding = torch.rand(above), [KERNEL // 2] * 2
    sent = torch.rand(BATCH, above, side, side).contiguous(memory_format=layout)

    def run() -> None:
        torch.nn.functional.conv2d(inputs, weights, biases, padding=padding)
        wanted = [not is_first, True, True]
        torch.ops.aten.convolution_backward(
            *(sent, inputs, weights, [above], [1, 1], padding, [1, 1], False, [0, 0], 1, wanted)
        )

    return run


def product(below: int, above: int):
    """Return a call that runs a dense layer's three products."""
    inputs, weights, sent = (
        torch.rand(*shape) for shape in ((BATCH, below), (above, below), (BATCH, above))
    )

    def run() -> None:
        torch.mm(inputs, weights.t())
        torch.mm(sent.t(), inputs)
        torch.mm(sent, weights)

    return run


def parts() -> dict[str, list]:
    """Return the calls of each convolution and product, in one layout or both."""
    layouts = torch.contiguous_format, torch.channels_last
    first, second = CHANNELS
    found = {
        "first convolution": [convolution(1, first, SIDE, True, one) for one in layouts],
        "second convolution": [
            convolution(first, second, SIDE // 2, False, one) for one in layouts
        ],
    }
    below = second * (SIDE // 4) ** 2
    for above in DENSE:
        found[f"{below} to {above}"] = [product(below, above)]
        below = above
    return found


def repeated(call):
    """Return what calls as often as an epoch has steps."""
    return lambda: [call() for _ in range(IMAGES // BATCH)]


def alone_seconds(times: dict) -> dict[str, list[float]]:
    """Return each part's seconds by round, in the layout that is faster for it."""
    found = {}
    for (name, layout), rounds in times.items():
        seconds = [one.processor for one in rounds]
        if layout == 0 or statistics.median(seconds) < statistics.median(found[name]):
            found[name] = seconds
    return found


def measure() -> dict:
    """Return seconds of an epoch by each contender, and of its convolutions and products alone.

    Raises
    ------
    RuntimeError
        If a contender's parameters differ from ours after an epoch.
    """
    torch.set_num_threads(1)
    problem = make_problem()
    with threadpool_limits(1):
        engines = {
            OURS: BlockEngine(NETWORK, OPTIMIZER, *problem),
            "lone_module": FixedStacks(LoneModuleEngine, [0], NETWORK, OPTIMIZER, *problem),
            "module_stack": FixedStacks(ModuleTorchEngine, [0], NETWORK, OPTIMIZER, *problem),
            "plain_loop": PlainLoop(*problem),
        }
        for engine in engines.values():
            engine.advance(0, 1)
        ours = engines[OURS].parameters
        apart = {name: float(np.abs(one.parameters - ours).max()) for name, one in engines.items()}
        if max(apart.values()) > PARAMETERS_APART:
            raise RuntimeError(f"the contenders' parameters differ after an epoch: {apart}")
        calls = {
            (name, layout): repeated(call)
            for name, own in parts().items()
            for layout, call in enumerate(own)
        }
        calls |= {name: (lambda one=one: one.advance(1, 2)) for name, one in engines.items()}
        times = interleaved(calls, ROUNDS)
    alone = alone_seconds({key: times.pop(key) for key in calls if isinstance(key, tuple)})
    sums = [sum(parts_of_round) for parts_of_round in zip(*alone.values(), strict=True)]
    over = [one.processor / least for one, least in zip(times[OURS], sums, strict=True)]
    return {
        "parameters": NETWORK.parameter_count,
        "batch_size": BATCH,
        "images": IMAGES,
        "epoch_seconds": {name: own["processor"] for name, own in medians(times).items()},
        "ratio": {name: median_ratio(times[name], times[OURS]) for name in times if name != OURS},
        "parameter_difference": apart,
        "alone_seconds": {name: statistics.median(seconds) for name, seconds in alone.items()},
        "times_alone": statistics.median(over),
    }
