"""Convolutional networks: blocks of convolution, activation and pooling, then dense layers."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property

from infoplane.networks.base import check_choice, whole_numbers
from infoplane.networks.functions import ACTIVATIONS, FALLING_ACTIVATIONS
from infoplane.networks.initial import INITIAL_WEIGHTS
from infoplane.networks.modules import ModuleNetwork


@dataclass(frozen=True)
class Convolutional(ModuleNetwork):
    """Describe a network for images; its output is softmax with cross-entropy.

    Attributes
    ----------
    input_shape : tuple of int
        Channels, height and width of an image.
    channels : tuple of int
        Of every block of a convolution, the activation and a pooling; each block is a layer.
    kernel_size : int
        Side of the convolutions' kernels, odd; images are padded with zeros and keep their size.
    pooling : int
        Side of the squares of which the largest number is kept; 1 keeps all.
    dense_widths : tuple of int
        Units of the dense layers above the blocks; the last one has a unit for each class.
    activation : str
        Nonlinearity of all hidden layers, one of `ACTIVATIONS`.
    initial_weights : str
        Distribution of the initial weights, one of `INITIAL_WEIGHTS`; see `initial_layer`.
    """

    name = "convolutional"

    # `field()`: a value of the base class would else count as the default.
    input_shape: tuple[int, int, int] = field()
    channels: tuple[int, ...]
    kernel_size: int
    pooling: int
    dense_widths: tuple[int, ...]
    activation: str = field()
    initial_weights: str

    def __post_init__(self):
        for name in ("input_shape", "channels", "dense_widths"):
            values = whole_numbers(getattr(self, name))
            object.__setattr__(self, name, values)
            if not values or min(values) < 1:
                raise ValueError(f"{name} must name at least one number, all above 0")
        if len(self.input_shape) != 3:
            raise ValueError("input_shape must be channels, height and width of an image")
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("initial_weights", self.initial_weights, INITIAL_WEIGHTS)
        if self.kernel_size < 1 or self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and at least 1, not {self.kernel_size}")
        if self.pooling < 1:
            raise ValueError(f"pooling must be at least 1, not {self.pooling}")
        if min(self._sides()[-1]) < 1:
            raise ValueError(
                f"pooling {self.pooling} in {len(self.channels)} blocks leaves nothing of images "
                f"of {self.input_shape[1]} x {self.input_shape[2]}"
            )

    @property
    def units(self) -> tuple[int, ...]:
        """Return the number of units of layers 1 .. L; channels and positions are units."""
        blocks = zip(self.channels, self._sides(), strict=True)
        return (*(count * high * wide for count, (high, wide) in blocks), *self.dense_widths)

    @cached_property
    def parameter_count(self) -> int:
        """Return the number of weights and biases, without PyTorch: every plan asks for it."""
        inputs = [self.input_shape[0], *self.channels[:-1]]
        kernels = [below * self.kernel_size**2 for below in inputs]
        below = [*kernels, self.units[len(self.channels) - 1], *self.dense_widths[:-1]]
        outputs = (*self.channels, *self.dense_widths)
        return sum((into + 1) * out for into, out in zip(below, outputs, strict=True))

    def _sides(self) -> list[tuple[int, int]]:
        """Return height and width of the images that each block gives."""
        _, *sides = self.input_shape
        return [
            tuple(side // self.pooling**block for side in sides)
            for block in range(1, len(self.channels) + 1)
        ]

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
            convolution = nn.Conv2d(below, count, self.kernel_size, padding="same")
            layers[f"block_{number}"] = nn.Sequential(convolution, *after)
            below = count
        flat, below = [nn.Flatten()], self.units[len(self.channels) - 1]
        for number, width in enumerate(self.dense_widths, start=1):
            last = number == len(self.dense_widths)
            linear = [
                *flat,
                nn.Linear(below, width),
                *([] if last else [Activation(self.activation)]),
            ]
            layers["output" if last else f"dense_{number}"] = nn.Sequential(*linear)
            flat, below = [], width
        return nn.Sequential(layers)
