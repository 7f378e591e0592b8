"""What several tests need: small records of a training, and a stand-in for Snakemake's object."""

from types import SimpleNamespace

import numpy as np

from infoplane.networks import Network, make_network
from infoplane.tasks import TASKS, ImageSet
from infoplane.training.records import Optimizer, Schedule


class Named(dict):
    """A dictionary whose items are attributes too, like Snakemake's named lists."""

    __getattr__ = dict.__getitem__


def network(**changes) -> Network:
    """Return a small network with some parameters changed, dense unless they are another's."""
    dense = {
        "widths": (12, 8, 5, 2),
        "activation": "tanh",
        "output": "softmax",
        "initial_weights": "glorot",
    }
    special = {
        "quantisation_bits": "quantised",
        "noise_standard_deviation": "noisy",
        "relative_noise": "gaussian_dropout",
    }
    name = next((special[change] for change in changes if change in special), "dense")
    return make_network(name, **{**dense, **changes})


def convolutional() -> Network:
    """Return a small network for images."""
    return make_network(
        "convolutional",
        input_shape=(1, 8, 8),
        channels=(2,),
        kernel_size=3,
        pooling=2,
        dense_widths=(2,),
        activation="tanh",
        initial_weights="glorot",
    )


def image_set(rule: str, each: int = 3) -> ImageSet:
    """Return a small image set in the form of a public one, so many images of each class."""
    member, generator = TASKS.member(rule), np.random.default_rng(1)
    parts = []
    for _ in range(2):
        labels = generator.permutation(np.repeat(np.arange(member.classes, dtype=np.uint8), each))
        pixels = generator.integers(256, size=(len(labels), *member.image_shape), dtype=np.uint8)
        parts += [pixels, labels]
    return ImageSet(*parts)


def invertible() -> Network:
    """Return a small network of two coupling blocks for twelve numbers."""
    return make_network(
        "invertible",
        input_shape=(12, 1, 1),
        squeezes=(1,),
        blocks=(2,),
        inner_channels=(3,),
        kernel_size=1,
        outputs=2,
        activation="tanh",
        initial_weights="glorot",
    )


def optimizer(**changes) -> Optimizer:
    """Return an optimiser, with some of it changed."""
    return Optimizer(
        **{"optimizer": "adam", "learning_rate": 0.01, "batch_size": 64, "weight_decay": 0.0}
        | changes
    )


def schedule(**changes) -> Schedule:
    """Return a short schedule, with some of it changed."""
    return Schedule(**{"epochs": 10, "snapshots": 5, "training_fraction": 0.8} | changes)


def stand_in(input=None, output=None, params=None, wildcards=None, log="stage.log"):
    """Return an object with what a stage's main function reads from Snakemake's."""
    return SimpleNamespace(
        input=Named(input or {}),
        output=Named(output or {}),
        params=Named(params or {}),
        wildcards=Named(wildcards or {}),
        log=[log],
        threads=1,
        rule="stage",
    )
