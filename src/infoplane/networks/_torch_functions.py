"""The activation functions of `infoplane.networks.functions` in PyTorch."""

from __future__ import annotations

import torch

ACTIVATION_FUNCTIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "linear": lambda net: net,
    "softsign": torch.nn.functional.softsign,
    "softplus": torch.nn.functional.softplus,
}


class Activation(torch.nn.Module):
    """Apply an activation function by its name."""

    def __init__(self, name: str):
        super().__init__()
        self._function = ACTIVATION_FUNCTIONS[name]

    def forward(self, net: torch.Tensor) -> torch.Tensor:
        """Return the activations of a net input."""
        return self._function(net)
