"""Random labels: as many of each as a fair coin gives, and nothing of the input in them."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from infoplane.tasks import make_task, make_task_rule
from infoplane.tasks.base import binary_patterns


def test_labels_are_throws_of_a_fair_coin_on_every_pattern():
    task = make_task("random_labels", seed=2017)
    np.testing.assert_array_equal(task.inputs, binary_patterns(12))
    assert task.information_bits == 0.0
    assert task.label_bits == pytest.approx(1.0, abs=1e-3)
    # One seed in 10,000 would fail by chance; this one is fixed.
    assert binomtest(int(task.labels.sum()), 4096, 0.5).pvalue > 1e-4


def test_no_bit_and_no_pair_of_bits_tells_the_label():
    task = make_task("random_labels", seed=2017)
    spins = 2.0 * task.inputs - 1.0
    pairs = [spins[:, i] * spins[:, j] for i in range(12) for j in range(i)]
    correlations = np.stack([*spins.T, *pairs]) @ (2.0 * task.labels - 1.0) / 4096
    # 78 means of 4096 signs: 5 standard errors are passed by chance once in 20,000 seeds.
    assert np.abs(correlations).max() < 5 / math.sqrt(4096)


def test_labels_depend_on_the_seed():
    first, second = (make_task("random_labels", seed=seed, bits=6) for seed in (0, 1))
    assert (first.labels != second.labels).any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
        ({"bits": 3}, "bits must be a whole number of at least 4, not 3"),
        ({"bits": 40}, "bits must be at most 20, not 40"),
    ],
)
def test_impossible_random_labels_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make_task_rule("random_labels", **{"seed": 1, **changes})
