"""Plug-in entropies: against scipy and sklearn, brute force and overflow of the row numbers.

Sums of at most a few thousand float64 terms: 1e-12 bits leaves room for their order.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import mutual_info_score

from infoplane.estimators.discrete import (
    conditional_entropy_bits,
    deterministic_estimate,
    entropy_bits,
    exact_row_numbers,
    row_numbers,
)
from infoplane.units import BITS_PER_NAT

ROUNDING = 1e-12

small_numbers = st.lists(st.integers(0, 6), min_size=1, max_size=60)


def same_partition(numbers, rows):
    seen = {}
    pairs = zip(numbers, rows, strict=True)
    consistent = all(seen.setdefault(tuple(row), number) == number for number, row in pairs)
    return consistent and len(set(numbers.tolist())) == len(seen)


@given(small_numbers)
def test_entropy_is_that_of_scipy(numbers):
    numbers = np.array(numbers)
    expected = stats.entropy(np.bincount(numbers), base=2)
    assert entropy_bits(numbers) == pytest.approx(expected, abs=ROUNDING)


def test_entropy_of_equal_counts_is_the_logarithm_of_their_number():
    assert entropy_bits(np.arange(4096) % 64) == 6.0


@settings(max_examples=50)
@given(st.integers(1, 12), st.integers(1, 40), st.integers(2, 5000), st.integers(0, 2**31))
def test_row_numbers_tell_rows_apart_even_beyond_64_bits(units, rows, levels, seed):
    codes = np.random.default_rng(seed).integers(0, levels, (rows, units))
    codes[rows // 2] = codes[0]
    assert same_partition(row_numbers(codes, levels), codes)


def test_row_numbers_of_many_units_tell_the_last_unit_apart():
    codes = np.zeros((3, 100), dtype=np.int64)
    codes[1, -1] = codes[2, 0] = 1
    assert len(set(row_numbers(codes, 1000).tolist())) == 3


def test_exact_row_numbers_take_both_zeros_as_equal():
    values = np.array([[0.0, 1.0], [-0.0, 1.0], [np.float64(5e-324), 1.0]])
    numbers = exact_row_numbers(values)
    assert numbers[0] == numbers[1] != numbers[2]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=80))
def test_information_about_labels_is_that_of_sklearn(pairs):
    numbers, labels = np.array(pairs).T
    estimate = deterministic_estimate(numbers, labels)
    expected = mutual_info_score(numbers, labels) * BITS_PER_NAT
    assert estimate.mi_label_bits == pytest.approx(expected, abs=ROUNDING)
    assert estimate.mi_input_bits == pytest.approx(entropy_bits(numbers), abs=ROUNDING)


def test_conditional_entropy_averages_over_groups():
    groups = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    numbers = np.array([0, 1, 2, 3, 5, 5, 5, 5])
    assert conditional_entropy_bits(numbers, groups) == pytest.approx(1.0, abs=ROUNDING)


def test_ceiling_is_the_smaller_of_samples_and_states():
    numbers, labels = np.arange(8) % 2, np.zeros(8, dtype=int)
    assert deterministic_estimate(numbers, labels).ceiling_bits == 3.0
    assert deterministic_estimate(numbers, labels, 1.0).ceiling_bits == 1.0
    assert math.isclose(deterministic_estimate(numbers, labels).mi_label_bits, 0.0)
