"""Training of stacks of fully connected networks as batched matrix products."""

from __future__ import annotations

import torch

from infoplane.networks import Network
from infoplane.networks._torch_functions import ACTIVATION_FUNCTIONS
from infoplane.networks.dense import split_parameters
from infoplane.training.records import Optimizer
from infoplane.training.torch.engine import TorchEngine, mean_losses


class DenseTorchEngine(TorchEngine):
    """Train a stack of networks whose layers are fully connected; see `TorchEngine`."""

    def __init__(self, network, optimizer, inputs, *arguments, **keywords):
        super().__init__(
            network, optimizer, inputs.reshape(len(inputs), -1), *arguments, **keywords
        )
        self._parameters.requires_grad_()
        self._layers = split_parameters(self._parameters, network.widths)

    @staticmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether these are fully connected networks without noise and rounding."""
        return network.widths is not None and network.is_plain

    def _gradient(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        parameters, layers = self._parameters_and_layers()
        loss = self._loss(layers, inputs, targets)
        (gradient,) = torch.autograd.grad(loss, parameters)
        return gradient

    def _parameters_and_layers(self) -> tuple[torch.Tensor, list]:
        """Return the parameters that a step's gradient is taken at, whole and by layer."""
        return self._parameters, self._layers

    def _hidden(self, net: torch.Tensor, layer: int) -> torch.Tensor:
        """Return the activations of hidden layer 1 .. L - 1 from its net input."""
        return ACTIVATION_FUNCTIONS[self._network.activation](net)

    def _loss(self, layers: list, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the sum over networks of their mean losses."""
        below = inputs
        for number, (weights, biases) in enumerate(layers, start=1):
            net = torch.baddbmm(biases[:, None, :], below, weights.transpose(1, 2))
            below = self._hidden(net, number) if number < len(layers) else net
        return mean_losses(below, targets, self._network.output).sum()
