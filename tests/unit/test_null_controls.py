import dataclasses
import itertools

import numpy as np
import pytest
import scipy

from infoplane.claims.null_controls import (
    fall_null,
    false_crossings,
    peak_null,
    permutation_chance,
    surrogate_noise,
)
from infoplane.claims.transitions import crossing_epochs, log_epochs
from tests.unit.event_tables import EPOCHS, SEARCH, noisy

INITS = np.arange(60)
LOG_TIME = np.log10(np.maximum(EPOCHS, 0.5))
QUICK = dataclasses.replace(SEARCH, surrogates=60)


def rates(course, deviation, memory=0.0):
    """Return the rate of crossings, and that which the null control expects of noise."""
    snr = np.exp(noisy(course, INITS.size, deviation, memory, seed=3))
    found = np.isfinite(crossing_epochs(snr, EPOCHS, QUICK)).mean()
    return found, false_crossings(snr, EPOCHS, INITS, QUICK).mean()


@pytest.mark.parametrize("memory", [0.0, 0.5])
@pytest.mark.parametrize("deviation", [0.3, 0.6])
@pytest.mark.parametrize("level", [1.5, 1.1, 1.0, 0.7])
def test_rate_of_false_finds_is_that_of_stationary_noise(level, deviation, memory):
    found, expected = rates(np.log(level), deviation, memory)
    # 60 networks know a share to 0.065; the surrogates of those that cross take the worse of two
    # courses, which adds up to 0.1.
    assert expected == pytest.approx(found, abs=0.2)
    if level == 1.0:
        assert expected > SEARCH.most_false
    if level == 1.5:
        assert max(found, expected) < 0.1


def test_a_step_is_no_false_find_and_noise_as_large_as_it_may_be():
    step = np.where(EPOCHS < 350, np.log(3.0), np.log(0.3))
    assert rates(step, 0.3) == (1.0, pytest.approx(0.0, abs=0.01))
    small = np.where(EPOCHS < 350, np.log(1.2), np.log(0.85))
    assert rates(small, 0.6)[1] > 0.2


def test_a_dead_layer_makes_no_false_find():
    snr = np.exp(noisy(0.0, 5, 0.5).repeat(2, axis=2))
    snr[:, :, 1] = np.nan
    assert (false_crossings(snr, EPOCHS, INITS[:5], QUICK)[:, 1] == 0).all()


@pytest.mark.parametrize(("deviation", "memory"), [(0.3, 0.0), (0.3, 0.7)])
def test_surrogates_have_the_size_of_the_noise(deviation, memory):
    axis = log_epochs(EPOCHS)
    rising = 12 * np.tanh(LOG_TIME)
    values = noisy(rising, 200, deviation, memory, seed=1)[:, 1:, 0].T
    drawn = surrogate_noise(values, axis, SEARCH, 0)
    late = axis.epochs > 20  # Before that a few snapshots make their own trend.
    size = drawn[:, late].std()
    # The scaling makes up for the mean of a block, and so overstates single values by up to
    # 1 / sqrt(0.75); noise with a memory loses some of it to the trend.
    assert 0.9 * deviation < size < 1.2 * deviation
    width = np.searchsorted(axis.time, axis.time[100] + 0.5) - 100
    means = [
        np.lib.stride_tricks.sliding_window_view(part[100:], width, 0).mean(-1)
        for part in (values - rising[1:, None], drawn[0])
    ]
    assert means[1].std() == pytest.approx(means[0].std(), rel=0.25)


def test_draws_belong_to_their_network():
    values = noisy(0.0, 4, 1.0)[:, :, 0]
    values = np.stack([values, values**2], axis=2)
    together = peak_null(values, EPOCHS, np.arange(4), QUICK)
    alone = peak_null(values[2:3], EPOCHS, np.array([2]), QUICK)
    np.testing.assert_array_equal(together.chances[2], alone.chances[0])
    other = dataclasses.replace(QUICK, seed=1)
    assert (peak_null(values, EPOCHS, np.arange(4), other).null_sizes != together.null_sizes).any()


@pytest.mark.parametrize(
    "course", [np.full(EPOCHS.size, 8.0), 2 + 2 * LOG_TIME, 12 * np.tanh(LOG_TIME)]
)
def test_noise_on_a_course_that_never_falls_has_no_peak(course):
    values = noisy(course, INITS.size, 0.3, seed=2)
    # The largest value of noise is nearly never the last.
    assert (values.argmax(axis=1) < EPOCHS.size - 1).mean() > 0.8
    found = peak_null(values, EPOCHS, INITS, SEARCH)
    # The level is 0.05; 60 networks know it to 0.03.
    assert found.stands_out(SEARCH).mean() <= 0.12
    # What noise has for nothing is what is measured here.
    assert found.null_sizes.mean() == pytest.approx(found.sizes.mean(), rel=0.25, abs=0.1)


def test_noise_that_reaches_beyond_a_block_is_no_more_often_a_peak_than_documented():
    found = peak_null(noisy(8.0, 200, 0.3, memory=0.9), EPOCHS, np.arange(200), QUICK)
    # 200 networks know a share of a quarter to 0.03.
    assert SEARCH.chance < found.stands_out(SEARCH).mean() < 0.32


@pytest.mark.parametrize(("drop", "share"), [(3.0, 1.0), (1.5, 0.95)])
def test_a_peak_that_falls_stands_out(drop, share):
    course = 6 + 3 * np.tanh(LOG_TIME) - drop * (1 + np.tanh(2 * (LOG_TIME - 2.5))) / 2
    found = peak_null(noisy(course, INITS.size, 0.2), EPOCHS, INITS, SEARCH)
    assert found.stands_out(SEARCH).mean() >= share
    assert found.null_sizes.mean() < found.sizes.mean() / 2


def test_a_course_without_noise_is_its_own_null():
    rising, falling = 2 + LOG_TIME, 12 - LOG_TIME
    values = np.stack([rising, falling], axis=1)[None]
    found = peak_null(values, EPOCHS, np.array([0]), SEARCH)
    assert not found.stands_out(SEARCH)[0, 0]
    assert found.stands_out(SEARCH)[0, 1]
    np.testing.assert_allclose(found.sizes, [[0, 4]], atol=1e-12)
    # Of a straight line nothing is noise.
    np.testing.assert_allclose(found.null_sizes, 0, atol=1e-9)


def test_every_noise_falls_somewhere_but_a_fall_must_stand_out():
    flat = fall_null(np.exp(noisy(0.0, INITS.size, 0.3)), EPOCHS, INITS, SEARCH)
    assert (flat.sizes > 0).all()
    assert flat.stands_out(SEARCH).mean() <= 0.12
    step = np.where(EPOCHS < 350, np.log(3.0), np.log(0.3))
    steep = fall_null(np.exp(noisy(step, INITS.size, 0.3)), EPOCHS, INITS, SEARCH)
    assert steep.stands_out(SEARCH).mean() >= 0.95


def test_permutations_are_those_of_all_pairings():
    first = np.array([3.0, 1.0, 4.0, np.inf, np.inf, 2.0, 0.5])
    second = np.array([2.0, 1.0, 7.0, 5.0, 9.0, 1.0, 3.0])
    ranks = scipy.stats.rankdata([first, second], axis=1)
    measured = ranks[0] @ ranks[1]
    every = [ranks[0] @ ranks[1][list(order)] for order in itertools.permutations(range(7))]
    exact = np.mean(np.array(every) >= measured - 1e-9)
    found = permutation_chance(first, second, 20_000, seed=0)
    # Four standard errors of a share of about 0.03 in 20,000 draws.
    assert found == pytest.approx(exact, abs=0.005)


def test_permutations_of_nothing():
    assert permutation_chance(np.arange(20), np.arange(20), 999, 0) == 1 / 1000
    assert np.isnan(permutation_chance(np.full(9, np.inf), np.arange(9), 99, 0))
    assert np.isnan(permutation_chance(np.zeros(1), np.zeros(1), 99, 0))
