"""Uniform quantisation of weights and activations to a few bits (Lorenzen et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Quantised:
    """Hold a tensor as whole multiples of one step.

    Attributes
    ----------
    levels : array of float32
        Whole numbers, at most 2**bits different ones, 0 among those possible.
    step : float32
        The value of one level.
    """

    levels: np.ndarray
    step: np.float32

    @property
    def values(self) -> np.ndarray:
        """Return levels * step as float32: equal values where, and only where, levels are."""
        return self.levels * self.step


def quantise(values: np.ndarray, bits: int) -> Quantised:
    """Round a tensor to 2**bits equally spaced levels over its own range.

    The range runs from the tensor's smallest to its largest value, widened to hold 0, and is
    then shifted by less than half a step so that 0 is a level.

    Parameters
    ----------
    values : array of float32, any shape
        One layer's weights, or its activations for all samples: one range for all of them.
    bits : int

    Returns
    -------
    Quantised

    Notes
    -----
    The asymmetric min-max quantiser of Jacob et al. (2018), "Quantization and training of
    neural networks for efficient integer-arithmetic-only inference", section 2.1 and equations
    12 and 13, which Lorenzen et al. (2022) use by way of TensorFlow's fake quantisation: with
    the last weights' range for the weights, the mini-batch's range for tanh layers, and a
    moving average of that for the others. Here every layer takes the range of the samples at
    hand, so that a network is determined by its parameters and its samples. Biases stay in
    floating point, as there.
    """
    with np.errstate(invalid="ignore", over="ignore"):  # diverged networks keep their nan
        low = np.minimum(values.min(), np.float32(0))
        high = np.maximum(values.max(), np.float32(0))
        highest = np.float32(2**bits - 1)
        step = (high - low) / highest
        step = np.float32(1) if step == 0 else step
        zero = np.rint(-low / step)
        levels = np.clip(np.rint(values / step), -zero, highest - zero)
    return Quantised(levels + np.float32(0), step)
