"""CIFAR-10: 60,000 photographs, 32 x 32 in three colours, ten classes."""

from dataclasses import dataclass
from typing import ClassVar

from infoplane.tasks.images import ImageRule


@dataclass(frozen=True)
class Cifar10Rule(ImageRule):
    """Tell ten kinds of animals and vehicles apart.

    References
    ----------
    Krizhevsky (2009), technical report, University of Toronto, "Learning multiple layers of
    features from tiny images".
    """

    name: ClassVar[str] = "cifar10"
    published = (50_000, 10_000)
    image_shape = (3, 32, 32)
    classes = 10
