"""Training of large fully connected networks, in little more than their matrix products take."""

from __future__ import annotations

from collections.abc import Callable

import torch

from infoplane.networks import Network
from infoplane.networks.dense import split_parameters
from infoplane.networks.functions import COMPILED_OUTPUTS
from infoplane.training.fused.tanh import tanh_and_slopes
from infoplane.training.records import Optimizer
from infoplane.training.torch.lone import LoneEngine

Pair = tuple[torch.Tensor, torch.Tensor]


class LargeDenseEngine(LoneEngine):
    """Train one fully connected network at a time by gradients written out; see `LoneEngine`.

    Of a network whose weights fill a cache, automatic differentiation of one vector of parameters
    takes longer to put the gradient together than to compute it. Here each product goes where it
    is used: with plain descent a layer's weights take their step within the product of errors and
    activations, and no gradient is kept at all.
    """

    def __init__(self, network, optimizer, inputs, *arguments, **keywords):
        super().__init__(
            network, optimizer, inputs.reshape(len(inputs), -1), *arguments, **keywords
        )
        self._layers = self._split(self._parameters)
        self._layer_gradients = self._split(self._gradients)
        self._functions = ACTIVATIONS[network.activation]

    @staticmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether these are fully connected networks that stand alone in their stack."""
        if network.widths is None or not network.is_plain:
            return False
        written_out = network.activation in ACTIVATIONS and network.output in COMPILED_OUTPUTS
        return written_out and LargeDenseEngine.is_lone(network, optimizer)

    def _split(self, vectors: torch.Tensor) -> list[Pair]:
        return split_parameters(vectors[0], self._network.widths)

    def _differentiate(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        for layer, delta, below in self._errors(inputs, targets):
            weights, biases = self._layer_gradients[layer]
            torch.mm(delta.t(), below, out=weights)
            torch.sum(delta, 0, out=biases)

    def _step(self, batch: torch.Tensor) -> None:
        if self._optimizer.optimizer == "sgd":
            self._descend(batch[0])
        else:
            super()._step(batch)

    def _descend(self, samples: torch.Tensor) -> None:
        """Take a step of plain descent, each layer's within the product that is its gradient."""
        rate = self._optimizer.learning_rate
        kept = 1 - rate * self._optimizer.weight_decay
        for layer, delta, below in self._errors(*self._gathered(samples)):
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
        function, multiply_slope = self._functions
        values, kept = [inputs], []
        for weights, biases in self._layers:
            # Faster than a product added to biases: those would be copied to its place first.
            net = torch.mm(values[-1], weights.t()).add_(biases)
            if len(values) < len(self._layers):
                activations, slopes = function(net)
                values.append(activations)
                kept.append(slopes)
        delta = output_error(net, targets, self._network.output)
        for layer in range(len(kept), -1, -1):
            sent = delta @ self._layers[layer][0] if layer else None
            yield layer, delta, values[layer]
            if layer:
                delta = multiply_slope(sent, kept[layer - 1])


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


def _tanh(net: torch.Tensor) -> Pair:
    """Return the tanh and its slope, both from one exponential where compiled code can go."""
    if net.device.type == "cpu":
        slopes = torch.empty_like(net)
        tanh_and_slopes(net.view(-1).numpy(), slopes.view(-1).numpy())
        return net, slopes
    values, power = torch.tanh(net), net.exp_()
    # As `infoplane.networks._torch_functions.Tanh`.
    return values, power.add_(power.reciprocal()).mul_(0.5).square_().reciprocal_()


# Each activation: what returns its values and what tells its slope, of a net input that may be
# overwritten; and what multiplies the error that is sent back by that slope.
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "tanh": (_tanh, lambda sent, slopes: sent.mul_(slopes)),
    "relu": (
        lambda net: (net.relu_(), net),
        # Zero where the value is zero.
        lambda sent, values: torch.ops.aten.threshold_backward(sent, values, 0),
    ),
    "linear": (lambda net: (net, net), lambda sent, net: sent),
    "softsign": (
        lambda net: (torch.nn.functional.softsign(net), net),
        lambda sent, net: sent.div_(net.abs_().add_(1).square_()),
    ),
    "softplus": (
        lambda net: (torch.nn.functional.softplus(net), net),
        lambda sent, net: sent.mul_(net.sigmoid_()),
    ),
}
