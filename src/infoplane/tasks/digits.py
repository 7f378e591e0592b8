"""Handwritten digits: the 1797 images of 8 x 8 pixels that come with scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_choice, require_whole
from infoplane.tasks.base import Task, TaskRule
from infoplane.tasks.images import check_number, check_pooling, drawn, pooled, standardise

BRIGHTEST = 16
PUBLISHED = 1797


@dataclass(frozen=True)
class DigitsRule(TaskRule):
    """Tell ten digits apart from small images, which nobody has to download.

    Attributes
    ----------
    samples : int or None
        Only so many, drawn at random; None is all 1797.
    balanced : bool
        Draw equally many of each digit.
    pooling : int
        Replace squares of so many pixels a side by their means: 2 makes 4 x 4 of 8 x 8.
    grey_step : int or None
        Divide the pixels, whole numbers from 0 to 16, or the sums of their squares, by so much and
        round down; None makes them numbers from 0 to 1.
    standardised : bool
        Subtract the mean over all pixels of all images of the task and divide by the standard
        deviation. There is no set of test images to leave out.
    seed : int
        Of the draws.

    Notes
    -----
    A copy of the test set of Alpaydin & Kaynak (1998), "Optical recognition of handwritten
    digits", UCI Machine Learning Repository. All images differ. What the probability of a digit
    is, given its image, is not known.
    """

    name: ClassVar[str] = "digits"

    samples: int | None = None
    balanced: bool = False
    pooling: int = 1
    grey_step: int | None = None
    standardised: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        check_pooling(self.pooling, (1, 8, 8))
        require_whole("seed", self.seed, at_least=0)
        for key in ("balanced", "standardised"):
            require_choice(key, getattr(self, key), (True, False))
        check_number("samples", self.samples, PUBLISHED, self.classes, self.balanced)
        if self.grey_step is not None:
            require_whole("grey_step", self.grey_step, at_least=1)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one input: channels, height, width."""
        return (1, 8 // self.pooling, 8 // self.pooling)

    @property
    def classes(self) -> int:
        """Return the number of classes."""
        return 10

    @property
    def patterns(self) -> int:
        """Return the number of images, without making the task."""
        return PUBLISHED if self.samples is None else self.samples

    def make(self) -> Task:
        """Make the task."""
        # Half a second, which rules without images need not pay.
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
        generator = np.random.default_rng(self.seed)
        chosen = drawn("samples", self.samples, labels, self.classes, self.balanced, generator)
        images = pixels.reshape(-1, 1, 8, 8)[chosen]
        inputs = pooled(images, self.pooling, self.grey_step, BRIGHTEST)
        if self.standardised:
            standardise(inputs, inputs)
        return Task(inputs, labels[chosen].astype(np.int64))
