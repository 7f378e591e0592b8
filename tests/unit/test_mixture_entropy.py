"""Mixture entropies of noisy layers: quadrature, a slow sum, closed forms, bounds, refusals.

A Monte-Carlo average is compared with the truth to within 4 of its own standard errors, which
the seeds given here keep; the compiled float32 sums with a float64 sum to 1e-4 nats, as squared
distances in units of the noise reach 1e3 and lose 1e-7 of their size.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from infoplane.estimators import make_estimator
from infoplane.estimators._mixture_kernels import log_kernel_sums, log_sums
from infoplane.estimators.mixture_entropy import (
    gaussian_log_density,
    mixture_information,
    propagated_information,
)

BALANCED = np.array([0, 1] * 500)


def entropy_of_mixture(centres, sigma):
    """Return the entropy in bits of equal Gaussians in one dimension, by quadrature."""

    def integrand(t):
        density = norm.pdf(t, centres, sigma).mean()
        return -density * math.log2(density) if density > 0 else 0.0

    low, high = min(centres) - 12 * sigma, max(centres) + 12 * sigma
    return quad(integrand, low, high, limit=500, epsabs=1e-9)[0]


@pytest.mark.parametrize("sigma", [0.05, 0.3, 1.0, 3.0])
def test_agrees_with_quadrature_in_one_dimension(sigma):
    centres = np.array([-1.0, -0.9, 0.0, 0.8, 1.0, 1.05])
    labels = np.array([0, 0, 1, 0, 1, 1])
    found = mixture_information(centres[:, None], labels, sigma, 4000, np.random.default_rng(1))
    whole = entropy_of_mixture(centres, sigma)
    noise = 0.5 * math.log2(2 * math.pi * math.e * sigma**2)
    parts = [entropy_of_mixture(centres[labels == label], sigma) for label in (0, 1)]
    input_error = found.mi_input_bits - (whole - noise)
    label_error = found.mi_label_bits - (whole - np.mean(parts))
    assert abs(input_error) < 4 * found.mi_input_standard_error
    assert abs(label_error) < 4 * found.mi_label_standard_error
    assert found.mi_input_standard_error < 0.02
    assert found.mi_label_standard_error < 0.02
    assert found.mi_input_lower_bits == pytest.approx(found.mi_input_bits, abs=1e-9)


def test_standard_error_is_the_spread_over_seeds():
    centres = np.random.default_rng(0).normal(size=(60, 2))
    labels = BALANCED[:60]
    runs = [
        mixture_information(centres, labels, 0.7, 5, np.random.default_rng(seed))
        for seed in range(200)
    ]
    for name in ("mi_input", "mi_label"):
        spread = np.std([getattr(run, f"{name}_bits") for run in runs])
        stated = np.mean([getattr(run, f"{name}_standard_error") for run in runs])
        # A standard deviation over 200 runs is itself known to 5 %. Draws are taken evenly over
        # the patterns, which can only make the spread smaller than that of independent draws.
        assert 0.5 * stated < spread < 1.15 * stated


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_apart_and_together(dtype):
    apart = mixture_information(
        100.0 * np.arange(1000, dtype=dtype)[:, None], BALANCED, 1.0, 1, np.random.default_rng(0)
    )
    assert apart.mi_input_bits == pytest.approx(math.log2(1000), abs=1e-9)
    assert apart.mi_label_bits == pytest.approx(1.0, abs=1e-9)
    assert apart.mi_input_standard_error < 1e-9
    together = mixture_information(
        np.full((1000, 3), 0.7, dtype), BALANCED, 1.0, 1, np.random.default_rng(0)
    )
    assert together.mi_input_bits == pytest.approx(0.0, abs=1e-5)
    assert together.mi_label_bits == pytest.approx(0.0, abs=1e-5)


def test_two_clusters_are_one_bit():
    activations = np.where(BALANCED, 1.0, -1.0)[:, None] * np.ones((1, 3))
    found = mixture_information(activations, BALANCED, 0.005, 1, np.random.default_rng(0))
    assert found.mi_input_bits == pytest.approx(1.0, abs=1e-5)
    assert found.mi_label_bits == pytest.approx(1.0, abs=1e-5)


def test_gaussian_channel():
    units, samples, sigma = 2, 3000, 1.0
    signal = 2.0 * np.random.default_rng(3).normal(size=(samples, units))
    # Each signal once in either class, so that T tells nothing about the class.
    labels = np.repeat([0, 1], samples)
    found = mixture_information(np.tile(signal, (2, 1)), labels, sigma, 1, np.random.default_rng(4))
    # I = units/2 log2(1 + 4). With 3000 centres the mixture falls short of the Gaussian by
    # about the effective number of cells over the samples, (1 + 4) / 3000 nats.
    truth = units / 2 * math.log2(5.0)
    assert found.mi_input_bits == pytest.approx(truth, abs=4 * found.mi_input_standard_error + 0.01)
    assert found.mi_label_bits == pytest.approx(0.0, abs=1e-5)


def test_lies_between_the_pairwise_bounds():
    generator = np.random.default_rng(5)
    activations = np.tanh(generator.normal(size=(800, 4)))
    labels = (activations[:, 0] > 0).astype(np.int64)
    for sigma in (0.1, 0.5):
        value = make_estimator("mixture_entropy", noise_standard_deviation=sigma, draws=4)(
            activations, labels
        ).mi_input_bits
        bounds = [
            make_estimator("kde", noise_variance=sigma**2, bound=bound)(
                activations, labels
            ).mi_input_bits
            for bound in ("lower", "upper")
        ]
        assert bounds[0] < value < bounds[1]


def test_does_not_depend_on_shift_rotation_or_scale_with_the_noise():
    generator = np.random.default_rng(6)
    activations = generator.normal(size=(400, 3))
    rotation = np.linalg.qr(generator.normal(size=(3, 3)))[0]
    labels = BALANCED[:400]
    found = mixture_information(activations, labels, 0.5, 2, np.random.default_rng(0))
    moved = mixture_information(50.0 + 10.0 * activations, labels, 5.0, 2, np.random.default_rng(0))
    assert moved.mi_input_bits == pytest.approx(found.mi_input_bits, abs=1e-4)
    turned = mixture_information(activations @ rotation, labels, 0.5, 2, np.random.default_rng(1))
    error = math.hypot(found.mi_input_standard_error, turned.mi_input_standard_error)
    assert abs(turned.mi_input_bits - found.mi_input_bits) < 4 * error


# Samples of the centres


def noisy_line(patterns, draws, spread, generator):
    """Return centres x + spread noise of integer inputs 3 x, one unit."""
    middle = 3.0 * np.arange(patterns)[:, None, None]
    return middle + spread * generator.normal(size=(patterns, draws, 1))


def test_propagated_noise_is_a_wider_gaussian():
    """With S = 3 x + 1.5 Z, T = S + noise is 3 x + noise of variance 1.5^2 + 1."""
    generator = np.random.default_rng(7)
    labels = BALANCED[:50]
    own = noisy_line(50, 400, 1.5, generator).repeat(20, axis=0)
    chosen = np.arange(50).repeat(20)
    # Each evaluation needs draws of its own.
    own = 3.0 * chosen[:, None, None] + 1.5 * generator.normal(size=(1000, 400, 1))
    background = noisy_line(50, 400, 1.5, generator)
    found = propagated_information(own, chosen, background, labels, 1.0, generator)
    exact = mixture_information(
        3.0 * np.arange(50)[:, None], labels, math.sqrt(3.25), 2000, np.random.default_rng(8)
    )
    # The bias with 400 draws is about the mixture's effective number of cells, 2, over 400.
    assert abs(found.mi_input_bits - exact.mi_input_bits) < (
        4 * found.mi_input_standard_error + 0.01
    )
    assert abs(found.mi_label_bits - exact.mi_label_bits) < 4 * found.mi_label_standard_error + 0.01
    assert abs(found.mi_input_lower_bits - exact.mi_input_bits) < (
        4 * found.mi_input_standard_error + 0.01
    )


def test_bias_falls_from_above_with_draws():
    labels = BALANCED[:40]
    values, lower = [], []
    for draws in (1, 4, 16, 256):
        generator = np.random.default_rng(9)
        chosen = np.arange(40).repeat(50)
        own = 3.0 * chosen[:, None, None] + 5.0 * generator.normal(size=(2000, draws, 1))
        background = noisy_line(40, 64, 5.0, generator)
        found = propagated_information(own, chosen, background, labels, 1.0, generator)
        values.append(found.mi_input_bits)
        lower.append(found.mi_input_lower_bits)
    assert (np.diff(values) < 0).all()
    assert values[-1] + 0.1 > lower[-1] > values[-1] - 0.1
    assert lower[2] < values[2]


def test_lower_bound_needs_enough_draws():
    generator = np.random.default_rng(0)
    own = generator.normal(size=(10, 4, 2))
    background = generator.normal(size=(10, 4, 2))
    found = propagated_information(own, np.arange(10), background, BALANCED[:10], 0.5, generator)
    assert math.isnan(found.mi_input_lower_bits)
    assert math.isfinite(found.mi_input_bits)


def test_gaussian_is_fitted_to_the_other_draws():
    generator = np.random.default_rng(3)
    own, points = generator.normal(size=(6, 30, 3)), generator.normal(size=(6, 3))
    found = gaussian_log_density(own, points)
    for number in range(6):
        others = own[number, 1:]
        # The noise has variance 1/2 in these units.
        normal = multivariate_normal(others.mean(axis=0), np.cov(others.T) + 0.5 * np.eye(3))
        expected = normal.logpdf(points[number]) + 1.5 * math.log(math.pi)
        assert found[number] == pytest.approx(expected, abs=1e-12)


def test_compiled_sums_agree_with_slow_ones():
    generator = np.random.default_rng(2)
    points = generator.normal(0, 3, (40, 5)).astype(np.float32)
    centres = generator.normal(0, 3, (5, 90)).astype(np.float32)
    class_ranges = np.tile([[30, 90]], (40, 1))
    own_ranges = 30 + np.arange(40)[:, None] + np.array([0, 3])
    of_class, of_all = log_kernel_sums(points, centres, class_ranges, own_ranges)
    for number in range(40):
        squares = np.square(points[number, :, None].astype(np.float64) - centres).sum(axis=0)
        squares[slice(*own_ranges[number])] = np.inf
        assert of_all[number] == pytest.approx(logsumexp(-squares), abs=1e-4)
        assert of_class[number] == pytest.approx(logsumexp(-squares[30:]), abs=1e-4)


def test_sums_of_logarithms_agree_with_scipy_also_of_a_class_far_below_the_others():
    densities = np.random.default_rng(4).normal(0, 30, (40, 90))
    densities[20:, 30:70] -= 1e4
    class_ranges = np.tile([[30, 70]], (40, 1))
    of_class, of_all = log_sums(densities, class_ranges)
    # Exponentials of float32.
    np.testing.assert_allclose(of_class, logsumexp(densities[:, 30:70], axis=1), rtol=0, atol=2e-7)
    np.testing.assert_allclose(of_all, logsumexp(densities, axis=1), rtol=0, atol=2e-7)


def test_the_last_pattern_of_a_class_stands_alone():
    activations = np.array([[0.0], [5.0]])
    found = mixture_information(activations, np.array([0, 1]), 0.1, 3, np.random.default_rng(0))
    assert found.mi_label_bits == pytest.approx(1.0, abs=1e-9)
    assert found.mi_input_bits == pytest.approx(1.0, abs=1e-9)


# The estimator


def test_estimator_is_the_function():
    activations = np.random.default_rng(0).normal(size=(200, 3))
    estimator = make_estimator("mixture_entropy", noise_standard_deviation=0.3, draws=2, seed=5)
    estimate = estimator(activations, BALANCED[:200])
    found = mixture_information(activations, BALANCED[:200], 0.3, 2, np.random.default_rng(5))
    assert estimate.mi_input_bits == found.mi_input_bits
    assert estimate.mi_label_bits == found.mi_label_bits
    assert estimate.ceiling_bits == math.log2(200)
    assert estimator(activations, BALANCED[:200]) == estimate
    assert estimator.parameters == {"noise_standard_deviation": 0.3, "draws": 2, "seed": 5}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "noise_standard_deviation must be a finite number, not None"),
        ({"noise_standard_deviation": 0.0}, "noise_standard_deviation must be above 0"),
        ({"noise_standard_deviation": math.nan}, "must be a finite number"),
        ({"noise_standard_deviation": 0.1, "draws": 0}, "draws must be a whole number"),
        ({"noise_standard_deviation": 0.1, "seed": -1}, "seed must be a whole number"),
    ],
)
def test_refuses(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_estimator("mixture_entropy", **parameters)
