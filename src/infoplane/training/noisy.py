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
        inits, count = self._targets.shape[:2]
        noise = np.empty((inits, count, sum(self._hidden_widths)), np.float32)
        for values, seed in zip(noise, self._order_seeds, strict=True):
            epoch_noise(values, seed, epoch)
        noise *= np.float32(self._settings.noise_standard_deviation)
        first = 0
        for batch in super()._batches(epoch):
            last = first + batch.shape[1]
            part = torch.from_numpy(noise[:, first:last]).to(self._device)
            self._noise = list(part.split(self._hidden_widths, dim=2))
            first = last
            yield batch

    def _hidden(self, net: torch.Tensor, layer: int) -> torch.Tensor:
        return super()._hidden(net, layer) + self._noise[layer - 1]


def epoch_noise(values: np.ndarray, seed: np.uint64, epoch: int) -> None:
    """Fill an array with the standard normal noise of one network in one epoch.

    Parameters
    ----------
    values : array of float32, shape (samples, hidden units)
        In the order in which the samples are met.
    seed : uint64
        The network's own seed.
    epoch : int

    Notes
    -----
    Philox (Salmon et al. 2011) with the seed and the epoch as its key: no two epochs share a
    stream.
    """
    key = np.array([seed, epoch], dtype=np.uint64)
    np.random.Generator(np.random.Philox(key=key)).standard_normal(out=values, dtype=np.float32)
