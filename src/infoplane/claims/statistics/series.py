"""Claim statistics on a series of runs, taken together: deeper networks, more training data."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np
import scipy

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import at_the_end, choose_layers, layers_text
from infoplane.claims.null_controls import permutation_chance
from infoplane.claims.registry import claim_statistic
from infoplane.claims.trajectories import Trajectories
from infoplane.statistics import LEAST_RANKED, Interval, Resampling, proportion


@claim_statistic(needs=("estimator",), unit="correlation", pools=True)
def epochs_with_depth(
    evidence: Evidence,
    case: Case,
    *,
    layer: str | list[int],
    least_share: float,
    largest_untrained_share: float,
) -> Finding:
    """Correlate the number of hidden layers with the epoch where I(T;Y) reaches a level.

    Parameters
    ----------
    evidence : Evidence
    case : Case
        Of several runs, whose depths are counted from their layers.
    layer : str or list of int
        One layer.
    least_share : float
        The level, as a share of H(Y): the first snapshot with at least so much counts.
    largest_untrained_share : float
        The premise, a null control of the event: at most this share of the networks is at the
        level before it is trained.

    Returns
    -------
    Finding
        Spearman's correlation over all networks; see `censored_correlation` for those that have
        not reached the level when training ends. The null shuffles the depths within each
        initialisation.
    """
    found = [evidence.planes(one) for one in case.runs]
    inits, epochs = _epochs_of_level(evidence, case, layer, least_share)
    depths = np.array([plane.layers.size - 1 for plane in found], float)
    resampling = evidence.resampling
    premise = _untrained(resampling, epochs, largest_untrained_share)
    chance = permutation_chance(
        np.tile(-depths, len(inits)), epochs.ravel(), resampling.resamples, resampling.seed
    )
    text = (
        f"rank correlation of the number of hidden layers with the epoch where I(T;Y) reaches "
        f"{least_share:g} H(Y), {_layer_text(evidence, case, layer)}; median epoch (networks that "
        f"never reach it) by depth: {_medians_text(depths, epochs)}; as strong in a share of "
        f"{chance:.2g} of random pairings"
    )
    return Finding(
        text,
        censored_correlation(resampling, depths, epochs),
        inits,
        epochs,
        _left_out(found),
        premises=(premise,),
        null=censored_correlation(resampling, depths, _shuffled(resampling, epochs)),
    )


@claim_statistic(needs=("estimator",), unit="exponent", pools=True)
def power_of_depth(
    evidence: Evidence,
    case: Case,
    *,
    layer: str | list[int],
    least_share: float,
    largest_untrained_share: float,
    largest_censored_share: float,
    least_explained_share: float,
) -> Finding:
    """Fit a power of the number of hidden layers to the epochs until I(T;Y) reaches a level.

    Parameters
    ----------
    evidence : Evidence
    case : Case
        Of several runs, whose depths are counted from their layers.
    layer : str or list of int
        One layer.
    least_share : float
        The level, as a share of H(Y): the first snapshot with at least so much counts.
    largest_untrained_share : float
        A premise, as in `epochs_with_depth`.
    largest_censored_share : float
        The other premise: at most this share of the networks never reaches the level.
    least_explained_share : float
        The condition: the power explains at least this share of the variance of the mean
        logarithms, else epochs fall by another law.

    Returns
    -------
    Finding
        The exponent: slope of the mean logarithm of the epoch over that of the depth, by least
        squares. A network that never reaches the level counts with the last epoch, which makes
        the slope flatter. The null shuffles the depths within each initialisation.
    """
    found = [evidence.planes(one) for one in case.runs]
    inits, epochs = _epochs_of_level(evidence, case, layer, least_share)
    last = max((int(plane.epochs[-1]) for plane in found if plane.inits.size), default=1)
    # An epoch of 0, at the level untrained, has no logarithm.
    logarithms = np.log10(np.clip(epochs, 1, last))
    depths = np.array([plane.layers.size - 1 for plane in found], float)
    if len(np.unique(depths)) < 3:
        raise ClaimError(f"claim {case.claim}: a power needs three depths, not {depths}")
    resampling = evidence.resampling
    slopes, explained = _lines(np.log10(depths), resampling.means(logarithms))
    premise = Condition(
        "share of networks that never reach the level",
        proportion(np.isinf(epochs).ravel(), resampling.confidence),
        largest_censored_share,
        "at_most",
    )
    condition = Condition(
        "share of the variance that the power explains",
        resampling.interval(explained),
        least_explained_share,
        "at_least",
    )
    shuffled, _ = _lines(np.log10(depths), resampling.means(_shuffled(resampling, logarithms)))
    text = (
        f"power of the number of hidden layers in the epoch where I(T;Y) reaches "
        f"{least_share:g} H(Y), {_layer_text(evidence, case, layer)}; median epoch (networks that "
        f"never reach it) by depth: {_medians_text(depths, epochs)}"
    )
    return Finding(
        text,
        resampling.interval(slopes),
        inits,
        epochs,
        _left_out(found),
        (condition,),
        (_untrained(resampling, epochs, largest_untrained_share), premise),
        null=resampling.interval(shuffled),
    )


def _lines(places: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and explained share of a straight line through every row of means."""
    centred = places - places.mean()
    slopes = means @ centred / (centred @ centred)
    total = ((means - means.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return slopes, slopes**2 * (centred @ centred) / total


@claim_statistic(needs=("estimator",), unit="bits", pools=True)
def slope_with_training_fraction(
    evidence: Evidence, case: Case, *, layer: str | list[int], largest_input_slope_bits: float
) -> Finding:
    """Measure how much more final I(T;Y) a layer has with all of the data than with none.

    Parameters
    ----------
    evidence : Evidence
    case : Case
        Of several runs that differ in what they are trained on.
    layer : str or list of int
        One layer.
    largest_input_slope_bits : float
        The conditions: the slope of final I(X;T) is at most this, and at least minus this.

    Returns
    -------
    Finding
        The slope over the training fraction, in bits for all of the data: a straight line by least
        squares through the runs of each initialisation, which starts alike in all of them; mean
        over initialisations. The null shuffles the runs within each initialisation.
    """
    found = [evidence.planes(one) for one in case.runs]
    fractions = np.array([evidence.training_fraction(one) for one in case.runs])
    centred = fractions - fractions.mean()
    if not centred.any():
        raise ClaimError(
            f"claim {case.claim}: all runs are trained on {fractions[0]:g} of the data"
        )
    weights = centred / (centred @ centred)

    def final(column: str) -> Callable[[Case, Trajectories, int], np.ndarray]:
        return lambda one, plane, place: at_the_end(plane.complete(column))[:, place]

    inits, labels = _of_each_run(evidence, case, layer, final("mi_label_bits"))
    _, inputs = _of_each_run(evidence, case, layer, final("mi_input_bits"))
    resampling = evidence.resampling
    moved = resampling.mean(inputs @ weights)
    conditions = tuple(
        Condition("slope of final I(X;T), bits,", moved, sign * largest_input_slope_bits, direction)
        for sign, direction in ((1, "at_most"), (-1, "at_least"))
    )
    text = (
        f"slope of final I(T;Y) over the training fraction, {fractions.min():g} to "
        f"{fractions.max():g}, mean, {_layer_text(evidence, case, layer)}, bits for all of the data"
    )
    return Finding(
        text,
        resampling.mean(labels @ weights),
        inits,
        np.column_stack([labels @ weights, inputs @ weights]),
        _left_out(found),
        conditions,
        blindness="small",
        seen=tuple(choose_layers(case.runs[0], found[0], layer)),
        null=resampling.mean(_shuffled(resampling, labels) @ weights),
    )


def first_epochs(values: np.ndarray, epochs: np.ndarray, level: float) -> np.ndarray:
    """Return the first epoch at which each path is at a level or above.

    Parameters
    ----------
    values : array of float, shape (inits, epochs)
    epochs : array of int, shape (epochs,)
    level : float

    Returns
    -------
    first : array of float64, shape (inits,)
        Infinite where there is none.
    """
    there = values >= level
    if not there.size:
        return np.full(len(there), np.inf)
    return np.where(there.any(axis=1), epochs[there.argmax(axis=1)].astype(float), np.inf)


def censored_correlation(resampling: Resampling, order: np.ndarray, epochs: np.ndarray) -> Interval:
    """Return the rank correlation of runs' places with epochs of which some are not known.

    Training ends at one epoch for all (type I censoring): a network without an event comes after
    all that have one, and only the order among such networks is unknown. They take the mean of the
    last ranks, as ties do. The interval is the hull of three: with that rank, and with the networks
    of the last runs first or last among those without an event. No order of them by run is left
    out, and where none is censored the three are one (bounds of what is not identified: Manski
    2003, "Partial identification of probability distributions").

    Parameters
    ----------
    resampling : Resampling
        Initialisations are drawn again in all runs at once: networks of one share their training
        set.
    order : array of float, shape (runs,)
        Such as the depth.
    epochs : array of float, shape (inits, runs)
        Infinite where there was no event.

    Returns
    -------
    Interval
        With fewer than `LEAST_RANKED` initialisations the whole range; see `Resampling`.
    """
    if len(epochs) < 2:
        return Interval(np.nan, np.nan, np.nan)
    last = np.where(np.isfinite(epochs), epochs, 0).max()
    span = np.ptp(order) + 1
    steps = (np.zeros(len(order)), order - order.min(), order.max() - order)
    filled = (np.where(np.isfinite(epochs), epochs, last + 1 + step / span) for step in steps)
    found = [resampling.interval(_rank_correlations(resampling, order, one)) for one in filled]
    if np.isnan([one.estimate for one in found]).any():
        return Interval(np.nan, np.nan, np.nan)
    if len(epochs) < LEAST_RANKED:
        return Interval(found[0].estimate, -1.0, 1.0, lambda threshold: 1.0)
    return Interval(
        found[0].estimate,
        min(one.low for one in found),
        max(one.high for one in found),
        lambda threshold: max(one.p_value(threshold) for one in found),
    )


def _rank_correlations(resampling: Resampling, order: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation over all networks, of shape (1 + resamples + inits,)."""
    parts = []
    for drawn in resampling.draws(len(epochs)):
        ranks = scipy.stats.rankdata(epochs[drawn].reshape(len(drawn), -1), axis=1)
        ranks -= ranks.mean(axis=1, keepdims=True)
        places = scipy.stats.rankdata(np.tile(order, drawn.shape[1]))
        places -= places.mean()
        apart = np.sqrt((ranks**2).sum(axis=1) * (places**2).sum())
        with np.errstate(invalid="ignore"):
            parts.append(np.clip(ranks @ places / apart, -1, 1))
    return np.concatenate(parts)


def _epochs_of_level(
    evidence: Evidence, case: Case, layer: str | list[int], least_share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Find when I(T;Y) of a layer reaches a share of H(Y): inits, and epochs (inits, runs)."""
    found = [evidence.planes(one) for one in case.runs]
    last = sorted({int(plane.epochs[-1]) for plane in found if plane.inits.size})
    if len(last) > 1:
        raise ClaimError(f"claim {case.claim}: the runs end at different epochs: {last}")

    def reached(one: Case, plane: Trajectories, place: int) -> np.ndarray:
        level = least_share * evidence.entropy(one, "label_entropy")
        return first_epochs(plane.complete("mi_label_bits")[:, :, place], plane.epochs, level)

    return _of_each_run(evidence, case, layer, reached)


def _untrained(resampling: Resampling, epochs: np.ndarray, largest_share: float) -> Condition:
    """Return the premise that untrained networks are below the level."""
    return Condition(
        "share of networks at the level before training",
        proportion((epochs == 0).ravel(), resampling.confidence),
        largest_share,
        "at_most",
    )


def _of_each_run(
    evidence: Evidence,
    case: Case,
    layer: str | list[int],
    measure: Callable[[Case, Trajectories, int], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Measure one layer of the networks that all runs have: inits, and values (inits, runs)."""
    found = [evidence.planes(one) for one in case.runs]
    inits = reduce(np.intersect1d, [plane.inits for plane in found])
    columns = []
    for one, plane in zip(case.runs, found, strict=True):
        chosen = choose_layers(one, plane, layer)
        if len(chosen) != 1:
            raise ClaimError(f"claim {case.claim}: layer {layer!r} must be one layer")
        columns.append(measure(one, plane, chosen[0])[np.isin(plane.inits, inits)])
    return inits, np.stack(columns, axis=1)


def _shuffled(resampling: Resampling, values: np.ndarray) -> np.ndarray:
    """Shuffle the runs of every initialisation."""
    seeds = np.random.SeedSequence(resampling.seed, spawn_key=(len(values),))
    return np.random.default_rng(seeds).permuted(values, axis=1)


def _layer_text(evidence: Evidence, case: Case, layer: str | list[int]) -> str:
    found = evidence.planes(case.runs[0])
    return layers_text(found, choose_layers(case.runs[0], found, layer), "mean")


def _medians_text(depths: np.ndarray, epochs: np.ndarray) -> str:
    """Return the median of each run, and how many networks are censored."""
    parts = []
    for depth, own in zip(depths, epochs.T, strict=True):
        # The middle one, or the later of two: no mean of an epoch and none.
        median = np.sort(own)[len(own) // 2] if len(own) else np.nan
        reached = f"{median:g}" if np.isfinite(median) else "never"
        parts.append(f"{depth:g}: {reached} ({int(np.isinf(own).sum())})")
    return ", ".join(parts)


def _left_out(found: list[Trajectories]) -> tuple[int, ...]:
    return tuple(sorted({init for plane in found for init in plane.diverged}))
