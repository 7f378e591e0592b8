"""Sums of gradients of a network that is given as a `torch.nn.Module`, sample by sample."""

from __future__ import annotations

import numpy as np
import torch

from infoplane.compiled.threads import one_thread
from infoplane.measures._sample_gradients import sample_gradients
from infoplane.networks.modules import ModuleNetwork
from infoplane.training.torch.engine import mean_losses

# Numbers of the gradients that are held at a time, 64 MiB of them.
MOST_NUMBERS = 2**23


class ModuleGradients:
    """Sum up the gradients of one network's loss in its weights, of samples and of mini-batches.

    Everything is float64.

    Parameters
    ----------
    network : ModuleNetwork
    inputs : array, shape (samples, ...)
    labels : array of int, shape (samples,)
    batch_size : int
    """

    def __init__(
        self, network: ModuleNetwork, inputs: np.ndarray, labels: np.ndarray, batch_size: int
    ):
        self._network = network
        self._sizes = [view.size for view in network.weights(np.empty(network.parameter_count))]
        self._inputs = torch.tensor(inputs, dtype=torch.float64)
        targets = torch.nn.functional.one_hot(torch.tensor(labels), network.classes)
        self._targets = targets.to(torch.float64)
        self._batch_size = batch_size

    def add(
        self, parameters: np.ndarray, order: np.ndarray, totals: np.ndarray, squares: np.ndarray
    ) -> None:
        """Add the gradients at these parameters, in place.

        Parameters
        ----------
        parameters : array, shape (parameter_count,)
        order : array of int, shape (samples,)
            Of the samples; mini-batches are cut from it.
        totals : array of float64, shape (2, weights)
            Sums over mini-batches, whose gradients are means, and over samples.
        squares : array of float64, shape (2, layers)
            Sums of the squared norms of both, layer by layer.
        """
        vector = torch.tensor(parameters, dtype=torch.float64)
        most = max(MOST_NUMBERS // len(parameters), 1)
        # As many whole mini-batches as can be held, or one in parts.
        together = max(most // self._batch_size, 1) * self._batch_size
        with one_thread():
            for start in range(0, len(order), together):
                group = torch.tensor(order[start : start + together])
                firsts = np.arange(0, len(group), self._batch_size)
                batches = np.zeros((len(firsts), totals.shape[1]))
                for part in group.split(most):
                    rows = self._rows(vector, part)
                    batches += np.add.reduceat(rows, firsts, axis=0)
                    squares[1] += self._by_layer((rows**2).sum(axis=0))
                means = batches / np.diff(firsts, append=len(group))[:, None]
                totals += means.sum(axis=0), batches.sum(axis=0)
                squares[0] += self._by_layer((means**2).sum(axis=0))

    def _rows(self, vector: torch.Tensor, part: torch.Tensor) -> np.ndarray:
        """Return the gradients of some samples' losses, shape (samples, weights)."""
        targets = self._targets[part]

        def errors_of(net: torch.Tensor) -> torch.Tensor:
            net.requires_grad_()
            # A mean over one sample is its own loss.
            losses = mean_losses(net[:, None], targets[:, None], self._network.output)
            return torch.autograd.grad(losses.sum(), net)[0][None]

        return sample_gradients(self._network, vector, self._inputs[part], errors_of)[0].numpy()

    def _by_layer(self, values: np.ndarray) -> np.ndarray:
        """Return the sums over each layer's weights."""
        parts = np.split(values, np.cumsum(self._sizes)[:-1])
        return np.array([part.sum() for part in parts])
