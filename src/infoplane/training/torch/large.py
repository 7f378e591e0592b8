"""Training of large fully connected networks, in little more than their matrix products take."""

from __future__ import annotations

from collections.abc import Callable

import torch

from infoplane.networks import Network
from infoplane.networks.dense import split_parameters
from infoplane.networks.functions import COMPILED_OUTPUTS
from infoplane.training.records import Optimizer
from infoplane.training.torch.engine import TorchEngine
from infoplane.training.torch.fixed_stacks import stack_size

KNOWN = {
    *("optimizer", "learning_rate", "batch_size", "batches_per_epoch", "weight_decay"),
    "adam_epsilon",
}
Pair = tuple[torch.Tensor, torch.Tensor]


class LargeDenseEngine(TorchEngine):
    """Train one fully connected network at a time by gradients written out; see `TorchEngine`.

    Of a network whose weights fill a cache, automatic differentiation of one vector of parameters
    takes longer to put the gradient together than to compute it. Here each product goes where it
    is used: with plain descent a layer's weights take their step within the product of errors and
    activations, and no gradient is kept at all.
    """

    def __init__(self, network, optimizer, inputs, *arguments, **keywords):
        super().__init__(
            network, optimizer, inputs.reshape(len(inputs), -1), *arguments, **keywords
        )
        if len(self._parameters) != 1:
            raise ValueError(f"large networks train one by one, not {len(self._parameters)}")
        self._layers = self._split(self._parameters)
        self._gradients = torch.zeros_like(self._parameters)
        self._layer_gradients = self._split(self._gradients)
        by = self._optimizer
        if by.optimizer == "adam" and by.adam_epsilon == "after_correction":
            # All in one pass through the memory.
            self._adam = torch.optim.Adam([self._parameters], lr=by.learning_rate, fused=True)
        else:
            self._adam = None

    @staticmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether these are fully connected networks that stand alone in their stack."""
        if network.widths is None or not network.is_plain or stack_size(network) > 1:
            return False
        written_out = network.activation in ACTIVATIONS and network.output in COMPILED_OUTPUTS
        return written_out and optimizer.is_default_but_for(KNOWN)

    def _split(self, vectors: torch.Tensor) -> list[Pair]:
        return split_parameters(vectors[0], self._network.widths)

    def _gradient(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the gradient; see `TorchEngine`."""
        for layer, delta, below in self._errors(inputs[0], targets[0]):
            weights, biases = self._layer_gradients[layer]
            torch.mm(delta.t(), below, out=weights)
            torch.sum(delta, 0, out=biases)
        return self._gradients

    def _step(self, batch: torch.Tensor) -> None:
        if self._optimizer.optimizer == "sgd":
            self._descend(batch[0])
        elif self._adam is None:
            super()._step(batch)
        else:
            gradient = self._gradient(self._inputs[batch], self._targets[batch])
            if self._optimizer.weight_decay:
                decay = self._optimizer.weight_decay
                gradient.addcmul_(self._is_weight, self._parameters, value=decay)
            self._parameters.grad = gradient
            self._adam.step()

    def _descend(self, samples: torch.Tensor) -> None:
        """Take a step of plain descent, each layer's within the product that is its gradient."""
        rate = self._optimizer.learning_rate
        kept = 1 - rate * self._optimizer.weight_decay
        inputs, targets = self._inputs[samples], self._targets[samples]
        for layer, delta, below in self._errors(inputs, targets):
            weights, biases = self._layers[layer]
            weights.addmm_(delta.t(), below, beta=kept, alpha=-rate)
            biases.add_(delta.sum(0), alpha=-rate)

    def _errors(self, inputs: torch.Tensor, targets: torch.Tensor):
        """Yield, from the output down, a layer's number, error and what stands below it.

        The caller may change a layer's weights when it has its error: nothing reads them again.

        Parameters
        ----------
        inputs : tensor of float32, shape (batch, features)
        targets : tensor of float32, shape (batch, classes)

        Yields
        ------
        layer : int
            From 0 on.
        delta : tensor of float32, shape (batch, units)
            Gradient of the mean loss in the layer's net input.
        below : tensor of float32, shape (batch, units below)
        """
        function, multiply_slope = ACTIVATIONS[self._network.activation]
        values, nets = [inputs], []
        for weights, biases in self._layers:
            nets.append(torch.addmm(biases, values[-1], weights.t()))
            values.append(function(nets[-1]))
        delta = output_error(nets[-1], targets, self._network.output)
        for layer in range(len(nets) - 1, -1, -1):
            sent = delta @ self._layers[layer][0] if layer else None
            yield layer, delta, values[layer]
            if layer:
                delta = multiply_slope(sent, nets[layer - 1], values[layer])


def output_error(net: torch.Tensor, targets: torch.Tensor, output: str) -> torch.Tensor:
    """Return the gradient of the mean loss in what the output layer receives.

    Parameters
    ----------
    net, targets : tensors of float32, shape (batch, classes)
    output : str
        One of `COMPILED_OUTPUTS`; see `infoplane.training.torch.engine.mean_losses`.

    Returns
    -------
    error : tensor of float32, shape (batch, classes)
    """
    if output == "softmax":
        return (net.softmax(1) - targets).div_(len(net))
    return (net.sigmoid() - targets).div_(net.numel())


def _times_tanh_slope(sent: torch.Tensor, net: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Multiply by 4 / (exp(z) + exp(-z))^2, as `infoplane.networks._torch_functions.Tanh`."""
    power = net.exp_()
    return sent.div_(power.add_(power.reciprocal()).mul_(0.5).square_())


# Each activation, and what multiplies the error that is sent to it by its slope at the net input
# and value; both may be overwritten.
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "tanh": (torch.tanh, _times_tanh_slope),
    "relu": (torch.relu, lambda sent, net, values: sent.mul_(values.sign_())),
    "linear": (lambda net: net, lambda sent, net, values: sent),
    "softsign": (
        torch.nn.functional.softsign,
        lambda sent, net, values: sent.div_(net.abs_().add_(1).square_()),
    ),
    "softplus": (torch.nn.functional.softplus, lambda sent, net, values: sent.mul_(net.sigmoid_())),
}
