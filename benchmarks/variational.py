"""Time a stack of networks with noise on their weights beside loops over them, on one thread.

The first loop trains the same networks with the same code, one stack of one network after the
other; the second one is plain PyTorch, a module and an optimiser for each network, noise of its own
and all. A stack has nine betas and five sets of labels; the loops train the first few of them, and
seconds are those of one network.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.timing import interleaved, median_ratio, medians
from infoplane.compiled.threads import one_thread
from infoplane.models import make_model
from infoplane.models._variational_stack import VariationalStack
from infoplane.tasks import make_task

SETTINGS = {
    "betas": [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0],
    "classes": 10,
    "corrupted_shares": [0.0, 0.25, 0.5, 0.75, 1.0],
    "hidden": [32],
    "noise": "multiplicative",
    "prior": "log_uniform",
    "largest_alpha": 5.0,
    "smallest_alpha": 1e-4,
    "initial_alpha": 0.05,
    "parametrisation": "clamped",
    "learning_rate": 0.003,
    "noise_learning_rate": 0.03,
    "draws": 1,
    "bound_chance": 0.05,
    "initialisations": 1,
    "seed": 0,
}
SAMPLES = (50, 200)
EPOCHS = 40
LOOPED = 3  # networks of a stack that the loops train
ROUNDS = 3


class NoisyLinear(torch.nn.Module):
    """A dense layer with log-normal noise on its weights, as one would write it down."""

    def __init__(self, below: int, above: int):
        super().__init__()
        self.mean = torch.nn.Parameter(torch.randn(above, below) * math.sqrt(2 / below))
        self.bias = torch.nn.Parameter(torch.zeros(above))
        self.log_alpha = torch.nn.Parameter(torch.full((above, below), math.log(0.05)))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return what units receive, with noise."""
        variance = self.mean**2 * torch.expm1(self.log_alpha.exp())
        net = torch.nn.functional.linear(values, self.mean, self.bias)
        spread = torch.nn.functional.linear(values**2, variance)
        return net + (spread + 1e-12).sqrt() * torch.randn_like(net)

    def information(self) -> torch.Tensor:
        """Return the information in the weights, in nats."""
        return -0.5 * self.log_alpha.sum()


def plain_loop(inputs: np.ndarray, labels: np.ndarray, betas: np.ndarray) -> None:
    """Train one network after the other in plain PyTorch."""
    values = torch.tensor(inputs)
    for own, beta in zip(labels, betas, strict=True):
        target = torch.tensor(own)
        layers = [NoisyLinear(values.shape[1], 32), NoisyLinear(32, 10)]
        network = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])
        rates = [layer.log_alpha for layer in layers]
        means = [part for layer in layers for part in (layer.mean, layer.bias)]
        optimizer = torch.optim.Adam(
            [{"params": means, "lr": 0.003}, {"params": rates, "lr": 0.03}]
        )
        for _ in range(EPOCHS):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(values), target, reduction="sum")
            loss = loss + float(beta) * sum(layer.information() for layer in layers)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for rate in rates:
                    rate.clamp_(math.log(1e-4), math.log(5.0))


def compared(samples: int) -> dict:
    """Return seconds a network, and how many times as fast the stack is, for a training set."""
    model = make_model("variational_weights", **SETTINGS, samples=samples, epochs=EPOCHS)
    inputs, labels, *_ = model.problem(make_task("digits"), 0)
    betas = np.repeat(SETTINGS["betas"], len(labels))
    stacked = np.tile(labels, (len(SETTINGS["betas"]), 1))

    def stack(chosen: slice) -> None:
        VariationalStack(model, inputs, stacked[chosen], betas[chosen], 0).train()

    calls = {
        "stack": lambda: stack(slice(None)),
        "same_code_loop": lambda: [stack(slice(place, place + 1)) for place in range(LOOPED)],
        "plain_loop": lambda: plain_loop(inputs, stacked[:LOOPED], betas[:LOOPED]),
    }
    with threadpool_limits(1), one_thread():
        stack(slice(1))  # loads what PyTorch loads when it is first needed
        times = interleaved(calls, ROUNDS)
    share = len(betas) / LOOPED
    return {
        "samples": samples,
        "networks": len(betas),
        "seconds_of": {"stack": len(betas), "same_code_loop": LOOPED, "plain_loop": LOOPED},
        "seconds": medians(times),
        "ratio": {
            name: share * median_ratio(times[name], times["stack"])
            for name in ("same_code_loop", "plain_loop")
        },
    }


def measure() -> dict:
    """Compare the stack with both loops at each size of the training set."""
    return {"epochs": EPOCHS, "rounds": ROUNDS, "sizes": [compared(n) for n in SAMPLES]}
