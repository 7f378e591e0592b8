"""Training with Gaussian dropout: every hidden unit multiplied by noise about 1."""

from __future__ import annotations

import torch

from infoplane.networks import Network
from infoplane.training.records import Optimizer
from infoplane.training.torch.dense import DenseTorchEngine
from infoplane.training.torch.noisy import NoisyTorchEngine


class GaussianDropoutTorchEngine(NoisyTorchEngine):
    """Train a stack of networks with T_l = f(W_l T_{l-1} + b_l) (1 + sigma Z_l), Z_l ~ N(0, I).

    The noise is fresh for every sample, unit and step, drawn as that of `NoisyTorchEngine`; the
    output layer has none.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._deviation = self._network.relative_noise

    @staticmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether these are fully connected networks with this noise and no other."""
        others = network.quantisation_bits is not None or network.noise_standard_deviation > 0
        return network.widths is not None and network.relative_noise > 0 and not others

    def _hidden(self, net: torch.Tensor, layer: int) -> torch.Tensor:
        values = DenseTorchEngine._hidden(self, net, layer)
        return values * (1 + self._noise[layer - 1])
