"""Null controls of events: what is found in trajectories with the same noise and no event.

Such a trajectory, a surrogate, is a course without an event plus the noise of a measured
trajectory: its residuals around straight lines fitted in windows of twice the smoothing window,
whose sign is drawn for whole blocks of half the smoothing window (a wild bootstrap by blocks). So
the noise keeps its size, which changes along training, its distribution but for the sign, and its
autocorrelation within a block. Residuals are scaled for what the fitted line takes away of them,
and of the mean of a block.

Of 200 made-up networks whose snapshots are as dense as the study's, noise without a memory makes a
peak or a fall stand out in at most 0.06 where `chance` is 0.05, and the rate of false crossings
comes out as it is to within 0.1. Noise that reaches beyond a block is taken for a course: with a
correlation of 0.9 between neighbouring snapshots (1/e in 0.14 decades), 0.09 to 0.26 stand out.

See Wu (1986), "Jackknife, bootstrap and other resampling methods in regression analysis", for the
drawn weights; Shao (2010), "The dependent wild bootstrap", for those that neighbours share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from infoplane.claims.transitions import (
    EventSearch,
    LogEpochs,
    crossing_places,
    local_lines,
    log_epochs,
    log_snr,
    smooth,
    steepest_falls,
)

TREND_WINDOWS = 2.0
"""Windows of the trend around which residuals are taken, in smoothing windows.

What smoothing leaves of the noise must be in the residuals: a trend as narrow as the smoothing
would take half of it away.
"""
BLOCK_WINDOWS = 0.5
"""Windows that share a sign, in smoothing windows: wider ones would have the trend's own level."""
LEAST_FREEDOM = 0.05
"""Residuals of snapshots that almost make their own trend say nothing, and are taken as 0."""


def noise(values: np.ndarray, axis: LogEpochs, search: EventSearch) -> np.ndarray:
    """Return the residuals of trajectories around their trend.

    Parameters
    ----------
    values : array of float, shape (snapshots, columns)
    axis : LogEpochs
    search : EventSearch

    Returns
    -------
    residuals : array of float64, shape (snapshots, columns)
        Scaled to the variance of the noise; NaN where the value is.
    """
    lines = local_lines(values, axis, TREND_WINDOWS * search.window_decades)
    freedom = 1 - lines.leverages
    told = (freedom > LEAST_FREEDOM) & (lines.counts >= 3)
    share = 1 - BLOCK_WINDOWS / TREND_WINDOWS
    residuals = (values - lines.levels) / np.sqrt(np.where(told, freedom, 1.0) * share)
    return np.where(np.isnan(values), np.nan, np.where(told, residuals, 0.0))


def surrogate_noise(
    values: np.ndarray, axis: LogEpochs, search: EventSearch, init: int
) -> np.ndarray:
    """Draw noise like that of a network's trajectories.

    Parameters
    ----------
    values : array of float, shape (snapshots, columns)
    axis : LogEpochs
    search : EventSearch
    init : int
        The initialisation: each has draws of its own, whatever others are measured. Columns share
        them, so that the noise of layers stays together.

    Returns
    -------
    noise : array of float64, shape (surrogates, snapshots, columns)
    """
    draws = np.random.default_rng(np.random.SeedSequence(search.seed, spawn_key=(init,)))
    block = BLOCK_WINDOWS * search.window_decades
    offset = draws.random((search.surrogates, 1))
    blocks = np.floor((axis.time - axis.time[0]) / block + offset).astype(np.int64)
    signs = draws.choice((-1.0, 1.0), (search.surrogates, blocks.max() + 1))
    drawn = np.take_along_axis(signs, blocks, axis=1)
    return drawn[..., None] * noise(values, axis, search)


def false_crossings(
    snr: np.ndarray, epochs: np.ndarray, inits: np.ndarray, search: EventSearch
) -> np.ndarray:
    """Return how often noise alone makes the SNR cross 1 for good.

    Parameters
    ----------
    snr : array of float, shape (inits, epochs, layers)
    epochs : array of int, shape (epochs,)
    inits : array of int, shape (inits,)
        Their numbers; see `surrogate_noise`.
    search : EventSearch

    Returns
    -------
    rates : array of float64, shape (inits, layers)
        Share of the surrogates with a crossing. Of a network that crosses, the surrogates stay at
        its mean level before the crossing (where that is above 1), or have always been at that
        after it: the larger of the two rates. One that does not cross keeps its smoothed course.
    """
    axis = log_epochs(epochs)
    levels = log_snr(snr, epochs)
    smoothed = smooth(levels, axis, search.window_decades)
    places = crossing_places(smoothed, axis, search)
    rates = np.zeros(places.shape)
    for row, init in enumerate(inits):
        drawn = smooth(
            surrogate_noise(levels[row], axis, search, int(init)), axis, search.window_decades
        )
        for course in _without_crossing(smoothed[row], places[row], axis):
            events = crossing_places(course + drawn, axis, search) >= 0
            rates[row] = np.maximum(rates[row], events.mean(axis=0))
    return rates


def _without_crossing(
    smoothed: np.ndarray, places: np.ndarray, axis: LogEpochs
) -> tuple[np.ndarray, np.ndarray]:
    """Return a network's courses without an event, each of shape (snapshots, layers)."""
    after = np.arange(len(smoothed))[:, None] >= places
    crosses = places >= 0
    courses = []
    for part in (~after & (smoothed > 0), after):
        weights = np.where(part & ~np.isnan(smoothed), axis.cells[:, None], 0.0)
        total = np.where(crosses, weights.sum(axis=0), 1.0)
        level = (weights * np.nan_to_num(smoothed)).sum(axis=0) / total
        courses.append(np.where(crosses, level, smoothed))
    return tuple(courses)


@dataclass(frozen=True)
class EventNull:
    """Hold the size of every network's event, and what noise alone gives.

    Attributes
    ----------
    sizes : array of float64, shape (inits, layers)
        As measured.
    chances : array of float64, shape (inits, layers)
        Probability that noise alone gives an event as large: (1 + surrogates with one) over
        (1 + surrogates).
    null_sizes : array of float64, shape (inits, layers)
        Mean size in the surrogates: what a measured one has for nothing.
    """

    sizes: np.ndarray
    chances: np.ndarray
    null_sizes: np.ndarray

    def stands_out(self, search: EventSearch) -> np.ndarray:
        """Return whose event noise alone rarely gives: bool of shape (inits, layers)."""
        return self.chances <= search.chance


def peak_null(
    values: np.ndarray, epochs: np.ndarray, inits: np.ndarray, search: EventSearch
) -> EventNull:
    """Hold the fall of I(X;T) after its peak against that of noise on a course without a peak.

    Parameters
    ----------
    values : array of float, shape (inits, epochs, layers)
        In bits.
    epochs : array of int, shape (epochs,)
        Epoch 0, which has no logarithm, is left out.
    inits : array of int, shape (inits,)
        Their numbers; see `surrogate_noise`.
    search : EventSearch

    Returns
    -------
    EventNull
        Sizes are largest minus final values, in bits. The surrogates' course is the increasing
        one nearest to the measured one (least squares): it rises to a plateau, or is flat.
    """
    return _event_null(values, epochs, inits, search, _increasing, _drops)


def fall_null(
    snr: np.ndarray, epochs: np.ndarray, inits: np.ndarray, search: EventSearch
) -> EventNull:
    """Hold the steepest fall of the SNR against that of noise on a flat course.

    Parameters
    ----------
    snr : array of float, shape (inits, epochs, layers)
    epochs, inits, search
        As for `peak_null`.

    Returns
    -------
    EventNull
        Sizes are decades of the SNR per decade of the epoch, positive for a fall; see
        `infoplane.claims.transitions.steepest_falls`.
    """
    axis = log_epochs(epochs)

    def sizes(levels):
        return -steepest_falls(levels, axis, search)[0]

    levels = log_snr(snr, epochs)
    return _event_null(levels, axis.epochs, inits, search, np.zeros_like, sizes)


def _event_null(values, epochs, inits, search: EventSearch, course_of, sizes_of) -> EventNull:
    axis = log_epochs(epochs)
    values = np.asarray(values, float)[:, np.asarray(epochs) > 0]
    if not values.size:
        none = np.zeros((values.shape[0], values.shape[2]))
        return EventNull(none, none + 1, none)
    sizes = sizes_of(values)
    chances, null_sizes = np.ones(sizes.shape), np.zeros(sizes.shape)
    for row, init in enumerate(inits):
        drawn = surrogate_noise(values[row], axis, search, int(init))
        there = sizes_of(course_of(values[row]) + drawn)
        as_large = (there >= sizes[row] * (1 - 1e-12)).sum(axis=0)
        chances[row] = (1 + as_large) / (1 + search.surrogates)
        null_sizes[row] = there.mean(axis=0)
    return EventNull(sizes, chances, null_sizes)


def _drops(values: np.ndarray) -> np.ndarray:
    return values.max(axis=-2) - values[..., -1, :]


def _increasing(values: np.ndarray) -> np.ndarray:
    columns = [scipy.optimize.isotonic_regression(column).x for column in values.T]
    return np.stack(columns, axis=1)


def permutation_chance(
    first: np.ndarray, second: np.ndarray, permutations: int, seed: int
) -> float:
    """Return how often a rank correlation is as large when the networks are paired at random.

    Parameters
    ----------
    first, second : array of float, shape (inits,)
        May be infinite; ties share their mean rank.
    permutations : int
    seed : int

    Returns
    -------
    chance : float
        (1 + permutations with one at least as large) over (1 + permutations), one-sided; NaN
        where a variable is constant or fewer than two networks are there.
    """
    if len(first) < 2:
        return np.nan
    ranks = scipy.stats.rankdata(np.stack([first, second]), axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    if not ranks.any(axis=1).all():
        return np.nan
    draws = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(len(first),)))
    order = np.argsort(draws.random((permutations, len(first))), axis=1)
    together = (ranks[0] * ranks[1][order]).sum(axis=1)
    # Half ranks make sums of quarters: what differs by less is rounding.
    as_large = (together >= (ranks[0] * ranks[1]).sum() - 1e-6).sum()
    return float((1 + as_large) / (1 + permutations))
