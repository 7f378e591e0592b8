"""Images computed back from what each layer makes of them, or searched for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_positive, require_whole
from infoplane.measures.base import Measure, TrainedNetwork, columns_of
from infoplane.networks.base import Network
from infoplane.networks.modules import ModuleNetwork

ORIGINAL = 0
"""What stands for the layer in rows about the images themselves."""


@dataclass(frozen=True)
class InvertedImagesMeasure(Measure):
    """Measure what of an image can be had back from each layer, pixel by pixel.

    A layer that can be inverted gives its image by arithmetic. Of another one, an image is searched
    for that makes the layer give the same: descent from the mean image on the squared distance of
    the layer's values, pixels kept within those of all images. What the layer has lost stays as it
    is in the mean image, or becomes anything.

    Parameters
    ----------
    label : str
    images : int
        The first image of each of so many classes.
    steps : int
        Of the search, by Adam.
    learning_rate : float
        Of the search, in units of a pixel.

    References
    ----------
    Jacobsen, Smeulders & Oyallon (2018), ICLR, "i-RevNet: deep invertible networks".
    Mahendran & Vedaldi (2015), CVPR, "Understanding deep image representations by inverting them";
    without their prior of natural images.
    """

    name: ClassVar[str] = "inverted_images"
    table: ClassVar[str] = "inverted_images"

    images: int
    steps: int
    learning_rate: float

    def __post_init__(self):
        require_whole("images", self.images, at_least=1)
        require_whole("steps", self.steps, at_least=1)
        require_positive("learning_rate", self.learning_rate)

    def refusal(self, network: Network) -> str:
        """Say why no images are had back from such networks."""
        if not isinstance(network, ModuleNetwork) or len(network.input_shape) != 3:
            return "images are had back from modules whose inputs are channels, height and width"
        return ""

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer``, 0 for the images themselves; ``image``, counted from 0, and its
            ``channel, row, column``; ``value`` of the pixel; ``distance`` of what the layer makes
            of the two images, over the norm of what it makes of the right one; ``searched``, 1 or
            0 where the layer can be inverted.
        """
        # PyTorch is loaded here: studies are planned without it.
        from infoplane.measures._image_search import search_images

        labels, network, rows = trained.evaluated_labels, trained.network, []
        first = np.unique(labels, return_index=True)[1]
        chosen = trained.evaluated_inputs[first[: self.images]]
        for epoch, parameters in trained.snapshots():
            rows += _rows(epoch, ORIGINAL, chosen, np.zeros(len(chosen)), searched=False)
            for layer in range(1, network.layers + 1):
                wanted = _values(network, layer, parameters, chosen)
                searched = layer > network.invertible_layers
                if searched:
                    found = search_images(
                        network,
                        parameters,
                        layer,
                        wanted,
                        trained.evaluated_inputs,
                        self.steps,
                        self.learning_rate,
                    )
                else:
                    found = network.inputs_from(layer, wanted, parameters)
                apart = np.linalg.norm(_values(network, layer, parameters, found) - wanted, axis=1)
                size = np.maximum(np.linalg.norm(wanted, axis=1), np.finfo(np.float32).tiny)
                rows += _rows(epoch, layer, found, apart / size, searched)
        names = ("image", "channel", "row", "column", "value", "distance", "searched")
        return columns_of(names, rows)


def _values(network: Network, layer: int, parameters: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return what a layer makes of images, the last one its net input, shape (images, units)."""
    return network.skeleton.layer_values(parameters, images)[layer - 1]


def _rows(
    epoch: int, layer: int, images: np.ndarray, distances: np.ndarray, searched: bool
) -> list[tuple]:
    """Lay out images as rows, one a pixel."""
    return [
        (epoch, layer, image, *place, float(value), float(distances[image]), int(searched))
        for (image, *place), value in np.ndenumerate(images)
    ]
