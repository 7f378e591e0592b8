"""NC1 and NC2 against closed forms and the definition written out."""

import numpy as np
import pytest

from infoplane.measures.neural_collapse import collapse


def simplex(classes):
    """Return the corners of a regular simplex around 0, one a class."""
    return np.eye(classes) - 1 / classes


def samples(means, each, deviation, seed=0):
    labels = np.repeat(np.arange(len(means)), each)
    noise = np.random.default_rng(seed).normal(scale=deviation, size=(labels.size, means.shape[1]))
    return means[labels] + noise, labels


def test_collapsed_classes_have_none_of_it():
    found = collapse(*samples(3 * simplex(5) + 7, 20, 0.0))
    assert found.within_over_between == pytest.approx(0, abs=1e-20)
    assert found.norm_variation == pytest.approx(0, abs=1e-12)
    assert found.angle_error == pytest.approx(0, abs=1e-12)


def test_nc1_in_closed_form():
    # C - 1 directions, each with variance d^2 within and s^2 / C between: d^2 (C - 1) / s^2.
    found = collapse(*samples(3 * simplex(5), 40_000, 0.3))
    assert found.within_over_between == pytest.approx(0.3**2 * 4 / 3**2, rel=0.01)


def test_against_the_definition():
    draws = np.random.default_rng(1)
    values, labels = draws.normal(size=(60, 7)), np.repeat([0, 1, 2, 3], [30, 10, 15, 5])
    means = np.stack([values[labels == label].mean(0) for label in range(4)])
    centre = means.mean(0)
    between = np.mean([np.outer(m - centre, m - centre) for m in means], axis=0)
    within = np.mean([np.cov(values[labels == label].T, bias=True) for label in range(4)], axis=0)
    found = collapse(values, labels)
    expected = np.trace(within @ np.linalg.pinv(between, rcond=1e-10)) / 4
    assert found.within_over_between == pytest.approx(expected, rel=1e-9)
    norms = np.linalg.norm(means - centre, axis=1)
    assert found.norm_variation == pytest.approx(norms.std() / norms.mean())
    cosines = [
        (means[a] - centre) @ (means[b] - centre) / norms[a] / norms[b]
        for a in range(4)
        for b in range(a)
    ]
    assert found.angle_error == pytest.approx(np.abs(np.array(cosines) + 1 / 3).mean())


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_rotations_shifts_and_scales_change_nothing(scale):
    values, labels = samples(simplex(4) * [[1], [2], [1], [3]], 15, 0.2)
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))[0]
    first, other = collapse(values, labels), collapse(scale * (values @ rotation + 1), labels)
    for name in ("within_over_between", "norm_variation", "angle_error"):
        assert getattr(other, name) == pytest.approx(getattr(first, name), rel=1e-9)


def test_a_dead_layer_has_no_collapse():
    found = collapse(np.full((20, 3), 0.1, np.float32), np.arange(20) % 2)
    assert np.isnan([found.within_over_between, found.norm_variation, found.angle_error]).all()


def test_two_classes_are_always_opposite():
    found = collapse(*samples(np.array([[0.0, 1], [5, -2]]), 10, 1.0))
    assert found.angle_error == pytest.approx(0, abs=1e-12)
    assert found.norm_variation == pytest.approx(0, abs=1e-12)
