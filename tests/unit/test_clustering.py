"""Distances within and between classes: by hand, against scipy, invariants, refusals.

Sums of at most a few hundred thousand distances in float64 agree to 1e-12 of their size. In float32
every distance is rounded to about 1e-7 of its size, and so are sums of 256 of them.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from infoplane.measures.clustering import class_distances


def test_by_hand():
    activations = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 4.0]])
    distances = class_distances(activations, np.array([1, 1, 0]))
    assert distances.within == 5.0
    assert distances.between == pytest.approx((4.0 + 3.0) / 2, rel=1e-15)
    assert distances.ratio == pytest.approx(5.0 / 3.5, rel=1e-15)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-7), (np.float64, 1e-12)])
def test_agrees_with_scipy(classes, dtype, tolerance):
    generator = np.random.default_rng(classes)
    activations = generator.normal(size=(701, 7)).astype(dtype)
    labels = generator.integers(0, classes, 701)
    everything = cdist(activations, activations)
    same = labels[:, None] == labels
    apart = ~np.eye(701, dtype=bool)
    distances = class_distances(activations, labels)
    assert distances.within == pytest.approx(everything[same & apart].mean(), rel=tolerance)
    assert distances.between == pytest.approx(everything[~same].mean(), rel=tolerance)


def test_points_as_clusters():
    labels = np.array([0, 1, 0, 1])
    distances = class_distances(labels[:, None].astype(float), labels)
    assert (distances.within, distances.between, distances.ratio) == (0.0, 1.0, 0.0)


def test_classes_that_do_not_cluster_have_ratio_one():
    generator = np.random.default_rng(0)
    distances = class_distances(generator.normal(size=(2000, 3)), generator.integers(0, 2, 2000))
    # Both are means of the same distances over about a million pairs of 2000 points.
    assert distances.ratio == pytest.approx(1.0, abs=0.01)


def test_scale_order_and_names_of_classes():
    generator = np.random.default_rng(1)
    activations, labels = generator.normal(size=(90, 4)), generator.integers(0, 3, 90)
    distances = class_distances(activations, labels)
    order = generator.permutation(90)
    moved = class_distances(3.0 * activations[order] + 7.0, 10 - labels[order])
    assert moved.within == pytest.approx(3.0 * distances.within, rel=1e-12)
    assert moved.between == pytest.approx(3.0 * distances.between, rel=1e-12)


def test_what_is_not_there_is_nan():
    points = np.array([[0.0], [1.0]])
    assert np.isnan(class_distances(points, np.array([0, 1])).within)
    assert np.isnan(class_distances(np.zeros((4, 1)), np.array([0, 1, 0, 1])).ratio)


def test_refuses_nan_and_wrong_labels():
    with pytest.raises(ValueError, match="labels must be of at least 2 classes; all 2 are 3"):
        class_distances(np.array([[0.0], [1.0]]), np.array([3, 3]))
    with pytest.raises(ValueError, match="sample 1, unit 0 is nan"):
        class_distances(np.array([[0.0], [np.nan]]), np.array([0, 1]))
    with pytest.raises(ValueError, match="labels must have shape"):
        class_distances(np.zeros((3, 1)), np.array([0, 1]))
