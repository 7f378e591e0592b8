"""What tasks of public image sets share: subsets, pooling, standardisation.

A member is a class derived from `ImageRule` that says the set's name, the shape of its images and
the number of its classes. Where the set comes from stands in the configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_choice, require_whole
from infoplane.tasks.base import Task, TaskRule

BRIGHTEST = 255


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Hold a public image set as it is published, images of training and of test.

    Attributes
    ----------
    train_images, test_images : arrays of uint8, shape (images, channels, height, width)
    train_labels, test_labels : arrays of uint8, shape (images,)
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray

    def check(self, name: str, shape: tuple[int, ...], classes: int) -> None:
        """Refuse a set that is not what its name says.

        Parameters
        ----------
        name : str
        shape : tuple of int
            Of one image: channels, height, width.
        classes : int

        Raises
        ------
        ValueError
            If images have another shape, labels are missing, or one is none of the classes.
        """
        for part in ("train", "test"):
            images, labels = getattr(self, f"{part}_images"), getattr(self, f"{part}_labels")
            what = f"the {part} images of {name!r}"
            if images.shape[1:] != shape:
                raise ValueError(f"{what} have the shape {images.shape[1:]}, not {shape}")
            if labels.shape != images.shape[:1]:
                raise ValueError(f"{what} are {len(images)}, with labels for {len(labels)}")
            wrong = np.flatnonzero((labels < 0) | (labels >= classes))
            if wrong.size:
                raise ValueError(
                    f"{what}: label {labels[wrong[0]]} of image {wrong[0]} is none of 0 to "
                    f"{classes - 1}"
                )


@dataclass(frozen=True)
class ImageRule(TaskRule):
    """Make a task of a public image set: training images first, then those of test.

    With ``split: first`` and their share as training fraction, networks train on the former and
    can be measured on the latter.

    Attributes
    ----------
    training_images, test_images : int or None
        Only so many of each, drawn at random, and no more than the set has; None is all of them.
    balanced : bool
        Draw equally many of each class.
    pooling : int
        Replace squares of so many pixels a side by their means: 2 makes 14 x 14 of 28 x 28.
    grey_step : int or None
        Replace the squares of pixels by their sums over so much, rounded down: whole numbers.
    standardised : bool
        Subtract from each channel its mean over all training images of the task and divide by its
        standard deviation there. A channel with one and the same value there has none and is only
        shifted: all of it is 0 on those images. Without either, pixels are from 0 to 1.
    seed : int
        Of the draws.
    """

    of_images: ClassVar[bool] = True
    published: ClassVar[tuple[int, int]]
    """Numbers of training and of test images."""
    image_shape: ClassVar[tuple[int, int, int]]
    """Of one image as published: channels, height, width."""

    training_images: int | None = None
    test_images: int | None = None
    balanced: bool = False
    pooling: int = 1
    grey_step: int | None = None
    standardised: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.grey_step is not None:
            require_whole("grey_step", self.grey_step, at_least=1)
        require_whole("seed", self.seed, at_least=0)
        for key in ("balanced", "standardised"):
            require_choice(key, getattr(self, key), (True, False))
        check_pooling(self.pooling, self.image_shape)
        for key, there in zip(("training_images", "test_images"), self.published, strict=True):
            check_number(key, getattr(self, key), there, self.classes, self.balanced)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one input: channels, height, width."""
        channels, height, width = self.image_shape
        return (channels, height // self.pooling, width // self.pooling)

    @property
    def patterns(self) -> int:
        """Return the number of images, without making the task."""
        wanted = (self.training_images, self.test_images)
        return sum(
            there if own is None else own for own, there in zip(wanted, self.published, strict=True)
        )

    def make(self) -> Task:
        """Refuse to make the task of nothing."""
        raise ValueError(
            f"task rule {self.name!r} is made of images: call make_task({self.name!r}, images=...) "
            "with an ImageSet"
        )

    def make_from(self, images: ImageSet) -> Task:
        """Make the task of an image set.

        Parameters
        ----------
        images : ImageSet
            As published.

        Returns
        -------
        Task
            Inputs float32 of shape (images, channels, height, width). What the probability of a
            class is, given an image, is not known.

        Raises
        ------
        ValueError
            If the set is another one or has fewer images than are asked for, or a subset has no
            image of a class.
        """
        images.check(self.name, self.image_shape, self.classes)
        generator = np.random.default_rng(self.seed)
        of_each = (("training_images", images.train_labels), ("test_images", images.test_labels))
        train, test = (
            drawn(key, getattr(self, key), labels, self.classes, self.balanced, generator)
            for key, labels in of_each
        )
        pixels = np.concatenate([images.train_images[train], images.test_images[test]])
        inputs = pooled(pixels, self.pooling, self.grey_step)
        if self.standardised:
            standardise(inputs, inputs[: len(train)])
        labels = np.concatenate([images.train_labels[train], images.test_labels[test]])
        return Task(inputs, labels.astype(np.int64))


def check_pooling(side: int, shape: tuple[int, int, int]) -> None:
    """Refuse squares of pixels that do not divide an image.

    Parameters
    ----------
    side : int
    shape : tuple of int
        Channels, height, width.
    """
    require_whole("pooling", side, at_least=1)
    _, height, width = shape
    if height % side or width % side:
        allowed = [n for n in range(1, height + 1) if not height % n and not width % n]
        raise ValueError(
            f"pooling {side} does not divide images of {height} x {width}; allowed: "
            f"{', '.join(map(str, allowed))}"
        )


def check_number(key: str, wanted: int | None, there: int, classes: int, balanced: bool) -> None:
    """Refuse a number of images that cannot be drawn.

    Parameters
    ----------
    key : str
        What messages call it.
    wanted : int or None
        None is all that there are.
    there : int
    classes : int
    balanced : bool
        Whether each class has equally many.
    """
    if wanted is None:
        return
    require_whole(key, wanted, at_least=classes)
    if wanted > there:
        raise ValueError(f"{key} must be at most the {there} that there are, not {wanted}")
    if balanced and wanted % classes:
        raise ValueError(
            f"{key} must be a multiple of the {classes} classes to be balanced, not {wanted}"
        )


def drawn(
    key: str,
    wanted: int | None,
    labels: np.ndarray,
    classes: int,
    balanced: bool,
    generator: np.random.Generator,
) -> np.ndarray:
    """Draw images at random.

    Parameters
    ----------
    key, wanted, classes, balanced
        See `check_number`.
    labels : array of int
        Of all images.
    generator : numpy.random.Generator

    Returns
    -------
    chosen : array of int
        Their places, in the order of the set.

    Raises
    ------
    ValueError
        If there are too few images, also of one class, or a class has none of those drawn.
    """
    counts = np.bincount(labels, minlength=classes)
    if wanted is None:
        chosen = np.arange(len(labels))
    elif balanced:
        each = wanted // classes
        if counts.min() < each:
            raise ValueError(
                f"{key} {wanted} needs {each} images of each class; class {counts.argmin()} "
                f"has {counts.min()}"
            )
        of_class = (np.flatnonzero(labels == one) for one in range(classes))
        chosen = np.concatenate([generator.permutation(those)[:each] for those in of_class])
    elif wanted > len(labels):
        raise ValueError(f"{key} must be at most the {len(labels)} that there are, not {wanted}")
    else:
        chosen = generator.permutation(len(labels))[:wanted]
    there = np.bincount(labels[chosen], minlength=classes)
    if not there.all():
        raise ValueError(
            f"{key} {len(chosen)} has no image of class {there.argmin()}; take more, another "
            "seed, or balanced: true"
        )
    return np.sort(chosen)


def standardise(inputs: np.ndarray, over: np.ndarray) -> None:
    """Subtract each channel's mean over some images, divide by its deviation there, in place.

    A channel that does not vary there is only shifted.

    Parameters
    ----------
    inputs : array of float32, shape (images, channels, height, width)
    over : array of float32, shape (images, channels, height, width)
        May be a view of the inputs.
    """
    axes = (0, 2, 3)
    # Double precision: a sum of 10^8 pixels has more digits than single precision.
    mean = over.mean(axis=axes, keepdims=True, dtype=np.float64)
    deviation = over.std(axis=axes, keepdims=True, dtype=np.float64)
    # By its values: rounding gives a constant channel a deviation of its own.
    varies = over.max(axis=axes, keepdims=True) > over.min(axis=axes, keepdims=True)
    deviation[~varies] = 1.0
    inputs -= mean.astype(np.float32)
    inputs /= deviation.astype(np.float32)


def pooled(
    pixels: np.ndarray, side: int, grey_step: int | None = None, brightest: int = BRIGHTEST
) -> np.ndarray:
    """Return images whose squares of pixels are replaced by their means, from 0 to 1.

    Parameters
    ----------
    pixels : array of whole numbers up to 255, shape (images, channels, height, width)
    side : int
        Of the squares; it divides height and width.
    grey_step : int, optional
        Replace the squares by their sums over so much, rounded down.
    brightest : int
        The value of a white pixel, at most 255.

    Returns
    -------
    images : array of float32, shape (images, channels, height / side, width / side)
    """
    images = np.zeros((*pixels.shape[:2], *(length // side for length in pixels.shape[2:])), "f4")
    # Single precision holds such sums of bytes exactly, so that their order does not matter.
    for row, column in np.ndindex(side, side):
        images += pixels[:, :, row::side, column::side]
    if grey_step is not None:
        return np.floor(images / np.float32(grey_step))
    images /= brightest * side**2
    return images
