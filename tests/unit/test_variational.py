"""Variational bounds: closed forms, sides of the bound, invariants, refusals.

A bound on a held-out half of n samples varies by about the spread of its terms over sqrt(n);
tolerances are 4 of those.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from infoplane.estimators import _critic, make_estimator
from infoplane.estimators.decoder import fitted_probe
from infoplane.estimators.held_out import halves, standardised
from infoplane.estimators.infonce import infonce_bits


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# Decoder


def test_logistic_decoder_of_two_gaussians():
    """The log odds of two Gaussians of one width are linear, so that the bound is tight."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 8000)
    activations = generator.normal(2.0 * labels[:, None] - 1.0, 1.0)
    estimate = make_estimator("decoder")(activations, labels)
    # I(T;Y) = 1 - E log2(1 + exp(-2 t)) over t ~ N(1, 1), by Gauss-Hermite quadrature.
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    loss = np.average(np.logaddexp(0, -2 * (nodes + 1)), weights=weights) / math.log(2)
    assert estimate.mi_label_bits == pytest.approx(1 - loss, abs=4 * 0.9 / math.sqrt(4000))
    assert math.isnan(estimate.mi_input_bits)


@pytest.mark.parametrize("probe", ["logistic", "mlp"])
def test_decoder_of_a_readable_label_is_nearly_its_entropy(probe):
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 3, 1200)
    centres = np.array([[4.0, 0.0], [-4.0, 4.0], [-4.0, -4.0]])
    activations = centres[labels] + 0.1 * generator.normal(size=(1200, 2))
    found = make_estimator("decoder", probe=probe)(activations, labels).mi_label_bits
    assert math.log2(3) - 0.05 < found <= math.log2(3)


def test_only_the_network_reads_a_parity():
    generator = np.random.default_rng(2)
    bits = generator.integers(0, 2, (1000, 2))
    labels = bits.sum(axis=1) % 2
    activations = bits + 0.05 * generator.normal(size=(1000, 2))
    assert abs(make_estimator("decoder")(activations, labels).mi_label_bits) < 0.03
    assert make_estimator("decoder", probe="mlp")(activations, labels).mi_label_bits > 0.9


@pytest.mark.parametrize(("units", "classes", "samples"), [(3, 2, 250), (6, 5, 90)])
def test_network_is_that_of_scikit_learn(units, classes, samples):
    generator = np.random.default_rng(units)
    labels = generator.permutation(np.arange(samples) % classes)
    features = generator.normal(labels[:, None], 2.0, (samples, units))
    settings = {"alpha": 1e-3, "max_iter": 200, "tol": 0.0, "n_iter_no_change": 200}
    theirs = MLPClassifier((32,), random_state=7, **settings)
    with pytest.warns(ConvergenceWarning):
        theirs.fit(features, labels)
    ours = fitted_probe("mlp", 7, features, labels)
    np.testing.assert_allclose(
        ours.predict_proba(features), theirs.predict_proba(features), rtol=0, atol=1e-10
    )


def test_decoder_of_noise_is_raw_and_not_above_zero():
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 2, 200)
    found = [
        make_estimator("decoder", seed=seed)(generator.normal(size=(200, 20)), labels)
        for seed in range(10)
    ]
    values = [estimate.mi_label_bits for estimate in found]
    # 20 weights fitted to 100 samples of noise cost about 20 / 100 nats on the others.
    assert -0.8 < np.mean(values) < -0.05


def test_decoder_ignores_scale_order_and_constant_units():
    generator = np.random.default_rng(4)
    labels = generator.integers(0, 2, 400)
    activations = generator.normal(labels[:, None], 1.0, (400, 3))
    plain = make_estimator("decoder")(activations, labels).mi_label_bits
    moved = np.column_stack([1000.0 * activations - 7.0, np.ones(400)])
    assert make_estimator("decoder")(moved, labels).mi_label_bits == pytest.approx(plain, abs=1e-3)


def test_halves_share_nothing_and_every_class():
    labels = np.array([0] * 5 + [1] * 2 + [2] * 8)
    fitted, held_out = halves(labels, seed=0)
    assert sorted([*fitted, *held_out]) == list(range(15))
    np.testing.assert_array_equal(np.bincount(labels[fitted]), [3, 1, 4])
    np.testing.assert_array_equal(np.bincount(labels[held_out]), [2, 1, 4])


def test_standardised_scales_by_the_fitted_half():
    values = np.array([[0.0, 3.0], [2.0, 3.0], [10.0, 5.0]])
    np.testing.assert_array_equal(standardised(values, np.array([0, 1])), [[-1, 0], [1, 0], [9, 2]])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 0, 0, 0], "at least 2 classes"),
        ([0, 0, 0, 1], "class number 1 has 1"),
    ],
)
def test_decoder_refuses_labels(labels, message):
    with pytest.raises(ValueError, match=message):
        make_estimator("decoder")(np.arange(4.0)[:, None], np.array(labels))


def test_decoder_refuses_a_probe():
    with pytest.raises(ValueError, match="probe must be one of 'logistic', 'mlp', not 'tree'"):
        make_estimator("decoder", probe="tree")


# InfoNCE


@pytest.mark.parametrize(("units", "correlation"), [(1, 0.9), (3, 0.8)])
def test_infonce_of_a_gaussian_channel(units, correlation):
    generator = np.random.default_rng(units)
    first = generator.normal(size=(2048, units))
    noise = generator.normal(size=(2048, units))
    second = correlation * first + math.sqrt(1 - correlation**2) * noise
    truth = -units / 2 * math.log2(1 - correlation**2)
    found = infonce_bits(first, second, batch_size=128, steps=400, seed=0)
    # A lower bound but for the spread over 1024 held-out pairs, about 1.5 bits / 32 each.
    assert 0.8 * truth < found < truth + 0.15


def test_critic_is_trained_by_the_slopes_of_its_loss():
    """Against automatic differentiation of the loss as it is written."""
    pairs, features, parameters = 9, (2, 5), []
    generator = torch.Generator().manual_seed(0)
    sides, vectors, embedded = [], [], []
    for number in features:
        vector, slopes = torch.empty(2, _critic.parameters_of(number))
        side = _critic.Embedding(vector, slopes, number, pairs)
        vector.normal_(0, 0.5, generator=generator)
        side.inputs.normal_(generator=generator)
        side.forward()
        sides.append(side)
        vectors.append(slopes)
        parameters.append(vector.clone().requires_grad_())
        layers = _critic.Layers(parameters[-1], number)
        linear, hidden = (side.inputs @ layers.below.T + layers.below_biases).split((16, 64), 1)
        embedded.append(linear + hidden.relu() @ layers.output.T + layers.output_biases)
        torch.testing.assert_close(side.embedded, embedded[-1].detach())
    left, right = embedded
    scores = -(right[:, None] - left).square().sum(2)
    torch.nn.functional.cross_entropy(scores, torch.arange(pairs)).backward()
    _critic.Pull(*sides)()
    for side, slopes, vector in zip(sides, vectors, parameters, strict=True):
        side.backward()
        torch.testing.assert_close(slopes, vector.grad, rtol=1e-4, atol=1e-4)


def test_infonce_of_independent_variables_is_not_above_zero():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 1024, 2))
    assert -0.5 < infonce_bits(first, second, batch_size=128, steps=100, seed=0) < 0.02


def test_infonce_stays_below_its_ceiling():
    values = np.random.default_rng(0).normal(size=(1024, 8))
    estimate = make_estimator("infonce", noise_variance=1e-6, batch_size=64, steps=200)(
        values, np.arange(1024) % 2
    )
    assert 5.0 < estimate.mi_input_bits <= 6.0
    assert estimate.ceiling_bits == 6.0
    assert math.isnan(estimate.mi_label_bits)


def test_infonce_is_below_the_mixture_entropy():
    generator = np.random.default_rng(1)
    activations = np.tanh(generator.normal(size=(2048, 3)))
    labels = np.arange(2048) % 2
    exact = make_estimator("mixture_entropy", noise_standard_deviation=0.3)(activations, labels)
    bound = make_estimator("infonce", noise_variance=0.09, batch_size=128)(activations, labels)
    assert 0.7 * exact.mi_input_bits < bound.mi_input_bits < exact.mi_input_bits + 0.1


def test_infonce_depends_on_its_seed_alone_and_leaves_torch_alone():
    values = np.random.default_rng(0).normal(size=(300, 2))
    labels = np.arange(300) % 2
    estimator = make_estimator("infonce", noise_variance=0.1, batch_size=32, steps=5)
    torch.manual_seed(1)
    first = estimator(values, labels)
    after = torch.rand(1)
    torch.manual_seed(1)
    assert torch.rand(1) == after
    assert estimator(values, labels).mi_input_bits == first.mi_input_bits
    other = make_estimator("infonce", noise_variance=0.1, batch_size=32, steps=5, seed=1)
    assert other(values, labels).mi_input_bits != first.mi_input_bits


def test_infonce_refuses():
    with pytest.raises(ValueError, match="noise_variance must be a finite number"):
        make_estimator("infonce")
    with pytest.raises(ValueError, match="batch_size must be a whole number of at least 2"):
        make_estimator("infonce", noise_variance=0.1, batch_size=1)
    with pytest.raises(ValueError, match=r"at most half the samples \(10\), not 256"):
        make_estimator("infonce", noise_variance=0.1)(np.zeros((20, 1)), np.arange(20) % 2)
    with pytest.raises(ValueError, match="must have shape"):
        infonce_bits(np.zeros((4, 1)), np.zeros((5, 1)), 2, 1, 0)
