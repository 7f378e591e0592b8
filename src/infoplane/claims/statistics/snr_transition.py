"""Claim statistics on when the noise of the gradients takes over: their SNR crosses 1 for good."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import choose_layers, layers_text, measured
from infoplane.claims.null_controls import false_crossings, peak_null, permutation_chance
from infoplane.claims.registry import claim_statistic
from infoplane.claims.trajectories import layer_name
from infoplane.claims.transitions import EventSearch, crossing_epochs, fall_epochs
from infoplane.statistics import proportion


@claim_statistic(needs=("definition",), unit="share")
def snr_crossing(
    evidence: Evidence, case: Case, *, layers: str | list[int], events: dict
) -> Finding:
    """Measure in what share of a network's layers the SNR falls below 1 for good.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layers : str or list of int
    events : dict
        The fields of `infoplane.claims.transitions.EventSearch`.

    Returns
    -------
    Finding
        The median crossing epoch of every layer stands in its text. The premise is that noise
        alone makes few crossings: were it a condition, noise would refute the claim.
    """
    search = event_search(case, events)
    found = evidence.noise(case)
    chosen = choose_layers(case, found, layers)
    snr = found.measured["snr"][:, :, chosen]
    crossing = crossing_epochs(snr, found.epochs, search)
    values = np.isfinite(crossing).mean(axis=1)
    epochs = ", ".join(
        f"{layer_name(int(found.layers[place]), len(found.layers))} "
        + (f"{median:g}" if np.isfinite(median) else "never")
        for place, median in zip(chosen, _medians(crossing), strict=True)
    )
    text = f"share of layers whose SNR falls below 1 for good; median epoch: {epochs}"
    return Finding(
        text,
        evidence.resampling.mean(values),
        found.inits,
        values,
        found.diverged,
        premises=(_few_false(evidence, snr, found.epochs, found.inits, search),),
    )


@claim_statistic(needs=("estimator", "definition"), unit="correlation")
def crossing_against_peak(
    evidence: Evidence,
    case: Case,
    *,
    layer: str | list[int],
    largest_factor: float,
    least_share: float,
    events: dict,
) -> Finding:
    """Correlate the epoch where the SNR falls below 1 for good with that of the largest I(X;T).

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layer : str or list of int
        One layer.
    largest_factor : float
        The condition: the median over initialisations of the factor between the two epochs,
        whichever is larger, is at most this.
    least_share : float
        The premises: at least in this share of the networks the SNR crosses, noise alone making
        few crossings, and I(X;T) falls after its peak by more than noise explains. Without both
        events there is no order between them.
    events : dict
        The fields of `infoplane.claims.transitions.EventSearch`.

    Returns
    -------
    Finding
        Spearman's correlation over initialisations; its text tells how often networks paired at
        random have one as large, and the correlation of the SNR's steepest fall, which needs no
        level of 1. A crossing that never happens ranks after all others, and its factor is
        infinite, like that of a peak at epoch 0: it comes after the end of training, if at all, and
        a network that compresses without it speaks against the claim. Leaving it out would leave
        out that.
    """
    search, resampling = event_search(case, events), evidence.resampling
    planes, noise = evidence.planes(case), evidence.noise(case)
    inits = np.intersect1d(planes.inits, noise.inits)
    chosen = choose_layers(case, planes, layer)
    if len(chosen) != 1:
        raise ClaimError(f"claim {case.claim}: layer {layer!r} must be one layer")
    places = choose_layers(case, noise, planes.layers[chosen].tolist())
    of_plane, of_noise = np.isin(planes.inits, inits), np.isin(noise.inits, inits)
    peak = measured(case, planes, "peak_epoch")[of_plane, chosen[0]]
    snr = noise.measured["snr"][of_noise][:, :, places]
    crossing = crossing_epochs(snr, noise.epochs, search)[:, 0]
    bits = planes.measured["mi_input_bits"][of_plane][:, :, chosen]
    peaks = peak_null(bits, planes.epochs, inits, search).stands_out(search)[:, 0]
    crosses = np.isfinite(crossing)
    premises = (
        Condition(
            "share of networks whose SNR crosses",
            proportion(crosses, resampling.confidence),
            least_share,
            "at_least",
        ),
        _few_false(evidence, snr, noise.epochs, inits, search),
        Condition(
            "share of networks whose I(X;T) falls by more than noise explains",
            proportion(peaks, resampling.confidence),
            least_share,
            "at_least",
        ),
    )
    condition = Condition(
        "median factor between the two epochs",
        resampling.median(_factors(crossing, peak)),
        largest_factor,
        "at_most",
    )
    chance = permutation_chance(crossing, peak, resampling.resamples, resampling.seed)
    fall = fall_epochs(snr, noise.epochs, search)[:, 0]
    steepest = resampling.rank_correlation(np.where(np.isnan(fall), np.inf, fall), peak)
    pairings = (
        "all alike, without an order"
        if np.isnan(chance)
        else f"as large in a share of {chance:.2g} of random pairings"
    )
    text = (
        f"rank correlation of the epoch where the SNR ({case.definition}) falls below 1 for good "
        f"with that of the largest I(X;T), {layers_text(planes, chosen, 'mean')}, "
        f"{(~crosses).sum()} of {inits.size} networks never crossing and ranked last; {pairings}; "
        f"of the steepest fall instead: {steepest}"
    )
    return Finding(
        text,
        resampling.rank_correlation(crossing, peak),
        inits,
        np.column_stack([crossing, peak]),
        tuple(sorted({*planes.diverged, *noise.diverged})),
        (condition,),
        premises,
    )


def event_search(case: Case, events: dict) -> EventSearch:
    """Read what counts as an event; refuse what is impossible by the name of the claim."""
    try:
        return EventSearch(**events)
    except (TypeError, ValueError) as error:
        raise ClaimError(f"claim {case.claim}: events: {error}") from error


def _medians(crossing: np.ndarray) -> np.ndarray:
    """Return each layer's median over networks, infinite if half or more never cross."""
    if not len(crossing):
        return np.full(crossing.shape[1], np.nan)
    return np.median(crossing, axis=0)


def _few_false(
    evidence: Evidence,
    snr: np.ndarray,
    epochs: np.ndarray,
    inits: np.ndarray,
    search: EventSearch,
) -> Condition:
    rates = false_crossings(snr, epochs, inits, search).mean(axis=1)
    return Condition(
        "rate of false finds, of crossings in trajectories with the same noise and none,",
        evidence.resampling.mean(rates),
        search.most_false,
        "at_most",
    )


def _factors(crossing: np.ndarray, peak: np.ndarray) -> np.ndarray:
    """Return by what factor the later of two epochs is later, infinite where one is none."""
    apart = np.full(crossing.shape, np.inf)
    ratio = (peak > 0) & np.isfinite(crossing)
    apart[ratio] = np.exp(np.abs(np.log(crossing[ratio] / peak[ratio])))
    return apart
