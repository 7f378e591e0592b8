"""The reference engine: a stack of networks in PyTorch, one step for all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch

from infoplane.networks import Network
from infoplane.training.records import Optimizer
from infoplane.training.shuffling import shuffle_epoch


class TorchEngine(ABC):
    """Train a stack of independent networks with one tensor operation for all of them.

    PyTorch rounds by an element's place in a tensor: a network's last digits depend on the size of
    the stack and on its place there. `FixedStacks` fixes both for every network.

    Parameters
    ----------
    network : Network
    optimizer : Optimizer
        Such that `supports` holds.
    inputs : array of float32, shape (samples, ...)
    labels : array of int64, shape (samples,)
    training_samples : array of int64, shape (inits, training samples)
        Each network's own training set.
    order_seeds : array of uint64, shape (inits,)
    parameters : array of float32, shape (inits, parameters)
        Initial parameters in the layout of the network.
    device : str
        ``"cpu"`` or ``"cuda"``.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        inputs: np.ndarray,
        labels: np.ndarray,
        training_samples: np.ndarray,
        order_seeds: np.ndarray,
        parameters: np.ndarray,
        device: str = "cpu",
    ):
        self._network, self._optimizer = network, optimizer
        self._order_seeds = order_seeds
        self._device = torch.device(device)
        self._samples = torch.from_numpy(training_samples).to(self._device)
        self._inputs = torch.from_numpy(inputs).to(self._device)
        targets = torch.nn.functional.one_hot(torch.from_numpy(labels), network.classes)
        self._targets = targets.to(self._device, torch.float32)
        # A copy into PyTorch's own memory: NumPy's is not always aligned to 64 bytes, and matrix
        # products round by the alignment.
        self._parameters = torch.tensor(parameters, device=self._device)
        self._is_weight = torch.from_numpy(weight_mask(network)).to(self._device)
        self._mean = torch.zeros_like(self._parameters)
        self._square = torch.zeros_like(self._parameters)
        self._steps = 0
        self._kept = torch.zeros_like(self._parameters)
        if optimizer.largest_weight_norm is not None:
            units = torch.from_numpy(hidden_units(network)).to(self._device)
            self._units = units.expand_as(self._parameters)
            self._unit_count = int(units.max()) + 1

    @staticmethod
    @abstractmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether the engine is made for these networks and this optimiser."""

    @property
    def parameters(self) -> np.ndarray:
        """Return the current parameters, shape (inits, parameters)."""
        return self._parameters.detach().cpu().numpy().copy()

    def advance(self, first_epoch: int, last_epoch: int) -> None:
        """Train the epochs from `first_epoch` up to, not including, `last_epoch`."""
        for epoch in range(first_epoch, last_epoch):
            for batch in self._batches(epoch):
                self._step(batch)

    def _batches(self, epoch: int) -> Iterator[torch.Tensor]:
        """Yield the samples of each step, shape (inits, batch)."""
        if self._optimizer.batch_size is None:
            yield self._samples
            return
        orders = np.empty(self._samples.shape, dtype=np.int64)
        for order, seed in zip(orders, self._order_seeds, strict=True):
            shuffle_epoch(order, seed, epoch)
        met = self._samples.gather(1, torch.from_numpy(orders).to(self._device))
        yield from islice(
            met.split(self._optimizer.batch_size, 1), self._optimizer.batches_per_epoch
        )

    def _step(self, batch: torch.Tensor) -> None:
        gradient = self._gradient(self._inputs[batch], self._targets[batch])
        with torch.no_grad():
            if not self._optimizer.zero_gradients:
                gradient += self._kept
                self._kept = gradient.clone()
            gradient += self._optimizer.weight_decay * self._is_weight * self._parameters
            self._parameters -= self._update(gradient)
            if self._optimizer.largest_weight_norm is not None:
                self._limit_norms(self._optimizer.largest_weight_norm)

    def _limit_norms(self, limit: float) -> None:
        """Scale down the weights of hidden units whose norm is above the limit."""
        zeros = self._parameters.new_zeros(len(self._parameters), self._unit_count)
        norms = zeros.scatter_add(1, self._units, self._parameters**2).sqrt()
        factors = torch.where(norms > limit, limit / norms, 1.0)
        factors[:, 0] = 1.0
        self._parameters *= factors.gather(1, self._units)

    @abstractmethod
    def _gradient(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the gradient of each network's mean loss; no network sees another's batch.

        Parameters
        ----------
        inputs : tensor of float32, shape (inits, batch, ...)
        targets : tensor of float32, shape (inits, batch, classes)
            One-hot labels.

        Returns
        -------
        gradient : tensor of float32, shape (inits, parameters)
        """

    def _update(self, gradient: torch.Tensor) -> torch.Tensor:
        rate = self._optimizer.learning_rate
        if self._optimizer.optimizer == "sgd":
            return rate * gradient
        self._steps += 1
        self._mean.lerp_(gradient, 0.1)
        self._square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        mean = self._mean / (1 - 0.9**self._steps)
        correction = 1 - 0.999**self._steps
        before = self._optimizer.adam_epsilon == "before_correction"
        epsilon = 1e-8 / correction**0.5 if before else 1e-8
        return rate * mean / ((self._square / correction).sqrt() + epsilon)


def mean_losses(net: torch.Tensor, targets: torch.Tensor, output: str) -> torch.Tensor:
    """Return the mean loss of each network, in nats or, where `Network` says so, a squared error.

    Parameters
    ----------
    net : tensor of float32, shape (..., batch, units)
        What the output layer receives.
    targets : tensor of float32, shape (..., batch, classes)
    output : str

    Returns
    -------
    losses : tensor of float32, shape (...)
    """
    if output == "softmax":
        losses = -(targets * net.log_softmax(dim=-1)).sum(dim=-1)
    elif output == "tanh":
        losses = (net.tanh() - (2 * targets[..., 1:] - 1)).square().mean(dim=-1)
    elif output == "softmax_squared":
        losses = (net.softmax(dim=-1) - targets).square().mean(dim=-1)
    else:
        losses = torch.nn.functional.softplus((1 - 2 * targets) * net).mean(dim=-1)
    return losses.mean(dim=-1)


def weight_mask(network: Network) -> np.ndarray:
    """Return 1 where a parameter is a weight and 0 where it is a bias.

    Parameters
    ----------
    network : Network

    Returns
    -------
    mask : array of float32, shape (parameters,)
    """
    mask = np.zeros(network.parameter_count, dtype=np.float32)
    for weights in network.weights(mask):
        weights[...] = 1
    return mask


def hidden_units(network: Network) -> np.ndarray:
    """Return, for each parameter, which hidden unit, or channel, it is an incoming weight of.

    Parameters
    ----------
    network : Network

    Returns
    -------
    units : array of int64, shape (parameters,)
        From 1 on; 0 for biases and for the weights of the output layer.

    Raises
    ------
    ValueError
        If a layer has several arrays of weights, which do not tell its units.
    """
    units, count = np.zeros(network.parameter_count, dtype=np.int64), 0
    for layer, weights in enumerate(network.weights(units)[:-1], start=1):
        if weights.ndim == 1 and weights.size:
            raise ValueError(
                f"largest_weight_norm: layer {layer} has several arrays of weights, which do not "
                "tell its units"
            )
        numbers = np.arange(count + 1, count + len(weights) + 1)
        weights[...] = numbers.reshape(-1, *[1] * (weights.ndim - 1))
        count += len(weights)
    return units
