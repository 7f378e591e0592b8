"""Training of large fully connected networks, in little more than their matrix products take."""

from __future__ import annotations

from collections.abc import Callable

import torch

from infoplane.networks import Network
from infoplane.networks.dense import split_parameters
from infoplane.networks.functions import CROSS_ENTROPY_OUTPUTS
from infoplane.training.fused.tail import Tail
from infoplane.training.fused.tanh import tanh_and_slopes
from infoplane.training.records import Optimizer
from infoplane.training.torch.lone import LoneEngine

Pair = tuple[torch.Tensor, torch.Tensor]


# Layers of at most so many units, and all above them, are passed through by compiled code.
LARGEST_OF_TAIL = 64


class LargeDenseEngine(LoneEngine):
    """Train one fully connected network at a time by gradients written out; see `LoneEngine`.

    Of a network whose weights fill a cache, automatic differentiation of one vector of parameters
    takes longer to put the gradient together than to compute it. Here each product goes where it
    is used: with plain descent a large layer's weights take their step within the product of errors
    and activations, and no gradient is kept of them at all. Small layers at the top are one call.
    """

    def __init__(self, network, optimizer, inputs, *arguments, **keywords):
        super().__init__(
            network, optimizer, inputs.reshape(len(inputs), -1), *arguments, **keywords
        )
        self._layers = self._split(self._parameters)
        self._layer_gradients = self._split(self._gradients)
        self._functions = ACTIVATIONS[network.activation]
        units = network.widths[1:]
        # Layers below the tail, and where its parameters begin: the biases of its lowest layer.
        self._below = len(units)
        if self._device.type == "cpu" and units[-1] <= LARGEST_OF_TAIL:
            self._below = next(
                layer for layer in range(len(units)) if max(units[layer:]) <= LARGEST_OF_TAIL
            )
            self._tail = Tail(units[self._below :], network.activation, network.output)
            biases = self._layers[self._below][1]
            start = biases.storage_offset() - self._parameters.storage_offset()
            self._tail_place = slice(start, None)
        # What a step computes of each layer below: memory of this size would else be got from the
        # system, and emptied, at every step.
        batch = len(self._room[0])
        self._rooms = [
            self._parameters.new_empty(3, batch, width) for width in units[: self._below]
        ]

    @staticmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether these are fully connected networks that stand alone in their stack."""
        if network.widths is None or not network.is_plain:
            return False
        written_out = network.activation in ACTIVATIONS and network.output in CROSS_ENTROPY_OUTPUTS
        return written_out and LargeDenseEngine.is_lone(network, optimizer)

    def _split(self, vectors: torch.Tensor) -> list[Pair]:
        return split_parameters(vectors[0], self._network.widths)

    def _differentiate(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        for layer, delta, below in self._errors(inputs, targets):
            weights, biases = self._layer_gradients[layer]
            torch.mm(delta.t(), below, out=weights)
            if layer < self._below:
                torch.sum(delta, 0, out=biases)

    def _step(self, batch: torch.Tensor) -> None:
        if self._optimizer.optimizer == "sgd":
            self._descend(batch[0])
        else:
            super()._step(batch)

    def _descend(self, samples: torch.Tensor) -> None:
        """Take a step of plain descent, large layers' within the product that is their gradient."""
        rate, decay = self._optimizer.learning_rate, self._optimizer.weight_decay
        for layer, delta, below in self._errors(*self._gathered(samples)):
            weights, biases = self._layers[layer]
            weights.addmm_(delta.t(), below, beta=1 - rate * decay, alpha=-rate)
            if layer < self._below:
                biases.add_(delta.sum(0), alpha=-rate)
        if self._below < len(self._layers):
            parameters, gradients, is_weight = (
                vector[..., self._tail_place]
                for vector in (self._parameters, self._gradients, self._is_weight)
            )
            if decay:
                gradients.addcmul_(is_weight, parameters, value=decay)
            parameters.add_(gradients, alpha=-rate)

    def _errors(self, inputs: torch.Tensor, targets: torch.Tensor):
        """Yield layers' numbers, errors and what stands below, from the tail's lowest layer down.

        The gradient in the tail's parameters is set first: the biases of its lowest layer and all
        that is above. Without a tail the output layer is the first. The caller may change a layer's
        weights when it has its error: nothing reads them again.

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
        function, multiply_slope = self._functions
        values, kept = [inputs], []
        for (weights, biases), rooms in zip(self._layers, self._rooms, strict=False):
            net, room, _ = rooms[:, : len(inputs)]
            # Faster than a product added to biases: those would be copied to its place first.
            torch.mm(values[-1], weights.t(), out=net).add_(biases)
            if len(values) < len(self._layers):
                activations, slopes = function(net, room)
                values.append(activations)
                kept.append(slopes)
        delta = (
            output_error(net, targets, self._network.output)
            if self._below == len(self._layers)
            else self._tail_error(values[-1], targets)
        )
        for layer in range(len(kept), -1, -1):
            if layer:
                room = self._rooms[layer - 1][2, : len(inputs)]
                sent = torch.mm(delta, self._layers[layer][0], out=room)
            yield layer, delta, values[layer]
            if layer:
                delta = multiply_slope(sent, kept[layer - 1])

    def _tail_error(self, below: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the error of the tail's lowest layer; set the gradient in its parameters."""
        error = torch.mm(self._layers[self._below][0], below.t())
        self._tail.differentiate(
            self._parameters[0, self._tail_place].numpy(),
            error.numpy(),
            targets.numpy(),
            self._gradients[0, self._tail_place].numpy(),
        )
        return error.t()


def output_error(net: torch.Tensor, targets: torch.Tensor, output: str) -> torch.Tensor:
    """Return the gradient of the mean loss in what the output layer receives.

    Parameters
    ----------
    net, targets : tensors of float32, shape (batch, classes)
    output : str
        One of `CROSS_ENTROPY_OUTPUTS`; see `infoplane.training.torch.engine.mean_losses`.

    Returns
    -------
    error : tensor of float32, shape (batch, classes)
    """
    if output == "softmax":
        return (net.softmax(1) - targets).div_(len(net))
    return (net.sigmoid() - targets).div_(net.numel())


def _tanh(net: torch.Tensor, slopes: torch.Tensor) -> Pair:
    """Return the tanh and its slope, both from one exponential where compiled code can go."""
    if net.device.type == "cpu":
        tanh_and_slopes(net.view(-1).numpy(), slopes.view(-1).numpy())
        return net, slopes
    values, power = torch.tanh(net), net.exp_()
    # As `infoplane.networks._torch_functions.Tanh`.
    return values, power.add_(power.reciprocal()).mul_(0.5).square_().reciprocal_()


# Each activation: what returns its values and what tells its slope, of a net input that may be
# overwritten, with room for as much; and what multiplies the error that is sent back by that slope.
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "tanh": (_tanh, lambda sent, slopes: sent.mul_(slopes)),
    "relu": (
        lambda net, _: (net.relu_(), net),
        # Zero where the value is zero.
        lambda sent, values: torch.ops.aten.threshold_backward(sent, values, 0),
    ),
    "linear": (lambda net, _: (net, net), lambda sent, net: sent),
    "softsign": (
        lambda net, _: (torch.nn.functional.softsign(net), net),
        lambda sent, net: sent.div_(net.abs_().add_(1).square_()),
    ),
    "softplus": (
        lambda net, _: (torch.nn.functional.softplus(net), net),
        lambda sent, net: sent.mul_(net.sigmoid_()),
    ),
}
