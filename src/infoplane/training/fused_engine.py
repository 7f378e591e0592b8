"""The fast engine: stacks of small dense networks trained inside compiled code.

One call trains a network over many epochs: shuffling, forward pass, backward pass and optimiser
step leave no compiled code, and all that a network touches stays in the first-level cache.
Networks are trained one after the other, so no network's numbers depend on its company.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from infoplane.networks import parameter_count
from infoplane.settings import ACTIVATIONS, OUTPUTS, TrainingSettings
from infoplane.training._fused_kernels import LANES, STRIDE, TILE
from infoplane.training._fused_training import train

WIDEST = 64
KNOWN = {
    "widths", "activation", "output", "initial_weights", "optimizer", "learning_rate",
    "batch_size", "epochs", "snapshots", "training_fraction", "weight_decay",
}  # fmt: skip


class FusedEngine:
    """Train a stack of independent small networks on one core.

    Parameters
    ----------
    settings : TrainingSettings
        Such that `supports` holds.
    inputs : array of float32, shape (samples, features)
    labels : array of int64, shape (samples,)
    training_samples : array of int64, shape (inits, training samples)
        Each network's own training set.
    order_seeds : array of uint64, shape (inits,)
    parameters : array of float32, shape (inits, parameters)
        Initial parameters in the layout of `infoplane.networks`.

    Notes
    -----
    A network whose parameters are no longer all finite at the end of an epoch stays as it is
    from there on. A network's numbers are the same bit for bit whatever the stack and however
    training is cut into calls; they depend on the processor's vector length, which sets the
    order of sums. Inside, a unit's bias follows its weights, as the weight of a constant input.
    """

    def __init__(
        self,
        settings: TrainingSettings,
        inputs: np.ndarray,
        labels: np.ndarray,
        training_samples: np.ndarray,
        order_seeds: np.ndarray,
        parameters: np.ndarray,
    ):
        if not self.supports(settings):
            raise ValueError(
                f"the fused engine serves layers of at most {WIDEST} units without noise or "
                f"quantisation, not {settings}"
            )
        widths = settings.widths
        self._settings = settings
        self._order_seeds = np.array(order_seeds, dtype=np.uint64)
        count = training_samples.shape[1]
        # Vectors may run past the end of the last batch; what they compute there is discarded.
        self._samples = np.pad(training_samples, ((0, 0), (0, TILE)), mode="edge")
        self._samples = self._samples.astype(np.int32)
        self._batch_size = count if settings.batch_size is None else min(settings.batch_size, count)
        self._table = sample_table(inputs, labels, widths[-1])
        self._order = bias_last(widths)
        self._parameters = np.ascontiguousarray(parameters[:, self._order], dtype=np.float32)
        self._is_weight = np.ones(parameter_count(widths), dtype=np.float32)
        self._is_weight[bias_places(widths)] = 0.0
        self._means = np.zeros_like(self._parameters)
        self._squares = np.zeros_like(self._parameters)
        self._steps = np.zeros(len(self._parameters), dtype=np.int64)
        self._starts, rows = row_starts(widths, self._table.shape[1])
        self._rows = aligned_zeros(rows, STRIDE)
        self._slopes = aligned_zeros(rows, STRIDE)
        for start, width in zip(self._starts[1:-2], widths[1:-1], strict=True):
            self._rows[start + width] = 1.0

    @staticmethod
    def supports(settings: TrainingSettings) -> bool:
        """Return whether the engine is made for these networks.

        Every layer must be small, and a setting that the engine does not know must stand at its
        default.
        """
        unknown = (field for field in dataclasses.fields(settings) if field.name not in KNOWN)
        plain = all(getattr(settings, field.name) == field.default for field in unknown)
        return plain and max(settings.widths) <= WIDEST

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
        settings = self._settings
        return (
            np.array(settings.widths, dtype=np.int64),
            ACTIVATIONS.index(settings.activation),
            OUTPUTS.index(settings.output),
            settings.optimizer == "adam",
            float(settings.learning_rate),
            np.float32(settings.weight_decay) * self._is_weight,
            self._table,
            self._samples[network],
            self._samples.shape[1] - TILE,
            self._batch_size,
            settings.batch_size is not None,
            self._order_seeds[network],
            self._parameters[network],
            self._means[network],
            self._squares[network],
            self._steps[network : network + 1],
            self._starts,
            self._rows,
            self._slopes,
        )


def sample_table(inputs: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return all that a network needs of each sample, side by side.

    Returns
    -------
    table : array of float32, shape (samples, columns)
        Inputs, the constant 1 that biases multiply, one-hot label, zeros to a multiple of
        `LANES`.
    """
    samples, features = inputs.shape
    columns = -(-(features + 1 + classes) // LANES) * LANES
    table = aligned_zeros(samples, columns)
    table[:, :features] = inputs
    table[:, features] = 1.0
    table[np.arange(samples), features + 1 + labels] = 1.0
    return table


def bias_last(widths: tuple[int, ...]) -> np.ndarray:
    """Return where each parameter of the engine's layout stands in that of the networks."""
    parts, start = [], 0
    for below, above in itertools.pairwise(widths):
        weights = start + np.arange(above * below).reshape(above, below)
        biases = start + above * below + np.arange(above)[:, None]
        parts.append(np.hstack([weights, biases]).ravel())
        start += above * (below + 1)
    return np.concatenate(parts)


def bias_places(widths: tuple[int, ...]) -> np.ndarray:
    """Return which parameters of the engine's layout are biases."""
    parts, start = [], 0
    for below, above in itertools.pairwise(widths):
        parts.append(start + below + np.arange(above) * (below + 1))
        start += above * (below + 1)
    return np.concatenate(parts)


def row_starts(widths: tuple[int, ...], columns: int) -> tuple[np.ndarray, int]:
    """Lay out the rows of a batch.

    Returns
    -------
    starts : array of int64, shape (layers + 2,)
        First row of the table's columns, of each layer's units (hidden layers are followed by a
        row of ones) and of the scratch rows.
    rows : int
        Number of rows in all.
    """
    heights = [columns, *(width + 1 for width in widths[1:-1]), widths[-1]]
    starts = np.concatenate([[0], np.cumsum(heights)]).astype(np.int64)
    return starts, int(starts[-1]) + max(max(widths), 2)


def aligned_zeros(rows: int, columns: int) -> np.ndarray:
    """Return zeros of float32 that start at a multiple of 64 bytes, a line of the cache."""
    array = np.zeros(rows * columns + 16, dtype=np.float32)
    skipped = (-array.ctypes.data % 64) // 4
    return array[skipped : skipped + rows * columns].reshape(rows, columns)
