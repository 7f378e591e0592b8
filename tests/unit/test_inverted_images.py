"""Images had back from layers: exactly where that can be, else by a search."""

import numpy as np
import pytest

from infoplane.measures import make_measure
from infoplane.measures._image_search import search_images
from infoplane.networks import make_network
from tests.support import convolutional, invertible, network
from tests.unit.test_measures import trained

SETTINGS = {"images": 3, "steps": 30, "learning_rate": 0.05}
DRAWS = np.random.default_rng(0)
IMAGES = DRAWS.random((20, 1, 8, 8), dtype=np.float32)
LABELS = np.repeat([2, 0, 1, 3], 5)


def rows_of(of, **changes):
    """Return what is measured of one network's only snapshot."""
    kept = {"inputs": IMAGES, "labels": LABELS, "epochs": np.array([4])}
    measure = make_measure("inverted_images", label="l", **SETTINGS | changes)
    return measure.measure(trained(of, **kept))


def images_of(found, layer):
    own = found["layer"] == layer
    return found["value"][own].reshape(-1, *IMAGES.shape[1:])


def test_layer_0_is_the_first_image_of_each_class():
    found = rows_of(convolutional(), steps=1)
    np.testing.assert_array_equal(images_of(found, 0), IMAGES[[5, 10, 0]])
    pixel = [found[name][8 * 8 + 9] for name in ("image", "channel", "row", "column")]
    assert pixel == [1, 0, 1, 1]


def test_hidden_layers_of_an_invertible_network_give_the_image_back():
    of = make_network(
        "invertible",
        input_shape=(1, 8, 8),
        squeezes=(2,),
        blocks=(2,),
        inner_channels=(3,),
        kernel_size=3,
        outputs=4,
        activation="relu",
        initial_weights="he",
    )
    found = rows_of(of, steps=1)
    for layer in (1, 2):
        assert images_of(found, layer) == pytest.approx(images_of(found, 0), abs=1e-5)
    searched = {layer: set(found["searched"][found["layer"] == layer]) for layer in range(4)}
    assert searched == {0: {0}, 1: {0}, 2: {0}, 3: {1}}
    assert (found["distance"][found["layer"] < 3] < 1e-5).all()


def test_a_search_in_a_layer_that_loses_nothing_finds_the_image():
    # The first layer of a bijection, as if it could not be inverted.
    of = invertible()
    parameters = of.initial_parameters(np.random.default_rng(1))
    inputs = DRAWS.random((6, 12, 1, 1), dtype=np.float32)
    wanted = of.skeleton.layer_values(parameters, inputs)[0]
    found = search_images(of, parameters, 1, wanted, inputs, 300, 0.05)
    assert found == pytest.approx(inputs, abs=0.01)


def test_longer_searches_come_closer_and_keep_to_the_pixels():
    short, long = (rows_of(convolutional(), steps=steps) for steps in (1, 100))
    last = short["layer"] == 2
    assert long["distance"][last].max() < 0.3 * short["distance"][last].max()
    assert long["value"].min() >= IMAGES.min()
    assert long["value"].max() <= IMAGES.max()
    # Of 64 pixels two numbers tell little: most of the image is not had back.
    assert np.abs(images_of(long, 2) - images_of(long, 0)).mean() > 0.1


def test_networks_without_images_are_refused():
    measure = make_measure("inverted_images", label="l", **SETTINGS)
    assert "channels, height and width" in measure.refusal(network())
    assert measure.refusal(convolutional()) == measure.refusal(invertible()) == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": 0}, "images must be a whole number of at least 1"),
        ({"steps": 0}, "steps must be a whole number of at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
    ],
)
def test_impossible_parameters_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make_measure("inverted_images", label="l", **SETTINGS | changes)
