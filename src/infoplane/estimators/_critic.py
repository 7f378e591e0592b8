"""The critic of contrastive bounds: two embeddings trained to bring matched pairs together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from infoplane.compiled.threads import one_thread

EMBEDDED_UNITS = 16
HIDDEN_UNITS = 64
LEARNING_RATE = 1e-3


class _Embedding(torch.nn.Module):
    """Map features by a linear map plus a network with one hidden layer."""

    def __init__(self, features: int, generator: torch.Generator):
        super().__init__()
        self.linear = torch.nn.Linear(features, EMBEDDED_UNITS)
        self.hidden = torch.nn.Linear(features, HIDDEN_UNITS)
        self.output = torch.nn.Linear(HIDDEN_UNITS, EMBEDDED_UNITS)
        with torch.no_grad():
            for layer in (self.linear, self.hidden, self.output):
                limit = layer.in_features**-0.5
                for values in layer.parameters():
                    values.uniform_(-limit, limit, generator=generator)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.linear(features) + self.output(torch.relu(self.hidden(features)))


@one_thread()
def train_critic(
    first: np.ndarray, second: np.ndarray, batch_size: int, steps: int, seed: int
) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Train two embeddings whose squared distance is least for matched pairs.

    Parameters
    ----------
    first, second : arrays of float64, shape (samples, features)
        Standardised, paired.
    batch_size : int
        At most the samples.
    steps : int
        Of Adam on the contrastive loss of a batch.
    seed : int

    Returns
    -------
    embed : callable
        From pairs of arrays to their embeddings, arrays of float64 of shape (pairs, 16).
    """
    with torch.random.fork_rng(devices=[]):
        generator = torch.Generator().manual_seed(seed)
        sides = [_Embedding(values.shape[1], generator) for values in (first, second)]
    parameters = [values for side in sides for values in side.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=LEARNING_RATE, fused=True)
    samples = [torch.from_numpy(values.astype(np.float32)) for values in (first, second)]
    target = torch.arange(batch_size)
    for _ in range(steps):
        batch = torch.randperm(len(first), generator=generator)[:batch_size]
        left, right = (side(values[batch]) for side, values in zip(sides, samples, strict=True))
        loss = torch.nn.functional.cross_entropy(_scores(right, left), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    @one_thread()
    def embed(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.no_grad():
            return tuple(
                side(torch.from_numpy(values.astype(np.float32))).double().numpy()
                for side, values in zip(sides, (first, second), strict=True)
            )

    return embed


def _scores(rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Return minus the squared distance of every row to every column, shape (rows, columns)."""
    squares = rows.square().sum(1)[:, None] + columns.square().sum(1)
    return 2.0 * rows @ columns.T - squares
