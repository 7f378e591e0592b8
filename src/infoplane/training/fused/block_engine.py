"""The fast engine for small convolutional networks."""

from __future__ import annotations

import numpy as np

from infoplane.networks import Network
from infoplane.networks.convolutional import Convolutional
from infoplane.networks.functions import COMPILED_ACTIVATIONS, OUTPUTS
from infoplane.training.fused.block_layout import BlockLayout
from infoplane.training.fused.block_loop import train_blocks
from infoplane.training.fused.engine import KNOWN, FusedEngine, adam_code
from infoplane.training.fused.kernels import STRIDE
from infoplane.training.fused.layout import aligned_zeros, bias_last, bias_places
from infoplane.training.records import Optimizer

# By `benchmarks.crossing`, at 128 samples a batch: PyTorch takes 12 times as long for 666
# parameters, 1.5 times for the 108,000 of a LeNet, 1.4 for 137,000 and 0.6 for 858,000.
MOST_PARAMETERS = 200_000


class BlockEngine(FusedEngine):
    """Train a stack of independent small convolutional networks on one core.

    What is computed is what `ModuleTorchEngine` computes; numbers differ by the order of sums.
    Parameters as for `FusedEngine`.
    """

    @staticmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether the engine is made for these networks and this optimiser."""
        if not isinstance(network, Convolutional) or network.parameter_count > MOST_PARAMETERS:
            return False
        activations = {network.activation, network.activation_of_dense}
        known = activations <= set(COMPILED_ACTIVATIONS)
        return known and optimizer.is_default_but_for(KNOWN - {"largest_weight_norm"})

    def advance(self, first_epoch: int, last_epoch: int) -> None:
        """Train the epochs from `first_epoch` up to, not including, `last_epoch`."""
        for network in range(len(self._parameters)):
            train_blocks(*self._arguments(network), first_epoch, last_epoch)

    def _lay_out(self) -> None:
        self._layout = layout = BlockLayout(self._network, self._table.shape[1])
        blocks, widths, self._starts = np.arange(layout.dense), layout.widths, layout.starts
        self._order = np.concatenate([blocks, layout.dense + bias_last(widths)])
        biases = [np.arange(b["bias"], b["bias"] + b["channels"]) for b in layout.blocks]
        self._biases = np.concatenate([*biases, layout.dense + bias_places(widths)])
        self._rows = aligned_zeros(layout.rows, STRIDE)
        self._slopes = aligned_zeros(layout.rows, STRIDE)
        # What the dense layers' biases multiply stands behind the units that each of them reads.
        for start, width in zip(self._starts[:-2], widths[:-1], strict=True):
            self._rows[start + width] = 1.0

    def _arguments(self, network: int) -> tuple:
        own, optimizer, layout = self._network, self._optimizer, self._layout
        return (
            layout.blocks,
            layout.tables,
            np.array(layout.widths, dtype=np.int64),
            COMPILED_ACTIVATIONS.index(own.activation),
            COMPILED_ACTIVATIONS.index(own.activation_of_dense),
            OUTPUTS.index(own.output),
            adam_code(optimizer),
            float(optimizer.learning_rate),
            np.float32(optimizer.weight_decay) * self._is_weight,
            *self._state(network),
            layout.sample,
            layout.scratch,
            layout.dense,
        )
