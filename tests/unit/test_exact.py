"""Exact information of quantised layers: by hand, by counting in Python, bounds, refusals.

Plug-in entropies of at most 256 samples agree with the sum over counts to 1e-12 bits.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from infoplane.estimators import make_estimator
from infoplane.networks import make_network
from infoplane.tasks.icosahedron import binary_patterns, szt_task

exact = make_estimator("exact")


def quantised_network(bits, widths=(8, 6, 4, 2)):
    network = make_network(
        "quantised",
        widths=widths,
        activation="tanh",
        output="softmax",
        initial_weights="pytorch",
        quantisation_bits=bits,
    )
    parameters = network.initial_parameters(np.random.default_rng(0))
    inputs = binary_patterns(widths[0]).astype(np.float32)
    return network.net_inputs_and_activations(parameters, inputs)[1]


def entropy_bits(items):
    shares = [count / len(items) for count in Counter(items).values()]
    return -sum(share * math.log2(share) for share in shares)


def test_by_hand():
    activations = np.array([[0.0], [0.5], [0.5], [1.0]])
    estimate = exact(activations, np.array([0, 0, 0, 1]))
    assert estimate.mi_input_bits == pytest.approx(1.5, abs=1e-12)
    # T tells the label: I(T;Y) = H(Y) = 2 - 3/4 log2(3).
    assert estimate.mi_label_bits == pytest.approx(2 - 0.75 * math.log2(3), abs=1e-12)
    assert estimate.ceiling_bits == 2.0


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_counts_the_states_of_a_quantised_network(bits):
    labels = np.random.default_rng(1).integers(0, 2, 256)
    layers = quantised_network(bits)
    informations = []
    for layer in layers:
        estimate = exact(layer, labels)
        rows = [tuple(row) for row in layer.tolist()]
        joint = [(row, label) for row, label in zip(rows, labels.tolist(), strict=True)]
        assert estimate.mi_input_bits == pytest.approx(entropy_bits(rows), abs=1e-12)
        assert estimate.mi_label_bits == pytest.approx(
            entropy_bits(rows) + entropy_bits(labels.tolist()) - entropy_bits(joint), abs=1e-12
        )
        assert estimate.mi_input_bits <= min(8.0, bits * layer.shape[1]) + 1e-12
        informations.append(estimate.mi_input_bits)
    # Each layer is a function of the one below it, so that information can only be lost.
    assert (np.diff(informations) <= 1e-12).all()


def test_more_bits_keep_more_information():
    labels = np.arange(256) % 2
    per_bits = [
        [exact(layer, labels).mi_input_bits for layer in quantised_network(bits)]
        for bits in (2, 4, 8, 12)
    ]
    assert per_bits[0][1] < per_bits[1][1] <= per_bits[2][1] <= per_bits[3][1]
    assert per_bits[3][0] == pytest.approx(8.0, abs=1e-12)


def test_constant_and_injective_layers():
    task = szt_task()
    constant = exact(np.ones((4096, 3), np.float32), task.labels)
    assert (constant.mi_input_bits, constant.mi_label_bits) == (0.0, 0.0)
    injective = exact(task.inputs.astype(np.float32), task.labels)
    assert injective.mi_input_bits == injective.ceiling_bits == 12.0
    assert injective.mi_label_bits == pytest.approx(0.99916, abs=5e-6)


def test_has_no_parameters():
    assert exact.parameters == {}
    with pytest.raises(ValueError, match="has no parameter 'bins'"):
        make_estimator("exact", bins=30)
    with pytest.raises(ValueError, match="must be finite"):
        exact(np.array([[np.inf]]), np.array([0]))
