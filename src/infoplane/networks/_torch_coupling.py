"""Coupling blocks, which can be inverted whatever function they hold."""

from __future__ import annotations

import torch
from torch import nn

from infoplane.networks._torch_functions import Activation


class Coupling(nn.Module):
    """Turn squares of pixels into channels, then (x1, x2) into (x2, x1 + F(x2)).

    Parameters
    ----------
    channels : int
        After squares have become channels; even.
    inner_channels : int
        Between the two convolutions of F.
    kernel_size : int
    activation : str
    squeeze : int
        Side of the squares; 1 leaves the image as it is.
    """

    def __init__(
        self, channels: int, inner_channels: int, kernel_size: int, activation: str, squeeze: int
    ):
        super().__init__()
        half = channels // 2
        self.squeeze = squeeze
        self.function = nn.Sequential(
            nn.Conv2d(half, inner_channels, kernel_size, padding="same"),
            Activation(activation),
            nn.Conv2d(inner_channels, half, kernel_size, padding="same"),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the block makes of images."""
        first, second = nn.functional.pixel_unshuffle(images, self.squeeze).chunk(2, dim=1)
        return torch.cat([second, first + self.function(second)], dim=1)

    def inverse(self, images: torch.Tensor) -> torch.Tensor:
        """Return the images of which the block makes these."""
        second, changed = images.chunk(2, dim=1)
        first = changed - self.function(second)
        return nn.functional.pixel_shuffle(torch.cat([first, second], dim=1), self.squeeze)
