"""EDGE: the graph against scikit-learn, distances by brute force, weights, bounds, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from infoplane.estimators import make_estimator
from infoplane.estimators.discrete import entropy_bits
from infoplane.estimators.edge import (
    dependence_graph_bits,
    ensemble_weights,
    neighbour_distance,
    projected_dimensions,
)
from infoplane.units import BITS_PER_NAT

# Sums of a few hundred terms of float64, in another order.
ROUNDING = 1e-12


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=1, max_size=80))
def test_graph_without_a_bound_is_the_plug_in_information(pairs):
    x, y = np.array(pairs).T
    expected = mutual_info_score(x, y) * BITS_PER_NAT
    assert dependence_graph_bits(x, y, 100.0) == pytest.approx(expected, abs=ROUNDING)


def test_the_bound_caps_each_edge():
    numbers = np.arange(256)
    assert dependence_graph_bits(numbers, numbers, 20.0) == 8.0
    assert dependence_graph_bits(numbers, numbers, 3.0) == 3.0


# Without a deadline, as the first call may compile.
@settings(max_examples=30, deadline=None)
@given(st.integers(2, 60), st.integers(0, 2**31), st.data())
def test_neighbour_distance_by_brute_force(samples, seed, data):
    k = data.draw(st.integers(1, samples - 1))
    line = np.random.default_rng(seed).integers(0, 50, samples) / 4
    distances = np.sort(np.abs(line[:, None] - line), axis=1)[:, k]
    assert neighbour_distance(line, k) == pytest.approx(distances.mean(), abs=ROUNDING)


@pytest.mark.parametrize("dimensions", [1, 3])
def test_optimal_weights_cancel_the_bias_terms(dimensions):
    scales = np.linspace(1, 2, 10)
    weights = ensemble_weights(scales, dimensions)
    # Weights reach 1e2, so that their sums round at about 1e-12.
    assert weights.sum() == pytest.approx(1, abs=1e-10)
    for power in range(1, dimensions + 1):
        assert np.dot(weights, scales**power) == pytest.approx(0, abs=1e-9)


def test_input_information_is_the_entropy_of_the_cells():
    activations = np.tanh(np.random.default_rng(0).standard_normal((500, 3)))
    estimator = make_estimator("edge", combine="mean")
    expected = np.mean([entropy_bits(cell) for cell in estimator.cells(activations)])
    estimate = estimator(activations, np.arange(500) % 2)
    assert estimate.mi_input_bits == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize("units", [2, 12])
def test_fine_cells_reach_the_ceiling(units):
    activations = np.random.default_rng(1).standard_normal((512, units))
    labels = np.arange(512) % 4
    estimate = make_estimator("edge", bandwidth=1e-9)(activations, labels)
    assert estimate.mi_input_bits == estimate.ceiling_bits == 9.0
    assert estimate.mi_label_bits == pytest.approx(2.0, abs=ROUNDING)
    bounded = make_estimator("edge", bandwidth=1e-9, upper_bound_bits=6.0)(activations, labels)
    assert bounded.mi_input_bits == bounded.ceiling_bits == 6.0


@pytest.mark.parametrize("units", [1, 12])
def test_a_constant_layer_has_no_information(units):
    estimate = make_estimator("edge")(np.full((300, units), 0.3), np.arange(300) % 2)
    assert (estimate.mi_input_bits, estimate.mi_label_bits) == (0.0, 0.0)


def test_wide_layers_are_projected_to_few_dimensions():
    assert projected_dimensions(4096) == 8
    assert projected_dimensions(2) == 1
    estimator = make_estimator("edge", ensemble=1)
    wide = np.random.default_rng(2).standard_normal((200, 50))
    # Each projected coordinate is centred and of about unit spread: at most a handful of cells.
    assert 0 < entropy_bits(estimator.cells(wide)[0]) < math.log2(200)


@pytest.mark.parametrize("combine", ["median", "mean"])
def test_two_gaussian_variables_at_moderate_correlation(combine):
    x, noise = np.random.default_rng(3).standard_normal((2, 10_000, 1))
    y = 0.8 * x + 0.6 * noise
    estimate = make_estimator("edge", combine=combine, smoothness=0.5).information_bits(x, y)
    # The cells are coarse: the estimate lies below 0.737 bits by up to a third.
    assert 0.67 * -math.log2(0.6) < estimate < -math.log2(0.6)
    assert make_estimator("edge").information_bits(x, noise) == pytest.approx(0, abs=0.02)


def test_optimal_weights_remove_much_of_the_bias():
    x, noise = np.random.default_rng(4).standard_normal((2, 10_000, 1))
    y = 0.8 * x + 0.6 * noise
    truth = -math.log2(0.6)
    mean = make_estimator("edge", combine="mean", bandwidth_range=1.0).information_bits(x, y)
    optimal = make_estimator("edge", combine="optimal", bandwidth_range=1.0).information_bits(x, y)
    # Over samples the biases are -0.24 and 0.10 bits, with deviations of 0.01 and 0.02.
    assert abs(optimal - truth) < 0.5 * abs(mean - truth)


def test_the_seed_alone_decides():
    activations = np.random.default_rng(5).standard_normal((300, 10))
    labels = np.arange(300) % 2
    first, again, other = (
        make_estimator("edge", seed=seed)(activations, labels).mi_input_bits for seed in (1, 1, 2)
    )
    assert first == again != other


def test_too_small_an_ensemble_for_optimal_weights_is_refused():
    estimator = make_estimator("edge", combine="optimal", ensemble=3, bandwidth_range=1.0)
    with pytest.raises(ValueError, match=r"than dimensions \(4\) for optimal weights, not 3"):
        estimator(np.random.default_rng(6).random((200, 4)), np.arange(200) % 2)


def test_variables_of_different_samples_are_refused():
    with pytest.raises(ValueError, match=r"equal samples, not \(4, 1\) and \(5, 1\)"):
        make_estimator("edge").information_bits(np.zeros((4, 1)), np.zeros((5, 1)))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"smoothness": 0}, r"smoothness must be above 0, not 0"),
        ({"bandwidth": -0.1}, r"bandwidth must be at least 0, not -0.1"),
        ({"ensemble": 0}, r"ensemble must be .* not 0"),
        ({"bandwidth_range": math.nan}, r"bandwidth_range must be a finite number, not nan"),
        ({"combine": "best"}, r"combine must be one of 'median', 'mean', 'optimal', not 'best'"),
        ({"upper_bound_bits": 0.0}, r"upper_bound_bits must be above 0, not 0.0"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_estimator("edge", **parameters)
