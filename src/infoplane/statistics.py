"""Statistics over initialisations: resampling intervals, rank correlation, verdicts.

An initialisation is the unit of sampling everywhere: whatever is measured on one network stays
together when networks are drawn again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy

from infoplane.intervals import Interval, Spread

SUPPORTED, REFUTED, INCONCLUSIVE = VERDICTS = ("supported", "refuted", "inconclusive")
DIRECTIONS = ("at_least", "above", "at_most", "below")

LEAST_RANKED = 8
"""Fewest pairs for which a rank correlation gets a resampled interval; see `Resampling`."""


@dataclass(frozen=True)
class Resampling:
    """Draw initialisations again, with replacement, to see how far an estimate is known.

    Attributes
    ----------
    resamples : int
        Number of bootstrap samples.
    seed : int
        All intervals over equally many initialisations use the same draws, so that a result
        depends neither on the order of the intervals nor on which others are computed.
    confidence : float
        Coverage of the interval, between 0 and 1.

    Notes
    -----
    Bias-corrected and accelerated intervals (Efron 1987, "Better bootstrap confidence
    intervals", section 4), whose normal quantile is replaced by sqrt(n / (n - 1)) times Student's
    with n - 1 degrees of freedom (Hesterberg 2015, "What teachers should know about the
    bootstrap", section 4.4: the percentile interval is too narrow by that factor). The width is 0
    where all initialisations are alike. Measured coverage stands in docs/method.md.

    Every method returns its values for the sample itself in row 0, for the resamples below, and
    for the sample without each initialisation in turn last (the jackknife of the acceleration),
    so that whatever is derived row by row is resampled along with it.
    """

    resamples: int = 10_000
    seed: int = 0
    confidence: float = 0.95

    def __post_init__(self):
        if self.resamples < 1:
            raise ValueError(f"resamples must be at least 1, not {self.resamples}")
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, not {self.confidence}")

    def draws(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return which of so many initialisations each row of replicates holds.

        Parameters
        ----------
        count : int

        Returns
        -------
        drawn : array of int, shape (1 + resamples, count)
            Row 0 is each once.
        without : array of int, shape (count, count - 1)
            The rows without each in turn.
        """
        return _draws(count, self.resamples, self.seed), _left_out(count)

    def means(self, values: np.ndarray) -> np.ndarray:
        """Return the means over initialisations.

        Parameters
        ----------
        values : array of float, shape (inits, columns)
            Finite; an error otherwise. No initialisation at all gives NaN.

        Returns
        -------
        means : array of float64, shape (1 + resamples + inits, columns)
        """
        values = _finite_matrix(values)
        if not len(values):
            return np.full((1 + self.resamples, values.shape[1]), np.nan)
        shares = _draw_shares(len(values), self.resamples, self.seed)
        return values[0] + shares @ (values - values[0])

    def medians(self, values: np.ndarray) -> np.ndarray:
        """Return the medians over initialisations.

        Parameters
        ----------
        values : array of float, shape (inits, columns)
            May be infinite, as an epoch that is never reached. NaN is an error.

        Returns
        -------
        medians : array of float64, shape (1 + resamples + inits, columns)
        """
        values = _matrix(values)
        if np.isnan(values).any():
            raise ValueError("values to resample must not be NaN")
        if not len(values):
            return np.full((1 + self.resamples, values.shape[1]), np.nan)
        draws = self.draws(len(values))
        return np.concatenate([_median(values[drawn]) for drawn in draws])

    def rank_correlations(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return Spearman's rank correlation of two measurements on the same initialisations.

        Parameters
        ----------
        first, second : array of float, shape (inits,)
            May be infinite, as an epoch that is never reached; ties share their mean rank.

        Returns
        -------
        correlations : array of float64, shape (1 + resamples + inits,)
            NaN where a variable is constant.
        """
        pairs = np.stack([np.asarray(first, float), np.asarray(second, float)])
        if np.isnan(pairs).any():
            raise ValueError("values to rank must not be NaN")
        count = pairs.shape[1]
        if count < 2:
            return np.full(1 + self.resamples + count, np.nan)
        draws = self.draws(count)
        return np.concatenate([_rank_correlation(pairs[:, drawn]) for drawn in draws])

    def interval(self, replicates: np.ndarray) -> Interval:
        """Turn replicates into an estimate with its interval.

        Parameters
        ----------
        replicates : array of float, shape (1 + resamples + inits,)
            As the other methods return them, or derived from those row by row. Undefined
            resamples are left out; where the sample itself is undefined, all is NaN.

        Returns
        -------
        Interval
        """
        replicates = np.asarray(replicates, float)
        if replicates.ndim != 1 or len(replicates) < 1 + self.resamples:
            raise ValueError(
                f"replicates must have shape (1 + {self.resamples} + inits,), not "
                f"{replicates.shape}"
            )
        estimate, resampled = float(replicates[0]), replicates[1 : 1 + self.resamples]
        resampled = np.sort(resampled[~np.isnan(resampled)])
        if np.isnan(estimate) or not resampled.size:
            return Interval(estimate, np.nan, np.nan)
        spread = Spread(estimate, resampled, replicates[1 + self.resamples :])
        tail = (1 - self.confidence) / 2
        low, high = (spread.quantile(level) for level in (tail, 1 - tail))
        return Interval(estimate, low, high, spread.p_value)

    def mean(self, values: np.ndarray) -> Interval:
        """Return the mean of values of shape (inits,) with its interval."""
        return self.interval(self.means(np.asarray(values)[:, None])[:, 0])

    def median(self, values: np.ndarray) -> Interval:
        """Return the median of values of shape (inits,) with its interval."""
        return self.interval(self.medians(np.asarray(values)[:, None])[:, 0])

    def rank_correlation(self, first: np.ndarray, second: np.ndarray) -> Interval:
        """Return Spearman's rank correlation with its interval.

        Below `LEAST_RANKED` pairs the interval is the whole range: resamples of a few pairs
        that happen to be in order are all in order, whatever the truth is.
        """
        found = self.interval(self.rank_correlations(first, second))
        if len(first) < LEAST_RANKED and not np.isnan(found.estimate):
            return Interval(found.estimate, -1.0, 1.0, lambda threshold: 1.0)
        return found

    def ratio_of_means(self, numerator: np.ndarray, denominator: np.ndarray) -> Interval:
        """Return the ratio of two means over the same initialisations, resampled as pairs.

        Parameters
        ----------
        numerator, denominator : array of float, shape (inits,)
            Row i of both belongs to the same initialisation.

        Returns
        -------
        Interval
            Infinite or NaN where the denominator's mean is 0.
        """
        means = self.means(np.column_stack([numerator, denominator]))
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.interval(means[:, 0] / means[:, 1])


def proportion(hits: np.ndarray, confidence: float = 0.95) -> Interval:
    """Return the share of initialisations for which something holds, with Wilson's interval.

    Parameters
    ----------
    hits : array of bool, shape (inits,)
    confidence : float

    Returns
    -------
    Interval
        Between 0 and 1; NaN without initialisations.

    Notes
    -----
    Wilson (1927), "Probable inference, the law of succession, and statistical inference",
    equation 7 onwards. Unlike the bootstrap it keeps a width where all are alike.
    """
    hits = np.asarray(hits, bool)
    count = hits.size
    if not count:
        return Interval(np.nan, np.nan, np.nan)
    share, z = float(hits.mean()), float(scipy.special.ndtri((1 + confidence) / 2))
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2) / (1 + z**2 / count)

    def test(threshold: float) -> float:
        # The score test that Wilson's interval inverts.
        deviation = np.sqrt(max(threshold * (1 - threshold), 0.0) / count)
        if not deviation:
            return float(share == threshold)
        return float(2 * scipy.special.ndtr(-abs(share - threshold) / deviation))

    return Interval(share, max(float(centre - half), 0.0), min(float(centre + half), 1.0), test)


def verdict(ci_low: float, ci_high: float, threshold: float, direction: str) -> str:
    """Say whether an interval clears a threshold, fails it, or leaves the matter open.

    Parameters
    ----------
    ci_low, ci_high : float
        The interval; NaN where nothing is known.
    threshold : float
    direction : str
        What the claim says of the quantity: ``at_least`` or ``above`` the threshold,
        ``at_most`` or ``below`` it. The first and third hold at the threshold itself.

    Returns
    -------
    verdict : str
        ``supported`` if the claim holds in the whole interval, ``refuted`` if it holds nowhere
        in it, else ``inconclusive``.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"direction {direction!r} is not one of: {', '.join(DIRECTIONS)}")
    if np.isnan(threshold):
        raise ValueError("threshold must be a number, not NaN")
    if ci_low > ci_high:
        raise ValueError(f"the interval's low end {ci_low} is above its high end {ci_high}")
    if np.isnan(ci_low) or np.isnan(ci_high):
        return INCONCLUSIVE
    holds = {
        "at_least": lambda value: value >= threshold,
        "above": lambda value: value > threshold,
        "at_most": lambda value: value <= threshold,
        "below": lambda value: value < threshold,
    }[direction]
    ends = holds(ci_low), holds(ci_high)
    return SUPPORTED if all(ends) else INCONCLUSIVE if any(ends) else REFUTED


def conjunction(verdicts: Iterable[str]) -> str:
    """Return the verdict on "all of these hold": one that is refuted refutes them all."""
    verdicts = set(_known(verdicts))
    if REFUTED in verdicts:
        return REFUTED
    return SUPPORTED if verdicts == {SUPPORTED} else INCONCLUSIVE


def agreement(verdicts: Iterable[str]) -> str:
    """Return the verdict that all give, ``inconclusive`` where they differ or there is none."""
    verdicts = set(_known(verdicts))
    return verdicts.pop() if len(verdicts) == 1 else INCONCLUSIVE


def _known(verdicts: Iterable[str]) -> list[str]:
    verdicts = list(verdicts)
    for found in verdicts:
        if found not in VERDICTS:
            raise ValueError(f"verdict {found!r} is not one of: {', '.join(VERDICTS)}")
    return verdicts


def _matrix(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"values must have shape (inits, columns), not {values.shape}")
    return values


def _finite_matrix(values: np.ndarray) -> np.ndarray:
    values = _matrix(values)
    if not np.isfinite(values).all():
        raise ValueError("values to average must be finite; name and exclude those that are not")
    return values


def _median(drawn: np.ndarray) -> np.ndarray:
    """Return the medians of draws of shape (rows, drawn, columns); without any, NaN."""
    count = drawn.shape[1]
    if not count:
        return np.full((drawn.shape[0], drawn.shape[2]), np.nan)
    ordered = np.sort(drawn, axis=1)
    return (ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2


def _rank_correlation(drawn: np.ndarray) -> np.ndarray:
    """Return Spearman's correlations of drawn pairs, shape (2, rows, drawn)."""
    ranks = scipy.stats.rankdata(drawn, axis=2)
    ranks -= ranks.mean(axis=2, keepdims=True)
    together = (ranks[0] * ranks[1]).sum(axis=1)
    apart = np.sqrt((ranks[0] ** 2).sum(axis=1) * (ranks[1] ** 2).sum(axis=1))
    with np.errstate(invalid="ignore"):
        return np.clip(together / apart, -1, 1)


@lru_cache(maxsize=16)
def _draws(count: int, resamples: int, seed: int) -> np.ndarray:
    """Return which of `count` initialisations each row holds, row 0 being each once."""
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(count,)))
    drawn = generator.integers(count, size=(resamples, count))
    return np.concatenate([np.arange(count)[None], drawn])


def _left_out(count: int) -> np.ndarray:
    """Return the rows without each initialisation in turn, shape (count, count - 1)."""
    others = np.arange(count - 1)
    return others + (others >= np.arange(count)[:, None])


@lru_cache(maxsize=16)
def _draw_shares(count: int, resamples: int, seed: int) -> np.ndarray:
    """Return the weight of each initialisation in the rows of `_draws`, then of `_left_out`."""
    rows = _draws(count, resamples, seed)
    counts = np.zeros(rows.shape)
    np.add.at(counts, (np.arange(len(rows))[:, None], rows), 1)
    without = (1 - np.eye(count)) / (count - 1) if count > 1 else np.ones((1, 1))
    return np.concatenate([counts / count, without])
