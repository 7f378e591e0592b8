"""Machine precision: counts of distinct rows by brute force, rounding, refusals."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from infoplane.estimators import make_estimator


def entropy_bits(items):
    counts, samples = Counter(items).values(), len(items)
    return -sum(c / samples * math.log2(c / samples) for c in counts)


@pytest.mark.parametrize("precision", ["float16", "float32", "float64"])
def test_entropy_is_that_of_the_distinct_rounded_rows(precision):
    generator = np.random.default_rng(0)
    activations = np.tanh(generator.normal(0, 4, (600, 2)))
    labels = generator.integers(0, 3, 600)
    rows = [tuple(row) for row in activations.astype(precision).tolist()]
    estimate = make_estimator("machine_precision", precision=precision)(activations, labels)
    joint = entropy_bits(list(zip(rows, labels.tolist(), strict=True)))
    # 600 terms of float64, added in another order.
    assert estimate.mi_input_bits == pytest.approx(entropy_bits(rows), abs=1e-12)
    expected = entropy_bits(rows) + entropy_bits(labels.tolist()) - joint
    assert estimate.mi_label_bits == pytest.approx(expected, abs=1e-12)


def test_a_permutation_map_reaches_the_ceiling():
    activations = np.random.default_rng(1).permutation(4096).astype(np.float32)[:, None]
    estimate = make_estimator("machine_precision")(activations, np.arange(4096) % 2)
    assert estimate.mi_input_bits == estimate.ceiling_bits == 12.0
    assert estimate.mi_label_bits == 1.0


def test_a_coarser_type_never_tells_more_apart():
    activations = np.random.default_rng(2).standard_normal((2000, 1))
    labels = np.arange(2000) % 2
    bits = [
        make_estimator("machine_precision", precision=precision)(activations, labels).mi_input_bits
        for precision in ("float16", "float32", "float64")
    ]
    assert bits[0] < bits[1] <= bits[2]


def test_values_too_large_for_the_type_are_refused():
    estimator = make_estimator("machine_precision", precision="float16")
    with pytest.raises(ValueError, match=r"rounded to float16; .* is 70000.0"):
        estimator(np.array([[70000.0], [1.0]]), np.array([0, 1]))


def test_unknown_precision_is_refused():
    with pytest.raises(ValueError, match=r"precision must be one of .*, not 'bfloat16'"):
        make_estimator("machine_precision", precision="bfloat16")
