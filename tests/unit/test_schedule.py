"""Snapshot epochs, seeds and the order of samples."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest

from infoplane.training.schedule import seed_sequence, snapshot_epochs
from infoplane.training.shuffling import shuffle_epoch


def test_snapshots_are_dense_early_and_many_at_paper_scale():
    epochs = snapshot_epochs(10_000, 400)
    assert len(epochs) >= 200
    assert (epochs[0], epochs[-1]) == (0, 10_000)
    assert (np.diff(epochs) > 0).all()
    assert set(range(41)) <= set(epochs.tolist())
    # Peaks lie between epochs 20 and 1000: there, steps of 2.4 %, rounded up to whole epochs.
    middle = epochs[(epochs >= 40) & (epochs <= 1000)]
    assert (np.diff(middle) <= np.ceil(0.024 * middle[:-1])).all()


@pytest.mark.parametrize(("epochs", "snapshots"), [(1, 2), (5, 400), (7, 3)])
def test_few_snapshots_start_at_zero_and_end_at_the_end(epochs, snapshots):
    found = snapshot_epochs(epochs, snapshots)
    assert found[0] == 0
    assert found[-1] == epochs


def test_order_is_a_permutation_that_depends_on_seed_and_epoch_alone():
    orders = np.empty((3, 1000), np.int64)
    for order, (seed, epoch) in zip(orders, [(1, 0), (1, 1), (2, 0)], strict=True):
        shuffle_epoch(order, np.uint64(seed), epoch)
        np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    assert (orders[0] != orders[1]).any()
    assert (orders[0] != orders[2]).any()
    again = np.zeros(1000, np.int64)
    shuffle_epoch(again, np.uint64(1), 0)
    np.testing.assert_array_equal(again, orders[0])


def test_every_order_of_three_samples_is_equally_likely():
    counts = Counter()
    order = np.empty(3, np.int64)
    for epoch in range(6000):
        shuffle_epoch(order, np.uint64(7), epoch)
        counts[tuple(order.tolist())] += 1
    assert set(counts) == set(permutations(range(3)))
    # Chi-squared with 5 degrees of freedom: 20.5 is its 99.9 % point.
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 20.5


def test_seeds_differ_by_initialisation_purpose_and_seed():
    states = {
        tuple(seed_sequence(seed, init, purpose).generate_state(2))
        for seed in (0, 1)
        for init in (0, 1, 2)
        for purpose in ("weights", "split", "order", "noise")
    }
    assert len(states) == 2 * 3 * 4
