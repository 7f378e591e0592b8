"""Which runs have the same networks, so that one of them is trained."""

import copy

import pytest

from pipeline.configuration import resolve_run
from pipeline.planning import trained_by

IMAGES = {
    "network": "convolutional",
    "input_shape": [1, 8, 8],
    "channels": [4],
    "kernel_size": 3,
    "pooling": 2,
    "dense_widths": [10],
    "activation": "relu",
    "initial_weights": "he",
}
TOKENS = {
    "network": "transformer",
    "input_shape": [12],
    "blocks": 1,
    "width": 8,
    "feed_forward": 16,
    "outputs": 2,
    "layer_norm": True,
    "activation": "gelu",
    "initial_weights": "glorot",
}
CONFIG = {
    "inits_per_chunk": 5,
    "defaults": {
        "task": "some",
        "seed": 1,
        "initialisations": 10,
        "gradient_batch_size": 50,
        "optimizer": "adam",
        "learning_rate": 0.01,
        "epochs": 10,
        "snapshots": 5,
        "training_fraction": 0.8,
    },
    "protocols": {"images": IMAGES, "tokens": TOKENS},
}


def shared(runs: dict) -> dict[str, str]:
    """Return which runs another one trains, each with that."""
    config = copy.deepcopy(CONFIG) | {"runs": runs}
    return trained_by({name: resolve_run(config, name) for name in runs})


@pytest.mark.parametrize("protocol", ["images", "tokens"])
def test_runs_that_differ_in_what_is_measured_are_trained_once_by_the_first(protocol):
    means = {"protocol": protocol, "representation": "mean"}
    runs = {"all": {"protocol": protocol}, "means": means, "means_again": means}
    assert shared(runs) == {"means": "all", "means_again": "all"}
    reordered = {name: runs[name] for name in ("means", "all")}
    assert shared(reordered) == {"all": "means"}


@pytest.mark.parametrize(
    "change",
    [
        {"task": "other"},
        {"seed": 2},
        {"initialisations": 5},
        {"channels": [8]},
        {"activation": "tanh"},
        {"optimizer": "sgd"},
        {"batch_size": 100},
        {"epochs": 11},
        {"snapshots": 6},
        {"training_fraction": 0.5},
    ],
    ids=str,
)
def test_runs_that_differ_in_anything_of_their_training_are_each_trained(change):
    means = {"protocol": "images", "representation": "mean"}
    assert shared({"all": {"protocol": "images"}, "means": means | change}) == {}


def test_gradients_are_measured_later_and_have_no_part_in_training():
    runs = {"all": {"protocol": "images"}, "wide": {"protocol": "images", "gradient_batch_size": 9}}
    assert shared(runs) == {"wide": "all"}
