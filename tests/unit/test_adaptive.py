"""Adaptive bins and noise: equal counts, an independent version, invariance to scale, refusals.

Entropies are sums of at most a few thousand float64 terms; 1e-12 bits leaves room for the order
in which they are added. Equality of interval numbers is exact.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoplane.estimators import make_estimator
from infoplane.estimators.adaptive import equal_count_codes, published_code_codes

ROUNDING = 1e-12


def relu_layer(seed, samples=200, units=3):
    values = np.random.default_rng(seed).standard_normal((samples, units)).astype(np.float32)
    return np.maximum(values, 0)


def labels_of(samples):
    return np.arange(samples) % 2


def codes_of_published_code(activations, bins):
    """Follow the published code's edges and digitisation step by step."""
    low = 0.0 if activations.min() >= 0 else -np.inf
    unique = np.setdiff1d(np.unique(activations), [low])
    edges = [low]
    if unique.size:
        edges += [unique[k * unique.size // bins] for k in range(bins)] + [unique[-1]]
    return np.digitize(activations, np.array(edges)) - 1


@settings(max_examples=50)
@given(st.integers(2, 40), st.integers(1, 300), st.integers(0, 2**31))
def test_intervals_hold_equally_many_unique_values(bins, samples, seed):
    generator = np.random.default_rng(seed)
    activations = generator.integers(0, 100, (samples, 2)).astype(float)
    values = np.unique(activations)
    codes = equal_count_codes(values[:, None], bins)[:, 0]
    counts = np.bincount(codes)
    assert len(counts) == min(bins, len(values))
    assert counts.max() - counts.min() <= 1
    assert (np.diff(codes) >= 0).all()
    expected = codes[np.searchsorted(values, activations)]
    np.testing.assert_array_equal(equal_count_codes(activations, bins), expected)


def test_distinct_values_of_one_unit_give_the_logarithm_of_the_bins():
    activations = np.random.default_rng(0).permutation(4096)[:, None] / 4096
    estimate = make_estimator("adaptive", bins=32)(activations, np.arange(4096) % 2)
    assert estimate.mi_input_bits == pytest.approx(5.0, abs=ROUNDING)
    assert estimate.ceiling_bits == 5.0


def test_a_saturated_value_counts_once():
    activations = np.concatenate([np.ones(900), np.arange(100) / 100])[:, None]
    codes = equal_count_codes(activations, 101)[:, 0]
    assert len(set(codes[900:].tolist())) == 100
    assert set(codes[:900].tolist()) == {100}


@pytest.mark.parametrize("edges", ["paper", "published_code"])
def test_increasing_maps_change_nothing(edges):
    activations = np.random.default_rng(1).standard_normal((300, 4)) + 10
    estimator = make_estimator("adaptive", bins=7, edges=edges)
    labels = labels_of(300)
    assert estimator(activations, labels) == estimator(np.exp(activations), labels)


@pytest.mark.parametrize("edges", ["paper", "published_code"])
def test_a_constant_layer_has_no_information(edges):
    for value in (0.0, 0.7):
        estimate = make_estimator("adaptive", edges=edges)(np.full((64, 3), value), labels_of(64))
        assert estimate.mi_input_bits == 0.0
        assert estimate.mi_label_bits == pytest.approx(0.0, abs=ROUNDING)


@settings(max_examples=50)
@given(st.integers(2, 40), st.integers(0, 2**31), st.booleans())
def test_published_code_is_followed(bins, seed, rectified):
    generator = np.random.default_rng(seed)
    activations = generator.integers(-20, 20, (40, 3)) / 8
    if rectified:
        activations = np.maximum(activations, 0)
    expected = codes_of_published_code(activations, bins)
    np.testing.assert_array_equal(published_code_codes(activations, bins), expected)


def test_published_code_keeps_zeros_and_the_largest_value_apart():
    activations = relu_layer(2)
    codes = published_code_codes(activations, 30)
    np.testing.assert_array_equal(codes == 0, activations == 0)
    np.testing.assert_array_equal(codes == 31, activations == activations.max())
    assert (equal_count_codes(activations, 30)[activations == 0] == 0).all()
    assert ((equal_count_codes(activations, 30) == 0) & (activations > 0)).any()


@pytest.mark.parametrize("bound", ["upper", "lower"])
def test_scaled_noise_is_fixed_noise_at_the_scaled_variance(bound):
    activations, labels = relu_layer(3), labels_of(200)
    largest = float(activations.max())
    for scales, variance in (("variance", 0.1 * largest), ("deviation", (0.1 * largest) ** 2)):
        scaled = make_estimator("kde_scaled", fraction=0.1, bound=bound, scales=scales)
        fixed = make_estimator("kde", noise_variance=variance, bound=bound)
        assert scaled(activations, labels) == fixed(activations, labels)


def test_scaled_deviation_does_not_depend_on_the_unit_of_measurement():
    activations, labels = relu_layer(4), labels_of(200)
    estimator = make_estimator("kde_scaled", fraction=0.05, scales="deviation")
    reference = estimator(activations, labels)
    scaled = estimator(activations * 4, labels)
    # Scaling by a power of two commutes with rounding except inside the kernel's exponent.
    assert scaled.mi_input_bits == pytest.approx(reference.mi_input_bits, abs=1e-6)
    assert scaled.mi_label_bits == pytest.approx(reference.mi_label_bits, abs=1e-6)


def test_a_dead_layer_has_no_information_at_any_noise():
    estimate = make_estimator("kde_scaled", fraction=0.1)(np.zeros((64, 5)), labels_of(64))
    assert (estimate.mi_input_bits, estimate.mi_label_bits) == (0.0, 0.0)
    assert estimate.ceiling_bits == math.log2(64)


@pytest.mark.parametrize(
    ("method", "parameters", "message"),
    [
        ("adaptive", {"bins": 1}, r"bins must be .* at least 2, not 1"),
        ("adaptive", {"bins": 2.5}, r"bins must be a whole number .* not 2.5"),
        ("adaptive", {"bins": True}, r"bins must be a whole number .* not True"),
        ("adaptive", {"edges": "quantile"}, r"edges must be one of 'paper', 'published_code'"),
        ("kde_scaled", {"fraction": 0.0}, r"fraction must be above 0, not 0.0"),
        ("kde_scaled", {"fraction": math.nan}, r"fraction must be a finite number, not nan"),
        ("kde_scaled", {"fraction": 0.1, "bound": "middle"}, r"bound must be one of .*'middle'"),
        ("kde_scaled", {"fraction": 0.1, "scales": "range"}, r"scales must be one of .*'range'"),
    ],
)
def test_bad_parameters_are_refused(method, parameters, message):
    with pytest.raises(ValueError, match=message):
        make_estimator(method, **parameters)
