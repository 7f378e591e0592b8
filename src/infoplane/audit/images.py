"""Real images with known information: a label that is mixed up before an image of it is drawn.

The channel of the label: an image shows the class of its label with probability 1 - p, and one of
the others else. Where an image determines its class, I(image; label) is that of the two classes,

    I = log2 C - H_b(p) - p log2(C - 1).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from infoplane.audit.tasks import AuditTask, Draw, binary_entropy_bits
from infoplane.tasks import make_task


def label_mixing_bits(classes: int, mixed: float) -> float:
    """Return the information of the channel, in bits.

    Parameters
    ----------
    classes : int
        C, all as frequent.
    mixed : float
        p, the probability of another class.
    """
    return math.log2(classes) - binary_entropy_bits(mixed) - mixed * math.log2(classes - 1)


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Return all images of digits with their classes; not to be changed."""
    images, digits, _ = make_task("digits")
    return images, digits


def mixed_digits(mixed: float) -> AuditTask:
    """Return the images of digits with a label that tells their class sometimes.

    Parameters
    ----------
    mixed : float
        The probability that it does not.

    Returns
    -------
    AuditTask
        Its layer is the 64 pixels; no image is there twice, so that there are samples of up to
        1000. I(X;T) has no value here.
    """

    def make(samples: int, generator: np.random.Generator) -> Draw:
        images, digits = _digits()
        classes = int(digits.max()) + 1
        labels = generator.permutation(np.arange(samples) % classes)
        other = (labels + generator.integers(1, classes, samples)) % classes
        shown = np.where(generator.random(samples) < mixed, other, labels)
        chosen = np.empty(samples, np.int64)
        for digit in range(classes):
            wanted = shown == digit
            chosen[wanted] = generator.permutation(np.flatnonzero(digits == digit))[: wanted.sum()]
        pixels = images[chosen].reshape(samples, -1)
        return Draw(pixels, pixels, pixels, labels, math.nan, label_mixing_bits(classes, mixed))

    name = f"digits_mixed_{mixed:g}"
    return AuditTask(name, "label_mixing", 64, 0.0, make, most_samples=1100)


def image_tasks() -> list[AuditTask]:
    """Return the channel with few and many mixed labels, and with labels that tell nothing."""
    return [mixed_digits(mixed) for mixed in (0.1, 0.5, 0.9)]
