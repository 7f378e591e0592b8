"""The fast engine: stacks of small dense networks trained inside compiled code.

One call trains a network over many epochs: shuffling, forward pass, backward pass and optimiser
step leave no compiled code, and all that a network touches stays in the first-level cache.
Networks are trained one after the other, so no network's numbers depend on its company.
"""

from __future__ import annotations

import numpy as np

from infoplane.networks import Network
from infoplane.networks.functions import COMPILED_ACTIVATIONS, OUTPUTS
from infoplane.training.fused.kernels import STRIDE, TILE
from infoplane.training.fused.layout import (
    aligned_zeros,
    bias_last,
    bias_places,
    row_starts,
    sample_table,
)
from infoplane.training.fused.loop import ADAM, ADAM_BEFORE, train
from infoplane.training.records import Optimizer

# By `benchmarks.crossing`, at 128 samples a batch: up to 100,000 parameters, which PyTorch has in
# stacks, it takes a quarter of PyTorch's time or less; 0.6 of it at 104,000; 0.85 at 207,000; and
# 1.1 times as long at 825,000, where products of whole matrices are all that counts.
MOST_PARAMETERS = 200_000
KNOWN = {
    *("optimizer", "learning_rate", "batch_size", "batches_per_epoch", "weight_decay"),
    *("largest_weight_norm", "adam_epsilon", "zero_gradients"),
}


class FusedEngine:
    """Train a stack of independent small networks on one core.

    Parameters
    ----------
    network : Network
    optimizer : Optimizer
        Such that `supports` holds.
    inputs : array of float32, shape (samples, ...)
    labels : array of int64, shape (samples,)
    training_samples : array of int64, shape (inits, training samples)
        Each network's own training set.
    order_seeds : array of uint64, shape (inits,)
    parameters : array of float32, shape (inits, parameters)
        Initial parameters in the layout of `infoplane.networks.dense`.

    Notes
    -----
    A network whose parameters are no longer all finite at the end of an epoch stays as it is
    from there on. A network's numbers are the same bit for bit whatever the stack and however
    training is cut into calls; they depend on the processor's vector length, which sets the
    order of sums. Inside, a unit's bias follows its weights, as the weight of a constant input.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        inputs: np.ndarray,
        labels: np.ndarray,
        training_samples: np.ndarray,
        order_seeds: np.ndarray,
        parameters: np.ndarray,
    ):
        if not self.supports(network, optimizer):
            raise ValueError(f"{type(self).__name__} does not train {network} by {optimizer}")
        batch_size = optimizer.batch_size
        self._network, self._optimizer = network, optimizer
        self._order_seeds = np.array(order_seeds, dtype=np.uint64)
        count = training_samples.shape[1]
        # Vectors may run past the end of the last batch; what they compute there is discarded.
        self._samples = np.pad(training_samples, ((0, 0), (0, TILE)), mode="edge")
        self._samples = self._samples.astype(np.int32)
        self._batch_size = count if batch_size is None else min(batch_size, count)
        self._taken = min(count, self._batch_size * (optimizer.batches_per_epoch or count))
        self._table = sample_table(inputs, labels, network.classes)
        self._lay_out()
        self._parameters = np.ascontiguousarray(parameters[:, self._order], dtype=np.float32)
        self._is_weight = np.ones(network.parameter_count, dtype=np.float32)
        self._is_weight[self._biases] = 0.0
        self._means = np.zeros_like(self._parameters)
        self._squares = np.zeros_like(self._parameters)
        kept = 0 if optimizer.zero_gradients else network.parameter_count
        self._kept = np.zeros((len(parameters), kept), dtype=np.float32)
        self._steps = np.zeros(len(self._parameters), dtype=np.int64)

    def _lay_out(self) -> None:
        """Say where each parameter stands, and make the rows of a batch."""
        widths = self._network.widths
        self._order, self._biases = bias_last(widths), bias_places(widths)
        self._starts, rows = row_starts(widths, self._table.shape[1])
        self._rows = aligned_zeros(rows, STRIDE)
        self._slopes = aligned_zeros(rows, STRIDE)
        for start, width in zip(self._starts[1:-2], widths[1:-1], strict=True):
            self._rows[start + width] = 1.0

    @staticmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether the engine is made for these networks and this optimiser."""
        return network.is_plain and fits_loop(network) and optimizer.is_default_but_for(KNOWN)

    @property
    def parameters(self) -> np.ndarray:
        """Return the current parameters, shape (inits, parameters)."""
        parameters = np.empty_like(self._parameters)
        parameters[:, self._order] = self._parameters
        return parameters

    def advance(self, first_epoch: int, last_epoch: int) -> None:
        """Train the epochs from `first_epoch` up to, not including, `last_epoch`."""
        for network in range(len(self._parameters)):
            train(*self._arguments(network), first_epoch, last_epoch)

    def _arguments(self, network: int) -> tuple:
        """Return what compiled training takes of a network, up to the epochs."""
        own, optimizer = self._network, self._optimizer
        return (
            np.array(own.widths, dtype=np.int64),
            COMPILED_ACTIVATIONS.index(own.activation),
            OUTPUTS.index(own.output),
            adam_code(optimizer),
            float(optimizer.learning_rate),
            np.float32(optimizer.weight_decay) * self._is_weight,
            np.float32(optimizer.largest_weight_norm or 0.0),
            *self._state(network),
        )

    def _state(self, network: int) -> tuple:
        """Return the samples of a network, what it is at, and the rows of a batch."""
        return (
            self._table,
            self._samples[network],
            self._samples.shape[1] - TILE,
            self._taken,
            self._batch_size,
            self._optimizer.batch_size is not None,
            self._order_seeds[network],
            self._parameters[network],
            self._means[network],
            self._squares[network],
            self._kept[network],
            self._steps[network : network + 1],
            self._starts,
            self._rows,
            self._slopes,
        )


def adam_code(optimizer: Optimizer) -> int:
    """Return which step the compiled loop takes; 0 is plain descent."""
    if optimizer.optimizer != "adam":
        return 0
    return ADAM_BEFORE if optimizer.adam_epsilon == "before_correction" else ADAM


def fits_loop(network: Network) -> bool:
    """Return whether all layers are fully connected, small and of compiled functions."""
    if network.widths is None or network.parameter_count > MOST_PARAMETERS:
        return False
    return network.activation in COMPILED_ACTIVATIONS
