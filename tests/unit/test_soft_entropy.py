"""Soft entropy: an independent slow version, closed forms, bounds, batches, refusals.

Entropies are sums of float64 terms of a few hundred to a few thousand samples; 1e-11 bits leaves
room for the order in which they are added.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoplane.estimators import make_estimator
from infoplane.estimators.soft_entropy import BLOCK_ROWS, directions, sphere_anchors

ROUNDING = 1e-11


def layer(samples=600, units=5, classes=3, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(samples) % classes)
    return generator.standard_normal((samples, units)) + labels[:, None], labels


def entropy(probabilities):
    return -sum(p * math.log2(p) for p in probabilities if p > 0)


def slow_information(activations, labels, anchors, temperature):
    """Follow the definition one pattern and anchor at a time, without any shift or block."""
    assigned = []
    for row in activations:
        length = math.sqrt(sum(value**2 for value in row))
        cosines = [sum(a * b for a, b in zip(row, point, strict=True)) for point in anchors]
        weights = [math.exp(cosine / (length or 1) / temperature) for cosine in cosines]
        assigned.append([weight / sum(weights) for weight in weights])

    def mean_entropy(rows):
        return entropy([sum(column) / len(rows) for column in zip(*rows, strict=True)])

    overall = mean_entropy(assigned)
    own = sum(entropy(row) for row in assigned) / len(assigned)
    within = 0.0
    for label in set(labels.tolist()):
        rows = [row for row, other in zip(assigned, labels, strict=True) if other == label]
        within += len(rows) / len(assigned) * mean_entropy(rows)
    return overall - own, overall - within


@pytest.mark.parametrize("temperature", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("units", [1, 2, 7])
def test_it_agrees_with_the_definition(units, temperature):
    activations, labels = layer(samples=120, units=units)
    activations[:9] = 0.0
    estimator = make_estimator("soft_entropy", anchors=12, temperature=temperature, seed=3)
    found = estimator(activations, labels)
    expected = slow_information(activations, labels, sphere_anchors(12, units, 3), temperature)
    assert (found.mi_input_bits, found.mi_label_bits) == pytest.approx(expected, abs=ROUNDING)


def test_the_leading_order_is_that_of_the_published_code():
    estimator = make_estimator("soft_entropy", anchors=100)
    assert estimator.softmax_temperature(10) == 1 / math.sqrt(20 * math.log(100))
    activations, labels = layer(units=10)
    given_it = make_estimator("soft_entropy", temperature=1 / math.sqrt(20 * math.log(100)))
    assert estimator(activations, labels) == given_it(activations, labels)


def test_anchors_are_drawn_from_the_sphere_and_depend_on_the_seed():
    points = sphere_anchors(4000, 3, 0)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=1e-15)
    # A coordinate of a uniform point has mean 0 and variance 1/3.
    assert np.abs(points.mean(axis=0)).max() < 4 / math.sqrt(3 * 4000)
    np.testing.assert_allclose((points**2).mean(axis=0), 1 / 3, atol=0.02)
    assert not np.array_equal(points, sphere_anchors(4000, 3, 1))
    activations, labels = layer()
    seeds = [make_estimator("soft_entropy", seed=seed)(activations, labels) for seed in (0, 1)]
    assert seeds[0] != seeds[1]


@pytest.mark.parametrize("value", [0.0, -2.5, 1e-30])
def test_equal_rows_tell_nothing(value):
    found = make_estimator("soft_entropy")(np.full((700, 4), value), np.arange(700) % 2)
    assert found.mi_input_bits == pytest.approx(0, abs=ROUNDING)
    assert found.mi_label_bits == pytest.approx(0, abs=ROUNDING)


def test_without_temperature_it_counts_nearest_anchors():
    generator = np.random.default_rng(5)
    points = sphere_anchors(16, 6, 0)
    nearest = generator.integers(0, 16, 900)
    labels = nearest % 2
    activations = points[nearest] * generator.uniform(0.1, 10, (900, 1))
    found = make_estimator("soft_entropy", anchors=16, temperature=1e-4)(activations, labels)
    assert found.mi_input_bits == pytest.approx(entropy(np.bincount(nearest) / 900), abs=ROUNDING)
    assert found.mi_label_bits == pytest.approx(entropy(np.bincount(labels) / 900), abs=ROUNDING)


def test_as_many_rows_as_anchors_reach_the_ceiling():
    points = sphere_anchors(64, 6, 0)
    found = make_estimator("soft_entropy", anchors=64, temperature=1e-4)(points, np.arange(64) % 2)
    assert found.mi_input_bits == pytest.approx(found.ceiling_bits, abs=ROUNDING)
    assert found.ceiling_bits == 6.0


@pytest.mark.parametrize(
    ("samples", "units", "ceiling"), [(600, 5, math.log2(100)), (64, 5, 6.0), (600, 1, 1.0)]
)
def test_the_ceiling_is_of_samples_anchors_and_the_two_directions_of_a_line(
    samples, units, ceiling
):
    assert make_estimator("soft_entropy")(*layer(samples, units)).ceiling_bits == ceiling


def test_a_high_temperature_tells_nothing_apart():
    found = make_estimator("soft_entropy", temperature=1e5)(*layer())
    assert 0 <= found.mi_input_bits + ROUNDING < 1e-9


def test_labels_without_the_layer_tell_next_to_nothing():
    activations, _ = layer(samples=4000, classes=2)
    labels = np.random.default_rng(9).integers(0, 2, 4000)
    assert 0 < make_estimator("soft_entropy")(activations, labels).mi_label_bits < 0.01


def test_rows_of_zeros_are_a_state_of_their_own():
    half = np.arange(400) % 2
    # One direction against none; sharp, its assignment is one anchor and that of zeros uniform.
    found = make_estimator("soft_entropy", anchors=8, temperature=1e-4)(half[:, None] * [0.3], half)
    positive = int((sphere_anchors(8, 1, 0) > 0).sum())
    mean = np.r_[np.full(positive, 0.5 / positive + 0.5 / 8), np.full(8 - positive, 0.5 / 8)]
    expected = entropy(mean) - (math.log2(positive) + 3) / 2
    assert found.mi_input_bits == pytest.approx(expected, abs=ROUNDING)
    assert found.mi_label_bits == pytest.approx(expected, abs=ROUNDING)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 90),
    st.integers(1, 6),
    st.integers(2, 40),
    st.floats(1e-3, 10),
    st.integers(0, 2**31),
)
def test_information_obeys_its_bounds(samples, units, anchors, temperature, seed):
    activations, labels = layer(samples, units, min(3, samples), seed)
    activations[np.random.default_rng(seed).random(samples) < 0.1] = 0.0
    estimator = make_estimator("soft_entropy", anchors=anchors, temperature=temperature, seed=seed)
    found = estimator(activations, labels)
    assert -ROUNDING <= found.mi_label_bits <= found.mi_input_bits + ROUNDING
    assert found.mi_label_bits <= entropy(np.bincount(labels) / samples) + ROUNDING
    assert found.mi_input_bits <= found.ceiling_bits + ROUNDING


@pytest.mark.parametrize("scale", [1e-200, 0.37, 2.0, 1e200])
def test_only_directions_count(scale):
    activations, labels = layer()
    estimator = make_estimator("soft_entropy")
    original, scaled = (estimator(values, labels) for values in (activations, scale * activations))
    lengths = np.random.default_rng(2).uniform(0.01, 100, (len(labels), 1))
    stretched = estimator(lengths * activations, labels)
    for other in (scaled, stretched):
        assert other.mi_input_bits == pytest.approx(original.mi_input_bits, abs=ROUNDING)
        assert other.mi_label_bits == pytest.approx(original.mi_label_bits, abs=ROUNDING)


def test_directions_have_length_one_whatever_the_size_of_the_values():
    rows = np.array([[3.0, 4.0], [3e-310, 4e-310], [3e300, -4e300], [0.0, 0.0]])
    expected = [[0.6, 0.8], [0.6, 0.8], [0.6, -0.8], [0.0, 0.0]]
    np.testing.assert_allclose(directions(rows), expected, rtol=1e-12)


def test_order_moves_rounding_alone_and_a_repeated_call_nothing():
    activations, labels = layer(samples=2 * BLOCK_ROWS + 77)
    estimator = make_estimator("soft_entropy")
    original = estimator(activations, labels)
    assert estimator(activations, labels) == original
    order = np.random.default_rng(4).permutation(len(labels))
    shuffled = estimator(activations[order], labels[order])
    assert shuffled.mi_input_bits == pytest.approx(original.mi_input_bits, abs=ROUNDING)
    assert shuffled.mi_label_bits == pytest.approx(original.mi_label_bits, abs=ROUNDING)


@pytest.mark.parametrize("cuts", [[1], [100, 500], list(range(50, 1100, 50)), [BLOCK_ROWS]])
def test_batches_add_up_to_the_whole(cuts):
    activations, labels = layer(samples=1101)
    # Sorted, so that most batches lack a label.
    order = np.argsort(labels, kind="stable")
    estimator = make_estimator("soft_entropy", anchors=30)
    seen = estimator.accumulator(units=5, classes=3)
    for rows in np.split(order, cuts):
        seen.add(activations[rows], labels[rows])
    whole, parts = estimator(activations, labels), seen.estimate()
    assert seen.sums.shape == (3, 30)
    assert seen.counts.tolist() == np.bincount(labels).tolist()
    assert parts.mi_input_bits == pytest.approx(whole.mi_input_bits, abs=ROUNDING)
    assert parts.mi_label_bits == pytest.approx(whole.mi_label_bits, abs=ROUNDING)
    assert parts.ceiling_bits == whole.ceiling_bits


def test_a_label_that_never_comes_moves_nothing():
    activations, labels = layer()
    estimator = make_estimator("soft_entropy")
    seen = estimator.accumulator(units=5, classes=9)
    seen.add(activations, labels)
    assert seen.estimate() == estimator(activations, labels)


@pytest.mark.parametrize(
    ("activations", "labels", "message"),
    [
        (np.ones((4, 3)), [0, 1, 0, 1], "must have 2 units, as the anchors have, not 3"),
        (np.ones((4, 2)), [0, 1, 0], r"4 whole numbers, one for each sample, not int64 of .*3"),
        (np.ones((4, 2)), [0.0, 1.0, 0.0, 1.0], "4 whole numbers.* not float64"),
        (np.ones((4, 2)), [0, 1, 2, 1], "from 0 to 1, not from 0 to 2"),
        (np.ones((4, 2)), [0, 1, -1, 1], "from 0 to 1, not from -1 to 1"),
        (np.full((4, 2), math.nan), [0, 1, 0, 1], "sample 0, unit 0 is nan"),
    ],
)
def test_bad_batches_are_refused_and_leave_no_trace(activations, labels, message):
    seen = make_estimator("soft_entropy").accumulator(units=2, classes=2)
    with pytest.raises(ValueError, match=message):
        seen.add(activations, np.array(labels))
    assert seen.counts.sum() == 0
    with pytest.raises(ValueError, match="at least 2 classes; 0 have been added"):
        seen.estimate()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"anchors": 1}, "anchors must be a whole number of at least 2, not 1"),
        ({"anchors": 10.0}, "anchors must be a whole number of at least 2, not 10.0"),
        ({"temperature": 0.0}, "temperature must be above 0, not 0.0"),
        ({"temperature": -0.1}, "temperature must be above 0, not -0.1"),
        ({"temperature": math.nan}, "temperature must be a finite number, not nan"),
        ({"temperature": 1e-13}, "temperature must be at least 1e-12, not 1e-13"),
        ({"temperature": "low"}, "temperature must be a number or 'leading_order', not 'low'"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_estimator("soft_entropy", **parameters)
