"""Fashion-MNIST: 70,000 images of clothes, 28 x 28 in grey, ten classes."""

from dataclasses import dataclass
from typing import ClassVar

from infoplane.tasks.images import ImageRule


@dataclass(frozen=True)
class FashionMnistRule(ImageRule):
    """Tell ten kinds of clothes apart.

    References
    ----------
    Xiao, Rasul & Vollgraf (2017), arXiv:1708.07747, "Fashion-MNIST: a novel image dataset for
    benchmarking machine learning algorithms".
    """

    name: ClassVar[str] = "fashion_mnist"
    published = (60_000, 10_000)
    image_shape = (1, 28, 28)
    classes = 10
