"""Training of large networks that are given as a `torch.nn.Module`, one at a time."""

from __future__ import annotations

import numpy as np
import torch

from infoplane.networks import Network
from infoplane.networks.functions import CROSS_ENTROPY_OUTPUTS
from infoplane.networks.modules import ModuleNetwork
from infoplane.training.records import Optimizer
from infoplane.training.torch.large import output_error
from infoplane.training.torch.lone import LoneEngine
from infoplane.training.torch.pooling import compile_pooling


class LoneModuleEngine(LoneEngine):
    """Train one network by running its module on views of the parameters; see `LoneEngine`.

    The parameters of the module are parts of one vector, and so are their gradients: neither is
    cut out of it nor put together again, as a stack's are. Images lie in memory with their channels
    last, which convolutions pass on and are faster with.
    """

    def __init__(self, network, optimizer, inputs, *arguments, **keywords):
        self._are_images = inputs.ndim == 4
        if self._are_images:
            inputs = np.ascontiguousarray(inputs.transpose(0, 2, 3, 1))
        super().__init__(network, optimizer, inputs, *arguments, **keywords)
        skeleton = self._network.skeleton
        with torch.device("meta"):
            self._module = self._network.build()
        self._module.load_state_dict(skeleton.split(self._parameters[0]), assign=True)
        gradients = skeleton.split(self._gradients[0])
        for name, parameter in self._module.named_parameters():
            parameter.grad = gradients[name]
        if self._device.type == "cpu":
            compile_pooling(self._module)

    @staticmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether the network is a module that stands alone in its stack."""
        if not isinstance(network, ModuleNetwork) or not network.is_plain:
            return False
        return network.output in CROSS_ENTROPY_OUTPUTS and LoneModuleEngine.is_lone(
            network, optimizer
        )

    def _differentiate(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        self._gradients.zero_()
        net = self._module(inputs.permute(0, 3, 1, 2) if self._are_images else inputs)
        # The loss's own gradient, in one go.
        net.backward(output_error(net.detach(), targets, self._network.output))
