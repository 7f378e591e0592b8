"""The small layers at the top of a large network: their passes and gradients, compiled as one.

PyTorch takes about sixty operations for four layers of twenty units, as long together as a tenth of
the products of the layer of a thousand units below.
"""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import ROUNDING
from infoplane.networks.functions import COMPILED_ACTIVATIONS, OUTPUTS
from infoplane.training.fused.kernels import LANES, STRIDE, TILE, dense, outer
from infoplane.training.fused.layout import aligned_zeros
from infoplane.training.fused.loop import ONE, ZERO, activate, multiply_slopes, output_delta


class Tail:
    """Differentiate the loss in the uppermost layers of a network, from one layer's products on.

    Parameters
    ----------
    units : tuple of int
        Of the layers from the lowest of the tail to the output.
    activation : str
        One of `COMPILED_ACTIVATIONS`.
    output : str
        One of `CROSS_ENTROPY_OUTPUTS`.
    """

    def __init__(self, units: tuple[int, ...], activation: str, output: str):
        self._units = np.array(units)
        self._kinds = COMPILED_ACTIVATIONS.index(activation), OUTPUTS.index(output)
        # Below the lowest layer's units stand a row of ones, for biases, and the labels.
        heights = [units[0] + 1 + units[-1], *units[1:]]
        self._starts = np.concatenate([[0], np.cumsum(heights)]).astype(np.int64)
        rows = int(self._starts[-1]) + max(*units, 2)
        self._rows, self._slopes = aligned_zeros(rows, STRIDE), aligned_zeros(rows, STRIDE)
        self._zeros = np.zeros(1, dtype=np.float32)

    def differentiate(
        self, parameters: np.ndarray, net: np.ndarray, targets: np.ndarray, gradient: np.ndarray
    ) -> None:
        """Set the gradient of the mean loss in the tail's parameters, and in what it receives.

        Parameters
        ----------
        parameters : array of float32
            Biases of the lowest layer; weights, then biases, of each layer above.
        net : array of float32, shape (units, batch)
            The lowest layer's weights times what is below it, without biases; it is replaced by
            the loss's gradient in the layer's net input.
        targets : array of float32, shape (batch, classes)
        gradient : array of float32
            As `parameters`.
        """
        run_tail(
            self._units, *self._kinds, parameters, net, targets, self._starts, self._rows,
            self._slopes, gradient, self._zeros,
        )  # fmt: skip


@compiled(**ROUNDING)
def run_tail(units, activation, output, parameters, net, targets, starts, rows, slopes, gradient,
             zeros):  # fmt: skip
    """Run `Tail.differentiate`."""
    lowest, layers, batch, scratch = units[0], units.size, net.shape[1], starts[-1]
    for index in range(parameters.size):
        gradient[index] = ZERO
    for sample in range(STRIDE):
        rows[lowest, sample] = ONE
    for first in range(0, batch, TILE):
        width = min(TILE, batch - first)
        vectors = (width + LANES - 1) // LANES
        padded = vectors * LANES
        for unit in range(lowest):
            bias = parameters[unit]
            for sample in range(width):
                rows[unit, sample] = net[unit, first + sample] + bias
            for sample in range(width, padded):
                rows[unit, sample] = ZERO
        for unit in range(units[-1]):
            for sample in range(width):
                rows[lowest + 1 + unit, sample] = targets[first + sample, unit]
        weight = lowest
        for layer in range(1, layers):
            below, own, under = units[layer - 1], units[layer], starts[layer - 1]
            activate(activation, rows, slopes, under, under + below, padded)
            dense(rows, starts[layer], own, under, below, parameters, weight, below, 1,
                  parameters, weight + own * below, 1, vectors)  # fmt: skip
            weight += own * (below + 1)
        output_delta(units, output, starts, rows, slopes, width, padded, batch)
        for layer in range(layers - 1, 0, -1):
            below, own, under = units[layer - 1], units[layer], starts[layer - 1]
            weight -= own * (below + 1)
            outer(rows, starts[layer], own, under, below, gradient, weight, below, vectors)
            outer(rows, starts[layer], own, lowest, 1, gradient, weight + own * below, 1, vectors)
            dense(rows, scratch, below, starts[layer], own, parameters, weight, 1, below,
                  zeros, 0, 0, vectors)  # fmt: skip
            multiply_slopes(activation, rows, slopes, under, below, scratch, padded)
        outer(rows, 0, lowest, lowest, 1, gradient, 0, 1, vectors)
        for unit in range(lowest):
            for sample in range(width):
                net[unit, first + sample] = rows[unit, sample]
