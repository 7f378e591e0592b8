"""Information dropout: representations whose noise is paid for, of images with an occlusion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import (
    require_choice,
    require_positive,
    require_whole,
)
from infoplane.models._stacked import StackedModel
from infoplane.models.base import require_different, require_widths
from infoplane.tasks.base import Task, entropy_bits

ACTIVATIONS = ("relu", "softplus")


@dataclass(frozen=True)
class InformationDropoutModel(StackedModel):
    """Describe networks trained on cross-entropy plus beta times the cost of a noisy layer.

    The representation z is the last hidden layer f(x) times log-normal noise exp(alpha(x) n), n
    normal, where alpha(x) = 0.001 + largest_alpha sigmoid(a layer of its own). The loss of a sample
    is its cross-entropy plus beta times its cost. Of every image a square of brightness 1 hides a
    part; where it lies is the nuisance, drawn anew for each image of each batch.

    Parameters
    ----------
    betas : list of float
        Each at least 0.
    activation : str
        Of hidden layers, with the prior of z that belongs to it. ``relu``: log-uniform, the cost of
        a unit is log((largest_alpha + 0.001) / alpha), 0 at the largest noise. ``softplus``:
        log-normal with a mean and a deviation that each unit learns; the cost is the divergence
        from it.
    hidden : list of int
        Widths; the last is that of z.
    largest_alpha : float
        Above 0.
    occlusion : int
        Side of the square in pixels; it may lie wherever it is within the image.
    training_images : int
        Drawn by each initialisation; all others are the test set.
    steps, batch_size : int
        Of Adam, on the networks and then on the decoders.
    learning_rate : float
        A tenth from 70 % of the steps on, a hundredth from 90 % on.
    decoder_units : int
        In the hidden layer of each decoder.
    initialisations, seed : int
        Each has its own split, weights, batches and noise, the same for all betas.

    Notes
    -----
    A decoder is trained on noisy z of training images to tell the nuisance, the label, or the
    nuisance of another image. H less its cross-entropy on test images, in all places of the square,
    is a lower bound on the mutual information, but for the test images' sampling. With the proper
    prior the cost is an upper bound on I(z;x), and so on I(z;nuisance) + I(z;Y), for the two are
    independent.

    References
    ----------
    Achille & Soatto (2018), IEEE TPAMI, "Information dropout: learning optimal representations
    through noisy computation"; and the same (2018), JMLR, figure 4.
    """

    name: ClassVar[str] = "information_dropout"
    purposes: ClassVar[tuple[str, ...]] = ("split", "weights", "noise", "batches", "decoders")

    betas: Sequence[float]
    activation: str
    hidden: Sequence[int]
    largest_alpha: float
    occlusion: int
    training_images: int
    steps: int
    batch_size: int
    learning_rate: float
    decoder_units: int
    initialisations: int
    seed: int

    def __post_init__(self):
        counts = ("occlusion", "training_images", "steps", "batch_size", "decoder_units")
        for name in (*counts, "initialisations"):
            require_whole(name, getattr(self, name), at_least=1)
        require_whole("seed", self.seed, at_least=0)
        object.__setattr__(self, "betas", require_different("betas", self.betas))
        for beta in self.betas:
            require_positive("betas", beta)
        object.__setattr__(self, "hidden", require_widths("hidden", self.hidden))
        for name in ("largest_alpha", "learning_rate"):
            require_positive(name, getattr(self, name))
        require_choice("activation", self.activation, ACTIVATIONS)

    def check_task(self, input_shape: tuple[int, ...], classes: int) -> None:
        """Refuse tasks that are not of images larger than the square."""
        if len(input_shape) != 3 or input_shape[0] != 1:
            raise ValueError(f"occlusion is of images of one channel, not of inputs {input_shape}")
        side = min(input_shape[1:])
        if self.occlusion >= side:
            shape = " x ".join(map(str, input_shape[1:]))
            raise ValueError(
                f"occlusion must be smaller than the images of {shape}, 1 to {side - 1}, not "
                f"{self.occlusion}"
            )

    def solve(self, task: Task | None = None) -> dict[str, np.ndarray]:
        """Train all networks and their decoders; those of one initialisation are one stack.

        Parameters
        ----------
        task : Task
            Of images of one channel.

        Returns
        -------
        columns : dict of array
            ``init, beta``; ``cost_bits``, mean on the test set; ``nuisance_bits, label_bits,
            shuffled_bits``, what decoders find of the nuisance, of the label, and of the nuisance
            of another image; ``place_bits``, the nuisance's entropy; ``test_accuracy``; ``status``,
            ``ok`` or ``diverged``.

        Raises
        ------
        ValueError
            If the task has too few images, or too small ones.
        """
        self.check_task(task.inputs.shape[1:], task.classes)
        if len(task.labels) <= self.training_images:
            raise ValueError(
                f"training_images must be below the task's {len(task.labels)} patterns, not "
                f"{self.training_images}"
            )
        return self.solve_all(task)

    def solve_one(self, task: Task, init: int) -> dict[str, np.ndarray]:
        """Train the networks of one initialisation; measure them."""
        from infoplane.models._dropout_stack import Decoders, DropoutStack

        order = self.generator(init, "split").permutation(len(task.labels))
        training, test = np.split(order, [self.training_images])
        squares = squares_of(task.inputs.shape[-2:], self.occlusion)
        inputs = task.inputs.reshape(len(order), -1).astype(np.float32)
        images = OccludedImages(inputs[training], task.labels[training], squares)
        held_out = OccludedImages(inputs[test], task.labels[test], squares)
        stack = DropoutStack(self, inputs.shape[1], task.classes, init)
        stack.train(images, self.generator(init, "batches"))
        decoders = Decoders(stack, len(squares), init)
        decoders.train(images)
        found = decoders.evaluate(held_out)
        label_bits = float(entropy_bits(np.bincount(task.labels[test]) / len(test)))
        place_bits, nat = math.log2(len(squares)), 1 / math.log(2)
        finite = np.isfinite(np.stack(list(found.values()))).all(axis=0)
        return {
            "init": np.full(len(self.betas), init),
            "beta": np.array(self.betas, float),
            "cost_bits": found["cost"] * nat,
            "nuisance_bits": place_bits - found["nuisance"] * nat,
            "label_bits": label_bits - found["label"] * nat,
            "shuffled_bits": place_bits - found["shuffled"] * nat,
            "place_bits": np.full(len(self.betas), place_bits),
            "test_accuracy": found["accuracy"],
            "status": np.where(finite, "ok", "diverged"),
        }


@dataclass(frozen=True, eq=False)
class OccludedImages:
    """Hold images, their labels, and the squares of which one hides a part of each.

    Attributes
    ----------
    images : array of float32, shape (images, pixels)
    labels : array of int64, shape (images,)
    squares : array of bool, shape (places, pixels)
    """

    images: np.ndarray
    labels: np.ndarray
    squares: np.ndarray

    def occluded(self, chosen: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return some images, each with the square in a place: (chosen, pixels)."""
        return np.where(self.squares[places], np.float32(1), self.images[chosen])

    def drawn(self, generator: np.random.Generator, size: int) -> tuple[np.ndarray, ...]:
        """Draw a batch: which images, and where the square lies."""
        chosen = generator.integers(len(self.images), size=size)
        return chosen, generator.integers(len(self.squares), size=size)


def squares_of(shape: tuple[int, int], side: int) -> np.ndarray:
    """Return what a square hides in every place it may have.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the image.
    side : int

    Returns
    -------
    squares : array of bool, shape (places, height * width)
    """
    height, width = shape
    rows, columns = np.indices(shape)
    found = [
        (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
        for top in range(height - side + 1)
        for left in range(width - side + 1)
    ]
    return np.array(found).reshape(len(found), -1)
