"""The reference engine: a stack of networks as batched matrix products in PyTorch."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from infoplane.networks import split_parameters
from infoplane.settings import TrainingSettings
from infoplane.training.schedule import shuffle_epoch

ACTIVATION_FUNCTIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "linear": lambda net: net,
    "softsign": torch.nn.functional.softsign,
    "softplus": torch.nn.functional.softplus,
}


class TorchEngine:
    """Train a stack of independent networks with one tensor operation for all of them.

    PyTorch rounds by an element's place in a tensor: a network's last digits depend on the size of
    the stack and on its place there. `FixedStacks` fixes both for every network.

    Parameters
    ----------
    settings : TrainingSettings
    inputs : array of float32, shape (samples, features)
    labels : array of int64, shape (samples,)
    training_samples : array of int64, shape (inits, training samples)
        Each network's own training set.
    order_seeds : array of uint64, shape (inits,)
    parameters : array of float32, shape (inits, parameters)
        Initial parameters in the layout of `infoplane.networks`.
    device : str
        ``"cpu"`` or ``"cuda"``.
    """

    def __init__(
        self,
        settings: TrainingSettings,
        inputs: np.ndarray,
        labels: np.ndarray,
        training_samples: np.ndarray,
        order_seeds: np.ndarray,
        parameters: np.ndarray,
        device: str = "cpu",
    ):
        self._settings = settings
        self._order_seeds = order_seeds
        self._device = torch.device(device)
        samples = torch.from_numpy(training_samples)
        self._inputs = torch.from_numpy(inputs)[samples].to(self._device)
        targets = torch.from_numpy(labels)[samples]
        self._targets = torch.nn.functional.one_hot(targets, settings.widths[-1])
        self._targets = self._targets.to(self._device, torch.float32)
        # A copy into PyTorch's own memory: NumPy's is not always aligned to 64 bytes, and matrix
        # products round by the alignment.
        self._parameters = torch.tensor(parameters, device=self._device)
        self._parameters.requires_grad_()
        self._layers = split_parameters(self._parameters, settings.widths)
        self._is_weight = torch.from_numpy(weight_mask(settings.widths)).to(self._device)
        self._mean = torch.zeros_like(self._parameters)
        self._square = torch.zeros_like(self._parameters)
        self._steps = 0

    @property
    def parameters(self) -> np.ndarray:
        """Return the current parameters, shape (inits, parameters)."""
        return self._parameters.detach().cpu().numpy().copy()

    def advance(self, first_epoch: int, last_epoch: int) -> None:
        """Train the epochs from `first_epoch` up to, not including, `last_epoch`."""
        for epoch in range(first_epoch, last_epoch):
            for batch in self._batches(epoch):
                self._step(batch)

    def _batches(self, epoch: int):
        inits, count = self._targets.shape[:2]
        if self._settings.batch_size is None:
            yield torch.arange(count, device=self._device).expand(inits, count)
            return
        orders = np.empty((inits, count), dtype=np.int64)
        for order, seed in zip(orders, self._order_seeds, strict=True):
            shuffle_epoch(order, seed, epoch)
        yield from torch.from_numpy(orders).to(self._device).split(self._settings.batch_size, 1)

    def _step(self, batch: torch.Tensor) -> None:
        rows = torch.arange(len(batch), device=self._device)[:, None]
        parameters, layers = self._network()
        loss = self._loss(layers, self._inputs[rows, batch], self._targets[rows, batch])
        (gradient,) = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            gradient += self._settings.weight_decay * self._is_weight * self._parameters
            self._parameters -= self._update(gradient)

    def _network(self) -> tuple[torch.Tensor, list]:
        """Return the parameters that a step's gradient is taken at, whole and by layer."""
        return self._parameters, self._layers

    def _hidden(self, net: torch.Tensor, layer: int) -> torch.Tensor:
        """Return the activations of hidden layer 1 .. L - 1 from its net input."""
        return ACTIVATION_FUNCTIONS[self._settings.activation](net)

    def _loss(self, layers: list, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the sum over networks of their mean losses; no network sees another's."""
        below = inputs
        for number, (weights, biases) in enumerate(layers, start=1):
            net = torch.baddbmm(biases[:, None, :], below, weights.transpose(1, 2))
            below = self._hidden(net, number) if number < len(layers) else net
        if self._settings.output == "softmax":
            losses = -(targets * below.log_softmax(dim=2)).sum(dim=2)
        else:
            losses = torch.nn.functional.softplus((1 - 2 * targets) * below).mean(dim=2)
        return losses.mean(dim=1).sum()

    def _update(self, gradient: torch.Tensor) -> torch.Tensor:
        rate = self._settings.learning_rate
        if self._settings.optimizer == "sgd":
            return rate * gradient
        self._steps += 1
        self._mean.lerp_(gradient, 0.1)
        self._square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        mean = self._mean / (1 - 0.9**self._steps)
        square = self._square / (1 - 0.999**self._steps)
        return rate * mean / (square.sqrt() + 1e-8)


def weight_mask(widths: tuple[int, ...]) -> np.ndarray:
    """Return 1 where a parameter is a weight and 0 where it is a bias.

    Parameters
    ----------
    widths : tuple of int

    Returns
    -------
    mask : array of float32, shape (parameters,)
    """
    pairs = itertools.pairwise(widths)
    parts = [np.repeat([1, 0], [above * below, above]) for below, above in pairs]
    return np.concatenate(parts).astype(np.float32)
