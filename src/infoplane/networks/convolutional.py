"""Convolutional networks: blocks of convolution, activation and pooling, then dense layers."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from infoplane.networks.base import check_choice, whole_numbers
from infoplane.networks.functions import ACTIVATIONS, FALLING_ACTIVATIONS
from infoplane.networks.initial import INITIAL_WEIGHTS
from infoplane.networks.modules import ModuleNetwork

PADDINGS = ("same", "valid")
REPRESENTATIONS = ("positions", "mean")
"""What a block's representation is: each channel at every position, or its mean over these."""


@dataclass(frozen=True)
class Convolutional(ModuleNetwork):
    """Describe a network for images.

    Attributes
    ----------
    input_shape : tuple of int
        Channels, height and width of an image.
    channels : tuple of int
        Of every block of a convolution, the activation and a pooling; each block is a layer.
    kernel_size : int
        Side of the convolutions' kernels.
    pooling : int
        Side of the squares of which the largest number is kept; 1 keeps all.
    dense_widths : tuple of int
        Units of the dense layers above the blocks; the last one has a unit for each class.
    activation : str
        Nonlinearity of the hidden layers, one of `ACTIVATIONS`.
    initial_weights : str
        Distribution of the initial weights, one of `INITIAL_WEIGHTS`; see `initial_layer`.
    padding : str
        ``"same"``: images are padded with zeros and keep their size, for which kernels' sides are
        odd; ``"valid"``: they are not, and each convolution takes ``kernel_size - 1`` pixels off.
    dense_activation : str or None
        Nonlinearity of the hidden dense layers where it is another one.
    output : str
        ``"softmax"`` or ``"softmax_squared"``; see `Network`.
    representation : str
        What of a block is measured, one of `REPRESENTATIONS`; dense layers have no positions. Means
        of blocks are no Markov chain: the next block reads positions, and its mean can tell more.
    """

    name = "convolutional"
    only_measured = ("representation",)

    # `field()`: a value of the base class would else count as the default.
    input_shape: tuple[int, int, int] = field()
    channels: tuple[int, ...]
    kernel_size: int
    pooling: int
    dense_widths: tuple[int, ...]
    activation: str = field()
    initial_weights: str
    padding: str = "same"
    dense_activation: str | None = None
    output: str = "softmax"
    representation: str = "positions"

    def __post_init__(self):
        for name in ("input_shape", "channels", "dense_widths"):
            values = whole_numbers(getattr(self, name))
            object.__setattr__(self, name, values)
            if not values or min(values) < 1:
                raise ValueError(f"{name} must name at least one number, all above 0")
        if len(self.input_shape) != 3:
            raise ValueError("input_shape must be channels, height and width of an image")
        check_choice("activation", self.activation, ACTIVATIONS)
        if self.dense_activation is not None:
            check_choice("dense_activation", self.dense_activation, ACTIVATIONS)
        check_choice("output", self.output, ("softmax", "softmax_squared"))
        check_choice("initial_weights", self.initial_weights, INITIAL_WEIGHTS)
        check_choice("padding", self.padding, PADDINGS)
        check_choice("representation", self.representation, REPRESENTATIONS)
        if self.kernel_size < 1:
            raise ValueError(f"kernel_size must be at least 1, not {self.kernel_size}")
        if self.padding == "same" and self.kernel_size % 2 == 0:
            raise ValueError(
                f"kernel_size must be odd, not {self.kernel_size}, where padding is same"
            )
        if self.pooling < 1:
            raise ValueError(f"pooling must be at least 1, not {self.pooling}")
        if min(self.sides()[-1]) < 1:
            raise ValueError(
                f"kernel_size {self.kernel_size}, padding {self.padding} and pooling "
                f"{self.pooling} in {len(self.channels)} blocks leave nothing of images of "
                f"{self.input_shape[1]} x {self.input_shape[2]}"
            )

    @property
    def units(self) -> tuple[int, ...]:
        """Return the number of units of layers 1 .. L; a block's are channels, at all positions."""
        blocks = self.channels if self.representation == "mean" else self._block_units()
        return (*blocks, *self.dense_widths)

    @property
    def activation_of_dense(self) -> str:
        """Return the nonlinearity of the hidden dense layers."""
        return self.dense_activation or self.activation

    def represented(self, layer: int, rows: np.ndarray) -> np.ndarray:
        """Return a block's channels at all positions, or their means over these."""
        if self.representation == "positions" or layer > len(self.channels):
            return rows
        return rows.reshape(self.channels[layer - 1], -1, rows.shape[1]).mean(axis=1)

    @cached_property
    def parameter_count(self) -> int:
        """Return the number of weights and biases, without PyTorch: every plan asks for it."""
        inputs = [self.input_shape[0], *self.channels[:-1]]
        kernels = [below * self.kernel_size**2 for below in inputs]
        below = [*kernels, self._block_units()[-1], *self.dense_widths[:-1]]
        outputs = (*self.channels, *self.dense_widths)
        return sum((into + 1) * out for into, out in zip(below, outputs, strict=True))

    def _block_units(self) -> list[int]:
        """Return how many numbers each block gives."""
        blocks = zip(self.channels, self.sides(), strict=True)
        return [count * high * wide for count, (high, wide) in blocks]

    def sides(self) -> list[tuple[int, int]]:
        """Return height and width of the images that each block gives."""
        taken_off = self.kernel_size - 1 if self.padding == "valid" else 0
        _, *sides = self.input_shape
        found = []
        for _ in self.channels:
            sides = [max(side - taken_off, 0) // self.pooling for side in sides]
            found.append(tuple(sides))
        return found

    def build(self):
        """Make the `torch.nn.Module`; each child is a layer."""
        from torch import nn

        from infoplane.networks._torch_functions import Activation

        layers, below = OrderedDict(), self.input_shape[0]
        for number, count in enumerate(self.channels, start=1):
            after = [Activation(self.activation), nn.MaxPool2d(self.pooling)]
            # The same numbers either way, and of what is pooled already there are fewer.
            if self.activation not in FALLING_ACTIVATIONS:
                after.reverse()
            convolution = nn.Conv2d(below, count, self.kernel_size, padding=self.padding)
            layers[f"block_{number}"] = nn.Sequential(convolution, *after)
            below = count
        flat, below = [nn.Flatten()], self._block_units()[-1]
        for number, width in enumerate(self.dense_widths, start=1):
            last = number == len(self.dense_widths)
            linear = [
                *flat,
                nn.Linear(below, width),
                *([] if last else [Activation(self.activation_of_dense)]),
            ]
            layers["output" if last else f"dense_{number}"] = nn.Sequential(*linear)
            flat, below = [], width
        return nn.Sequential(layers)
