"""The committee's rule against a vote by hand, and what it has and lacks of symmetry."""

import numpy as np
import pytest

from infoplane.tasks import make_task, make_task_rule
from tests.unit.test_icosahedron import icosahedron_symmetries

PLACE_VALUES = 2 ** np.arange(11, -1, -1)


def test_labels_are_the_majority_of_the_weak_rules():
    rule = make_task_rule("committee", weak_rules=3, seed=4, bits=5)
    weights, task = rule.weights(), rule.make()
    for pattern, label in zip(task.inputs, task.labels, strict=True):
        spins = [1 if bit else -1 for bit in pattern]
        votes = [sum(w * x for w, x in zip(row, spins, strict=True)) > 0 for row in weights]
        assert label == (sum(votes) >= 2)


def test_all_4096_patterns_have_one_of_two_equally_frequent_labels():
    task = make_task("committee", weak_rules=5, seed=2017)
    np.testing.assert_array_equal(task.inputs @ PLACE_VALUES, np.arange(4096))
    assert task.label_bits == task.information_bits == 1.0
    assert task.ceiling_bits == 12.0
    # Opposite patterns have opposite labels.
    np.testing.assert_array_equal(task.labels[::-1], 1 - task.labels)


def test_no_symmetry_of_the_icosahedron_keeps_the_labels():
    labels = make_task("committee", weak_rules=5, seed=2017).labels
    patterns = make_task("committee", weak_rules=5, seed=2017).inputs
    for symmetry in icosahedron_symmetries():
        moved = labels[patterns[:, symmetry] @ PLACE_VALUES]
        assert (moved != labels).any() == (symmetry != tuple(range(12)))


def test_labels_depend_on_the_seed():
    first, second = (make_task("committee", weak_rules=5, seed=seed) for seed in (0, 1))
    assert (first.labels != second.labels).any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weak_rules": 4}, "weak_rules must be odd, so that no vote is a tie: 4"),
        ({"weak_rules": 0}, "weak_rules must be a whole number of at least 1, not 0"),
        ({"weak_rules": 2.5}, "weak_rules must be a whole number of at least 1, not 2.5"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
        ({"bits": 1}, "bits must be a whole number of at least 2, not 1"),
        ({"bits": 40}, "bits must be at most 20, not 40"),
    ],
)
def test_impossible_committees_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make_task_rule("committee", **{"weak_rules": 3, "seed": 1, **changes})
