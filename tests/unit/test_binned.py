"""Binned estimator: closed forms, a brute-force count, edges, invariants, refusals.

Entropies of at most 4096 samples are sums of at most a few hundred terms of float64; 1e-12 bits
leaves room for the order in which the brute force adds them. Claims of equality are exact.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoplane.estimators import make_estimator
from infoplane.estimators._binned_kernels import interval_codes, rank, width_codes
from infoplane.tasks.icosahedron import szt_task

ROUNDING = 1e-12


def entropy_bits(items):
    counts = Counter(items).values()
    samples = sum(counts)
    return -sum(c / samples * math.log2(c / samples) for c in counts)


def codes_by_edges(values, bins, low, high):
    edges = np.array([low + k * (high - low) / bins for k in range(bins + 1)])
    return np.minimum(np.digitize(values.astype(np.float64), edges) - 1, bins - 1)


def codes_by_width(values, width):
    return np.floor(values.astype(np.float64) / width).astype(np.int64)


def brute_force(codes, labels):
    """Return I(X;T) and I(T;Y) in bits from Python counts of tuples."""
    states = [tuple(row) for row in codes.tolist()]
    labels = labels.tolist()
    state_bits = entropy_bits(states)
    conditional_bits = sum(
        labels.count(y)
        / len(labels)
        * entropy_bits([t for t, label in zip(states, labels, strict=True) if label == y])
        for y in set(labels)
    )
    return state_bits, state_bits - conditional_bits


def thirty_bins():
    return make_estimator("binned", bins=30, low=-1.0, high=1.0)


# Closed forms


def test_a_layer_that_tells_all_patterns_apart_has_all_information():
    task = szt_task()
    activations = task.inputs.astype(np.float32) * 2 - 1
    estimate = thirty_bins()(activations, task.labels)
    assert estimate.mi_input_bits == 12.0
    assert estimate.mi_label_bits == entropy_of_labels(task.labels)
    assert estimate.mi_label_bits == pytest.approx(0.99916, abs=5e-6)
    assert estimate.ceiling_bits == 12.0


def entropy_of_labels(labels):
    p = np.bincount(labels) / len(labels)
    return float((p * np.log2(1 / p)).sum())


@pytest.mark.parametrize("samples", [2, 3, 1000, 4096])
def test_a_permutation_map_gives_log2_samples_and_the_label_entropy(samples):
    generator = np.random.default_rng(samples)
    activations = generator.permutation(samples)[:, None] / samples
    labels = np.arange(samples) % 3
    estimate = make_estimator("binned", bins=8192, low=0.0, high=1.0)(activations, labels)
    assert estimate.mi_input_bits == math.log2(samples)
    assert estimate.mi_label_bits == pytest.approx(entropy_bits(labels.tolist()), abs=ROUNDING)


@pytest.mark.parametrize("samples", [2, 3, 1000, 4096])
def test_a_constant_layer_gives_exactly_zero(samples):
    labels = np.arange(samples) % 7
    activations = np.full((samples, 4), 0.25, np.float32)
    for estimator in (thirty_bins(), make_estimator("binned", bin_width=0.07)):
        estimate = estimator(activations, labels)
        assert estimate.mi_input_bits == 0.0
        assert estimate.mi_label_bits == 0.0


def test_a_table_counted_by_hand():
    # T = a a a b b c c c, Y = 0 0 1 1 1 0 1 1
    activations = np.array([[0.1], [0.2], [0.3], [1.4], [1.5], [2.1], [2.1], [2.9]])
    labels = np.array([0, 0, 1, 1, 1, 0, 1, 1])
    estimate = make_estimator("binned", bins=3, low=0.0, high=3.0)(activations, labels)
    state_bits = 2 * 3 / 8 * math.log2(8 / 3) + 2 / 8 * math.log2(4)
    label_given_state_bits = 2 * 3 / 8 * (math.log2(3) - 2 / 3)
    label_bits = 3 / 8 * math.log2(8 / 3) + 5 / 8 * math.log2(8 / 5)
    assert estimate.mi_input_bits == pytest.approx(state_bits, abs=ROUNDING)
    assert estimate.mi_label_bits == pytest.approx(
        label_bits - label_given_state_bits, abs=ROUNDING
    )
    assert estimate.ceiling_bits == pytest.approx(math.log2(3))


def test_few_states_lower_the_ceiling():
    activations = np.random.default_rng(0).uniform(-1, 1, (4096, 2)).astype(np.float32)
    estimate = make_estimator("binned", bins=3, low=-1, high=1)(activations, np.arange(4096))
    assert estimate.ceiling_bits == pytest.approx(2 * math.log2(3))
    assert estimate.mi_input_bits <= estimate.ceiling_bits


# Brute force


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize(
    ("samples", "units", "bins", "classes"),
    [(2, 1, 1, 2), (500, 3, 4, 2), (700, 10, 30, 2), (300, 2, 30, 10), (400, 1, 1, 3)],
)
def test_agrees_with_counted_tuples(samples, units, bins, classes, dtype):
    generator = np.random.default_rng(units * bins)
    activations = np.tanh(generator.normal(0, 2, (samples, units))).astype(dtype)
    labels = generator.permutation(np.arange(samples) % classes)
    estimate = make_estimator("binned", bins=bins, low=-1.0, high=1.0)(activations, labels)
    expected = brute_force(codes_by_edges(activations, bins, -1.0, 1.0), labels)
    assert estimate.mi_input_bits == pytest.approx(expected[0], abs=ROUNDING)
    assert estimate.mi_label_bits == pytest.approx(expected[1], abs=ROUNDING)


@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0])
def test_bin_width_agrees_with_counted_tuples(scale):
    generator = np.random.default_rng(5)
    activations = (scale * np.maximum(generator.normal(0, 1, (600, 3)), -0.3)).astype(np.float32)
    labels = generator.integers(0, 2, 600)
    estimate = make_estimator("binned", bin_width=0.07)(activations, labels)
    expected = brute_force(codes_by_width(activations, 0.07), labels)
    assert estimate.mi_input_bits == pytest.approx(expected[0], abs=ROUNDING)
    assert estimate.mi_label_bits == pytest.approx(expected[1], abs=ROUNDING)
    assert estimate.ceiling_bits == math.log2(600)


@pytest.mark.parametrize(("units", "bins"), [(20, 100), (64, 2), (65, 2), (40, 2**32), (3, 2**32)])
def test_code_spaces_beyond_64_bits_are_counted_exactly(units, bins):
    generator = np.random.default_rng(units)
    activations = generator.uniform(-1, 1, (6, units))[generator.integers(0, 6, 500)]
    # Differences in the first and the last unit alone must survive the packing.
    activations[::3, 0] = -0.5
    activations[::5, -1] = 0.5
    labels = generator.integers(0, 2, 500)
    estimate = make_estimator("binned", bins=bins, low=-1, high=1)(activations, labels)
    codes = np.floor((activations + 1) * bins / 2).astype(np.int64)
    expected = brute_force(codes, labels)
    assert estimate.mi_input_bits == pytest.approx(expected[0], abs=ROUNDING)
    assert estimate.mi_label_bits == pytest.approx(expected[1], abs=ROUNDING)


def test_states_that_differ_by_a_multiple_of_two_to_the_64_stay_apart():
    # Packed without renumbering, 2**64 would wrap onto 0: unit 0 would lose its high bits.
    activations = np.full((2, 3), 0.5 / 2**32)
    activations[1, 0] = 1.5 / 2**32
    estimate = make_estimator("binned", bins=2**32, low=0, high=1)(activations, np.arange(2))
    assert estimate.mi_input_bits == 1.0


def test_rank_compares_whole_states():
    # Multiples of 2**40 share their low bits: only their full value tells them apart.
    states = (np.arange(1000, dtype=np.uint64) % np.uint64(300)) << np.uint64(40)
    ranks, distinct = rank(states)
    assert distinct == 300
    assert np.array_equal(ranks, np.arange(1000) % 300)


# Edges


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("bins", "low", "high"),
    [(30, -1.0, 1.0), (10, 0.0, 1.0), (100, -0.3, 7.7), (7, 1e6, 1e6 + 1), (1, -1.0, 1.0)],
)
def test_neighbours_of_every_edge_fall_on_their_side(bins, low, high, dtype):
    edges = np.array([low + k * (high - low) / bins for k in range(bins + 1)]).astype(dtype)
    values = np.concatenate(
        [edges, np.nextafter(edges, dtype(np.inf)), np.nextafter(edges, dtype(-np.inf))]
    )
    values = values[(values.astype(np.float64) >= low) & (values.astype(np.float64) <= high)]
    codes = interval_codes(values[:, None], low, high, bins)
    assert np.array_equal(codes[:, 0], codes_by_edges(values, bins, low, high))
    assert codes.min() == 0
    assert codes.max() == bins - 1


def test_the_smallest_float_below_an_edge_belongs_below_it():
    values = np.array([[np.nextafter(np.float32(0), np.float32(-1))], [0.0]], np.float32)
    codes = interval_codes(values, -1.0, 1.0, 30)
    assert codes[:, 0].tolist() == [14, 15]


def test_bins_are_intervals_and_the_ends_belong_to_the_first_and_the_last():
    values = np.array([[-1.0], [-0.94], [-0.93], [0.93], [0.94], [1.0]], np.float32)
    codes = interval_codes(values, -1.0, 1.0, 30)
    assert codes[:, 0].tolist() == [0, 0, 1, 28, 29, 29]


def end_bins(**changes):
    parameters = {"bins": 30, "low": -1.0, "high": 1.0, "outside": "end_bins", **changes}
    return make_estimator("binned", **parameters)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_end_bins_take_what_is_outside(dtype):
    generator = np.random.default_rng(8)
    activations = generator.normal(0, 2, (700, 2)).astype(dtype)
    activations[0] = 3e38, -3e38
    labels = generator.integers(0, 2, 700)
    # The 31 edges of 30 intervals; values beyond the first and the last share the end intervals.
    edges = np.array([-1.0 + k * 2.0 / 30 for k in range(31)])
    codes = np.clip(np.digitize(activations.astype(np.float64), edges) - 1, 0, 29)
    expected = brute_force(codes, labels)
    estimate = end_bins()(activations, labels)
    assert estimate.mi_input_bits == pytest.approx(expected[0], abs=ROUNDING)
    assert estimate.mi_label_bits == pytest.approx(expected[1], abs=ROUNDING)
    clipped = thirty_bins()(np.clip(activations, -1, 1), labels)
    assert estimate == clipped


def test_end_bins_change_nothing_within_the_range():
    activations = np.random.default_rng(9).uniform(-1, 1, (500, 3))
    labels = np.arange(500) % 2
    assert end_bins()(activations, labels) == thirty_bins()(activations, labels)


def test_a_growing_layer_seems_to_compress_in_end_bins():
    # Eight values, told apart by scale 1; at scale 100 all but 0 are beyond the range.
    activations = np.arange(8)[:, None] / 8.0
    labels = np.arange(8) % 2
    assert end_bins()(activations, labels).mi_input_bits == 3.0
    grown = end_bins()(100 * activations, labels).mi_input_bits
    assert grown == pytest.approx(entropy_bits([0] + [1] * 7), abs=ROUNDING)


@pytest.mark.parametrize("parameters", [{"bins": 30, "low": -1.0, "high": 1.0}, {"bin_width": 0.1}])
@pytest.mark.parametrize("repeated", [0, 1, 100])
def test_wide_layers_are_told_apart_by_all_units_that_it_takes(parameters, repeated):
    activations = np.random.default_rng(3).uniform(-1, 1, (200, 300)).astype(np.float32)
    # The last unit alone tells apart what is repeated, but for one.
    activations[200 - repeated :] = activations[:repeated]
    activations[:, -1] = np.linspace(-1, 1, 200)
    if repeated:
        activations[-1, -1] = activations[repeated - 1, -1]
    labels = np.arange(200) % 3
    estimate = make_estimator("binned", **parameters)(activations, labels)
    distinct = 199 if repeated else 200
    expected = np.log2(200) - (200 - distinct) * 2 / 200
    assert estimate.mi_input_bits == pytest.approx(expected, abs=ROUNDING)


def test_a_value_outside_is_found_in_units_that_tell_nothing_apart():
    activations = np.random.default_rng(3).uniform(-1, 1, (50, 300))
    activations[7, 299] = 1.5
    with pytest.raises(ValueError, match=r"sample 7, unit 299 is 1\.5, outside the range"):
        thirty_bins()(activations, np.arange(50) % 2)


def test_width_codes_are_floors_counted_from_the_smallest():
    values = np.array([[-0.07], [-0.01], [0.0], [-0.0], [0.069], [0.15]])
    codes, smallest, largest = width_codes(values, 0.07)
    assert codes[:, 0].tolist() == [0, 0, 1, 1, 1, 3]
    assert (smallest, largest) == (-1, 2)


@given(
    st.floats(-1e3, 1e3, width=32),
    st.integers(1, 10**6),
    st.floats(-1e3, 1e3),
    st.floats(1e-3, 1e3),
)
@settings(max_examples=200, deadline=None)
def test_any_value_lies_between_the_edges_of_its_interval(value, bins, low, span):
    high = low + span
    value = min(max(value, low), high)
    codes = interval_codes(np.array([[value]]), low, high, bins)
    code = int(codes[0, 0])
    assert low + code * (high - low) / bins <= value
    assert value < low + (code + 1) * (high - low) / bins or code == bins - 1


# Invariants

layers = st.builds(
    lambda seed, samples, units, classes: (
        np.tanh(np.random.default_rng(seed).normal(0, 1.5, (samples, units))).astype(np.float32),
        np.random.default_rng(seed + 1).permutation(np.arange(samples) % classes),
        np.random.default_rng(seed + 2),
    ),
    st.integers(0, 2**31),
    st.integers(2, 200),
    st.integers(1, 4),
    st.integers(2, 5),
)


@given(layers, st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_order_of_samples_units_and_labels_changes_no_bit(layer, bins):
    activations, labels, generator = layer
    estimator = make_estimator("binned", bins=bins, low=-1.0, high=1.0)
    order = generator.permutation(len(labels))
    units = generator.permutation(activations.shape[1])
    renamed = generator.permutation(10)[labels]
    assert estimator(activations, labels) == estimator(activations[order][:, units], renamed[order])


@given(layers, st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_information_is_bounded_by_both_entropies_and_the_ceiling(layer, bins):
    activations, labels, _ = layer
    estimate = make_estimator("binned", bins=bins, low=-1.0, high=1.0)(activations, labels)
    assert estimate.mi_label_bits >= -ROUNDING
    assert estimate.mi_label_bits <= estimate.mi_input_bits + ROUNDING
    assert estimate.mi_label_bits <= entropy_bits(labels.tolist()) + ROUNDING
    assert estimate.mi_input_bits <= estimate.ceiling_bits + ROUNDING


@given(layers, st.integers(1, 8), st.integers(2, 5))
@settings(max_examples=60, deadline=None)
def test_merging_bins_or_dropping_units_loses_information(layer, bins, factor):
    activations, labels, _ = layer
    fine = make_estimator("binned", bins=bins * factor, low=-1, high=1)(activations, labels)
    coarser = (
        make_estimator("binned", bins=bins, low=-1, high=1)(activations, labels),
        make_estimator("binned", bins=bins * factor, low=-1, high=1)(activations[:, :1], labels),
    )
    for coarse in coarser:
        assert coarse.mi_input_bits <= fine.mi_input_bits + ROUNDING
        assert coarse.mi_label_bits <= fine.mi_label_bits + ROUNDING


def test_memory_layout_does_not_matter():
    generator = np.random.default_rng(3)
    activations = generator.uniform(-1, 1, (100, 8)).astype(np.float32)
    labels = generator.integers(0, 2, 100)
    expected = thirty_bins()(activations, labels)
    assert thirty_bins()(np.asfortranarray(activations), labels) == expected
    wide = np.zeros((200, 16), np.float32)
    wide[::2, ::2] = activations
    assert thirty_bins()(wide[::2, ::2], labels) == expected


# Refusals


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "bins is missing"),
        ({"bins": 30}, "low is missing"),
        ({"bins": 30, "low": -1.0}, "high is missing"),
        ({"low": -1.0, "high": 1.0}, "bins is missing"),
        ({"bins": 0, "low": -1.0, "high": 1.0}, "bins must be .* not 0"),
        ({"bins": -3, "low": -1.0, "high": 1.0}, "bins must be .* not -3"),
        ({"bins": 2**32 + 1, "low": -1.0, "high": 1.0}, "bins must be"),
        ({"bins": 2.5, "low": -1.0, "high": 1.0}, "bins must be .* not 2.5"),
        ({"bins": True, "low": -1.0, "high": 1.0}, "bins must be .* not True"),
        ({"bins": 30, "low": 1.0, "high": -1.0}, "low must be smaller than high"),
        ({"bins": 30, "low": 1.0, "high": 1.0}, "low must be smaller than high"),
        ({"bins": 30, "low": float("nan"), "high": 1.0}, "low must be a finite number, not nan"),
        ({"bins": 30, "low": 0.0, "high": float("inf")}, "high must be a finite number, not inf"),
        ({"bins": 30, "low": "0", "high": 1.0}, "low must be a finite number, not '0'"),
        ({"bins": 30, "low": 1.0, "high": 1.0 + 1e-13}, "too narrow for 30 bins"),
        ({"bins": 30, "low": -1e308, "high": 1e308}, "too wide for 30 bins"),
        ({"bin_width": 0}, "bin_width must be a number > 0, not 0"),
        ({"bin_width": -0.1}, "bin_width must be a number > 0, not -0.1"),
        ({"bin_width": float("inf")}, "bin_width must be a number > 0, not inf"),
        ({"bin_width": 0.1, "bins": 30}, "bins and bin_width exclude each other"),
        ({"bin_width": 0.1, "low": 0.0}, "low and bin_width exclude each other"),
        (
            {"bins": 30, "low": -1.0, "high": 1.0, "outside": "clip"},
            "outside must be one of refuse, end_bins, not 'clip'",
        ),
        ({"bin_width": 0.1, "outside": "end_bins"}, "outside='end_bins' needs bins, low and high"),
    ],
)
def test_refuses_parameters_by_name(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_estimator("binned", **parameters)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "value", [np.float32(1.5), np.nextafter(np.float32(1), np.float32(2)), np.float32(-3e38)]
)
def test_a_value_outside_the_range_is_named(value, dtype):
    activations = np.zeros((5, 3), dtype)
    activations[3, 2] = value
    with pytest.raises(ValueError, match=r"sample 3, unit 2 is .* outside the range \[-1.0, 1.0\]"):
        thirty_bins()(activations, np.arange(5) % 2)


def test_a_range_end_between_two_floats_is_not_rounded_to_the_data():
    value = np.float32(0.1)  # slightly above the float64 0.1
    with pytest.raises(ValueError, match="outside the range"):
        make_estimator("binned", bins=3, low=0.0, high=0.1)(np.array([[value], [0]]), np.arange(2))


@pytest.mark.parametrize("value", [1e30, -1e30, 2.0**31, -(2.0**31) - 1])
def test_a_value_too_many_widths_away_is_named(value):
    activations = np.zeros((5, 3))
    activations[1, 2] = value
    with pytest.raises(ValueError, match=r"sample 1, unit 2 is .* too many bins of width 1"):
        make_estimator("binned", bin_width=1)(activations, np.arange(5) % 2)


def test_the_widest_span_of_width_codes_is_accepted():
    activations = np.array([[-(2.0**31)] * 5, [2.0**31 - 1] * 5, [0.0] * 5, [-(2.0**31)] * 5])
    estimate = make_estimator("binned", bin_width=1)(activations, np.arange(4) % 2)
    assert estimate.mi_input_bits == 1.5


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_refuses_what_is_not_finite(value):
    with pytest.raises(ValueError, match="sample 1, unit 0"):
        thirty_bins()(np.array([[0.0], [value]]), np.zeros(2, int))


def test_is_frozen_and_shows_its_parameters():
    estimator = thirty_bins()
    assert estimator.parameters == {
        **{"bins": 30, "low": -1.0, "high": 1.0, "bin_width": None},
        "outside": "refuse",
    }
    assert "H(T|X) = 0" in estimator.assumptions
    with pytest.raises(FrozenInstanceError):
        estimator.bins = 3
