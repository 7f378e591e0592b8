"""Differential entropy with jitter: a normal layer, equal rows, and the count of those.

The entropy of 4096 draws of a normal distribution is known to within 0.1 bits: its deviation over
draws is sqrt(1 / 2N) / ln 2 = 0.016 bits a unit, and that of the neighbours is a little larger.
"""

import math

import numpy as np
import pytest

from infoplane.measures import make_measure
from infoplane.measures.differential_entropy import share_duplicated
from tests.unit.test_measures import trained

JITTERS = [1e-6, 1e-12]
NORMAL_BITS = math.log2(2 * math.pi * math.e) / 2


class Layers:
    """Give made-up values in place of a network's layers."""

    seed, initialisation = 1, 2

    def __init__(self, *values):
        self.values = values

    def layers(self):
        yield 0, list(self.values)


def measured(*values):
    measure = make_measure(
        "differential_entropy", label="label", neighbours=2, jitter_variances=JITTERS
    )
    found = measure.measure(Layers(*values))
    return found["entropy_bits"].reshape(-1, 2), found["share_duplicated"][::2]


def test_entropy_of_a_normal_layer_does_not_depend_on_the_jitter():
    draws = np.random.default_rng(0).normal(size=(4096, 2))
    bits, duplicated = measured(draws)
    assert bits[0] == pytest.approx(2 * NORMAL_BITS, abs=0.1)
    assert bits[0, 0] == pytest.approx(bits[0, 1], abs=0.01)
    assert duplicated == [0]


def test_entropy_of_equal_rows_is_that_of_the_jitter():
    bits, duplicated = measured(np.zeros((4096, 2)))
    expected = [2 * (NORMAL_BITS + math.log2(variance) / 2) for variance in JITTERS]
    assert bits[0] == pytest.approx(expected, abs=0.1)
    assert duplicated == [1]


def test_rows_that_another_pattern_has_are_counted():
    assert share_duplicated(np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [-0.0, 1.0]])) == 0.75


def test_trained_networks_are_measured_at_every_jitter():
    of = trained()
    measure = make_measure(
        "differential_entropy", label="label", neighbours=2, jitter_variances=JITTERS
    )
    found = measure.measure(of)
    assert len(found["epoch"]) == len(of.epochs) * of.network.layers * len(JITTERS)
    assert np.isfinite(found["entropy_bits"]).all()
