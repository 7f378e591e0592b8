"""HSIC: Song's formula, brute force, no bias under independence, bounds, refusals.

Products of a hundred samples in float64: 1e-12 leaves room for the order of the sums.
"""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoplane.estimators.kernels import gaussian_kernel, label_kernel, squared_distances
from infoplane.measures import make_measure
from infoplane.measures.dependence import Dependence, hsic, normalised_hsic

ROUNDING = 1e-12
HSIC = make_measure("dependence", label="hsic")


def kernel_of(values, width=1.0):
    return gaussian_kernel(squared_distances(values), width)


def sample(seed=0, samples=100):
    generator = np.random.default_rng(seed)
    labels = np.arange(samples) % 2
    return generator.standard_normal((samples, 2)) + 2 * labels[:, None], labels


def song(kernel_x, kernel_y):
    """Return the unbiased estimate by equation 5 of Song et al. (2012), term by term."""
    samples = len(kernel_x)
    a, b = (kernel * (1 - np.eye(samples)) for kernel in (kernel_x, kernel_y))
    one = np.ones(samples)
    sums = (one @ a @ one) * (one @ b @ one) / ((samples - 1) * (samples - 2))
    mixed = 2 * (one @ a @ b @ one) / (samples - 2)
    return (np.trace(a @ b) + sums - mixed) / (samples * (samples - 3))


def test_criterion_is_songs_formula():
    values, labels = sample()
    k, kernel_y = kernel_of(values), label_kernel(labels)
    assert hsic(k, kernel_y) == pytest.approx(song(k, kernel_y), abs=ROUNDING)


def test_criterion_is_the_mean_over_all_fours_of_different_samples():
    # The U-statistic's definition: no sample is paired with itself.
    values, labels = sample(samples=7)
    k, kernel_y = kernel_of(values), label_kernel(labels)
    fours = [
        k[i, j] * (kernel_y[i, j] + kernel_y[q, r] - 2 * kernel_y[i, q])
        for i, j, q, r in itertools.permutations(range(7), 4)
    ]
    assert hsic(k, kernel_y) == pytest.approx(np.mean(fours), abs=ROUNDING)


@pytest.mark.parametrize("criterion", [hsic, normalised_hsic])
def test_mean_over_all_orders_of_the_samples_is_zero(criterion):
    generator = np.random.default_rng(4)
    kernel_x, kernel_y = (kernel_of(generator.standard_normal((6, 2))) for _ in range(2))
    found = [
        criterion(kernel_x, kernel_y[np.ix_(order, order)])
        for order in map(list, itertools.permutations(range(6)))
    ]
    assert max(found) > 0.01
    assert np.mean(found) == pytest.approx(0, abs=ROUNDING)


GEOMETRIES = {
    "one unit": lambda generator: generator.standard_normal((100, 1)),
    "two points": lambda generator: generator.integers(0, 2, (100, 1)),
    "corners of a cube": lambda generator: np.sign(generator.standard_normal((100, 4))),
    "half-dead ReLU": lambda generator: np.maximum(generator.standard_normal((100, 5)), 0),
    "far outliers": lambda generator: generator.standard_cauchy((100, 3)),
    "many units": lambda generator: generator.standard_normal((100, 100)),
}


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_independence_is_zero_on_average_whatever_the_geometry(geometry):
    found = []
    for seed in range(100):
        generator = np.random.default_rng(seed)
        inputs = generator.integers(0, 2, (100, 12)).astype(float)
        labels = generator.integers(0, 2, 100)
        layer = np.asarray(GEOMETRIES[geometry](generator), dtype=float)
        of_layer = HSIC.of_inputs(inputs, layer, labels)
        found.append((of_layer.input_dependence, of_layer.label_dependence))
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / math.sqrt(len(found))
    # Four standard errors, of at most 0.002: the biased criterion is 0.05 to 0.42 here with X.
    assert np.all(np.abs(mean) < 4 * error)
    assert np.all(error < 0.002)
    assert np.min(found) < 0  # raw, not cut off


def test_normalised_criterion_is_one_for_equal_kernels():
    k = kernel_of(sample()[0])
    assert normalised_hsic(k, 3 * k) == pytest.approx(1, abs=ROUNDING)


def brute_force(inputs, layer, labels):
    """Return both dependences by Song's formula, median widths by a loop over pairs."""
    samples = len(labels)

    def kernel(values):
        pairs = [math.dist(values[a], values[b]) for a in range(samples) for b in range(a)]
        width = statistics.median(pairs)
        squared = ((values[:, None] - values[None]) ** 2).sum(axis=2)
        return np.exp(-squared / width**2)

    def normalised(a, b):
        return song(a, b) / math.sqrt(song(a, a) * song(b, b))

    alike = (labels[:, None] == labels[None]).astype(float)
    return normalised(kernel(layer), kernel(inputs)), normalised(kernel(layer), alike)


@settings(max_examples=30, deadline=None)
@given(st.integers(6, 30), st.integers(1, 4), st.integers(0, 2**31))
def test_estimator_against_songs_formula(samples, units, seed):
    generator = np.random.default_rng(seed)
    inputs, layer = generator.standard_normal((2, samples, units))
    labels = generator.permutation(np.arange(samples) % 2)
    found = HSIC.of_inputs(inputs, layer, labels)
    assert isinstance(found, Dependence)
    expected = brute_force(inputs, layer, labels)
    measured = (found.input_dependence, found.label_dependence)
    # Differences of sums of up to 900 terms, divided by spreads down to 1e-3.
    assert measured == pytest.approx(expected, abs=1e-10)
    assert -1 - ROUNDING <= min(measured) <= max(measured) <= 1 + ROUNDING


def test_a_layer_that_is_its_input_depends_on_it_fully():
    values, labels = sample()
    found = HSIC.of_inputs(values, 7 - 3 * values, labels)
    assert found.input_dependence == pytest.approx(1, abs=ROUNDING)
    assert 0 < found.label_dependence < 1


def test_shuffled_labels_depend_less():
    values, labels = sample()
    shuffled = np.random.default_rng(2).permutation(labels)
    ordered, chance = (
        HSIC.of_inputs(values, values, y).label_dependence for y in (labels, shuffled)
    )
    assert 1 >= ordered > 10 * abs(chance)


def test_order_of_the_samples_and_units_does_not_matter():
    values, labels = sample()
    order = np.random.default_rng(3).permutation(100)
    expected = HSIC.of_inputs(values[:, :1], values, labels)
    shuffled = HSIC.of_inputs(values[order, :1], values[order], labels[order])
    swapped = HSIC.of_inputs(values[:, :1], values[:, ::-1], labels)
    for found in (shuffled, swapped):
        assert found.input_dependence == pytest.approx(expected.input_dependence, abs=ROUNDING)
        assert found.label_dependence == pytest.approx(expected.label_dependence, abs=ROUNDING)


def test_labels_and_scales_are_only_names():
    values, labels = sample()
    renamed = np.where(labels == 0, 9, -4)
    found = HSIC.of_inputs(values, 1e-3 * values + 5, renamed).label_dependence
    # The shift takes three of sixteen digits from the distances.
    assert found == pytest.approx(HSIC.of_inputs(values, values, labels).label_dependence, abs=1e-9)


def test_a_constant_layer_depends_on_nothing():
    values, labels = sample()
    found = HSIC.of_inputs(values, np.full((100, 3), 0.7), labels)
    assert found.input_dependence == found.label_dependence == 0.0


def test_a_layer_where_one_sample_differs_shows_nothing():
    # Of one sample that differs no estimate without bias can tell whether that is chance.
    values, labels = sample()
    found = HSIC.of_inputs(values, np.eye(100)[:, :1], labels)
    assert found.input_dependence == found.label_dependence == 0.0


@pytest.mark.parametrize("ones", [50, 10])
def test_a_layer_of_two_points_follows_the_labels_that_they_are(ones):
    # With ten ones most pairs coincide: the median is 0, and the mean takes its place.
    labels = (np.arange(100) < ones).astype(int)
    layer = 2.0 * labels[:, None]
    found = HSIC.of_inputs(layer, layer, labels)
    assert found.label_dependence == pytest.approx(1, abs=ROUNDING)


def test_few_samples_stand_for_many():
    values, labels = sample(samples=2000)
    few, other = (
        make_measure("dependence", label="hsic", samples=400, seed=seed) for seed in (0, 1)
    )
    whole = make_measure("dependence", label="hsic", samples=2000)
    expected = whole.of_inputs(values, values, labels).label_dependence
    # Choices of 400 samples scatter by about 0.015.
    found = [each.of_inputs(values, values, labels).label_dependence for each in (few, other)]
    assert found[0] == pytest.approx(expected, abs=0.06)
    assert found[0] != found[1]


def test_what_is_constant_cannot_be_normalised():
    kernel = kernel_of(sample()[0])
    with pytest.raises(ValueError, match="kernel_y is the same for all samples"):
        normalised_hsic(kernel, np.ones((100, 100)))
    with pytest.raises(ValueError, match="kernel_x is the same for all samples"):
        normalised_hsic(np.eye(100), kernel)


def test_bad_kernels_inputs_and_parameters_are_refused():
    values, labels = sample()
    with pytest.raises(ValueError, match=r"kernel_x must be square, not of shape \(3, 4\)"):
        hsic(np.zeros((3, 4)), np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"kernel_y must have shape \(3, 3\), not \(4, 4\)"):
        hsic(np.eye(3), np.eye(4))
    with pytest.raises(ValueError, match="at least 4 samples are needed, not 3"):
        hsic(np.eye(3), np.eye(3))
    with pytest.raises(ValueError, match=r"labels must have shape \(99,\)"):
        HSIC.of_inputs(values[:-1], values, labels)
    with pytest.raises(ValueError, match="samples must be a whole number of at least 4, not 3"):
        make_measure("dependence", label="hsic", samples=3)
