"""Neighbour estimators: closed forms, slow versions, scikit-learn, invariants, refusals.

The slow versions use the same distances, so that counts agree exactly and only sums differ:
1e-9 bits. Tolerances of closed forms are about four standard errors at the sample size used.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

from infoplane.estimators import make_estimator
from infoplane.estimators._continuous import check_continuous
from infoplane.estimators._neighbour_kernels import (
    counts_of_all,
    counts_on_line,
    nearest_of_all,
    nearest_on_line,
)
from infoplane.estimators.knn import (
    KnnEstimator,
    kozachenko_leonenko_entropy_bits,
    ksg_information_bits,
    ksg_variants_bits,
    ross_information_bits,
)
from infoplane.units import BITS_PER_NAT

SUMMATION = 1e-9


def gaussian_pair(correlation, samples, dimensions=1, seed=0):
    x, noise = np.random.default_rng(seed).standard_normal((2, samples, dimensions))
    return x, correlation * x + math.sqrt(1 - correlation**2) * noise


def gaussian_information_bits(correlation, dimensions=1):
    return -0.5 * dimensions * math.log2(1 - correlation**2)


def distances_between(values):
    return np.abs(values[:, None] - values[None]).max(axis=2)


def slow_entropy_bits(values, k):
    distances = np.sort(distances_between(values), axis=1)[:, k]
    samples, units = values.shape
    nats = digamma(samples) - digamma(k) + units * np.mean(np.log(2 * distances))
    return nats * BITS_PER_NAT


def slow_ksg_bits(x, y, k, variant):
    of_x, of_y = distances_between(x), distances_between(y)
    nats = []
    for i in range(len(x)):
        order = np.argsort(np.maximum(of_x[i], of_y[i]))[1 : k + 1]
        others = np.arange(len(x)) != i
        if variant == 1:
            radius = max(of_x[i, order[-1]], of_y[i, order[-1]])
            in_x = np.sum(of_x[i, others] < radius)
            in_y = np.sum(of_y[i, others] < radius)
            nats.append(digamma(k) - digamma(in_x + 1) - digamma(in_y + 1))
        else:
            in_x = np.sum(of_x[i, others] <= of_x[i, order].max())
            in_y = np.sum(of_y[i, others] <= of_y[i, order].max())
            nats.append(digamma(k) - 1 / k - digamma(in_x) - digamma(in_y))
    return (np.mean(nats) + digamma(len(x))) * BITS_PER_NAT


def slow_ross_bits(values, labels, k):
    distances = distances_between(values)
    nats = []
    for i, label in enumerate(labels):
        same = (labels == label) & (np.arange(len(labels)) != i)
        radius = np.sort(distances[i, same])[k - 1]
        within = np.sum(distances[i, np.arange(len(labels)) != i] <= radius)
        nats.append(digamma(k) - digamma(within) - digamma(same.sum() + 1))
    return (np.mean(nats) + digamma(len(labels))) * BITS_PER_NAT


@pytest.mark.parametrize(("dimensions", "tolerance"), [(1, 0.06), (3, 0.12)])
def test_entropy_of_a_gaussian(dimensions, tolerance):
    values = np.random.default_rng(0).standard_normal((4000, dimensions))
    expected = 0.5 * dimensions * math.log2(2 * math.pi * math.e)
    assert kozachenko_leonenko_entropy_bits(values) == pytest.approx(expected, abs=tolerance)


def test_entropy_of_a_uniform_interval_is_the_logarithm_of_its_length():
    values = np.random.default_rng(1).uniform(0, 8, (4000, 1))
    assert kozachenko_leonenko_entropy_bits(values) == pytest.approx(3.0, abs=0.06)


def test_entropy_grows_by_the_logarithm_of_the_scale_per_dimension():
    values = np.random.default_rng(2).standard_normal((300, 3))
    grown = kozachenko_leonenko_entropy_bits(4 * values)
    assert grown == pytest.approx(kozachenko_leonenko_entropy_bits(values) + 6, abs=SUMMATION)


@pytest.mark.parametrize(("k", "units"), [(1, 2), (2, 2), (5, 2), (3, 7)])
def test_entropy_against_the_slow_version(k, units):
    values = np.random.default_rng(k).standard_normal((120, units))
    found = kozachenko_leonenko_entropy_bits(values, k)
    assert found == pytest.approx(slow_entropy_bits(values, k), abs=SUMMATION)


@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize(("k", "dimensions"), [(1, 1), (3, 1), (4, 3), (3, 6)])
def test_ksg_against_the_slow_version(variant, k, dimensions):
    x, y = gaussian_pair(0.7, 120, dimensions, seed=k)
    found = ksg_information_bits(x, y, k, variant)
    assert found == pytest.approx(slow_ksg_bits(x, y, k, variant), abs=SUMMATION)


@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_ksg_of_a_gaussian_channel(variant, correlation):
    x, y = gaussian_pair(correlation, 4000)
    expected = gaussian_information_bits(correlation)
    assert ksg_information_bits(x, y, 3, variant) == pytest.approx(expected, abs=0.09)


def test_ksg_is_that_of_sklearn():
    x, y = gaussian_pair(0.6, 500)
    x, y = x / x.std(), y / y.std()
    expected = mutual_info_regression(x, y[:, 0], n_neighbors=4, random_state=0)[0]
    # scikit-learn adds noise of 1e-10 that can flip a count of neighbours.
    assert ksg_information_bits(x, y, 4) == pytest.approx(expected * BITS_PER_NAT, abs=1e-5)


def layers_of_all_kinds(kind, samples, units):
    """Return layers as they are, and as hard for rounded values as they can be."""
    values = np.random.default_rng(units).standard_normal((samples, units))
    half_dead = (np.arange(samples) % 2)[:, None] * np.abs(values)
    return {
        "gaussian": values,
        "half_dead": half_dead + 0.01 * np.random.default_rng(1).standard_normal(values.shape),
        "far_from_zero": 1e9 + values,
        "one_far_away": np.where(np.arange(samples)[:, None] == 7, 1e6, values),
        "largest_floats": 4e307 * np.tanh(values),
        "smallest_floats": np.round(3 * values) * 5e-324,
        "few_values": np.round(values),
    }[kind]


KINDS = (
    *("gaussian", "half_dead", "far_from_zero", "one_far_away"),
    *("largest_floats", "smallest_floats", "few_values"),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("samples", "units"), [(5, 3), (300, 1), (300, 4), (700, 13), (600, 101)])
def test_comparing_all_samples_finds_what_a_tree_finds(kind, samples, units):
    values = layers_of_all_kinds(kind, samples, units)
    tree = cKDTree(values)
    expected = tree.query(values, k=range(1, 5), p=np.inf)[0][:, 1:]
    distances, indices = nearest_of_all(values, 3)
    np.testing.assert_array_equal(distances, expected)
    between = np.abs(values[indices] - values[:, None]).max(axis=2)
    np.testing.assert_array_equal(between, distances)
    assert (indices != np.arange(samples)[:, None]).all()
    last = distances[:, -1]
    radii = np.stack([last, np.nextafter(last, 0), 1.5 * last, np.zeros(samples)], axis=1)
    counts = counts_of_all(values, radii)
    for which, reach in enumerate(radii.T):
        expected = tree.query_ball_point(values, reach, p=np.inf, return_length=True)
        np.testing.assert_array_equal(counts[:, which], expected)


def test_distances_that_overflow_are_compared_in_full():
    values = 1e308 * np.tanh(np.random.default_rng(0).standard_normal((80, 4)))
    with np.errstate(over="ignore"):
        distances = distances_between(values)
    nearest = np.sort(distances, axis=1)[:, 1:4]
    np.testing.assert_array_equal(nearest_of_all(values, 3)[0], nearest)
    radii = np.stack([nearest[:, -1], np.full(80, 1e308), np.full(80, np.inf)], axis=1)
    expected = (distances[:, :, None] <= radii[:, None]).sum(axis=1)
    np.testing.assert_array_equal(counts_of_all(values, radii), expected)


@pytest.mark.parametrize("samples", [5, 300])
@pytest.mark.parametrize("distinct", [True, False])
@pytest.mark.parametrize("neighbours", [1, 3, 4])
def test_neighbours_on_a_line_are_those_of_all_samples(samples, distinct, neighbours):
    generator = np.random.default_rng(samples)
    values = generator.standard_normal(samples)
    values = np.sort(values if distinct else np.round(values, 1))
    columns = values[:, None]
    distances = nearest_of_all(columns, neighbours)[0][:, -1]
    np.testing.assert_array_equal(nearest_on_line(values, neighbours), distances)
    below = np.maximum(np.nextafter(distances, 0), 0)
    for radii in (distances, below, 2 * distances, np.zeros(samples)):
        expected = counts_of_all(columns, radii[:, None])[:, 0]
        np.testing.assert_array_equal(counts_on_line(values, radii), expected)


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_both_variants_of_ksg_at_once_are_those_one_by_one(dimensions):
    x, y = gaussian_pair(0.7, 200, dimensions)
    expected = tuple(ksg_information_bits(x, y, 3, variant) for variant in (1, 2))
    assert ksg_variants_bits(x, y, 3) == expected


@pytest.mark.parametrize("variant", [1, 2])
def test_ksg_is_symmetric(variant):
    x, y = gaussian_pair(0.8, 300, 2)
    forwards, backwards = (ksg_information_bits(*pair, 3, variant) for pair in ((x, y), (y, x)))
    assert forwards == pytest.approx(backwards, abs=SUMMATION)


@pytest.mark.parametrize(("k", "dimensions"), [(1, 1), (3, 2), (5, 4), (3, 9)])
def test_ross_against_the_slow_version(k, dimensions):
    generator = np.random.default_rng(k)
    labels = generator.integers(0, 3, 150)
    values = generator.standard_normal((150, dimensions)) + labels[:, None]
    found = ross_information_bits(values, labels, k)
    assert found == pytest.approx(slow_ross_bits(values, labels, k), abs=SUMMATION)


def test_ross_is_that_of_sklearn():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 600)
    values = (generator.standard_normal(600) + 1.5 * labels)[:, None]
    expected = mutual_info_classif(values, labels, n_neighbors=3, random_state=0)[0]
    found = ross_information_bits(values, labels, 3)
    # scikit-learn adds noise of 1e-10 that can flip a count of neighbours.
    assert found == pytest.approx(expected * BITS_PER_NAT, abs=1e-5)


def test_ross_of_a_uniform_noise_channel():
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 5, 5000)
    values = (labels + generator.uniform(0, 2, 5000))[:, None]
    expected = math.log2(5) - 4 / 5
    assert ross_information_bits(values, labels) == pytest.approx(expected, abs=0.06)


def test_ross_counts_all_neighbours_at_the_same_distance():
    values = np.arange(64.0)[:, None]
    labels = np.arange(64) % 2
    # Equally spaced: many neighbours are exactly as far as the k-th of the same label.
    found = ross_information_bits(values, labels, 3)
    assert found == pytest.approx(slow_ross_bits(values, labels, 3), abs=SUMMATION)


def test_few_values_in_every_unit_are_refused():
    corners = np.array(np.meshgrid(*[[-1.0, 1.0]] * 6)).reshape(6, -1).T
    with pytest.raises(ValueError, match="in each unit more than 50% of the values repeat"):
        ross_information_bits(corners, (corners[:, 0] > 0).astype(int), 3)
    one_continuous = np.hstack([corners, np.random.default_rng(0).random((64, 1))])
    assert math.isfinite(kozachenko_leonenko_entropy_bits(one_continuous))


def test_ross_of_a_single_label_is_zero():
    values = np.random.default_rng(4).standard_normal((100, 2))
    assert ross_information_bits(values, np.zeros(100, dtype=int)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("variance", [0.1, 0.01])
def test_information_of_a_layer_with_noise_is_that_of_the_gaussian_channel(variance):
    activations = np.random.default_rng(5).standard_normal((4000, 1))
    estimate = make_estimator("knn", noise_variance=variance)(activations, np.arange(4000) % 2)
    expected = 0.5 * math.log2(1 + 1 / variance)
    assert estimate.mi_input_bits == pytest.approx(expected, abs=0.08)
    assert estimate.mi_label_bits == pytest.approx(0, abs=0.06)
    assert estimate.ceiling_bits == math.log2(4000)


def test_more_copies_of_the_noise_see_separate_patterns():
    activations = 10.0 * np.arange(64)[:, None]
    labels = np.arange(64) % 2
    estimator = make_estimator("knn", noise_variance=1e-2, noise_draws=100)
    estimate = estimator(activations, labels)
    # 100 draws about each of 64 far patterns: h(T + N) - h(N) = log2 64 and labels are known.
    assert estimate.mi_input_bits == pytest.approx(6.0, abs=0.06)
    assert estimate.mi_label_bits == pytest.approx(1.0, abs=0.01)


def test_a_constant_layer_carries_about_nothing():
    estimate = make_estimator("knn", noise_variance=0.1)(np.ones((4000, 2)), np.arange(4000) % 2)
    assert estimate.mi_input_bits == pytest.approx(0, abs=0.1)
    assert estimate.mi_label_bits == pytest.approx(0, abs=0.06)


def test_the_seed_alone_decides():
    activations, labels = np.tanh(gaussian_pair(0, 200)[0]), np.arange(200) % 2
    first, again, other = (
        KnnEstimator(0.1, seed=seed)(activations, labels).mi_input_bits for seed in (1, 1, 2)
    )
    assert first == again != other


def test_without_noise_the_input_information_is_not_given():
    activations, labels = gaussian_pair(0, 200)[0], np.arange(200) % 2
    estimate = make_estimator("knn", noise_variance=0)(activations, labels)
    assert math.isnan(estimate.mi_input_bits)
    assert estimate.mi_label_bits == ross_information_bits(activations, labels)


def test_kraskov_entropy_is_an_entropy_and_its_label_part_an_information():
    generator = np.random.default_rng(6)
    labels = np.arange(4000) % 2
    activations = generator.uniform(0, 1, (4000, 1)) + labels[:, None]
    estimate = make_estimator("kraskov_entropy")(activations, labels)
    assert estimate.mi_input_bits == pytest.approx(1.0, abs=0.06)
    assert estimate.mi_label_bits == pytest.approx(1.0, abs=0.06)
    assert estimate.ceiling_bits == math.inf


def test_the_share_of_duplicated_rows_is_reported():
    activations = np.vstack([np.zeros((25, 2)), np.random.default_rng(7).random((76, 2))])
    labels = np.arange(101) % 2
    share = r"23\.7624% of its 101 rows repeat"
    for method, parameters in (("knn", {"noise_variance": 0}), ("kraskov_entropy", {})):
        with pytest.raises(ValueError, match=share):
            make_estimator(method, **parameters)(activations, labels)
    with pytest.raises(ValueError, match=f"x must have a density, but {share}"):
        ksg_information_bits(activations, activations)
    jittered = make_estimator("kraskov_entropy", jitter_variance=1e-6)(activations, labels)
    assert math.isfinite(jittered.mi_input_bits)


def test_too_few_samples_are_refused():
    values = np.random.default_rng(8).random((5, 1))
    with pytest.raises(ValueError, match=r"below the number of samples \(5\), not 5"):
        kozachenko_leonenko_entropy_bits(values, 5)
    with pytest.raises(ValueError, match=r"more samples than neighbours \(2\); label 1 has 2"):
        ross_information_bits(values, np.array([0, 0, 0, 1, 1]), 2)
    with pytest.raises(ValueError, match=r"y must have 5 samples like x, not 4"):
        ksg_information_bits(values, values[:4])
    with pytest.raises(ValueError, match=r"variant must be 1 or 2, not 3"):
        ksg_information_bits(values, values, 1, 3)
    with pytest.raises(ValueError, match=r"labels must have shape \(5,\), not \(4,\)"):
        ross_information_bits(values, np.zeros(4, dtype=int), 2)


@pytest.mark.parametrize(
    ("method", "parameters", "message"),
    [
        ("knn", {"noise_variance": -1.0}, r"noise_variance must be at least 0, not -1.0"),
        ("knn", {"noise_variance": 0.1, "neighbours": 0}, r"neighbours must be .* not 0"),
        ("knn", {"noise_variance": 0.1, "noise_draws": 0}, r"noise_draws must be .* not 0"),
        ("knn", {"noise_variance": 0.0, "noise_draws": 2}, r"noise_draws must be 1 without"),
        ("knn", {"noise_variance": 0.1, "seed": -1}, r"seed must be .* not -1"),
        ("kraskov_entropy", {"neighbours": 1.5}, r"neighbours must be .* not 1.5"),
        ("kraskov_entropy", {"jitter_variance": math.inf}, r"jitter_variance must be a finite"),
    ],
)
def test_bad_parameters_are_refused(method, parameters, message):
    with pytest.raises(ValueError, match=message):
        make_estimator(method, **parameters)


def rounded_pair(samples=600, units=1, ties=3, seed=8):
    """Return two dependent variables in single precision; x has some rows twice."""
    x, y = gaussian_pair(0.6, samples, units, seed)
    x, y = x.astype(np.float32), y.astype(np.float32)
    x[1 : 2 * ties : 2] = x[: 2 * ties : 2]
    return x, y


def moved_apart(values):
    """Move the second of two equal rows, row by row, by the rule that the docstring declares."""
    values, seen, generator = values.astype(float), set(), np.random.default_rng(0)
    for row in values:
        if tuple(row) in seen:
            row += generator.uniform(-0.5, 0.5, len(row)) * np.spacing(abs(row).astype(np.float32))
        seen.add(tuple(row))
    return values


# In one unit, in a search tree, and by comparing all.
@pytest.mark.parametrize("units", [1, 2, 7])
@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize("both", [False, True])
def test_a_few_equal_rows_are_moved_apart(units, variant, both):
    x, y = rounded_pair(units=units)
    if both:
        y[1:6:2] = y[:6:2]
    apart, other = moved_apart(x), moved_apart(y)
    found = ksg_information_bits(x, y, 3, variant)
    assert found == ksg_information_bits(x, y, 3, variant)
    assert found == pytest.approx(slow_ksg_bits(apart, other, 3, variant), abs=SUMMATION)
    labels = (y[:, 0] > 0).astype(int)
    expected = slow_ross_bits(apart, labels, 3)
    assert ross_information_bits(x, labels, 3) == pytest.approx(expected, abs=SUMMATION)


def test_rows_that_differ_keep_their_bits():
    x, y = gaussian_pair(0.6, 200)
    assert check_continuous("x", x, 3, 0.01) is x
    bits = [ksg_information_bits(x, y, 3, tied_share=share) for share in (0.0, 0.01, 1.0)]
    assert bits[0] == bits[1] == bits[2]


def test_more_equal_rows_than_the_share_are_refused():
    x, y = rounded_pair(ties=7)
    refusal = r"x must have a density, but 1\.1667% of its 600 rows repeat another row, more than "
    with pytest.raises(ValueError, match=refusal + "tied_share=0.01 allows"):
        ksg_information_bits(x, y)
    assert math.isfinite(ksg_information_bits(x, y, tied_share=0.02))
    x, y = rounded_pair(ties=1)
    with pytest.raises(ValueError, match=r"0\.1667% of its 600 rows .* tied_share=0 allows"):
        ksg_information_bits(x, y, tied_share=0)
    for wrong in (-0.1, 1.5, "few"):
        with pytest.raises(ValueError, match="tied_share must be"):
            make_estimator("knn", noise_variance=0, tied_share=wrong)


def test_a_row_that_is_there_more_than_k_times_is_refused():
    x, y = rounded_pair(ties=0)
    x[:4] = x[0]
    with pytest.raises(ValueError, match="one row is there 4 times, more than neighbours=3 allows"):
        ksg_information_bits(x, y, 3)
    assert math.isfinite(ksg_information_bits(x, y, 4))


def test_an_entropy_takes_no_equal_rows():
    x, _ = rounded_pair(ties=1)
    with pytest.raises(ValueError, match=r"tied_share=0\.0 allows"):
        kozachenko_leonenko_entropy_bits(x)


def test_two_thousand_values_in_single_precision_are_taken():
    generator = np.random.default_rng(0)
    layer = np.tanh(generator.standard_normal((2000, 1))).astype(np.float32)
    layer[1] = layer[0]
    labels = (layer[:, 0] > 0).astype(int)
    for method in ("knn", "ksg"):
        estimate = make_estimator(method, noise_variance=0.1)(layer, labels)
        assert math.isfinite(estimate.mi_input_bits)
    assert make_estimator("knn", noise_variance=0)(layer, labels).mi_label_bits > 0.9
