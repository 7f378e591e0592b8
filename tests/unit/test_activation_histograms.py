"""Histograms of activations: by hand, sums of 1, scales of the layer's own."""

import numpy as np
import pytest

from infoplane.measures import make_measure
from infoplane.measures.activation_histograms import shares
from tests.unit.test_measures import trained

EDGES = np.linspace(-1, 1, 5)


def test_shares_by_hand():
    values = np.array([[-4.0, -1.0], [0.0, 1.0], [4.0, 3.0]])
    np.testing.assert_array_equal(shares(values, 4.0, EDGES), [1 / 6, 1 / 6, 2 / 6, 2 / 6])


def test_a_dead_layer_is_at_0():
    np.testing.assert_array_equal(shares(np.zeros((3, 2)), 0.0, EDGES), [0, 0, 1, 0])


@pytest.mark.parametrize("bins", [2, 7])
def test_every_value_is_in_a_bin_of_its_layer(bins):
    of = trained()
    found = make_measure("activation_histograms", label="label", bins=bins).measure(of)
    sums = found["share"].reshape(len(of.epochs), of.network.layers, bins).sum(axis=2)
    np.testing.assert_allclose(sums, 1.0, rtol=1e-12)
    largest = [
        max(np.abs(layers[place]).max() for _, layers in of.layers())
        for place in range(of.network.layers)
    ]
    scales = found["scale"].reshape(len(of.epochs), of.network.layers, bins)
    np.testing.assert_allclose(scales, np.broadcast_to(np.array(largest)[:, None], scales.shape))
    assert found["relative_value"][:bins] == pytest.approx((np.arange(bins) + 0.5) / bins * 2 - 1)
