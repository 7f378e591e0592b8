"""HSIC: the trace formula, permutations, bounds, refusals.

Products of a hundred samples in float64: 1e-12 leaves room for the order of the sums.
"""

from __future__ import annotations

import numpy as np
import pytest

from infoplane.estimators.hsic import hsic, layer_hsic, normalised_hsic
from infoplane.estimators.kernels import gaussian_kernel, label_kernel, squared_distances

ROUNDING = 1e-12


def kernel_of(values, width=1.0):
    return gaussian_kernel(squared_distances(values), width)


def sample(seed=0, samples=100):
    generator = np.random.default_rng(seed)
    labels = np.arange(samples) % 2
    return generator.standard_normal((samples, 2)) + 2 * labels[:, None], labels


def test_criterion_is_the_trace_of_the_centred_matrices():
    values, labels = sample()
    k, kernel_y = kernel_of(values), label_kernel(labels)
    centring = np.eye(100) - 1 / 100
    expected = np.trace(k @ centring @ kernel_y @ centring) / 99**2
    assert hsic(k, kernel_y) == pytest.approx(expected, abs=ROUNDING)


def test_linear_kernels_give_the_squared_covariance():
    x, y = np.random.default_rng(1).standard_normal((2, 80, 1))
    expected = np.cov(x[:, 0], y[:, 0])[0, 1] ** 2
    assert hsic(x @ x.T, y @ y.T) == pytest.approx(expected, abs=ROUNDING)
    correlation = np.corrcoef(x[:, 0], y[:, 0])[0, 1]
    assert normalised_hsic(x @ x.T, y @ y.T) == pytest.approx(correlation**2, abs=ROUNDING)


def test_normalised_criterion_is_one_for_equal_kernels():
    k = kernel_of(sample()[0])
    assert normalised_hsic(k, 3 * k) == pytest.approx(1, abs=ROUNDING)


def test_shuffled_labels_depend_less():
    values, labels = sample()
    shuffled = np.random.default_rng(2).permutation(labels)
    (plain, normalised), (chance, normalised_chance) = (
        layer_hsic(values, y) for y in (labels, shuffled)
    )
    assert plain > 10 * chance > 0
    assert 1 >= normalised > 10 * normalised_chance > 0


def test_order_of_the_samples_does_not_matter():
    values, labels = sample()
    order = np.random.default_rng(3).permutation(100)
    np.testing.assert_allclose(
        layer_hsic(values[order], labels[order], 1.5), layer_hsic(values, labels, 1.5), rtol=1e-11
    )


def test_what_is_constant_cannot_be_normalised():
    values, labels = sample()
    with pytest.raises(ValueError, match="kernel_y is the same for all samples"):
        normalised_hsic(np.eye(100), np.ones((100, 100)))
    with pytest.raises(ValueError, match="labels must be of at least 2 classes; all 100 are 0"):
        layer_hsic(values, np.zeros(100, dtype=int))
    with pytest.raises(ValueError, match="kernel_x is the same for all samples"):
        layer_hsic(np.ones((100, 2)), labels)


def test_bad_kernels_and_widths_are_refused():
    values, labels = sample()
    with pytest.raises(ValueError, match=r"kernel_x must be square, .* not \(3, 4\)"):
        hsic(np.zeros((3, 4)), np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"kernel_y must have shape \(3, 3\), not \(4, 4\)"):
        hsic(np.eye(3), np.eye(4))
    with pytest.raises(ValueError, match=r"width must be a finite number above 0, not -1"):
        layer_hsic(values, labels, -1)
