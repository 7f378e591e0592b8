"""What estimators owe their users: one call, readable parameters, named refusals.

Invariants of those that train a probe or draw noise are tested with what they need.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from infoplane.estimators import ESTIMATORS as FAMILY
from infoplane.estimators import Estimator, make_estimator

ESTIMATORS = {
    "binned": {"bins": 8, "low": -1.0, "high": 1.0},
    "kde": {"noise_variance": 0.1},
    "kde_scaled": {"fraction": 0.1},
    "adaptive": {},
    "net_input": {},
    "machine_precision": {},
    "knn": {"noise_variance": 0.1},
    "ksg": {"noise_variance": 0.1},
    "kraskov_entropy": {},
    "edge": {},
    "matrix_renyi": {"width_rule": "median"},
    "soft_entropy": {},
}
OTHERS = {
    "exact": {},
    "mixture_entropy": {"noise_standard_deviation": 0.3},
    "gaussian_dropout": {"relative_noise": 0.3},
    "decoder": {},
    "infonce": {"noise_variance": 0.1, "batch_size": 16, "steps": 2},
}
NEIGHBOURS = ("knn", "ksg", "kraskov_entropy")
# Sums in another order; the kernels of the KDE are single precision.
KERNEL_ROUNDING = 1e-6
# A new draw of the noise at 200 samples.
NOISE_SCATTER = 0.5

all_methods = pytest.mark.parametrize("method", sorted(ESTIMATORS | OTHERS))
methods = pytest.mark.parametrize("method", sorted(ESTIMATORS))


def layer(samples=200, units=3, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(samples) % 2)
    values = np.tanh(generator.standard_normal((samples, units)) + labels[:, None])
    return values, labels


def estimator_of(method):
    return make_estimator(method, **(ESTIMATORS | OTHERS)[method])


@methods
def test_estimators_are_frozen_and_tell_what_they_are(method):
    estimator = estimator_of(method)
    assert isinstance(estimator, Estimator)
    assert estimator.name == method
    assert len(estimator.assumptions) > 40
    assert make_estimator(method, **estimator.parameters) == estimator
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(estimator, next(iter(estimator.parameters)), 1)


@methods
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_call_gives_the_same_and_leaves_the_layer_alone(method, dtype):
    activations, labels = layer()
    activations = activations.astype(dtype)
    before = activations.copy()
    first, again = (estimator_of(method)(activations, labels) for _ in range(2))
    assert first == again
    np.testing.assert_array_equal(activations, before)
    assert all(type(value) is float for value in dataclasses.astuple(first))


@methods
def test_labels_are_only_names(method):
    activations, labels = layer()
    estimator = estimator_of(method)
    renamed = estimator(activations, np.where(labels == 0, 7, -3))
    original = estimator(activations, labels)
    assert renamed.mi_input_bits == pytest.approx(original.mi_input_bits, abs=KERNEL_ROUNDING)
    assert renamed.mi_label_bits == pytest.approx(original.mi_label_bits, abs=KERNEL_ROUNDING)


@methods
def test_the_order_of_the_samples_does_not_matter(method):
    activations, labels = layer()
    order = np.random.default_rng(1).permutation(len(labels))
    estimator = estimator_of(method)
    shuffled = estimator(activations[order], labels[order])
    original = estimator(activations, labels)
    tolerance = NOISE_SCATTER if method in ("knn", "ksg") else KERNEL_ROUNDING
    assert shuffled.mi_input_bits == pytest.approx(original.mi_input_bits, abs=tolerance)
    assert shuffled.mi_label_bits == pytest.approx(original.mi_label_bits, abs=tolerance)


@pytest.mark.parametrize("method", sorted(set(ESTIMATORS) - set(NEIGHBOURS)))
def test_a_layer_that_is_the_same_for_both_classes_tells_nothing(method):
    activations, _ = layer()
    estimate = estimator_of(method)(np.tile(activations, (2, 1)), np.repeat([0, 1], 200))
    assert estimate.mi_label_bits == pytest.approx(0, abs=KERNEL_ROUNDING)


@methods
def test_labels_do_not_change_the_information_about_the_input(method):
    estimator = estimator_of(method)
    activations, labels = layer()
    first = estimator(activations, labels).mi_input_bits
    other = estimator(activations, np.roll(labels, 1)).mi_input_bits
    assert first == pytest.approx(other, abs=KERNEL_ROUNDING)


def test_every_method_is_here():
    assert set(FAMILY.names) == {*ESTIMATORS, *OTHERS}


@all_methods
def test_bad_layers_are_refused_by_name(method):
    activations, labels = layer()
    estimator = estimator_of(method)
    for value, text in ((math.nan, "nan"), (math.inf, "inf")):
        broken = activations.copy()
        broken[17, 2] = value
        with pytest.raises(ValueError, match=f"sample 17, unit 2 is {text}"):
            estimator(broken, labels)
    with pytest.raises(ValueError, match=r"labels must have shape \(200,\)"):
        estimator(activations, labels[:-1])
    for empty in (activations[:0], activations[:, :0]):
        with pytest.raises(ValueError, match="both at least 1"):
            estimator(empty, labels[: len(empty)])
    with pytest.raises(ValueError, match="floating point, not int64"):
        estimator(activations.astype(np.int64), labels)
    with pytest.raises(ValueError, match="whole numbers, not float64"):
        estimator(activations, labels.astype(float))


@all_methods
@pytest.mark.parametrize("samples", [1, 200])
@pytest.mark.parametrize("value", [7, True])
def test_a_single_class_is_refused_by_name(method, samples, value):
    activations, _ = layer()
    labels = np.full(samples, value)
    message = rf"labels must be of at least 2 classes; all {samples} are {value}, and I\(T;Y\)"
    with pytest.raises(ValueError, match=message):
        estimator_of(method)(activations[:samples], labels)


@pytest.mark.parametrize("method", NEIGHBOURS)
def test_too_few_samples_for_the_neighbours_are_refused_by_name(method):
    activations, _ = layer()
    estimator = make_estimator(method, **ESTIMATORS[method] | {"neighbours": 5})
    with pytest.raises(ValueError, match=r"number of samples \(4\), not 5|\(5\); label 0 has 2"):
        estimator(activations[:4], np.arange(4) % 2)
    with pytest.raises(ValueError, match=r"more samples than neighbours \(5\); label 1 has 5"):
        estimator(activations[:40], np.repeat([0, 1], [35, 5]))
