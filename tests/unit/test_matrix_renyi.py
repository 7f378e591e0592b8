"""Matrix-based Renyi information: closed forms of simple kernels, blocks, bounds, refusals.

Eigenvalues of a few hundred samples are exact to about 1e-13 of the largest; near order 1 the
factor 1 / (1 - order) = 100 brings that to about 1e-9 bits.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from infoplane.estimators import make_estimator
from infoplane.estimators.kernels import (
    gaussian_kernel,
    label_kernel,
    squared_distances,
    stratified_subset,
    typical_distance,
)
from infoplane.estimators.matrix_renyi import (
    ALIGNMENT_CANDIDATES,
    aligned_width,
    matrix_renyi_entropy_bits,
)

SPECTRUM = 1e-8


def information_bits(kernel_x, kernel_y):
    """Return S(A) + S(B) - S(A o B / tr(A o B)), o entrywise (Giraldo et al. 2015)."""
    single = matrix_renyi_entropy_bits(kernel_x) + matrix_renyi_entropy_bits(kernel_y)
    return single - matrix_renyi_entropy_bits(kernel_x * kernel_y)


def renyi_bits(probabilities, order):
    return math.log2(sum(p**order for p in probabilities)) / (1 - order)


def layer(samples=120, units=3, seed=0):
    return np.tanh(np.random.default_rng(seed).standard_normal((samples, units)))


@pytest.mark.parametrize("order", [0.5, 1.01, 2.0])
def test_entropies_of_simple_kernels(order):
    assert matrix_renyi_entropy_bits(np.eye(64), order) == pytest.approx(6, abs=SPECTRUM)
    assert matrix_renyi_entropy_bits(np.ones((64, 64)), order) == pytest.approx(0, abs=1e-6)
    labels = np.repeat([0, 1, 2], [10, 20, 50])
    expected = renyi_bits([10 / 80, 20 / 80, 50 / 80], order)
    # Zero eigenvalues round to 1e-17; their square root at order 0.5 adds up to 1e-6.
    assert matrix_renyi_entropy_bits(label_kernel(labels), order) == pytest.approx(
        expected, abs=1e-5
    )


def test_second_order_entropy_is_the_frobenius_norm():
    kernel = gaussian_kernel(squared_distances(layer()), 1.0)
    expected = -math.log2(np.sum((kernel / len(kernel)) ** 2))
    assert matrix_renyi_entropy_bits(kernel, 2.0) == pytest.approx(expected, abs=SPECTRUM)


def test_order_near_one_is_the_von_neumann_entropy():
    kernel = gaussian_kernel(squared_distances(layer()), 1.0) / 120
    eigenvalues = np.linalg.eigvalsh(kernel)
    eigenvalues = eigenvalues[eigenvalues > 0]
    expected = -np.sum(eigenvalues * np.log2(eigenvalues))
    # Order 1.0001 differs from 1 by 1e-4 times a variance of some ten bits.
    assert matrix_renyi_entropy_bits(kernel, 1.0001) == pytest.approx(expected, abs=2e-3)


def test_information_about_itself_is_the_entropy_for_an_indicator_kernel():
    kernel = label_kernel(np.arange(60) % 4)
    assert information_bits(kernel, kernel) == pytest.approx(2, abs=1e-6)
    assert information_bits(kernel, np.ones((60, 60))) == pytest.approx(0, abs=1e-6)


def test_estimate_is_that_of_the_full_matrices():
    activations, labels = layer(), np.arange(120) % 3
    for width_rule in ("alignment", "silverman", "median"):
        estimator = make_estimator("matrix_renyi", width_rule=width_rule)
        squared = squared_distances(activations)
        kernel = gaussian_kernel(squared, estimator.width(squared, 3, labels))
        estimate = estimator(activations, labels)
        with_input = information_bits(np.eye(120), kernel)
        with_labels = information_bits(label_kernel(labels), kernel)
        assert estimate.mi_input_bits == pytest.approx(with_input, abs=SPECTRUM)
        assert estimate.mi_label_bits == pytest.approx(with_labels, abs=1e-6)


def test_far_clusters_are_told_apart_exactly():
    labels = np.repeat([0, 1], [30, 50])
    estimator = make_estimator("matrix_renyi", width_rule="silverman", width_factor=1e-3)
    estimate = estimator(labels[:, None].astype(float), labels)
    expected = renyi_bits([30 / 80, 50 / 80], 1.01)
    assert estimate.mi_input_bits == pytest.approx(expected, abs=1e-6)
    assert estimate.mi_label_bits == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("width_rule", ["alignment", "silverman", "median"])
def test_a_constant_layer_has_no_information(width_rule):
    estimate = make_estimator("matrix_renyi", width_rule=width_rule)(
        np.full((50, 2), 0.4), np.arange(50) % 2
    )
    assert estimate.mi_input_bits == pytest.approx(0, abs=1e-6)
    assert estimate.mi_label_bits == pytest.approx(0, abs=1e-6)


def test_a_small_width_reaches_the_ceiling_of_the_samples_used():
    estimator = make_estimator(
        "matrix_renyi", width_rule="silverman", width_factor=1e-6, samples=64
    )
    estimate = estimator(layer(200), np.arange(200) % 2)
    assert estimate.ceiling_bits == 6.0
    assert estimate.mi_input_bits == pytest.approx(6.0, abs=SPECTRUM)


def test_alignment_rule_finds_the_best_candidate():
    activations = np.random.default_rng(1).normal(np.repeat([0, 5], 40), 1)[:, None]
    labels = np.repeat([0, 1], 40)
    squared = squared_distances(activations)
    width = aligned_width(squared, labels)
    candidates = (
        ALIGNMENT_CANDIDATES * np.abs(activations - activations.T)[np.triu_indices(80, 1)].mean()
    )

    def alignment(candidate):
        kernel, ideal = gaussian_kernel(squared, candidate), label_kernel(labels)
        return np.sum(kernel * ideal) / np.linalg.norm(kernel) / np.linalg.norm(ideal)

    assert alignment(width) == pytest.approx(max(map(alignment, candidates)), abs=1e-12)


@pytest.mark.parametrize("units", [1, 6])
@pytest.mark.parametrize("kind", ["tanh", "saturated", "tiny", "far_apart", "noise"])
def test_rough_alignments_miss_no_width(kind, units):
    generator = np.random.default_rng(units)
    labels = generator.integers(0, 3, 150)
    values = generator.normal(labels[:, None], 1.0, (150, units))
    values = {
        "tanh": np.tanh(values),
        "saturated": np.sign(values - 1),
        "tiny": 1e-12 * values,
        "far_apart": 1e6 * labels[:, None] + values,
        "noise": generator.normal(size=(150, units)),
    }[kind]
    squared = squared_distances(values)
    widths = ALIGNMENT_CANDIDATES * typical_distance(squared, "mean")
    alike = label_kernel(labels)
    alignments = [
        np.vdot(kernel, alike) / np.linalg.norm(kernel)
        for kernel in (gaussian_kernel(squared, width) for width in widths)
    ]
    chosen = int(np.flatnonzero(widths == aligned_width(squared, labels))[0])
    # Sums in another order; widths that are alike to that precision may be taken for each other.
    assert alignments[chosen] == pytest.approx(max(alignments), rel=1e-13)


def test_stratified_subset_keeps_the_shares():
    labels = np.repeat([0, 1, 2], [500, 300, 201])
    chosen = stratified_subset(labels, 100, seed=3)
    assert np.bincount(labels[chosen]).tolist() == [50, 30, 20]
    assert len(set(chosen.tolist())) == 100
    np.testing.assert_array_equal(chosen, stratified_subset(labels, 100, seed=3))
    assert not np.array_equal(chosen, stratified_subset(labels, 100, seed=4))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"order": 1}, r"order must not be 1"),
        ({"order": 0.0}, r"order must be above 0, not 0.0"),
        ({"width_rule": "scott"}, r"width_rule must be one of .*, not 'scott'"),
        ({"width_factor": -2.0}, r"width_factor must be above 0, not -2.0"),
        ({"samples": 1}, r"samples must be .* at least 2, not 1"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_estimator("matrix_renyi", **parameters)
