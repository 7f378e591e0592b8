"""Noisy layers: entropies against closed forms, quadrature and sampling; minima against descent."""

import math

import numpy as np
import pytest
import scipy

from infoplane.models import make_model
from infoplane.models.noisy_layer import (
    lower_bound,
    mean_log_square,
    unit_entropy,
    unit_information,
)

SETTINGS = {
    "betas": [0.1, 1.0],
    "inputs": 6,
    "relevant": 3,
    "outputs": 2,
    "samples": 30,
    "teacher_noise": 1.0,
    "alphas": "each",
    "largest_alpha": 5.0,
    "rounds": 100,
    "initialisations": 3,
    "seed": 4,
}
NORMAL = math.log(2 * math.pi * math.e) / 2


def model_of(**changes):
    return make_model("noisy_layer", **SETTINGS | changes)


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_mean_logarithm_of_equal_squares_is_that_of_chi_squared(count):
    expected = scipy.special.digamma(count / 2) + math.log(2 * 0.3)
    assert mean_log_square(np.full(count, 0.3)) == pytest.approx(expected, abs=1e-9)


def test_mean_logarithm_of_unequal_squares_is_that_of_quadrature():
    # Of two: x = r cos, y = r sin, whose radius and angle are independent.
    angles = (np.arange(2000) + 0.5) * 2 * np.pi / 2000
    sizes = np.array([1.0, 0.04])
    angular = np.log(sizes[0] * np.cos(angles) ** 2 + sizes[1] * np.sin(angles) ** 2).mean()
    expected = angular + scipy.special.digamma(1) + math.log(2)
    assert mean_log_square(sizes) == pytest.approx(expected, abs=1e-8)


def test_a_unit_with_hardly_any_noise_is_normal():
    found = unit_entropy(np.full(5, 0.2), np.full(5, 1e-9))
    assert found == pytest.approx(NORMAL, abs=1e-6)


def test_a_unit_of_all_noise_is_a_sum_of_laplace_variables():
    # Two inputs: a normal variable whose variance is exponential, 1 + log(2 b) with 2 b^2 = 1. The
    # corner at 0 is rounded off where the transform ends.
    def entropy(count):
        return unit_entropy(np.full(count, 1e-9 / count), np.full(count, 1e9))

    assert entropy(2) == pytest.approx(1 + math.log(2) / 2, abs=1e-3)

    # Four: the sum of two with b = 1/2.
    def part(place):
        density = (1 + 2 * place) * math.exp(-2 * place) / 2
        return -2 * density * math.log(density)

    expected = scipy.integrate.quad(part, 0, 30, epsabs=1e-10)[0]
    assert entropy(4) == pytest.approx(expected, abs=1e-6)


def test_the_sum_of_equal_weights_is_g_and_the_constant_of_the_inputs():
    alpha, inputs = 0.3, 9
    weights, noise = np.full((2, inputs), 1.7), np.full((2, inputs), math.expm1(alpha))
    exact, normal = unit_information(weights, noise)
    constant = (math.log(inputs / 2) - scipy.special.digamma(inputs / 2)) / 2
    assert normal == pytest.approx(lower_bound(alpha) + constant, abs=1e-8)
    # A normal variable has the largest entropy.
    assert lower_bound(alpha) < exact < normal


def test_the_sum_is_what_samples_find():
    draws = np.random.default_rng(0)
    weights, noise = draws.normal(size=(1, 4)), draws.uniform(0.1, 2.0, size=(1, 4))
    inputs = draws.normal(size=(300, 4))
    mean, variance = inputs @ weights[0], inputs**2 @ (noise * weights**2)[0]
    drawn = mean + np.sqrt(variance) * draws.normal(size=300)
    others = np.random.default_rng(1).normal(size=(6_000, 4))
    means, variances = others @ weights[0], others**2 @ (noise * weights**2)[0]
    logs = scipy.stats.norm.logpdf(drawn, mean, np.sqrt(variance))
    parts = scipy.stats.norm.pdf(drawn[:, None], means, np.sqrt(variances)).mean(axis=1)
    values = logs - np.log(parts)
    exact, _ = unit_information(weights, noise)
    assert values.mean() == pytest.approx(exact, abs=4 * values.std() / math.sqrt(300))


@pytest.mark.parametrize("alphas", ["each", "shared"])
def test_what_is_learnt_is_a_minimum_of_the_loss(alphas):
    model = model_of(alphas=alphas, rounds=3000)
    inputs, answers, _ = model.problem(0)
    weights, alpha = model.learnt(inputs, answers, 1.0)

    def loss(weights, alpha):
        noise = inputs**2 @ (np.expm1(alpha) * weights**2).T
        return ((answers - inputs @ weights.T) ** 2 + noise).sum() / 2 - np.log(alpha).sum() / 2

    least, draws = loss(weights, alpha), np.random.default_rng(0)
    for _ in range(30):
        step = draws.normal(size=weights.shape) * 1e-3
        factor = np.exp(draws.normal(size=alpha.shape if alphas == "each" else ()) * 1e-3)
        other = np.minimum(alpha * factor, 5.0)
        assert loss(weights + step, alpha) > least
        assert loss(weights, other) >= least


def test_columns_are_what_they_say():
    found = model_of().solve()
    assert found["beta"].tolist() == [0.1, 1.0] * 3
    assert set(found["status"]) == {"ok"}
    nat = 1 / math.log(2)
    lower = [lower_bound(alpha) * nat for alpha in found["alpha"]]
    assert found["lower_bits"] == pytest.approx(lower)
    assert found["upper_bits"] == pytest.approx(found["lower_bits"] + nat)
    printed = [lower_bound(math.sqrt(alpha)) * nat for alpha in found["alpha"]]
    assert found["printed_upper_bits"] == pytest.approx(np.array(printed) + nat)
    assert found["information_nats"] == pytest.approx(-6 * np.log(found["alpha"]))
    dear, cheap = found["beta"] == 1.0, found["beta"] == 0.1
    assert (found["information_nats"][dear] < found["information_nats"][cheap]).all()
    assert (found["gaussian_bits"] >= found["sum_bits"]).all()
    fewer = model_of(initialisations=1).solve()
    for name, values in fewer.items():
        np.testing.assert_array_equal(values, found[name][:2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"betas": [0.0]}, "betas must be above 0, not 0.0"),
        ({"betas": [-1.0]}, "betas must be above 0, not -1.0"),
        ({"relevant": 7}, "relevant must be at most inputs 6, not 7"),
        ({"samples": 6}, "samples must be above inputs 6, not 6"),
        ({"teacher_noise": 0.0}, "teacher_noise must be above 0, not 0.0"),
        ({"largest_alpha": 0.0}, "largest_alpha must be above 0, not 0.0"),
        ({"alphas": "few"}, "alphas must be one of 'shared', 'each', not 'few'"),
    ],
)
def test_impossible_parameters_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        model_of(**changes)
