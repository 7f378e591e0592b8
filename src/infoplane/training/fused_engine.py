"""The fast engine: stacks of small dense networks trained inside compiled code.

One call trains a network over many epochs: shuffling, forward pass, backward pass and optimiser
step leave no compiled code, and all that a network touches stays in the first-level cache.
Networks are trained one after the other, so no network's numbers depend on its company.
"""

from __future__ import annotations

import math

import numpy as np

from infoplane.compilation import compiled
from infoplane.networks import parameter_count
from infoplane.settings import ACTIVATIONS, OUTPUTS, TrainingSettings
from infoplane.training._fused_kernels import LANES, TILE, dense, outer, transpose_block
from infoplane.training.schedule import shuffle_epoch
from infoplane.vector_math import ROUNDING, exp32, sigmoid32, softplus32, tanh32

WIDEST = 64
BETA_MEAN, BETA_SQUARE = 0.9, 0.999
EPSILON = np.float32(1e-8)
ZERO, ONE = np.float32(0.0), np.float32(1.0)
TANH, RELU, LINEAR, SOFTSIGN, SOFTPLUS = (
    ACTIVATIONS.index(name) for name in ("tanh", "relu", "linear", "softsign", "softplus")
)
SOFTMAX = OUTPUTS.index("softmax")


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
    from there on. Inside, a unit's bias follows its weights, as the weight of a constant input.
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
            raise ValueError(f"layers {settings.widths} are wider than {WIDEST} units")
        widths = settings.widths
        self._settings = settings
        self._order_seeds = np.array(order_seeds, dtype=np.uint64)
        count = training_samples.shape[1]
        # Vectors may run past the end of the last batch; what they compute there is discarded.
        self._samples = np.pad(training_samples, ((0, 0), (0, TILE)), mode="edge")
        self._samples = self._samples.astype(np.int64)
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
        self._rows = aligned_zeros(rows * TILE)
        self._slopes = aligned_zeros(rows * TILE)
        for start, width in zip(self._starts[1:-2], widths[1:-1], strict=True):
            one = (start + width) * TILE
            self._rows[one : one + TILE] = 1.0

    @staticmethod
    def supports(settings: TrainingSettings) -> bool:
        """Return whether the engine is made for these networks: every layer small."""
        return max(settings.widths) <= WIDEST

    @property
    def parameters(self) -> np.ndarray:
        """Return the current parameters, shape (inits, parameters)."""
        parameters = np.empty_like(self._parameters)
        parameters[:, self._order] = self._parameters
        return parameters

    def advance(self, first_epoch: int, last_epoch: int) -> None:
        """Train the epochs from `first_epoch` up to, not including, `last_epoch`."""
        settings = self._settings
        for network in range(len(self._parameters)):
            train(
                np.array(settings.widths, dtype=np.int64),
                ACTIVATIONS.index(settings.activation),
                OUTPUTS.index(settings.output),
                settings.optimizer == "adam",
                settings.learning_rate,
                np.float32(settings.weight_decay) * self._is_weight,
                self._table.ravel(),
                self._table.shape[1],
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
                first_epoch,
                last_epoch,
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
    table = aligned_zeros(samples * columns).reshape(samples, columns)
    table[:, :features] = inputs
    table[:, features] = 1.0
    table[np.arange(samples), features + 1 + labels] = 1.0
    return table


def bias_last(widths: tuple[int, ...]) -> np.ndarray:
    """Return where each parameter of the engine's layout stands in that of the networks."""
    parts, start = [], 0
    for below, above in zip(widths[:-1], widths[1:], strict=True):
        weights = start + np.arange(above * below).reshape(above, below)
        biases = start + above * below + np.arange(above)[:, None]
        parts.append(np.hstack([weights, biases]).ravel())
        start += above * (below + 1)
    return np.concatenate(parts)


def bias_places(widths: tuple[int, ...]) -> np.ndarray:
    """Return which parameters of the engine's layout are biases."""
    parts, start = [], 0
    for below, above in zip(widths[:-1], widths[1:], strict=True):
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


def aligned_zeros(size: int) -> np.ndarray:
    """Return zeros of float32 that start at a multiple of 64 bytes, a line of the cache."""
    array = np.zeros(size + 16, dtype=np.float32)
    skipped = (-array.ctypes.data % 64) // 4
    return array[skipped : skipped + size]


@compiled(**ROUNDING)
def train(widths, activation, output, adam, rate, decay, table, columns, samples, count,
          batch_size, shuffled, seed, parameters, means, squares, steps, starts, rows, slopes,
          first_epoch, last_epoch):  # fmt: skip
    """Train one network, in place, until an epoch leaves a parameter that is not finite."""
    order = np.arange(count)
    met = samples.copy()
    gradient = np.zeros_like(parameters)
    zeros = np.zeros(1, dtype=np.float32)
    for epoch in range(first_epoch, last_epoch):
        if not all_finite(parameters):
            return
        if shuffled:
            shuffle_epoch(order, seed, epoch)
            for place in range(count):
                met[place] = samples[order[place]]
        for first in range(0, count, batch_size):
            size = min(batch_size, count - first)
            gradient[:] = decay * parameters
            for start in range(first, first + size, TILE):
                width = min(TILE, first + size - start)
                vectors = (width + LANES - 1) // LANES
                fetch(table, columns, met, start, vectors, rows)
                forward(widths, activation, parameters, starts, rows, slopes, vectors)
                output_delta(widths, output, starts, rows, width, vectors, size)
                backward(widths, activation, parameters, starts, rows, slopes, vectors, gradient,
                         zeros)  # fmt: skip
            steps[0] += 1
            if adam:
                adam_step(parameters, gradient, means, squares, steps[0], rate)
            else:
                for index in range(parameters.size):
                    parameters[index] -= np.float32(rate) * gradient[index]


@compiled(**ROUNDING)
def all_finite(parameters):
    """Return whether no parameter is nan or infinite."""
    total = ZERO
    for index in range(parameters.size):
        total += parameters[index] * ZERO
    return total == ZERO


@compiled(**ROUNDING)
def fetch(table, columns, samples, start, vectors, rows):
    """Copy samples from rows of the table to columns of the batch."""
    for vector in range(vectors):
        for column in range(0, columns, LANES):
            transpose_block(
                table, columns, column, samples, start + vector * LANES,
                rows, column * TILE + vector * LANES,
            )  # fmt: skip


@compiled(**ROUNDING)
def forward(widths, activation, parameters, starts, rows, slopes, vectors):
    """Compute all layers' units for the samples of a batch; the output's net input."""
    weight = 0
    for layer in range(1, widths.size):
        below, units, result = widths[layer - 1], widths[layer], starts[layer]
        dense(rows, result, units, starts[layer - 1], below, parameters, weight, below + 1, 1,
              parameters, weight + below, below + 1, vectors)  # fmt: skip
        weight += units * (below + 1)
        if layer < widths.size - 1:
            for row in range(result, result + units):
                first, last = row * TILE, row * TILE + vectors * LANES
                activate(activation, rows[first:last], slopes[first:last])


@compiled(**ROUNDING)
def activate(activation, row, slopes):
    """Apply the activation in place; keep its slope where the result does not tell it well."""
    if activation == TANH:
        for sample in range(row.size):
            row[sample] = tanh32(row[sample])
    elif activation == RELU:
        for sample in range(row.size):
            row[sample] = ZERO if row[sample] < ZERO else row[sample]
    elif activation == SOFTSIGN:
        for sample in range(row.size):
            share = ONE / (ONE + abs(row[sample]))
            slopes[sample] = share * share
            row[sample] *= share
    elif activation == SOFTPLUS:
        for sample in range(row.size):
            slopes[sample] = sigmoid32(row[sample])
            row[sample] = softplus32(row[sample])


@compiled(**ROUNDING)
def output_delta(widths, output, starts, rows, width, vectors, size):
    """Turn the output's net input into the gradient of the mean loss with respect to it.

    Parameters
    ----------
    width, vectors : int
        Samples in the rows, and vectors that hold them; the rest is set to zero.
    size : int
        Samples in the batch, over which the loss is a mean.
    """
    classes, padded = widths[-1], vectors * LANES
    first, target = starts[widths.size - 1] * TILE, (widths[0] + 1) * TILE
    largest = rows[starts[-1] * TILE : starts[-1] * TILE + padded]
    total = rows[(starts[-1] + 1) * TILE : (starts[-1] + 1) * TILE + padded]
    if output == SOFTMAX:
        largest[:] = rows[first : first + padded]
        for unit in range(1, classes):
            row = rows[first + unit * TILE : first + unit * TILE + padded]
            for sample in range(padded):
                largest[sample] = max(largest[sample], row[sample])
        total[:] = ZERO
        for unit in range(classes):
            row = rows[first + unit * TILE : first + unit * TILE + padded]
            for sample in range(padded):
                row[sample] = exp32(row[sample] - largest[sample])
                total[sample] += row[sample]
        for sample in range(padded):
            total[sample] = ONE / total[sample]
    scale = np.float32(1.0 / size if output == SOFTMAX else 1.0 / (size * classes))
    for unit in range(classes):
        row = rows[first + unit * TILE : first + unit * TILE + padded]
        wanted = rows[target + unit * TILE : target + unit * TILE + padded]
        if output == SOFTMAX:
            for sample in range(padded):
                row[sample] = (row[sample] * total[sample] - wanted[sample]) * scale
        else:
            for sample in range(padded):
                row[sample] = (sigmoid32(row[sample]) - wanted[sample]) * scale
        row[width:] = ZERO


@compiled(**ROUNDING)
def backward(widths, activation, parameters, starts, rows, slopes, vectors, gradient, zeros):
    """Add a batch's gradient; units' rows are overwritten by the loss's gradient in them."""
    weight, scratch = parameters.size, starts[-1]
    for layer in range(widths.size - 1, 0, -1):
        below, units, delta = widths[layer - 1], widths[layer], starts[layer]
        weight -= units * (below + 1)
        outer(rows, delta, units, starts[layer - 1], below + 1, gradient, weight, below + 1,
              vectors)  # fmt: skip
        if layer > 1:
            dense(rows, scratch, below, delta, units, parameters, weight, 1, below + 1,
                  zeros, 0, 0, vectors)  # fmt: skip
            for unit in range(below):
                first = (starts[layer - 1] + unit) * TILE
                source = (scratch + unit) * TILE
                multiply_slope(
                    activation,
                    rows[first : first + vectors * LANES],
                    rows[source : source + vectors * LANES],
                    slopes[first : first + vectors * LANES],
                )


@compiled(**ROUNDING)
def multiply_slope(activation, row, delta, slopes):
    """Replace units' values by their slope times what the layer above sends back."""
    if activation == TANH:
        for sample in range(row.size):
            row[sample] = delta[sample] * (ONE - row[sample] * row[sample])
    elif activation == RELU:
        for sample in range(row.size):
            row[sample] = delta[sample] if row[sample] > ZERO else ZERO
    elif activation == LINEAR:
        row[:] = delta
    else:
        for sample in range(row.size):
            row[sample] = delta[sample] * slopes[sample]


@compiled(**ROUNDING)
def adam_step(parameters, gradient, means, squares, step, rate):
    """Take one step of Adam (Kingma & Ba 2015, algorithm 1), in place."""
    scale = np.float32(rate / (1.0 - BETA_MEAN**step))
    root = np.float32(1.0 / math.sqrt(1.0 - BETA_SQUARE**step))
    new_mean, new_square = np.float32(1.0 - BETA_MEAN), np.float32(1.0 - BETA_SQUARE)
    kept_square = np.float32(BETA_SQUARE)
    for index in range(parameters.size):
        slope = gradient[index]
        means[index] += (slope - means[index]) * new_mean
        squares[index] = squares[index] * kept_square + slope * slope * new_square
        parameters[index] -= scale * means[index] / (math.sqrt(squares[index]) * root + EPSILON)
