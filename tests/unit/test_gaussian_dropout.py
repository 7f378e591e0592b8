"""Gaussian dropout: the estimator against a closed form and the definition, and the training."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from infoplane.audit.dropout import SHIFT, SLOPE, dropout_layer, dropout_unit_information_bits
from infoplane.audit.images import label_mixing_bits, mixed_digits
from infoplane.estimators import make_estimator
from infoplane.estimators.gaussian_dropout import log_densities
from infoplane.training.engines import choose_engine
from infoplane.training.ensemble import train_ensemble
from tests.support import network, optimizer, schedule


def test_the_toy_in_closed_form_against_its_definition():
    sigma, width = 0.3, 0.05
    x, noise = np.random.default_rng(0).standard_normal((2, 1_000_000))
    layer = SHIFT + SLOPE * x
    counts = np.unique(np.floor(layer * (1 + sigma * noise) / width), return_counts=True)[1]
    shares = counts / counts.sum()
    entropy = -np.sum(shares * np.log2(shares)) + math.log2(width)
    given = np.log2(np.abs(layer)).mean() + math.log2(sigma * math.sqrt(2 * math.pi * math.e))
    # Bins much narrower than the density is wide; the means to 2e-3.
    assert dropout_unit_information_bits(sigma) == pytest.approx(entropy - given, abs=0.01)


@pytest.mark.parametrize("sigma", [0.1, 0.25])
@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_the_right_covariance_finds_the_toy_in_any_unit_and_the_published_one_in_one(sigma, scale):
    draw = dropout_layer(1, sigma, scale).draw(1000, 1)
    right, published = (
        make_estimator("gaussian_dropout", relative_noise=sigma, covariance=name)(
            draw.layer, draw.labels
        ).mi_input_bits
        for name in ("squared", "published")
    )
    # One draw of 1000 inputs: a spread of 0.05, and some bias where components hardly overlap.
    assert right == pytest.approx(draw.mi_input_bits, abs=0.15)
    # Near 1 both variances are far below that of f, and p(t) hardly changes: nobody noticed.
    assert (abs(published - draw.mi_input_bits) > 0.3) == (scale < 1)


def test_densities_against_scipy():
    draws = np.random.default_rng(2)
    points, centres = draws.normal(size=(5, 3)), draws.normal(size=(4, 3))
    variances = draws.uniform(0.1, 2, size=(4, 3))
    expected = norm.logpdf(points[:, None], centres, np.sqrt(variances)).sum(axis=2)
    found = log_densities(points, centres, variances) - 1.5 * math.log(2 * math.pi)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_inputs_that_are_far_apart_have_all_bits_and_equal_ones_none():
    labels = np.arange(64) % 2
    apart = make_estimator("gaussian_dropout", relative_noise=0.01)(
        (10.0 ** np.arange(64) / 1e20)[:, None], labels
    )
    assert apart.mi_input_bits == pytest.approx(6, abs=1e-9)
    assert apart.mi_label_bits == pytest.approx(1, abs=1e-9)
    alike = make_estimator("gaussian_dropout", relative_noise=0.3)(np.ones((64, 4)), labels)
    assert alike.mi_input_bits == pytest.approx(0, abs=1e-12)


def test_a_scale_changes_nothing_with_the_right_covariance():
    values = np.random.default_rng(3).normal(size=(80, 3)) + 0.1
    labels = np.arange(80) % 3
    estimator = make_estimator("gaussian_dropout", relative_noise=0.2)
    assert estimator(8 * values, labels).mi_input_bits == pytest.approx(
        estimator(values, labels).mi_input_bits, rel=1e-12
    )


def test_units_at_zero_have_no_noise():
    values = np.zeros((20, 1))
    values[10:] = 1.0
    found = make_estimator("gaussian_dropout", relative_noise=0.2)(values, np.arange(20) // 10)
    assert found.mi_input_bits == pytest.approx(1.0, abs=1e-9)


def test_it_refuses_networks_with_another_noise():
    estimator = make_estimator("gaussian_dropout", relative_noise=0.25)
    assert not estimator.refusal(network(relative_noise=0.25))
    assert "not for 0" in estimator.refusal(network())


TASK = np.random.default_rng(0).normal(size=(60, 12)).astype(np.float32), np.arange(60) % 2


def train(engine="auto", **changes):
    by = optimizer(optimizer="sgd", learning_rate=0.1, batch_size=None)
    when = schedule(epochs=1, snapshots=2, training_fraction=1.0)
    small = network(widths=(12, 3, 2), activation="linear", **changes)
    return train_ensemble(*TASK, small, by, when, [0], seed=1, engine=engine), small


@pytest.mark.parametrize("engine", ["torch", "fused"])
def test_training_multiplies_hidden_units_by_noise(engine):
    from infoplane.training.noise import epoch_noise
    from infoplane.training.schedule import seed_sequence

    result, small = train(engine, relative_noise=0.5)
    assert choose_engine("auto", "cpu", small, optimizer())[0] == "fused"
    seed = seed_sequence(1, 0, "order").generate_state(1, np.uint64)[0]
    factors = 1 + 0.5 * epoch_noise(3, 60, seed, 0).T.astype(float)
    start = result.parameters[0, 0].astype(float)
    w1, b1, w2, b2 = np.split(start, [36, 39, 45])
    inputs, labels = (part[result.training_samples[0]] for part in TASK)
    hidden = (inputs @ w1.reshape(3, 12).T + b1) * factors
    net = hidden @ w2.reshape(2, 3).T + b2
    shares = np.exp(net) / np.exp(net).sum(1, keepdims=True)
    delta = (shares - np.eye(2)[labels]) / 60
    below = (delta @ w2.reshape(2, 3)) * factors
    gradient = [below.T @ inputs, below.sum(0), delta.T @ hidden, delta.sum(0)]
    expected = start - 0.1 * np.concatenate([part.ravel() for part in gradient])
    # One step in float32.
    np.testing.assert_allclose(result.parameters[0, -1], expected, atol=1e-6)


def test_without_noise_it_is_the_dense_network():
    np.testing.assert_allclose(
        train(relative_noise=1e-9)[0].parameters, train()[0].parameters, atol=1e-6
    )


def test_label_mixing_in_closed_form_against_the_joint_distribution():
    joint = np.full((10, 10), 0.3 / 9) / 10
    np.fill_diagonal(joint, 0.7 / 10)
    expected = np.sum(joint * np.log2(joint / (joint.sum(0) * joint.sum(1)[:, None])))
    assert label_mixing_bits(10, 0.3) == pytest.approx(expected, abs=1e-12)
    assert label_mixing_bits(10, 0.9) == pytest.approx(0, abs=1e-12)


def test_mixed_digits_show_their_label_as_often_as_said():
    draw = mixed_digits(0.5).draw(1000, 0)
    rows = draw.layer.reshape(1000, -1)
    assert len(np.unique(rows, axis=0)) == 1000
    assert np.bincount(draw.labels).tolist() == [100] * 10
    with pytest.raises(ValueError, match=r"samples of digits_mixed_0.5 must be at most 1100"):
        mixed_digits(0.5).draw(4096, 0)
