"""Invertible networks: coupling blocks between rearrangements of images, then a dense output."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from infoplane.networks.base import check_choice, whole_numbers
from infoplane.networks.functions import ACTIVATIONS
from infoplane.networks.initial import INITIAL_WEIGHTS
from infoplane.networks.modules import ModuleNetwork


@dataclass(frozen=True)
class Invertible(ModuleNetwork):
    """Describe a network for images whose hidden layers lose nothing; its output is softmax.

    Each hidden layer is a coupling block: half of the channels, x2, passes, and the other half, x1,
    becomes x1 + F(x2), which x2 gives back. F is a convolution, the activation and a convolution.
    Between stages squares of pixels become channels. All numbers of the last block feed the output.

    Attributes
    ----------
    input_shape : tuple of int
        Channels, height and width of an image.
    squeezes : tuple of int
        Of each stage, the side of the squares of pixels that become channels before it; 1 leaves
        the image as it is.
    blocks : tuple of int
        Coupling blocks of each stage; each is a layer.
    inner_channels : tuple of int
        Of each stage, channels between the two convolutions of F.
    kernel_size : int
        Side of the convolutions' kernels, odd; images are padded with zeros and keep their size.
    outputs : int
        Units of the output layer, one for each class.
    activation : str
        Nonlinearity within F, one of `ACTIVATIONS`.
    initial_weights : str
        Distribution of the initial weights, one of `INITIAL_WEIGHTS`; see `initial_layer`.

    References
    ----------
    Jacobsen, Smeulders & Oyallon (2018), ICLR, "i-RevNet: deep invertible networks"; the bijective
    one, without padding of channels.
    """

    name = "invertible"

    # `field()`: a value of the base class would else count as the default.
    input_shape: tuple[int, int, int] = field()
    squeezes: tuple[int, ...]
    blocks: tuple[int, ...]
    inner_channels: tuple[int, ...]
    kernel_size: int
    outputs: int
    activation: str = field()
    initial_weights: str

    def __post_init__(self):
        for name in ("input_shape", "squeezes", "blocks", "inner_channels"):
            values = whole_numbers(getattr(self, name))
            object.__setattr__(self, name, values)
            if not values or min(values) < 1:
                raise ValueError(f"{name} must name at least one number, all above 0")
        if len(self.input_shape) != 3:
            raise ValueError("input_shape must be channels, height and width of an image")
        if not len(self.squeezes) == len(self.blocks) == len(self.inner_channels):
            raise ValueError(
                f"squeezes {list(self.squeezes)}, blocks {list(self.blocks)} and inner_channels "
                f"{list(self.inner_channels)} must name as many stages"
            )
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("initial_weights", self.initial_weights, INITIAL_WEIGHTS)
        if self.kernel_size < 1 or self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and at least 1, not {self.kernel_size}")
        channels, *sides = self.input_shape
        for stage, squeeze in enumerate(self.squeezes, start=1):
            if any(side % squeeze for side in sides):
                raise ValueError(
                    f"squeezes: squares of {squeeze} pixels do not tile images of "
                    f"{sides[0]} x {sides[1]} in stage {stage}"
                )
            channels, sides = channels * squeeze**2, [side // squeeze for side in sides]
            if channels % 2:
                raise ValueError(
                    f"squeezes {list(self.squeezes)} give stage {stage} {channels} channels; a "
                    "coupling block takes an even number, half of which it leaves as they are"
                )

    @property
    def units(self) -> tuple[int, ...]:
        """Return the number of units of layers 1 .. L; no block loses or adds any."""
        return (math.prod(self.input_shape),) * sum(self.blocks) + (self.outputs,)

    @property
    def parameter_count(self) -> int:
        """Return the number of weights and biases, without PyTorch: every plan asks for it."""
        count = (math.prod(self.input_shape) + 1) * self.outputs
        for stage in self._stages():
            half, inner = self._shape(stage)[0] // 2, self.inner_channels[stage]
            count += 2 * half * inner * self.kernel_size**2 + half + inner
        return count

    @property
    def invertible_layers(self) -> int:
        """Return how many layers, from the first on, can be inverted: all hidden ones."""
        return sum(self.blocks)

    def _stages(self) -> list[int]:
        """Return the stage of each block, counted from 0."""
        return [stage for stage, blocks in enumerate(self.blocks) for _ in range(blocks)]

    def _shape(self, stage: int) -> tuple[int, int, int]:
        """Return channels, height and width of the images in a stage."""
        channels, high, wide = self.input_shape
        for squeeze in self.squeezes[: stage + 1]:
            channels, high, wide = channels * squeeze**2, high // squeeze, wide // squeeze
        return channels, high, wide

    def build(self):
        """Make the `torch.nn.Module`; each child is a layer."""
        from torch import nn

        from infoplane.networks._torch_coupling import Coupling

        layers, last = OrderedDict(), -1
        for number, stage in enumerate(self._stages(), start=1):
            squeeze = self.squeezes[stage] if stage != last else 1
            channels, inner = self._shape(stage)[0], self.inner_channels[stage]
            layers[f"block_{number}"] = Coupling(
                channels, inner, self.kernel_size, self.activation, squeeze
            )
            last = stage
        numbers = math.prod(self.input_shape)
        layers["output"] = nn.Sequential(nn.Flatten(), nn.Linear(numbers, self.outputs))
        return nn.Sequential(layers)

    def inputs_from(self, layer: int, values: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """Return the inputs for which a layer gives these values; see `Network`."""
        import torch

        from infoplane.compiled.threads import one_thread

        with torch.device("meta"):
            module = self.build()
        module.load_state_dict(self.skeleton.split(torch.tensor(parameters)), assign=True)
        shape = self._shape(self._stages()[layer - 1])
        images = torch.tensor(values).reshape(len(values), *shape)
        with torch.no_grad(), one_thread():
            for number in range(layer, 0, -1):
                images = getattr(module, f"block_{number}").inverse(images)
        return images.numpy()
