"""Training sets: of the right size, stratified, shuffled, from their generator alone."""

import numpy as np
import pytest

from infoplane.tasks.icosahedron import szt_task
from infoplane.tasks.splits import training_samples


@pytest.mark.parametrize("fraction", [0.001, 0.05, 0.45, 0.8, 0.85, 1.0])
def test_split_is_stratified_shuffled_and_of_the_right_size(fraction):
    labels = szt_task().labels
    chosen = training_samples(labels, fraction, np.random.default_rng(0))
    assert len(chosen) == len(set(chosen.tolist())) == round(fraction * 4096)
    assert abs(labels[chosen].sum() - fraction * labels.sum()) <= 1
    if len(chosen) > 100:
        assert abs(np.corrcoef(np.arange(len(chosen)), chosen)[0, 1]) < 0.3


def test_split_depends_on_the_generator_alone():
    labels = szt_task().labels
    first, again, other = (
        training_samples(labels, 0.8, np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_first_samples_are_those_of_the_task_whatever_the_generator():
    labels = szt_task().labels
    for seed in (0, 1):
        found = training_samples(labels, 0.8, np.random.default_rng(seed), "first")
        np.testing.assert_array_equal(found, np.arange(3277))


def test_first_samples_that_lack_a_class_are_refused():
    with pytest.raises(ValueError, match=r"first 5 of 10 samples lack the classes \[1\]"):
        training_samples(np.repeat([0, 1], 5), 0.5, np.random.default_rng(0), "first")


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.2, float("nan")])
def test_split_refuses_impossible_fractions(fraction):
    with pytest.raises(ValueError, match="training fraction must be above 0 and at most 1"):
        training_samples(szt_task().labels, fraction, np.random.default_rng(0))


def test_split_refuses_to_leave_a_class_without_samples():
    with pytest.raises(ValueError, match="fewer than one sample for each of 2 classes"):
        training_samples(szt_task().labels, 0.0002, np.random.default_rng(0))


def test_every_class_has_its_share_of_a_split():
    labels = np.repeat([0, 1, 2], [100, 50, 10])
    chosen = training_samples(labels, 0.3, np.random.default_rng(0))
    np.testing.assert_array_equal(np.bincount(labels[chosen]), [30, 15, 3])
