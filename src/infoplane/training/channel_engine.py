"""The fast engine for small quantised networks and small networks with noise."""

from __future__ import annotations

import dataclasses

import numpy as np

from infoplane.settings import TrainingSettings
from infoplane.training._channel_training import train_epoch
from infoplane.training._fused_kernels import TILE
from infoplane.training.fused_engine import FusedEngine
from infoplane.training.noisy import epoch_noise


class ChannelEngine(FusedEngine):
    """Train a stack of small networks whose layers pass through a channel, on one core.

    What is computed is what `QuantisedTorchEngine` and `NoisyTorchEngine` compute, and the same
    noise is added; numbers differ by the order of sums. Parameters as for `FusedEngine`.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        settings = self._settings
        hidden = sum(settings.widths[1:-1]) if settings.noise_standard_deviation > 0 else 0
        # Vectors may run past the end of the last batch here too.
        self._noise = np.zeros((hidden, self._samples.shape[1]), np.float32)

    @staticmethod
    def supports(settings: TrainingSettings) -> bool:
        """Return whether the engine is made for these networks.

        Every layer must be small. The range of quantised activations is that of a mini-batch,
        which must be at hand at once: at most `TILE` samples.
        """
        plain = dataclasses.replace(settings, quantisation_bits=None, noise_standard_deviation=0.0)
        batch_size = TILE + 1 if settings.batch_size is None else settings.batch_size
        fits = settings.quantisation_bits is None or batch_size <= TILE
        return fits and FusedEngine.supports(plain)

    def advance(self, first_epoch: int, last_epoch: int) -> None:
        """Train the epochs from `first_epoch` up to, not including, `last_epoch`."""
        bits = self._settings.quantisation_bits or 0
        for network in range(len(self._parameters)):
            arguments = self._arguments(network)
            for epoch in range(first_epoch, last_epoch):
                self._draw_noise(network, epoch)
                train_epoch(*arguments, self._is_weight, bits, self._noise, epoch)

    def _draw_noise(self, network: int, epoch: int) -> None:
        if len(self._noise) == 0:
            return
        noise = epoch_noise(
            len(self._noise),
            self._noise.shape[1] - TILE,
            self._order_seeds[network],
            epoch,
        )
        noise *= np.float32(self._settings.noise_standard_deviation)
        self._noise[:, :-TILE] = noise
