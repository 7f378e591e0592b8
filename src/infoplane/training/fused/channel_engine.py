"""The fast engine for small quantised networks and small networks with noise."""

from __future__ import annotations

import numpy as np

from infoplane.networks import Network
from infoplane.training.fused.channel_loop import train_epoch
from infoplane.training.fused.engine import KNOWN, FusedEngine, fits_loop
from infoplane.training.fused.kernels import TILE
from infoplane.training.noise import epoch_noise
from infoplane.training.records import Optimizer

# Units of a layer; with noise or rounding nobody has measured wider ones.
WIDEST = 64


class ChannelEngine(FusedEngine):
    """Train a stack of small networks whose layers pass through a channel, on one core.

    What is computed is what `QuantisedTorchEngine`, `NoisyTorchEngine` and
    `GaussianDropoutTorchEngine` compute, with the same noise; numbers differ by the order of sums.
    Parameters as for `FusedEngine`.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._deviation = self._network.noise_standard_deviation or self._network.relative_noise
        hidden = sum(self._network.units[:-1]) if self._deviation > 0 else 0
        # Vectors may run past the end of the last batch here too.
        self._noise = np.zeros((hidden, self._samples.shape[1]), np.float32)

    @staticmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether the engine is made for these networks and this optimiser.

        Every layer must be small. The range of quantised activations is that of a mini-batch,
        which must be at hand at once: at most `TILE` samples.
        """
        quantised = network.quantisation_bits is not None
        channels = quantised, network.noise_standard_deviation > 0, network.relative_noise > 0
        if sum(channels) != 1:
            return False
        batch_size = TILE + 1 if optimizer.batch_size is None else optimizer.batch_size
        fits = not quantised or batch_size <= TILE
        is_narrow = fits_loop(network) and max(network.units) <= WIDEST
        return fits and is_narrow and optimizer.is_default_but_for(KNOWN)

    def advance(self, first_epoch: int, last_epoch: int) -> None:
        """Train the epochs from `first_epoch` up to, not including, `last_epoch`."""
        bits, is_relative = self._network.quantisation_bits or 0, self._network.relative_noise > 0
        for network in range(len(self._parameters)):
            arguments = self._arguments(network)
            for epoch in range(first_epoch, last_epoch):
                self._draw_noise(network, epoch)
                train_epoch(*arguments, self._is_weight, bits, self._noise, is_relative, epoch)

    def _draw_noise(self, network: int, epoch: int) -> None:
        if len(self._noise) == 0:
            return
        noise = epoch_noise(
            len(self._noise),
            self._noise.shape[1] - TILE,
            self._order_seeds[network],
            epoch,
        )
        noise *= np.float32(self._deviation)
        self._noise[:, :-TILE] = noise
