"""Tasks: what one must be, what is known of it, and the family of rules."""

import math

import numpy as np
import pytest

from infoplane.tasks import TASKS, Task, make_task, make_task_rule
from infoplane.tasks.base import (
    distinct_patterns,
    entropy_bits,
    input_label_information_bits,
    label_entropy_bits,
)
from tests.support import image_set

INPUTS = np.arange(12.0).reshape(6, 2)
LABELS = np.array([0, 1, 2, 0, 1, 2])
EXAMPLES = {
    "icosahedron": {"degree_weights": [1, 2, 0], "threshold": 2.32},
    "committee": {"weak_rules": 3, "seed": 1},
    "digits": {},
    "random_labels": {"seed": 1},
    "skoltech": {"score": "products", "seed": 1},
}
IMAGES = ("fashion_mnist", "mnist", "cifar10", "cifar100")
EXAMPLES |= {rule: {"images": image_set(rule)} for rule in IMAGES}


def certain(labels):
    """Return p(y given x) of labels that follow from their inputs."""
    return np.eye(labels.max() + 1)[labels]


@pytest.mark.parametrize("rule", TASKS.names)
def test_every_rule_makes_what_it_says(rule):
    own = {key: value for key, value in EXAMPLES[rule].items() if key != "images"}
    described = make_task_rule(rule, **own)
    task = make_task(rule, **EXAMPLES[rule])
    assert described.name == rule
    assert task.inputs.shape[1:] == described.input_shape
    assert task.classes == described.classes == len(np.unique(task.labels))
    assert task.ceiling_bits == math.log2(len(task.inputs))
    for first, again in zip(task, make_task(rule, **EXAMPLES[rule]), strict=True):
        np.testing.assert_array_equal(first, again)


def test_unknown_rules_and_parameters_are_named():
    with pytest.raises(ValueError, match=r"no task rule 'comittee' \(did you mean 'committee'\?\)"):
        make_task("comittee")
    with pytest.raises(
        ValueError, match="'digits' has no parameter 'bits'; it has: samples, balanced"
    ):
        make_task("digits", bits=12)
    with pytest.raises(ValueError, match="'committee' lacks weak_rules, seed"):
        make_task("committee")


def test_rules_are_held_to_what_they_say(monkeypatch):
    monkeypatch.setattr(TASKS.member("digits"), "classes", 9)
    with pytest.raises(ValueError, match=r"says inputs \(1, 8, 8\) of 9 classes and makes .* 10"):
        make_task("digits")


def test_tasks_have_any_number_of_classes():
    task = Task(INPUTS, LABELS, certain(LABELS))
    assert task.classes == 3
    assert task.label_bits == pytest.approx(math.log2(3))
    assert task.information_bits == pytest.approx(math.log2(3))
    inputs, labels, label_probability = task
    assert inputs is INPUTS
    assert labels is LABELS
    np.testing.assert_array_equal(label_probability, certain(LABELS))


def test_information_is_not_known_without_the_label_probability():
    assert math.isnan(Task(INPUTS, LABELS).information_bits)


@pytest.mark.parametrize(("classes", "error"), [(2, 0.1), (5, 0.3), (10, 0.0)])
def test_information_of_a_symmetric_channel_is_its_capacity(classes, error):
    """Labels that are wrong with some probability, all wrong ones equally likely."""
    probability = np.full((classes, classes), error / (classes - 1))
    np.fill_diagonal(probability, 1 - error)
    lost = sum(-p * math.log2(p) for p in (error, 1 - error) if p) + error * math.log2(classes - 1)
    task = Task(np.eye(classes), np.arange(classes), probability)
    assert task.information_bits == pytest.approx(math.log2(classes) - lost)


def test_two_classes_by_one_number_or_by_two():
    one = np.random.default_rng(0).random(50)
    two = np.stack([1 - one, one], axis=1)
    assert label_entropy_bits(one) == label_entropy_bits(two)
    assert input_label_information_bits(one) == input_label_information_bits(two)


def test_entropies_of_the_ends_and_the_middle():
    np.testing.assert_array_equal(entropy_bits(np.array([[0, 1], [0.5, 0.5], [1, 0]])), [0, 1, 0])


def test_ceiling_counts_equal_patterns_once():
    assert distinct_patterns(np.array([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]])) == 2
    assert Task(INPUTS[[0, 0, 1, 1, 2, 3]], LABELS).ceiling_bits == 2.0
    images = np.arange(24, dtype=np.uint8).reshape(6, 2, 2)
    assert Task(images, LABELS).ceiling_bits == math.log2(6)


@pytest.mark.parametrize(
    ("inputs", "labels", "probability", "message"),
    [
        (INPUTS.astype(str), LABELS, None, "inputs must be real numbers, not <U"),
        (INPUTS.astype(complex), LABELS, None, "inputs must be real numbers, not complex128"),
        (INPUTS[:, 0], LABELS, None, r"shape \(samples, ...\), none of it 0, not \(6,\)"),
        (INPUTS[:0], LABELS[:0], None, r"none of it 0, not \(0, 2\)"),
        (np.where(INPUTS == 3, np.nan, INPUTS), LABELS, None, r"finite; \(1, 1\) is nan"),
        (INPUTS, LABELS.astype(float), None, "labels must be int64, not float64"),
        (INPUTS, LABELS[:5], None, r"each of its 6 patterns, not the shape \(5,\)"),
        (INPUTS, LABELS + 1, None, "labels of 3 classes must be 0 to 2; they are 1, 2, 3"),
        (INPUTS, LABELS * 2, None, "labels of 3 classes must be 0 to 2; they are 0, 2, 4"),
        (INPUTS, LABELS * 0, None, "single class: all 6 labels are 0"),
        (INPUTS, LABELS, np.full(6, 0.5), r"shape \(6, 3\), not \(6,\)"),
        (INPUTS, LABELS % 2, np.full(5, 0.5), r"shape \(6, 2\) or \(6,\), not \(5,\)"),
        (INPUTS, LABELS % 2, np.full(6, 1.5), "of pattern 0 is 1.5, which is no distribution"),
        (INPUTS, LABELS % 2, np.full(6, np.nan), "of pattern 0 is nan, which is no distribution"),
        (INPUTS, LABELS, np.full((6, 3), 0.3), r"of pattern 0 is \[0.3 0.3 0.3\]"),
        (INPUTS, LABELS[::-1].copy(), certain(LABELS), "pattern 0 .* its label 2 can come from"),
    ],
)
def test_what_is_no_task_is_refused_by_its_value(inputs, labels, probability, message):
    with pytest.raises(ValueError, match=message):
        Task(inputs, labels, probability)
