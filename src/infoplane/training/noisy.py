"""Training of noisy networks: Gaussian noise on every hidden unit (Goldfeld et al. 2019)."""

from __future__ import annotations

import numpy as np
import torch

from infoplane.training.torch_engine import TorchEngine


class NoisyTorchEngine(TorchEngine):
    """Train a stack of networks with noise added to every hidden activation.

    T_l = f(W_l T_{l-1} + b_l) + Z_l with Z_l ~ N(0, noise_standard_deviation^2 I), fresh for
    every sample, unit and step (Goldfeld et al. 2019, ICML, section 3); the output layer has
    no noise. A network's noise depends on its own seed, the epoch and the sample's place in
    the epoch alone.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._hidden_widths = list(self._settings.widths[1:-1])
        self._noise: list[torch.Tensor] = []

    def _batches(self, epoch: int):
        count = self._targets.shape[1]
        units = sum(self._hidden_widths)
        noise = np.stack([epoch_noise(units, count, seed, epoch) for seed in self._order_seeds])
        noise *= np.float32(self._settings.noise_standard_deviation)
        noise = torch.from_numpy(noise.transpose(0, 2, 1)).to(self._device)
        first = 0
        for batch in super()._batches(epoch):
            last = first + batch.shape[1]
            self._noise = list(noise[:, first:last].split(self._hidden_widths, dim=2))
            first = last
            yield batch

    def _hidden(self, net: torch.Tensor, layer: int) -> torch.Tensor:
        return super()._hidden(net, layer) + self._noise[layer - 1]


def epoch_noise(units: int, samples: int, seed: np.uint64, epoch: int) -> np.ndarray:
    """Draw the standard normal noise of one network in one epoch.

    Parameters
    ----------
    units, samples : int
        Hidden units, and samples of the epoch.
    seed : uint64
        The network's own seed.
    epoch : int

    Returns
    -------
    noise : array of float32, shape (units, samples)
        Samples in the order in which they are met.

    Notes
    -----
    Philox (Salmon et al. 2011) with the seed and the epoch as its key: no two epochs share a
    stream.
    """
    key = np.array([seed, epoch], dtype=np.uint64)
    generator = np.random.Generator(np.random.Philox(key=key))
    return generator.standard_normal((units, samples), dtype=np.float32)
