"""MNIST: 70,000 images of handwritten digits, 28 x 28 in grey, ten classes."""

from dataclasses import dataclass
from typing import ClassVar

from infoplane.tasks.images import ImageRule


@dataclass(frozen=True)
class MnistRule(ImageRule):
    """Tell ten handwritten digits apart.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), Proceedings of the IEEE 86(11), "Gradient-based learning
    applied to document recognition".
    """

    name: ClassVar[str] = "mnist"
    published = (60_000, 10_000)
    image_shape = (1, 28, 28)
    classes = 10
