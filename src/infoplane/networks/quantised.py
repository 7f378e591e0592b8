"""Fully connected networks of weights and activations in few bits (Lorenzen et al. 2022)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from infoplane.networks.dense import Dense, split_parameters
from infoplane.networks.quantisation import quantise


@dataclass(frozen=True)
class Quantised(Dense):
    """Describe a dense network whose weights and activations are quantised.

    Attributes
    ----------
    widths, activation, output, initial_weights
        As for `Dense`.
    quantisation_bits : int
        Bits of a weight or an activation, 2 to 16; biases stay in floating point.
    """

    name = "quantised"

    quantisation_bits: int = field()

    def __post_init__(self):
        super().__post_init__()
        bits = self.quantisation_bits
        if type(bits) is not int or not 2 <= bits <= 16:
            raise ValueError(f"quantisation_bits must be a whole number from 2 to 16, not {bits!r}")

    def unit_rows(
        self, parameters: np.ndarray, inputs: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield what each layer receives and gives; see `Network`.

        The activations are the quantised ones, over ranges taken from all these samples; the net
        inputs are not quantised.
        """
        bits = self.quantisation_bits
        levels, step = inputs.reshape(len(inputs), -1).T, 1.0
        for number, (weights, biases) in enumerate(split_parameters(parameters, self.widths), 1):
            rows = quantise(weights, bits)
            product = rows.levels.astype(np.float64) @ levels.astype(np.float64)
            net = product * (float(step) * float(rows.step)) + biases[:, None]
            net = net.astype(np.float32)
            quantised = quantise(self.layer_activation(net, number), bits)
            levels, step = quantised.levels, quantised.step
            yield net, quantised.values

    def net_input_rows(self, parameters: np.ndarray, inputs: np.ndarray) -> Iterator[np.ndarray]:
        """Yield what each layer receives; see `Network`.

        As `unit_rows` has it: in double precision values would be rounded to other levels.
        """
        for net, _ in self.unit_rows(parameters, inputs):
            yield net.astype(np.float64)
