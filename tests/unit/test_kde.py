"""Kernel-density bounds: closed forms, a float64 brute force, limits, invariants, refusals.

Tolerances: the kernels are float32, their sums are accurate to a few 1e-7 relative, which is
1e-6 bits in a logarithm. `ACCURACY` is the 1e-5 bits that the estimator promises.
"""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoplane.estimators import make_estimator
from infoplane.estimators._kde_kernels import BLOCK, LANES, TILE, negative_power_of_two
from infoplane.estimators.kde import kde_bounds
from infoplane.tasks.icosahedron import szt_task

ACCURACY = 1e-5
# Stated for distances from products.
WIDE_ACCURACY = 1e-3
DIVISORS = {"upper": 2.0, "lower": 8.0}


def brute_force(activations, labels, noise_variance):
    """Return {bound: (I(X;T), I(T;Y))} in bits from the whole matrix of pairs in float64."""
    values = activations.astype(np.float64)
    squares = sum((unit[:, None] - unit) ** 2 for unit in values.T)
    results = {}
    for bound, divisor in DIVISORS.items():
        kernels = np.exp(-squares / (divisor * noise_variance))
        mi_input = -np.log2(kernels.mean(axis=1)).mean()
        conditional = 0.0
        for label in np.unique(labels):
            chosen = labels == label
            within = kernels[np.ix_(chosen, chosen)]
            conditional -= chosen.mean() * np.log2(within.mean(axis=1)).mean()
        results[bound] = (mi_input, mi_input - conditional)
    return results


def assert_agrees(estimates, expected, tolerance=ACCURACY):
    for bound, (mi_input, mi_label) in expected.items():
        assert estimates[bound].mi_input_bits == pytest.approx(mi_input, abs=tolerance)
        assert estimates[bound].mi_label_bits == pytest.approx(mi_label, abs=tolerance)


def layer(kind, samples, units, scale, seed=0):
    net_input = np.random.default_rng(seed).normal(0, 1.5, (samples, units))
    shapes = {
        "tanh": np.tanh(net_input),
        "relu": np.maximum(net_input, 0),
        "linear": net_input + 10,
        "clusters": np.sign(net_input),
    }
    return (scale * shapes[kind]).astype(np.float32)


# Closed forms and limits


def test_two_points_by_hand():
    distance, noise_variance = 0.8, 0.1
    activations = np.array([[0.0, 0.1], [distance, 0.1]])
    estimates = kde_bounds(activations, np.array([0, 1]), noise_variance)
    for bound, divisor in DIVISORS.items():
        kernel = math.exp(-(distance**2) / (divisor * noise_variance))
        expected = 1 - math.log2(1 + kernel)
        assert estimates[bound].mi_input_bits == pytest.approx(expected, abs=1e-6)
        # Each label is one sample, known once T is known but for the noise: I(T;Y) = I(X;T).
        assert estimates[bound].mi_label_bits == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("samples", [2, 3, 1000])
@pytest.mark.parametrize("units", [1, 4])
def test_a_constant_layer_gives_exactly_zero(samples, units):
    activations = np.full((samples, units), 0.3, np.float32)
    for estimate in kde_bounds(activations, np.arange(samples) % 3, 0.1).values():
        assert estimate.mi_input_bits == 0.0
        assert estimate.mi_label_bits == 0.0


def test_patterns_far_apart_give_log2_samples_and_the_label_entropy():
    task = szt_task()
    activations = task.inputs.astype(np.float32) * 100
    for estimate in kde_bounds(activations, task.labels, 0.1).values():
        assert estimate.mi_input_bits == pytest.approx(12.0, abs=1e-12)
        assert estimate.mi_label_bits == pytest.approx(0.99916, abs=5e-6)
        assert estimate.ceiling_bits == 12.0


def test_much_noise_leaves_no_information():
    activations, labels = layer("tanh", 500, 5, 1.0), np.arange(500) % 2
    for estimate in kde_bounds(activations, labels, 1e6).values():
        assert estimate.mi_input_bits == pytest.approx(0.0, abs=ACCURACY)
        assert estimate.mi_label_bits == pytest.approx(0.0, abs=ACCURACY)


def test_bounds_enclose_a_mixture_integrated_numerically():
    centres = np.array([-1.0, -0.9, -0.2, 0.1, 0.6, 0.65])
    noise_variance = 0.02
    grid = np.linspace(-3, 3, 20001)
    density = np.exp(-((grid[:, None] - centres) ** 2) / (2 * noise_variance)).mean(axis=1)
    density /= math.sqrt(2 * math.pi * noise_variance)
    step = grid[1] - grid[0]
    entropy = -(density[density > 0] * np.log2(density[density > 0])).sum() * step
    exact = entropy - 0.5 * math.log2(2 * math.pi * math.e * noise_variance)
    estimates = kde_bounds(centres[:, None], np.arange(6) % 2, noise_variance)
    assert estimates["lower"].mi_input_bits < exact < estimates["upper"].mi_input_bits


# Brute force


@pytest.mark.parametrize("noise_variance", [1e-3, 1e-2, 1e-1, 1.0])
@pytest.mark.parametrize("scale", [1.0, 10.0, 100.0])
@pytest.mark.parametrize("kind", ["tanh", "relu", "linear", "clusters"])
def test_agrees_with_all_pairs_in_float64(kind, scale, noise_variance):
    activations = layer(kind, 300, 5, scale)
    labels = np.random.default_rng(1).integers(0, 2, 300)
    estimates = kde_bounds(activations, labels, noise_variance)
    assert_agrees(estimates, brute_force(activations, labels, noise_variance))


@pytest.mark.parametrize("kind", ["tanh", "clusters"])
def test_agrees_on_a_layer_of_the_papers_size(kind):
    activations = layer(kind, 4096, 10, 1.0)
    activations[1::2] = activations[::2]
    labels = szt_task().labels
    assert_agrees(kde_bounds(activations, labels, 0.1), brute_force(activations, labels, 0.1), 2e-6)


@pytest.mark.parametrize("units", [1, 2, 3, 10, 15, 16, 23, 40])
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_any_number_of_units_and_classes(units, classes):
    activations = layer("tanh", 200, units, 1.0)
    labels = np.random.default_rng(2).integers(0, classes, 200)
    assert_agrees(kde_bounds(activations, labels, 0.1), brute_force(activations, labels, 0.1))


@pytest.mark.parametrize(("units", "scale"), [(127, 1.0), (128, 1.0), (200, 0.05), (300, 1.0)])
@pytest.mark.parametrize("kind", ["tanh", "relu"])
def test_wide_layers_agree_with_all_pairs_in_float64(kind, units, scale):
    activations = layer(kind, 700, units, scale) * np.float32(0.3)
    # Classes of sizes around a block's; some rows twice, at distance 0.
    activations[600:650] = activations[:50]
    labels = np.minimum(np.arange(700) // 520, 1)
    found, expected = kde_bounds(activations, labels, 0.1), brute_force(activations, labels, 0.1)
    assert_agrees(found, expected, WIDE_ACCURACY)


@pytest.mark.parametrize("far", [0.0, 1e3])
def test_wide_layers_with_large_values_are_multiplied_in_double_precision(far):
    activations = layer("relu", 300, 130, 40.0)
    activations[1::2] = activations[::2] + np.float32(0.01)
    activations += np.float32(far)
    labels = np.arange(300) % 3
    expected = brute_force(activations, labels, 0.1)
    assert_agrees(kde_bounds(activations, labels, 0.1), expected, WIDE_ACCURACY)
    assert expected["upper"][0] == pytest.approx(np.log2(150), abs=0.1)


@pytest.mark.parametrize(
    "counts",
    [
        (1, 1),
        (TILE, TILE),
        (TILE + 1, TILE - 1),
        (LANES, 1),
        (BLOCK + TILE + 1, 3),
        (5, BLOCK + TILE),
        (1, 2 * TILE + LANES + 1, 17),
    ],
)
def test_label_segments_around_the_sizes_of_tiles_and_blocks(counts):
    labels = np.random.default_rng(3).permutation(np.repeat(np.arange(len(counts)), counts))
    activations = layer("tanh", len(labels), 3, 1.0)
    assert_agrees(kde_bounds(activations, labels, 0.1), brute_force(activations, labels, 0.1))


@pytest.mark.parametrize("noise_variance", [1e-3, 1e-1])
def test_float64_differences_far_from_zero_keep_their_precision(noise_variance):
    activations = 1e6 + np.random.default_rng(4).normal(0, 0.3, (200, 3))
    labels = np.arange(200) % 2
    estimates = kde_bounds(activations, labels, noise_variance)
    assert_agrees(estimates, brute_force(activations, labels, noise_variance))


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_the_type_of_the_activations_does_not_matter(dtype):
    activations = layer("tanh", 200, 4, 1.0).astype(np.float16)
    labels = np.arange(200) % 2
    expected = kde_bounds(activations.astype(np.float32), labels, 0.1)
    estimates = kde_bounds(activations.astype(dtype), labels, 0.1)
    for bound in DIVISORS:
        # Distances of half-precision numbers round differently in float32 and float64.
        assert estimates[bound].mi_input_bits == pytest.approx(
            expected[bound].mi_input_bits, abs=1e-6
        )


@pytest.mark.parametrize("size", [1e-25, 1e-10, 1e10, 1e25])
def test_units_of_measurement_cancel(size):
    activations = layer("tanh", 200, 4, 1.0).astype(np.float64)
    labels = np.arange(200) % 2
    scaled = (activations * size).astype(np.float32)
    estimates = kde_bounds(scaled, labels, 0.1 * size**2)
    assert_agrees(estimates, brute_force(activations, labels, 0.1))


def test_distances_that_overflow_float32_count_as_infinite():
    activations = np.array([[-3e38], [3e38], [0.0]], np.float32)
    for estimate in kde_bounds(activations, np.array([0, 1, 0]), 0.1).values():
        assert estimate.mi_input_bits == pytest.approx(math.log2(3), abs=1e-12)


def test_negative_powers_of_two_over_the_whole_range():
    exponents = np.concatenate(
        [np.linspace(0, 126, 20001), np.geomspace(1e-30, 1, 1000), np.arange(127)]
    ).astype(np.float32)
    powers = np.array([negative_power_of_two(x) for x in exponents], np.float64)
    exact = 2.0 ** -exponents.astype(np.float64)
    # 9.4e-8 of the polynomial and one and a half roundings of 6e-8.
    assert np.abs(powers / exact - 1).max() < 2e-7
    assert negative_power_of_two(np.float32(0)) == 1
    for exponent in (np.float32(126), np.float32(1e30), np.float32(np.inf)):
        assert negative_power_of_two(exponent) == np.float32(2.0**-126)


# Invariants


layers = st.tuples(
    st.sampled_from(["tanh", "relu", "linear", "clusters"]),
    st.integers(2, 150),
    st.integers(1, 5),
    st.sampled_from([0.1, 1.0, 30.0]),
    st.integers(0, 2**31),
)
variances = st.sampled_from([1e-3, 1e-1, 10.0])


@given(layers, variances)
@settings(max_examples=60, deadline=None)
def test_order_of_samples_units_and_labels_does_not_matter(parameters, noise_variance):
    activations, generator = layer(*parameters), np.random.default_rng(parameters[-1])
    labels = generator.permutation(np.arange(len(activations)) % 3)
    order = generator.permutation(len(labels))
    units = generator.permutation(activations.shape[1])
    renamed = generator.permutation(5)[labels]
    estimates = kde_bounds(activations, labels, noise_variance)
    others = kde_bounds(activations[order][:, units], renamed[order], noise_variance)
    for bound, estimate in estimates.items():
        # Only the order of float32 sums differs.
        assert others[bound].mi_input_bits == pytest.approx(estimate.mi_input_bits, abs=2e-6)
        assert others[bound].mi_label_bits == pytest.approx(estimate.mi_label_bits, abs=2e-6)


@given(layers, variances)
@settings(max_examples=60, deadline=None)
def test_the_lower_bound_is_below_the_upper_and_both_below_the_ceiling(parameters, variance):
    activations = layer(*parameters)
    estimates = kde_bounds(activations, np.arange(len(activations)) % 2, variance)
    lower, upper = estimates["lower"], estimates["upper"]
    assert lower.mi_input_bits >= -2e-6
    assert lower.mi_input_bits <= upper.mi_input_bits + 2e-6
    assert upper.mi_input_bits <= upper.ceiling_bits + 2e-6


@given(layers)
@settings(max_examples=30, deadline=None)
def test_more_noise_and_fewer_units_mean_less_information(parameters):
    activations, labels = layer(*parameters), np.arange(parameters[1]) % 2
    full = kde_bounds(activations, labels, 0.1)
    noisier = kde_bounds(activations, labels, 0.2)
    narrower = kde_bounds(activations[:, :1], labels, 0.1)
    for bound, estimate in full.items():
        assert noisier[bound].mi_input_bits <= estimate.mi_input_bits + 2e-6
        assert narrower[bound].mi_input_bits <= estimate.mi_input_bits + 2e-6


def test_repeats_are_equal_bit_for_bit():
    activations, labels = layer("tanh", 1000, 5, 1.0), np.arange(1000) % 2
    assert kde_bounds(activations, labels, 0.1) == kde_bounds(activations, labels, 0.1)


@pytest.mark.parametrize("bound", ["upper", "lower"])
def test_the_estimator_gives_the_bound_it_is_asked_for(bound):
    activations, labels = layer("relu", 300, 5, 1.0), np.arange(300) % 2
    estimate = make_estimator("kde", noise_variance=0.1, bound=bound)(activations, labels)
    assert estimate == kde_bounds(activations, labels, 0.1)[bound]
    assert isinstance(estimate.mi_input_bits, float)


# Refusals


@pytest.mark.parametrize("value", [0, -0.1, float("nan"), float("inf"), "0.1", True, None, 5e-324])
def test_refuses_a_noise_variance_that_is_no_variance(value):
    message = "noise_variance must be a finite number > 0"
    with pytest.raises(ValueError, match=message):
        make_estimator("kde", noise_variance=value, bound="upper")
    with pytest.raises(ValueError, match=message):
        kde_bounds(np.zeros((2, 1)), np.zeros(2, int), value)


@pytest.mark.parametrize("value", ["middle", "Upper", "both", None])
def test_refuses_a_bound_that_does_not_exist(value):
    with pytest.raises(ValueError, match=f"bound must be 'upper' or 'lower', not {value!r}"):
        make_estimator("kde", noise_variance=0.1, bound=value)


def test_refuses_an_unknown_parameter():
    with pytest.raises(ValueError, match="no parameter 'variance'"):
        make_estimator("kde", variance=0.1)


@pytest.mark.parametrize(
    ("activations", "labels", "message"),
    [
        (np.zeros((0, 2)), np.zeros(0, int), "shape"),
        (np.zeros(3), np.zeros(3, int), "shape"),
        (np.zeros((3, 1)), np.zeros(2, int), "labels must have shape"),
        (np.array([[0.0], [np.nan]]), np.zeros(2, int), "sample 1, unit 0 is nan"),
        (np.zeros((2, 1), int), np.zeros(2, int), "floating point"),
        (np.zeros((2, 1)), np.zeros(2), "whole numbers"),
    ],
)
def test_refuses_arrays_that_do_not_fit(activations, labels, message):
    with pytest.raises(ValueError, match=message):
        kde_bounds(activations, labels, 0.1)


def test_is_frozen_and_shows_its_parameters():
    estimator = make_estimator("kde", noise_variance=0.1, bound="lower")
    assert estimator.parameters == {"noise_variance": 0.1, "bound": "lower"}
    assert "not itself a bound" in estimator.assumptions
    with pytest.raises(FrozenInstanceError):
        estimator.bound = "upper"
