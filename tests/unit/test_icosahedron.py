"""The SZT task against the published file's digest, its symmetries and its entropies."""

import hashlib
from itertools import permutations

import numpy as np
import pytest

import infoplane.data
from infoplane.tasks import make_task, make_task_rule
from infoplane.tasks.base import binary_patterns, label_entropy_bits
from infoplane.tasks.icosahedron import (
    ICOSAHEDRON_NEIGHBOURS,
    icosahedron_cosines,
    invariant_score,
    szt_task,
)

PUBLISHED_DIGEST = "77732f16f85e91b49d3997196b56163b3bd362d8cf631468a8de3f986e88359f"


def icosahedron_symmetries() -> list[tuple[int, ...]]:
    """Find all vertex permutations that keep the neighbours, by growing them vertex by vertex."""
    partial = [()]
    for vertex in range(12):
        partial = [
            (*images, image)
            for images in partial
            for image in set(range(12)) - set(images)
            if all(
                (other in ICOSAHEDRON_NEIGHBOURS[vertex])
                == (images[other] in ICOSAHEDRON_NEIGHBOURS[image])
                for other in range(vertex)
            )
        ]
    return partial


def test_hard_labels_are_those_of_the_published_file():
    inputs, labels, probability = szt_task()
    assert inputs.shape == (4096, 12)
    assert inputs.dtype == np.uint8
    assert hashlib.sha256(labels.astype(np.uint8).tobytes()).hexdigest() == PUBLISHED_DIGEST
    assert labels.sum() == 2118
    np.testing.assert_array_equal(probability, labels)


@pytest.mark.parametrize("threshold", [2.2903, 2.3527])
def test_hard_labels_do_not_depend_on_the_threshold_within_its_gap(threshold):
    np.testing.assert_array_equal(szt_task(threshold=threshold).labels, szt_task().labels)


def test_hard_labels_do_depend_on_the_threshold_beyond_its_gap():
    for threshold in (2.2901, 2.3529):
        assert (szt_task(threshold=threshold).labels != szt_task().labels).any()


def test_patterns_are_in_binary_counting_order():
    place_values = 2 ** np.arange(11, -1, -1)
    np.testing.assert_array_equal(binary_patterns() @ place_values, np.arange(4096))


def test_labels_are_invariant_under_all_120_symmetries():
    symmetries = icosahedron_symmetries()
    assert len(symmetries) == 120
    hard, soft = szt_task(), szt_task((2.0, 5.0, 4.0), 5.89, 12.0, seed=0)
    place_values = 2 ** np.arange(11, -1, -1)
    for symmetry in symmetries:
        moved = hard.inputs[:, symmetry] @ place_values
        np.testing.assert_array_equal(hard.labels[moved], hard.labels)
        # Sums in another order round differently, and the sigmoid's slope is 12.
        np.testing.assert_allclose(
            soft.label_probability[moved], soft.label_probability, atol=1e-12
        )


def test_hard_labels_tell_all_of_their_entropy():
    task = szt_task()
    assert task.ceiling_bits == 12.0
    assert task.label_bits == pytest.approx(0.99916, abs=5e-6)
    assert task.information_bits == pytest.approx(task.label_bits, abs=1e-12)


def test_stochastic_labels_tell_what_was_published():
    task = szt_task((2.0, 5.0, 4.0), 5.89, 12.0, seed=0)
    assert task.information_bits == pytest.approx(0.89948, abs=5e-6)
    assert task.label_probability.mean() == pytest.approx(0.50092, abs=5e-6)
    assert label_entropy_bits(task.label_probability) == pytest.approx(1.0, abs=5e-6)


def test_drawn_labels_depend_on_the_seed_and_follow_their_probability():
    first, second = (szt_task((2.0, 5.0, 4.0), 5.89, 12.0, seed=seed) for seed in (0, 1))
    assert (first.labels != second.labels).any()
    certain = np.abs(first.label_probability - 0.5) > 0.499999
    np.testing.assert_array_equal(first.labels[certain], first.label_probability[certain].round())


def test_score_is_the_sum_over_spherical_harmonics():
    """Against the definition with explicit vertices and spherical harmonics of degree 0 and 1."""
    values, vectors = np.linalg.eigh(icosahedron_cosines())
    vertices = vectors[:, -3:] * np.sqrt(values[-3:])
    np.testing.assert_allclose((vertices**2).sum(axis=1), 1.0)
    patterns = binary_patterns().astype(float)
    area = 4 * np.pi / 12
    power0 = area * patterns.sum(axis=1) / np.sqrt(4 * np.pi)
    power1 = area * np.sqrt(3 / (4 * np.pi)) * np.linalg.norm(patterns @ vertices, axis=1)
    expected = 0.7 * power0 + 1.3 / 3 * power1
    # A zero vector's norm comes out as the root of a rounding error.
    np.testing.assert_allclose(invariant_score(patterns, (0.7, 1.3)), expected, atol=1e-7)


def test_neighbours_are_mutual():
    for first, second in permutations(range(12), 2):
        assert (second in ICOSAHEDRON_NEIGHBOURS[first]) == (
            first in ICOSAHEDRON_NEIGHBOURS[second]
        )


def test_seed_and_sharpness_go_together():
    with pytest.raises(ValueError, match="together"):
        szt_task(sharpness=1.0)
    with pytest.raises(ValueError, match="together"):
        szt_task(seed=1)


def test_rule_makes_the_same_task_under_both_names():
    parameters = {"degree_weights": [2.0, 5.0, 4.0], "threshold": 5.89, "sharpness": 12, "seed": 3}
    made = make_task("icosahedron", **parameters)
    for ours, theirs in zip(made, infoplane.data.szt_task(**parameters), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"degree_weights": []}, r"degree_weights must be a list of numbers, not \[\]"),
        ({"degree_weights": 2.0}, "degree_weights must be a list of numbers, not 2.0"),
        ({"degree_weights": [1, "x"]}, "each of degree_weights must be a finite number, not 'x'"),
        ({"threshold": float("inf")}, "threshold must be a finite number, not inf"),
        ({"sharpness": 3.0}, "give sharpness and seed together"),
        ({"seed": 3}, "give sharpness and seed together"),
        ({"sharpness": 0, "seed": 3}, "sharpness must be above 0, not 0"),
        ({"sharpness": 1, "seed": -3}, "seed must be a whole number of at least 0, not -3"),
    ],
)
def test_rule_refuses_before_it_makes_anything(changes, message):
    with pytest.raises(ValueError, match=message):
        make_task_rule("icosahedron", **{"degree_weights": [1, 2], "threshold": 2.3, **changes})


@pytest.mark.parametrize(("threshold", "label"), [(99.0, 0), (-1.0, 1)])
def test_labels_of_a_single_class_are_refused(threshold, label):
    with pytest.raises(
        ValueError, match=rf"single class: all 4096 labels are {label}; threshold {threshold} lies"
    ):
        szt_task(threshold=threshold)
