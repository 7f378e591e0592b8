"""The digits: as scikit-learn has them, and what is known of them."""

import math
import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from infoplane.tasks import make_task, make_task_rule


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


def test_defaults_are_the_images_of_scikit_learn_bit_for_bit():
    pixels, labels = load_digits(return_X_y=True)
    for keys, images in (({}, pixels / 16), ({"grey_step": 3}, pixels // 3)):
        task = make_task("digits", **keys)
        assert task.inputs.tobytes() == images.astype(np.float32).tobytes()
        assert task.labels.tobytes() == labels.astype(np.int64).tobytes()


def test_squares_of_pixels_are_replaced_by_their_means():
    squares = load_digits().images.reshape(-1, 4, 2, 4, 2)
    task = make_task("digits", pooling=2)
    assert task.inputs.shape == (1797, 1, 4, 4)
    assert make_task_rule("digits", pooling=2).input_shape == (1, 4, 4)
    np.testing.assert_allclose(task.inputs[:, 0], squares.mean(axis=(2, 4)) / 16, rtol=1e-6)
    grey = make_task("digits", pooling=2, grey_step=5).inputs
    np.testing.assert_array_equal(grey[:, 0], squares.sum(axis=(2, 4)) // 5)
    with pytest.raises(ValueError, match="pooling 3 does not divide images of 8 x 8; allowed: 1, "):
        make_task("digits", pooling=3)


def test_standardised_images_have_mean_0_and_deviation_1():
    inputs = make_task("digits", standardised=True, samples=500, seed=4).inputs
    assert inputs.dtype == np.float32
    assert inputs.mean(dtype=float) == pytest.approx(0, abs=1e-6)
    assert inputs.std(dtype=float) == pytest.approx(1, abs=1e-6)


def test_some_of_the_images_are_drawn_by_a_seed():
    every = make_task("digits")
    first, again, other = (make_task("digits", samples=300, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert not np.array_equal(first.inputs, other.inputs)
    assert make_task_rule("digits", samples=300).patterns == len(first.labels) == 300
    # In the order of all, each with its label.
    where = {image.tobytes(): place for place, image in enumerate(every.inputs)}
    places = [where[image.tobytes()] for image in first.inputs]
    assert places == sorted(set(places))
    np.testing.assert_array_equal(first.labels, every.labels[places])
    equal = make_task("digits", samples=300, balanced=True)
    np.testing.assert_array_equal(np.bincount(equal.labels), np.full(10, 30))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"samples": 9}, "samples must be a whole number of at least 10, not 9"),
        ({"samples": 1798}, "samples must be at most the 1797 that there are, not 1798"),
        ({"samples": 305, "balanced": True}, "samples must be a multiple of the 10 classes"),
        ({"samples": 10}, "samples 10 has no image of class"),
        ({"samples": 1790, "balanced": True}, "needs 179 images of each class; class 8 has 174"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"standardised": 2}, "standardised"),
    ],
)
def test_impossible_parts_of_the_set_are_refused(keys, message):
    with pytest.raises(ValueError, match=message):
        make_task("digits", **keys)


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
