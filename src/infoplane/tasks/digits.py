"""Handwritten digits: the 1797 images of 8 x 8 pixels that come with scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_whole
from infoplane.tasks.base import Task, TaskRule

BRIGHTEST = 16


@dataclass(frozen=True)
class DigitsRule(TaskRule):
    """Tell ten digits apart from small images, which nobody has to download.

    Attributes
    ----------
    grey_step : int or None
        Divide the pixels, whole numbers from 0 to 16, by so much and round down; None makes them
        numbers from 0 to 1.

    Notes
    -----
    A copy of the test set of Alpaydin & Kaynak (1998), "Optical recognition of handwritten
    digits", UCI Machine Learning Repository. All images differ. What the probability of a digit
    is, given its image, is not known.
    """

    name: ClassVar[str] = "digits"

    grey_step: int | None = None

    def __post_init__(self) -> None:
        if self.grey_step is not None:
            require_whole("grey_step", self.grey_step, at_least=1)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one input: channels, height, width."""
        return (1, 8, 8)

    @property
    def classes(self) -> int:
        """Return the number of classes."""
        return 10

    def make(self) -> Task:
        """Make the task."""
        # Half a second, which rules without images need not pay.
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
        images = pixels / BRIGHTEST if self.grey_step is None else pixels // self.grey_step
        images = images.astype(np.float32)
        return Task(images.reshape(-1, *self.input_shape), labels.astype(np.int64))
