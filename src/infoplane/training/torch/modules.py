"""Training of stacks of networks that are given as a `torch.nn.Module`."""

from __future__ import annotations

import torch

from infoplane.networks import Network
from infoplane.networks.modules import ModuleNetwork
from infoplane.training.records import Optimizer
from infoplane.training.torch.engine import TorchEngine, mean_losses


class ModuleTorchEngine(TorchEngine):
    """Train a stack of networks by running one module with all their parameters at once."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._gradients = torch.func.vmap(torch.func.grad(self._loss))

    @staticmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether the network is a module, without noise and rounding."""
        return isinstance(network, ModuleNetwork) and network.is_plain

    def _gradient(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return self._gradients(self._parameters, inputs, targets)

    def _loss(
        self, parameters: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        """Return the mean loss of one network."""
        net = self._network.skeleton.net_input(parameters, inputs)
        return mean_losses(net, targets, self._network.output)
