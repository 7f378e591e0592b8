"""Pairs of variables: closed forms by quadrature, samples, one-to-one transformations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.stats import multivariate_t, norm, t

from infoplane.audit import audit_estimators, standard_subjects
from infoplane.audit.pairs import (
    additive_noise_bits,
    additive_noise_pairs,
    bimodal,
    dense,
    half_cube,
    normal_bits,
    normal_pairs,
    pair_tasks,
    spiral,
    student_correction_bits,
    student_pairs,
    swiss_roll,
    two_pairs,
    wiggly_t,
    wiggly_x,
)


def test_information_of_normal_pairs():
    closed = -0.5 * math.log2(1 - 0.75**2)
    assert normal_bits(dense(1, 0.75), 1) == pytest.approx(closed, abs=1e-12)
    # Independent pairs add up, whatever else there is.
    assert normal_bits(two_pairs(5), 5) == pytest.approx(-math.log2(1 - 0.8**2), abs=1e-12)
    # The sums of d units each carry it all: their correlation is d c / (1 + (d - 1) c).
    units, c = 25, 0.5
    of_sums = units * c / (1 + (units - 1) * c)
    closed = -0.5 * math.log2(1 - of_sums**2)
    assert normal_bits(dense(units, c), units) == pytest.approx(closed, abs=1e-9)


@pytest.mark.parametrize("reach", [0.1, 0.5, 0.75])
def test_additive_noise_is_a_difference_of_entropies(reach):
    def density(y):
        return max(0.0, min(1.0, y + reach) - max(0.0, y - reach)) / (2 * reach)

    def surprise(y):
        p = density(y)
        return -p * math.log2(p) if p > 0 else 0.0

    kinks = sorted({reach, 1 - reach})
    entropy = quad(surprise, -reach, 1 + reach, points=kinks, limit=200)[0]
    assert additive_noise_bits(reach) == pytest.approx(entropy - math.log2(2 * reach), abs=1e-6)


def test_students_information_by_quadrature():
    # 5 degrees of freedom: the tails beyond 60 hold less than 1e-7.
    freedom = 5
    joint = multivariate_t(shape=np.eye(2), df=freedom)

    def integrand(y, x):
        p = joint.pdf([x, y])
        return p * math.log2(p / (t.pdf(x, freedom) * t.pdf(y, freedom)))

    # By symmetry four times a quadrant.
    bits = 4 * dblquad(integrand, 0, 60, 0, 60, epsabs=1e-6)[0]
    assert student_correction_bits(freedom, 1, 1) == pytest.approx(bits, abs=1e-4)
    # Normal in the limit, and no less for more units.
    assert student_correction_bits(10**7, 3, 3) == pytest.approx(0, abs=1e-5)
    assert student_correction_bits(2, 5, 5) > student_correction_bits(2, 2, 2) > 0


def test_samples_are_those_that_the_truth_is_of():
    generator = np.random.default_rng(0)
    x, y = normal_pairs("dense", dense(3)).sample(40_000, generator)
    covariance = np.cov(np.hstack([x, y]).T)
    # Five standard errors of a covariance of 40,000 samples.
    np.testing.assert_allclose(covariance, dense(3), atol=0.04)
    x, y = student_pairs(2, 3).sample(40_000, generator)
    quantiles = np.quantile(x[:, 0], [0.1, 0.5, 0.9])
    np.testing.assert_allclose(quantiles, t.ppf([0.1, 0.5, 0.9], 3), atol=0.06)
    # The common scale: large values come together.
    assert np.corrcoef(np.log(np.abs(np.hstack([x, y]))).T)[0, 3] > 0.1
    x, y = additive_noise_pairs(0.1).sample(1000, generator)
    assert np.abs(x - y).max() <= 0.1


@pytest.mark.parametrize(
    "function",
    [half_cube, wiggly_x, wiggly_t, bimodal(0.3, 0, 5), bimodal(0.5, -1, 3)],
)
def test_functions_of_one_unit_grow(function):
    values = np.linspace(-6, 6, 20_001)[:, None]
    assert (np.diff(function(values), axis=0) > 0).all()


def test_bimodal_quantiles():
    values = np.linspace(-4, 4, 81)[:, None]
    found = bimodal(0.3, 0, 5)(values)
    expected = norm.cdf(values)
    np.testing.assert_allclose(
        0.3 * norm.cdf(found) + 0.7 * norm.cdf(found - 5), expected, atol=1e-12
    )


def test_spirals_turn_back_and_swiss_rolls_unroll():
    values = np.random.default_rng(1).standard_normal((500, 4))
    turned = spiral(1, 2)(values)
    # A rotation: lengths stay, and with them the angle by which to turn back.
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(values, axis=1))
    np.testing.assert_array_equal(turned[:, [0, 3]], values[:, [0, 3]])
    np.testing.assert_allclose(spiral(2, 1)(turned), values, atol=1e-12)
    numbers = np.linspace(0, 1, 200)[:, None]
    # The distance from the centre tells the number.
    radius = 21 * np.linalg.norm(swiss_roll(numbers), axis=1) / (1.5 * math.pi)
    np.testing.assert_allclose((radius - 1) / 2, numbers[:, 0], atol=1e-12)


def test_tasks_have_names_of_their_own_and_their_shapes():
    tasks = pair_tasks()
    assert len({task.name for task in tasks}) == len(tasks)
    assert {task.dimension for task in tasks} == {1, 2, 3, 5, 25, 50}
    for task in tasks:
        draw = task.draw(64, 0)
        assert draw.observed.shape == (64, task.dimension)
        assert draw.inputs.shape[1] - task.dimension == ("swiss" in task.name)
        assert np.isfinite(np.hstack([draw.inputs, draw.observed])).all()
        assert 0 < draw.mi_input_bits < 8
        assert math.isnan(draw.mi_label_bits)


def test_nearest_neighbours_find_the_information_of_one_unit():
    tasks = [
        task
        for task in pair_tasks()
        if task.dimension == 1 and not ("student" in task.name or "swiss" in task.name)
    ]
    chosen = [subject for subject in standard_subjects() if "ksg1_3" in subject.all_names]
    for record in audit_estimators(chosen, tasks, [2000], 2, seed=0):
        # Four standard errors of two draws of 2000 samples; independent of the transformation.
        assert record["bias_bits"] == pytest.approx(0, abs=0.1), record["task"]
