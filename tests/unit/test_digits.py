"""The digits: as scikit-learn has them, and what is known of them."""

import math
import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from infoplane.tasks import make_task


def test_images_are_those_of_scikit_learn_between_0_and_1():
    task, original = make_task("digits"), load_digits()
    assert task.inputs.shape == (1797, 1, 8, 8)
    assert task.inputs.dtype == np.float32
    assert (task.inputs.min(), task.inputs.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(task.inputs[:, 0] * 16, original.images)
    np.testing.assert_array_equal(task.labels, original.target)


def test_grey_levels_are_whole_numbers_of_steps():
    original = load_digits().images
    for step in (1, 3):
        inputs = make_task("digits", grey_step=step).inputs
        np.testing.assert_array_equal(inputs[:, 0], original // step)
    with pytest.raises(ValueError, match="grey_step must be a whole number of at least 1, not 0"):
        make_task("digits", grey_step=0)


def test_all_images_differ_and_the_digits_are_about_equally_frequent():
    task = make_task("digits")
    assert task.classes == 10
    assert task.ceiling_bits == math.log2(1797)
    assert math.log2(10) - 1e-3 < task.label_bits < math.log2(10)
    assert np.bincount(task.labels).min() == 174


def test_what_an_image_tells_of_its_digit_is_not_known():
    task = make_task("digits")
    assert task.label_probability is None
    assert math.isnan(task.information_bits)


def test_scikit_learn_is_imported_only_for_the_images():
    code = (
        "import sys; from infoplane.tasks import make_task_rule; "
        "assert make_task_rule('digits').classes == 10; assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "src"})
