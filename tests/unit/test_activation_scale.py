"""The scale of activations, against its definition and under changes that it follows."""

import numpy as np

from infoplane.measures.activation_scale import ActivationScaleMeasure
from infoplane.measures.base import TrainedNetwork
from tests.support import network


def measured(scale=1.0):
    small = network(widths=(12, 3, 2), activation="linear")
    vector = small.initial_parameters(np.random.default_rng(0))
    small.weights(vector)[0][...] *= scale
    inputs = np.random.default_rng(1).normal(size=(30, 12)).astype(np.float32)
    trained = TrainedNetwork(
        small, inputs, np.arange(30) % 2, 0, 1, np.arange(20), np.array([0, 5]), lambda _: vector
    )
    return ActivationScaleMeasure("some").measure(trained), small.weights(vector)[0], inputs


def test_it_is_the_root_of_the_mean_variance():
    table, weights, inputs = measured()
    assert table["epoch"].tolist() == [0, 0, 5, 5]
    assert table["layer"].tolist() == [1, 2, 1, 2]
    expected = np.sqrt(np.mean([np.var(inputs @ row) for row in weights]))
    np.testing.assert_allclose(table["deviation"][::2], expected, rtol=1e-5)


def test_it_grows_with_the_layer():
    np.testing.assert_allclose(
        measured(3.0)[0]["deviation"][0], 3 * measured()[0]["deviation"][0], rtol=1e-5
    )
