"""Several networks: closed forms, brute force, the bound by the single networks, refusals.

Sums of a few hundred terms of float64, in another order: 1e-12 bits.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoplane.estimators import make_estimator
from infoplane.measures import make_measure
from infoplane.measures.several_networks import multi_network_information
from tests.support import network as network_of

ROUNDING = 1e-12
BINNING = make_estimator("binned", bins=4, low=0.0, high=1.0)


def information_of(probabilities):
    """Return I in bits of a joint table {(a, b): p}."""
    of_a, of_b = Counter(), Counter()
    for (a, b), p in probabilities.items():
        of_a[a] += p
        of_b[b] += p
    return sum(p * math.log2(p / of_a[a] / of_b[b]) for (a, b), p in probabilities.items())


def tables(activations, labels):
    """Enumerate p(x, t) and p(y, t) of the mixture over networks."""
    networks, samples, _ = activations.shape
    with_input, with_labels = Counter(), Counter()
    for network in activations:
        for x, row in enumerate(network):
            t = tuple(min(int(v * 4), 3) for v in row)
            with_input[x, t] += 1 / (networks * samples)
            with_labels[int(labels[x]), t] += 1 / (networks * samples)
    return with_input, with_labels


networks_of_values = st.tuples(
    st.integers(1, 5), st.integers(2, 16), st.integers(1, 3), st.integers(0, 2**31)
)


@settings(max_examples=60)
@given(networks_of_values)
def test_against_enumeration_and_below_the_mean_of_the_networks(shape):
    *shape, seed = shape
    generator = np.random.default_rng(seed)
    activations = generator.integers(0, 5, shape) / 4
    labels = generator.permutation(np.arange(shape[1]) % 2)
    estimate = multi_network_information(activations, labels, BINNING)
    with_input, with_labels = map(information_of, tables(activations, labels))
    assert estimate.mi_input_bits == pytest.approx(with_input, abs=ROUNDING)
    assert estimate.mi_label_bits == pytest.approx(with_labels, abs=ROUNDING)
    assert estimate.mi_input_bits <= estimate.single_mi_input_bits.mean() + ROUNDING
    assert estimate.mi_input_bits <= estimate.ceiling_bits + ROUNDING
    assert estimate.mi_input_bits <= estimate.published_mi_input_bits + ROUNDING


def test_equal_networks_are_as_one():
    activations = np.random.default_rng(0).random((1, 64, 2))
    labels = np.arange(64) % 2
    single = BINNING(activations[0], labels)
    estimate = multi_network_information(np.repeat(activations, 7, axis=0), labels, BINNING)
    assert estimate.mi_input_bits == pytest.approx(single.mi_input_bits, abs=ROUNDING)
    assert estimate.mi_label_bits == pytest.approx(single.mi_label_bits, abs=ROUNDING)
    assert estimate.conditional_entropy_bits == pytest.approx(0, abs=ROUNDING)
    np.testing.assert_allclose(estimate.single_mi_input_bits, single.mi_input_bits, atol=ROUNDING)


def test_opposite_networks_cancel_where_the_published_value_sees_one_bit():
    bit = (np.arange(8) % 2).astype(float)
    activations = np.stack([bit, 1 - bit])[:, :, None]
    estimate = multi_network_information(activations, np.arange(8) % 2, BINNING)
    assert estimate.mi_input_bits == pytest.approx(0, abs=ROUNDING)
    assert estimate.mi_label_bits == pytest.approx(0, abs=ROUNDING)
    assert estimate.published_mi_input_bits == estimate.conditional_entropy_bits == 1.0
    assert estimate.single_mi_input_bits.tolist() == [1.0, 1.0]


def test_disjoint_networks_keep_the_mean_and_the_published_value_exceeds_it():
    bit = np.arange(8) % 2 / 4
    activations = np.stack([bit, bit + 0.5])[:, :, None]
    estimate = multi_network_information(activations, np.arange(8) % 2, BINNING)
    assert estimate.mi_input_bits == pytest.approx(1, abs=ROUNDING)
    assert estimate.published_mi_input_bits == 2.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networks": 0}, "networks must be a whole number of at least 1, not 0"),
        ({"range": None}, "range is missing"),
        ({"bins": None}, "bins"),
        ({"range": [1.0, 0.0]}, "low"),
        ({"layers": [0]}, "layers must be a whole number of at least 1, not 0"),
    ],
)
def test_parameters_that_networks_cannot_share_are_refused(changes, message):
    parameters = {"networks": 3, "bins": 4, "range": [0.0, 1.0], **changes}
    with pytest.raises(ValueError, match=message):
        make_measure("several_networks", label="mine", **parameters)


def test_layers_that_a_network_has_not_are_refused_before_any_job():
    measure = make_measure(
        "several_networks", label="mine", networks=3, bins=4, range=[0.0, 1.0], layers=[2, 4]
    )
    assert measure.refusal(network_of()) == "layers: 4 is none of 1 to 3"
    assert measure.refusal(network_of(widths=(12, 8, 5, 4, 2))) == ""


@pytest.mark.parametrize("shape", [(8, 2), (0, 8, 2), (2, 8, 0)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"shape \(networks, samples, units\)"):
        multi_network_information(np.zeros(shape), np.zeros(8, dtype=int), BINNING)


def test_labels_of_another_length_are_refused():
    with pytest.raises(ValueError, match="labels must have shape"):
        multi_network_information(np.zeros((2, 8, 1)), np.zeros(7, dtype=int), BINNING)


def test_a_single_class_is_refused():
    with pytest.raises(ValueError, match="labels must be of at least 2 classes; all 8 are 0"):
        multi_network_information(np.zeros((2, 8, 1)), np.zeros(8, dtype=int), BINNING)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused(value):
    activations = np.zeros((2, 8, 1))
    activations[1, 3, 0] = value
    with pytest.raises(ValueError, match=rf"network 1: .* sample 3, unit 0 is {value}"):
        multi_network_information(activations, np.arange(8) % 2, BINNING)


def test_values_outside_the_bins_are_refused():
    with pytest.raises(ValueError, match=r"outside the range \[0.0, 1.0\]"):
        multi_network_information(np.full((2, 8, 1), 1.5), np.arange(8) % 2, BINNING)
