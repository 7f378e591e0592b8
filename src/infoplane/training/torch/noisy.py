"""Training of noisy networks: Gaussian noise on every hidden unit (Goldfeld et al. 2019)."""

from __future__ import annotations

import numpy as np
import torch

from infoplane.networks import Network
from infoplane.training.noise import epoch_noise
from infoplane.training.records import Optimizer
from infoplane.training.torch.dense import DenseTorchEngine


class NoisyTorchEngine(DenseTorchEngine):
    """Train a stack of networks with noise added to every hidden activation.

    T_l = f(W_l T_{l-1} + b_l) + Z_l with Z_l ~ N(0, noise_standard_deviation^2 I), fresh for
    every sample, unit and step (Goldfeld et al. 2019, ICML, section 3); the output layer has
    no noise. A network's noise depends on its own seed, the epoch and the sample's place in
    the epoch alone.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._hidden_widths = list(self._network.units[:-1])
        self._deviation = self._network.noise_standard_deviation
        self._noise: list[torch.Tensor] = []

    @staticmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether these are fully connected networks with noise and without rounding."""
        noisy = network.noise_standard_deviation > 0 and network.quantisation_bits is None
        return network.widths is not None and noisy and network.relative_noise == 0

    def _batches(self, epoch: int):
        count, units = self._samples.shape[1], sum(self._hidden_widths)
        noise = np.stack([epoch_noise(units, count, seed, epoch) for seed in self._order_seeds])
        noise *= np.float32(self._deviation)
        noise = torch.from_numpy(noise.transpose(0, 2, 1)).to(self._device)
        first = 0
        for batch in super()._batches(epoch):
            last = first + batch.shape[1]
            self._noise = list(noise[:, first:last].split(self._hidden_widths, dim=2))
            first = last
            yield batch

    def _hidden(self, net: torch.Tensor, layer: int) -> torch.Tensor:
        return super()._hidden(net, layer) + self._noise[layer - 1]
