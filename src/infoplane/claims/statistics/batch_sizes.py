"""Claim statistics on when the gradients' noise takes over, across batch sizes."""

from __future__ import annotations

from functools import reduce

import numpy as np
import scipy

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import choose_layers, layers_text
from infoplane.claims.null_controls import fall_null, peak_null
from infoplane.claims.registry import claim_statistic
from infoplane.claims.transitions import EventSearch, fall_epochs
from infoplane.statistics import Interval, Resampling, proportion

AXES = ("epochs", "steps")


@claim_statistic(needs=("estimator", "definition"), unit="R²", pools=True)
def falls_against_peaks(
    evidence: Evidence,
    case: Case,
    *,
    axis: str,
    layer: str | list[int],
    least_slope: float,
    largest_slope: float,
    least_rank_correlation: float,
    least_share: float,
    events: dict,
) -> Finding:
    """Fit the time of the largest I(X;T) by that of the SNR's steepest fall, over batch sizes.

    Parameters
    ----------
    evidence : Evidence
    case : Case
        Of several runs that differ in their batch size.
    axis : str
        One of `AXES`: what time is counted in.
    layer : str or list of int
        One layer.
    least_slope, largest_slope : float
        The conditions that the two are in proportion: the slope of the straight line between
        their logarithms, which is 1 for a proportion, lies between these.
    least_rank_correlation : float
        The condition that larger batches fall later: the rank correlation of batch size and fall.
    least_share : float
        The premises, null controls of the events: in every run, at least this share of the networks
        has an SNR that falls, and an I(X;T) that falls after its peak, by more than noise explains.
    events : dict
        The fields of `infoplane.claims.transitions.EventSearch`.

    Returns
    -------
    Finding
        R squared of a straight line through the runs' medians on double logarithmic axes. The null
        shuffles the peaks of the runs within each initialisation, as often as is resampled: median
        and quantiles over these. A network without an event has it after all others.
    """
    if axis not in AXES:
        raise ClaimError(f"claim {case.claim}: axis {axis!r} is not one of: {', '.join(AXES)}")
    search, resampling = EventSearch(**events), evidence.resampling
    inits = reduce(
        np.intersect1d,
        [part(one).inits for one in case.runs for part in (evidence.planes, evidence.noise)],
    )
    found = [_events(evidence, one, layer, inits, search) for one in case.runs]
    steps = np.array([evidence.steps_per_epoch(one) for one in case.runs], float)
    falls, peaks = (np.stack([own[part] for own in found], axis=1) for part in range(2))
    if axis == "steps":
        falls, peaks = falls * steps, peaks * steps
    fall, peak = resampling.medians(falls), resampling.medians(peaks)
    squares, slopes = line_fits(fall, peak)
    slope = resampling.interval(slopes)
    order = resampling.interval(_rank_correlations(fall, -steps))
    conditions = (
        Condition("slope of the logarithms", slope, least_slope, "at_least"),
        Condition("slope of the logarithms", slope, largest_slope, "at_most"),
        Condition(
            "rank correlation of batch size and fall", order, least_rank_correlation, "at_least"
        ),
    )
    premises = tuple(
        _in_every_run(resampling, [own[2 + place] for own in found], text, least_share)
        for place, text in enumerate(("SNR falls", "I(X;T) falls after its peak"))
    )
    plane = evidence.planes(case.runs[0])
    chosen = layers_text(plane, choose_layers(case.runs[0], plane, layer), "mean")
    told = ", ".join(
        f"{one.run}: {first:.4g}, {second:.4g}"
        for one, first, second in zip(case.runs, fall[0], peak[0], strict=True)
    )
    return Finding(
        f"R squared of the median {axis} of the largest I(X;T) by those of the steepest fall of "
        f"the SNR ({case.definition}), logarithms, {chosen}; medians of fall and peak: {told}",
        resampling.interval(squares),
        inits,
        np.hstack([falls, peaks]),
        tuple(sorted({init for one in case.runs for init in evidence.planes(one).diverged})),
        conditions,
        premises,
        null=_shuffled_peaks(fall[0], peaks, resampling),
    )


def _shuffled_peaks(fall: np.ndarray, peaks: np.ndarray, resampling: Resampling) -> Interval:
    """Return R squared of peaks that are shuffled among the runs, network by network."""
    if not len(peaks):
        return Interval(np.nan, np.nan, np.nan)
    seeds = np.random.SeedSequence(resampling.seed, spawn_key=(len(peaks),))
    again = np.broadcast_to(peaks, (resampling.resamples, *peaks.shape))
    medians = np.median(np.random.default_rng(seeds).permuted(again, axis=2), axis=1)
    squares = line_fits(np.broadcast_to(fall, medians.shape), medians)[0]
    tail = (1 - resampling.confidence) / 2
    low, middle, high = np.quantile(squares, (tail, 0.5, 1 - tail))
    return Interval(float(middle), float(low), float(high))


def _events(
    evidence: Evidence, case: Case, layer: str | list[int], inits: np.ndarray, search: EventSearch
) -> tuple[np.ndarray, ...]:
    """Return fall and peak of each network, and of which of them they stand out from noise."""
    planes, noise = evidence.planes(case), evidence.noise(case)
    chosen = choose_layers(case, planes, layer)
    if len(chosen) != 1:
        raise ClaimError(f"claim {case.claim}: layer {layer!r} must be one layer")
    places = choose_layers(case, noise, planes.layers[chosen].tolist())
    bits = planes.complete("mi_input_bits")[np.isin(planes.inits, inits)][:, :, chosen]
    snr = noise.measured["snr"][np.isin(noise.inits, inits)][:, :, places]
    fall = fall_epochs(snr, noise.epochs, search)[:, 0]
    # A peak before training has no logarithm.
    later = planes.epochs > 0
    peak = planes.epochs[later][bits[:, later, 0].argmax(axis=1)].astype(float)
    return (
        np.where(np.isnan(fall), np.inf, fall),
        peak,
        fall_null(snr, noise.epochs, inits, search).stands_out(search)[:, 0],
        peak_null(bits, planes.epochs, inits, search).stands_out(search)[:, 0],
    )


def _in_every_run(
    resampling: Resampling, found: list[np.ndarray], text: str, least_share: float
) -> Condition:
    """Return the premise that an event is there in the run that has it least."""
    shares = [proportion(there, resampling.confidence) for there in found]
    fewest: Interval = min(shares, key=lambda share: share.estimate)
    told = f"share of networks whose {text} by more than noise explains, in the run with fewest,"
    return Condition(told, fewest, least_share, "at_least")


def line_fits(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit straight lines to logarithms, row by row.

    Parameters
    ----------
    first, second : array of float, shape (rows, points)
        Above 0; the second is fitted by the first.

    Returns
    -------
    squares, slopes : arrays of float64, shape (rows,)
        R squared and the slope; NaN where a value is infinite or all of the first are equal. Of a
        second that is constant nothing is explained: R squared is 0.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = [np.log(values) for values in (first, second)]
        x, y = (one - one.mean(axis=1, keepdims=True) for one in logs)
        together, of_x, of_y = (x * y).sum(axis=1), (x**2).sum(axis=1), (y**2).sum(axis=1)
        squares = np.where(of_y == 0, 0.0, together**2 / (of_x * of_y))
        known = np.isfinite(of_x) & np.isfinite(of_y) & (of_x > 0)
        return np.where(known, squares, np.nan), np.where(known, together / of_x, np.nan)


def _rank_correlations(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of each row with an order."""
    ranks, places = scipy.stats.rankdata(values, axis=1), scipy.stats.rankdata(order)
    ranks, places = ranks - ranks.mean(axis=1, keepdims=True), places - places.mean()
    apart = np.sqrt((ranks**2).sum(axis=1) * (places**2).sum())
    with np.errstate(invalid="ignore"):
        return np.clip(ranks @ places / apart, -1, 1)
