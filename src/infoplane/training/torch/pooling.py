"""The largest of squares of two by two pixels, compiled.

PyTorch's takes a fifth of the time that a LeNet trains.
"""

from __future__ import annotations

import numpy as np
import torch

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import ROUNDING

ZERO = np.float32(0.0)


@compiled(**ROUNDING)
def keep_largest(images, values, places):
    """Set values to the largest of each square, and places to where it is; nan counts as largest.

    Parameters
    ----------
    images : array of float32, shape (images, height, width, channels)
    values : array of float32, shape (images, height // 2, width // 2, channels)
    places : array of uint8, the shape of values
        0 to 3, row by row; the first of equal ones.
    """
    for image in range(values.shape[0]):
        for row in range(values.shape[1]):
            for column in range(values.shape[2]):
                for channel in range(values.shape[3]):
                    largest, place = images[image, 2 * row, 2 * column, channel], np.uint8(0)
                    other = images[image, 2 * row, 2 * column + 1, channel]
                    if other > largest or other != other:
                        largest, place = other, np.uint8(1)
                    other = images[image, 2 * row + 1, 2 * column, channel]
                    if other > largest or other != other:
                        largest, place = other, np.uint8(2)
                    other = images[image, 2 * row + 1, 2 * column + 1, channel]
                    if other > largest or other != other:
                        largest, place = other, np.uint8(3)
                    values[image, row, column, channel] = largest
                    places[image, row, column, channel] = place


@compiled(**ROUNDING)
def send_back(gradient, places, sent):
    """Set what is sent to each pixel of the squares: the gradient where the largest was, else 0.

    Parameters
    ----------
    gradient : array of float32, shape (images, rows, columns, channels)
    places : array of uint8, the shape of the gradient
        From `keep_largest`.
    sent : array of float32, shape (images, height, width, channels)
        Pixels that are in no square stay as they are.
    """
    for image in range(gradient.shape[0]):
        for row in range(gradient.shape[1]):
            for column in range(gradient.shape[2]):
                for channel in range(gradient.shape[3]):
                    value = gradient[image, row, column, channel]
                    place = places[image, row, column, channel]
                    top, left = 2 * row, 2 * column
                    sent[image, top, left, channel] = value if place == 0 else ZERO
                    sent[image, top, left + 1, channel] = value if place == 1 else ZERO
                    sent[image, top + 1, left, channel] = value if place == 2 else ZERO
                    sent[image, top + 1, left + 1, channel] = value if place == 3 else ZERO


class LargestOfSquares(torch.autograd.Function):
    """Do what `torch.nn.MaxPool2d(2)` does, bit for bit, to images with channels last in memory."""

    @staticmethod
    def forward(context, images: torch.Tensor) -> torch.Tensor:
        """Return the largest values, shape (images, channels, height // 2, width // 2)."""
        pixels = images.detach().permute(0, 2, 3, 1).contiguous()
        count, height, width, channels = pixels.shape
        values = pixels.new_empty(count, height // 2, width // 2, channels)
        places = np.empty(values.shape, np.uint8)
        keep_largest(pixels.numpy(), values.numpy(), places)
        context.places, context.pixels = places, pixels.shape
        return values.permute(0, 3, 1, 2)

    @staticmethod
    def backward(context, gradient: torch.Tensor) -> torch.Tensor:
        """Return the gradient in the images."""
        gradient = gradient.permute(0, 2, 3, 1).contiguous()
        # Of an odd height or width the last pixels are in no square.
        is_odd = context.pixels[1] % 2 or context.pixels[2] % 2
        make = torch.zeros if is_odd else torch.empty
        sent = make(context.pixels, dtype=gradient.dtype)
        send_back(gradient.numpy(), context.places, sent.numpy())
        return sent.permute(0, 3, 1, 2)


class SquarePooling(torch.nn.Module):
    """Stand in for a `torch.nn.MaxPool2d(2)`."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the largest values of squares of two by two pixels."""
        return LargestOfSquares.apply(images)


def compile_pooling(module: torch.nn.Module) -> None:
    """Replace, within a module on the CPU, all `torch.nn.MaxPool2d(2)` by `SquarePooling`."""
    plain = repr(torch.nn.MaxPool2d(2))
    for part in module.modules():
        for name, child in part.named_children():
            if isinstance(child, torch.nn.MaxPool2d) and repr(child) == plain:
                setattr(part, name, SquarePooling())
