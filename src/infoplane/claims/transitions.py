"""Events of a trajectory against log epoch: when the noise of the gradients takes over for good.

A trajectory is smoothed over a window in log epochs. What an event means is defined here, and only
here; how often noise alone is taken for one is in `infoplane.claims.null_controls`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TOLERANCE = 1e-9
"""Slack, in decades and shares, for sums that are equal but for rounding."""


@dataclass(frozen=True)
class EventSearch:
    """Say what counts as an event of a trajectory, and how it is held against noise alone.

    Parameters
    ----------
    window_decades : float
        Width, in decades of the epoch, of the centred window over which values are smoothed.
    least_decades : float
        The SNR is above 1 before its crossing, and below 1 after it, for at least this long.
    lasting_share : float
        Share of the log epochs from the crossing to the end in which the SNR is below 1.
    surrogates : int
        Trajectories without an event that are made for each network.
    seed : int
        Of their noise.
    chance : float
        A peak, or a fall, stands out if noise alone gives one as large at most this often.
    most_false : float
        A crossing tells something if noise alone makes one at most this often.
    """

    window_decades: float
    least_decades: float
    lasting_share: float
    surrogates: int
    seed: int
    chance: float
    most_false: float

    def __post_init__(self):
        for name in ("window_decades", "least_decades"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("lasting_share", "chance", "most_false"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in (0, 1], not {getattr(self, name)}")
        if self.surrogates < 1:
            raise ValueError(f"surrogates must be at least 1, not {self.surrogates}")


@dataclass(frozen=True)
class LogEpochs:
    """Hold the snapshots after epoch 0, which has no logarithm, along log10 of the epoch.

    Attributes
    ----------
    epochs : array of int64, shape (snapshots,)
    time : array of float64, shape (snapshots,)
        In decades.
    cells : array of float64, shape (snapshots,)
        Decades that are nearer to this snapshot than to any other.
    """

    epochs: np.ndarray
    time: np.ndarray
    cells: np.ndarray

    def windows(self, decades: float) -> tuple[np.ndarray, np.ndarray]:
        """Return first and last-plus-one snapshot of the window centred on each."""
        reach = decades / 2 + TOLERANCE
        return tuple(
            np.searchsorted(self.time, self.time + sign * reach, side)
            for sign, side in ((-1, "left"), (1, "right"))
        )


def log_epochs(epochs: np.ndarray) -> LogEpochs:
    """Place snapshots on the axis of log epochs.

    Parameters
    ----------
    epochs : array of int, shape (snapshots,)
        Increasing.

    Returns
    -------
    LogEpochs
        Without epoch 0.
    """
    epochs = np.asarray(epochs)
    if epochs.ndim != 1 or (np.diff(epochs) <= 0).any():
        raise ValueError("epochs must be one increasing row")
    epochs = epochs[epochs > 0]
    time = np.log10(epochs)
    borders = np.concatenate([time[:1], (time[1:] + time[:-1]) / 2, time[-1:]])
    return LogEpochs(epochs, time, np.diff(borders))


def log_snr(snr: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """Return log10 of the SNR at the snapshots after epoch 0.

    Parameters
    ----------
    snr : array of float, shape (..., epochs, layers)
    epochs : array of int, shape (epochs,)

    Returns
    -------
    levels : array of float64, shape (..., snapshots, layers)
        NaN where the ratio is undefined, 0 or infinite, such as a dead layer's.
    """
    snr = np.asarray(snr, float)[..., np.asarray(epochs) > 0, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        levels = np.log10(snr)
    return np.where(np.isfinite(levels), levels, np.nan)


def smooth(values: np.ndarray, axis: LogEpochs, decades: float) -> np.ndarray:
    """Average over the log epochs of the centred window, as far as it lies within the run.

    Parameters
    ----------
    values : array of float, shape (..., snapshots, columns)
        NaN is left out.
    axis : LogEpochs
    decades : float
        Width of the window.

    Returns
    -------
    smoothed : array of float64, shape (..., snapshots, columns)
        NaN where nothing in the window is defined. Snapshots weigh as many decades as are nearest
        to them: early ones, all whole epochs, are further apart than later ones.
    """
    windows = axis.windows(decades)
    weights = ~np.isnan(values) * axis.cells[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        means = _sums(weights * np.nan_to_num(values), windows) / _sums(weights, windows)
    # Differences of running sums: what is empty may not be 0.
    return np.where(_sums(~np.isnan(values), windows) > 0, means, np.nan)


@dataclass(frozen=True)
class LocalLines:
    """Hold straight lines fitted in the window centred on each snapshot.

    Attributes
    ----------
    levels, slopes : arrays of float64, shape (..., snapshots, columns)
        The line's value at its centre, and its slope per decade; NaN where fewer than two
        snapshots are defined.
    leverages : array of float64, shape (..., snapshots, columns)
        Weight of the snapshot itself in its own level.
    counts : array of int64, shape (..., snapshots, columns)
        Values in the window.
    """

    levels: np.ndarray
    slopes: np.ndarray
    leverages: np.ndarray
    counts: np.ndarray


def local_lines(values: np.ndarray, axis: LogEpochs, decades: float) -> LocalLines:
    """Fit a straight line against log epoch in the window centred on each snapshot.

    Parameters
    ----------
    values, axis, decades
        As for `smooth`.

    Returns
    -------
    LocalLines
    """
    windows = axis.windows(decades)
    there = ~np.isnan(values)
    known, time = np.where(there, values, 0.0), axis.time[:, None]
    count = _sums(there, windows)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = _sums(there * time, windows) / count
        spread = _sums(there * time**2, windows) / count - centre**2
        mean = _sums(known, windows) / count
        slopes = (_sums(known * time, windows) / count - centre * mean) / spread
        slopes = np.where((count >= 2) & (spread > TOLERANCE), slopes, np.nan)
        levels = mean + slopes * (time - centre)
        leverages = (1 + (time - centre) ** 2 / spread) / count
    return LocalLines(levels, slopes, leverages, count)


def _sums(values: np.ndarray, windows: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    sums = np.cumsum(values, axis=-2)
    sums = np.concatenate([np.zeros_like(sums[..., :1, :]), sums], axis=-2)
    first, last = windows
    return sums[..., last, :] - sums[..., first, :]


def crossing_places(smoothed: np.ndarray, axis: LogEpochs, search: EventSearch) -> np.ndarray:
    """Return where smoothed trajectories fall below 0 for good.

    Parameters
    ----------
    smoothed : array of float, shape (..., snapshots, columns)
        Of the logarithm of the SNR; NaN is neither above nor below.
    axis : LogEpochs
    search : EventSearch

    Returns
    -------
    places : array of int64, shape (..., columns)
        Position of the first snapshot below 0 before which the trajectory was above 0 for
        `least_decades` in all, and from which on it is below 0 for `least_decades` in all and for
        `lasting_share` of the log epochs that remain; -1 where there is none.
    """
    if not axis.epochs.size:
        return np.full((*smoothed.shape[:-2], smoothed.shape[-1]), -1)
    cells = axis.cells[:, None]
    below = smoothed < 0
    drift = np.cumsum((smoothed > 0) * cells, axis=-2)
    diffusion = np.cumsum((below * cells)[..., ::-1, :], axis=-2)[..., ::-1, :]
    remaining = np.cumsum(cells[::-1], axis=0)[::-1]
    crossed = (
        below
        & (drift >= search.least_decades - TOLERANCE)
        & (diffusion >= search.least_decades - TOLERANCE)
        & (diffusion >= search.lasting_share * remaining - TOLERANCE)
    )
    return np.where(crossed.any(axis=-2), crossed.argmax(axis=-2), -1)


def crossing_epochs(snr: np.ndarray, epochs: np.ndarray, search: EventSearch) -> np.ndarray:
    """Return the epoch where the SNR falls below 1 for good.

    Parameters
    ----------
    snr : array of float, shape (inits, epochs, layers)
        NaN, as of a dead layer's gradient, is neither above nor below.
    epochs : array of int, shape (epochs,)
    search : EventSearch

    Returns
    -------
    crossing : array of float64, shape (inits, layers)
        See `crossing_places`; infinite where there is none.
    """
    axis = log_epochs(epochs)
    smoothed = smooth(log_snr(snr, epochs), axis, search.window_decades)
    places = crossing_places(smoothed, axis, search)
    return _epochs_of(axis, places)


def _epochs_of(axis: LogEpochs, places: np.ndarray) -> np.ndarray:
    return np.concatenate([axis.epochs, [np.inf]])[places]


def steepest_falls(
    levels: np.ndarray, axis: LogEpochs, search: EventSearch
) -> tuple[np.ndarray, np.ndarray]:
    """Return how fast trajectories fall at most, and where.

    Parameters
    ----------
    levels : array of float, shape (..., snapshots, columns)
        Not smoothed: a line is fitted in each window, since neighbouring snapshots are so close
        that their differences would be all noise.
    axis : LogEpochs
    search : EventSearch

    Returns
    -------
    slopes : array of float64, shape (..., columns)
        The most negative slope per decade among the windows that lie within the run and hold at
        least three values; 0 if none is negative.
    epochs : array of float64, shape (..., columns)
        Centre of that window; NaN if no slope is negative.
    """
    if not axis.epochs.size:
        there = (*levels.shape[:-2], levels.shape[-1])
        return np.zeros(there), np.full(there, np.nan)
    lines = local_lines(levels, axis, search.window_decades)
    half = search.window_decades / 2 - TOLERANCE
    inside = (axis.time - half >= axis.time[0]) & (axis.time + half <= axis.time[-1])
    usable = inside[:, None] & (lines.counts >= 3) & (lines.slopes < 0)
    slopes = np.where(usable, lines.slopes, 0.0)
    falls = usable.any(axis=-2)
    epochs = np.where(falls, axis.epochs[slopes.argmin(axis=-2)], np.nan)
    return slopes.min(axis=-2), epochs


def fall_epochs(snr: np.ndarray, epochs: np.ndarray, search: EventSearch) -> np.ndarray:
    """Return the epoch around which the SNR falls most steeply.

    Parameters
    ----------
    snr : array of float, shape (inits, epochs, layers)
    epochs : array of int, shape (epochs,)
    search : EventSearch

    Returns
    -------
    falls : array of float64, shape (inits, layers)
        See `steepest_falls`; NaN where the SNR never falls.
    """
    return steepest_falls(log_snr(snr, epochs), log_epochs(epochs), search)[1]
