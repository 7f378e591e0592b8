"""HSIC: the trace formula, brute force, permutations, bounds, refusals.

Products of a hundred samples in float64: 1e-12 leaves room for the order of the sums.
"""

from __future__ import annotations

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


def test_criterion_is_the_trace_of_the_centred_matrices():
    values, labels = sample()
    k, kernel_y = kernel_of(values), label_kernel(labels)
    centring = np.eye(100) - 1 / 100
    expected = np.trace(k @ centring @ kernel_y @ centring) / 99**2
    assert hsic(k, kernel_y) == pytest.approx(expected, abs=ROUNDING)


def test_linear_kernels_give_the_squared_covariance():
    x, y = np.random.default_rng(1).standard_normal((2, 80, 1))
    expected = np.cov(x[:, 0], y[:, 0])[0, 1] ** 2
    assert hsic(x @ x.T, y @ y.T) == pytest.approx(expected, abs=ROUNDING)
    correlation = np.corrcoef(x[:, 0], y[:, 0])[0, 1]
    assert normalised_hsic(x @ x.T, y @ y.T) == pytest.approx(correlation**2, abs=ROUNDING)


def test_normalised_criterion_is_one_for_equal_kernels():
    k = kernel_of(sample()[0])
    assert normalised_hsic(k, 3 * k) == pytest.approx(1, abs=ROUNDING)


def brute_force(inputs, layer, labels):
    """Return both dependences by the trace formula, median widths by a loop over pairs."""
    samples = len(labels)
    centring = np.eye(samples) - 1 / samples

    def kernel(values):
        pairs = [math.dist(values[a], values[b]) for a in range(samples) for b in range(a)]
        width = statistics.median(pairs)
        squared = ((values[:, None] - values[None]) ** 2).sum(axis=2)
        return np.exp(-squared / width**2)

    def trace(a, b):
        return np.trace(a @ centring @ b @ centring)

    def normalised(a, b):
        return trace(a, b) / math.sqrt(trace(a, a) * trace(b, b))

    alike = (labels[:, None] == labels[None]).astype(float)
    return normalised(kernel(layer), kernel(inputs)), normalised(kernel(layer), alike)


@settings(max_examples=30, deadline=None)
@given(st.integers(4, 30), st.integers(1, 4), st.integers(0, 2**31))
def test_estimator_against_the_trace_formula(samples, units, seed):
    generator = np.random.default_rng(seed)
    inputs, layer = generator.standard_normal((2, samples, units))
    labels = generator.permutation(np.arange(samples) % 2)
    found = HSIC.of_inputs(inputs, layer, labels)
    assert isinstance(found, Dependence)
    expected = brute_force(inputs, layer, labels)
    measured = (found.input_dependence, found.label_dependence)
    assert measured == pytest.approx(expected, abs=ROUNDING)
    assert -ROUNDING <= min(measured) <= max(measured) <= 1 + ROUNDING


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
    assert 1 >= ordered > 10 * chance > 0


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
    with pytest.raises(ValueError, match="kernel_y is the same for all samples"):
        normalised_hsic(np.eye(100), np.ones((100, 100)))
    with pytest.raises(ValueError, match="kernel_x is the same for all samples"):
        normalised_hsic(np.ones((100, 100)), np.eye(100))


def test_bad_kernels_inputs_and_parameters_are_refused():
    values, labels = sample()
    with pytest.raises(ValueError, match=r"kernel_x must be square, .* not \(3, 4\)"):
        hsic(np.zeros((3, 4)), np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"kernel_y must have shape \(3, 3\), not \(4, 4\)"):
        hsic(np.eye(3), np.eye(4))
    with pytest.raises(ValueError, match=r"labels must have shape \(99,\)"):
        HSIC.of_inputs(values[:-1], values, labels)
    with pytest.raises(ValueError, match="samples must be a whole number of at least 2, not 1"):
        make_measure("dependence", label="hsic", samples=1)
