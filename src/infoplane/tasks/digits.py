"""Handwritten digits: the 1797 images of 8 x 8 pixels that come with scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.tasks.base import Task, TaskRule

BRIGHTEST = 16


@dataclass(frozen=True)
class DigitsRule(TaskRule):
    """Tell ten digits apart from small images, which nobody has to download.

    Notes
    -----
    A copy of the test set of Alpaydin & Kaynak (1998), "Optical recognition of handwritten
    digits", UCI Machine Learning Repository. All images differ. What the probability of a digit
    is, given its image, is not known.
    """

    name: ClassVar[str] = "digits"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one input: channels, height, width."""
        return (1, 8, 8)

    @property
    def classes(self) -> int:
        """Return the number of classes."""
        return 10

    def make(self) -> Task:
        """Make the task, pixels scaled to [0, 1]."""
        # Half a second, which rules without images need not pay.
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
        images = (pixels / BRIGHTEST).astype(np.float32)
        return Task(images.reshape(-1, *self.input_shape), labels.astype(np.int64))
