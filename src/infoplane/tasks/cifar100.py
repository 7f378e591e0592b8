"""CIFAR-100: 60,000 photographs, 32 x 32 in three colours, a hundred classes."""

from dataclasses import dataclass
from typing import ClassVar

from infoplane.tasks.images import ImageRule


@dataclass(frozen=True)
class Cifar100Rule(ImageRule):
    """Tell a hundred kinds of things apart, the fine labels of the set.

    References
    ----------
    Krizhevsky (2009), technical report, University of Toronto, "Learning multiple layers of
    features from tiny images".
    """

    name: ClassVar[str] = "cifar100"
    published = (50_000, 10_000)
    image_shape = (3, 32, 32)
    classes = 100
