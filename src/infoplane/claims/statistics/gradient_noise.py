"""Claim statistics on the gradients' signal-to-noise ratio (SNR)."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import choose_layers, combine_layers, layers_text, measured
from infoplane.claims.registry import claim_statistic
from infoplane.claims.statistics.compression import trajectory
from infoplane.claims.trajectories import layer_name
from infoplane.claims.transitions import crossing_epochs

log = logging.getLogger("infoplane")

LATE_SHARE = 0.5
"""Snapshots after this share of the epochs make up an SNR's final value."""


def fall_factors(snr: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """Return the largest SNR over the median one of the last half of training.

    Parameters
    ----------
    snr : array of float, shape (inits, epochs, layers)
        Defined values only are used.
    epochs : array of int, shape (epochs,)

    Returns
    -------
    factors : array of float64, shape (inits, layers)
        NaN where no SNR is defined, infinite where the final one is 0.
    """
    late = snr[:, epochs >= LATE_SHARE * epochs[-1]]
    factors = np.full((snr.shape[0], snr.shape[2]), np.nan)
    for init, layer in np.ndindex(*factors.shape):
        whole, end = snr[init, :, layer], late[init, :, layer]
        whole, end = whole[~np.isnan(whole)], end[~np.isnan(end)]
        if end.size:
            final = np.median(end)
            factors[init, layer] = whole.max() / final if final else np.inf
    return factors


@claim_statistic(needs=("definition",))
def snr_crossing(evidence: Evidence, case: Case, *, layers: str | list[int]) -> Finding:
    """Measure in what share of a network's layers the SNR crosses 1 from above.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layers : str or list of int

    Returns
    -------
    Finding
        The median crossing epoch of every layer stands in its text.
    """
    found = evidence.noise(case)
    chosen = choose_layers(case, found, layers)
    crossing = crossing_epochs(found.measured["snr"][:, :, chosen], found.epochs)
    values = np.isfinite(crossing).mean(axis=1)
    medians = np.median(crossing, axis=0) if len(crossing) else np.full(len(chosen), np.nan)
    epochs = ", ".join(
        f"{layer_name(int(found.layers[place]), len(found.layers))} "
        + (f"{median:g}" if np.isfinite(median) else "never")
        for place, median in zip(chosen, medians, strict=True)
    )
    text = f"share of layers whose SNR falls below 1 after being above it; median epoch: {epochs}"
    return Finding(text, evidence.resampling.mean(values), found.inits, values, found.diverged)


@claim_statistic(needs=("estimator", "definition"))
def crossing_against_peak(
    evidence: Evidence, case: Case, *, layer: str | list[int], largest_factor: float
) -> Finding:
    """Correlate the epoch where the SNR crosses 1 with that of the largest I(X;T).

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layer : str or list of int
        One layer.
    largest_factor : float
        The condition: the median over initialisations of the factor between the two epochs,
        whichever is larger, is at most this.

    Returns
    -------
    Finding
        Spearman's correlation over initialisations. A crossing that never happens counts as
        later than all others, and its factor as infinite, like that of a peak at epoch 0.
    """
    planes, noise = evidence.planes(case), evidence.noise(case)
    inits = np.intersect1d(planes.inits, noise.inits)
    chosen = choose_layers(case, planes, layer)
    peak = measured(case, planes, "peak_epoch")[np.isin(planes.inits, inits), chosen[0]]
    places = choose_layers(case, noise, planes.layers[chosen].tolist())
    crossing = crossing_epochs(noise.measured["snr"][:, :, places], noise.epochs)
    crossing = crossing[np.isin(noise.inits, inits), 0]
    apart = np.full(inits.size, np.inf)
    ratio = (peak > 0) & np.isfinite(crossing) & (crossing > 0)
    apart[ratio] = np.exp(np.abs(np.log(crossing[ratio] / peak[ratio])))
    condition = Condition(
        "median factor between the two epochs",
        evidence.resampling.median(apart),
        largest_factor,
        "at_most",
    )
    text = (
        f"rank correlation of the epoch where the SNR ({case.definition}) crosses 1 with that of "
        f"the largest I(X;T), {layers_text(planes, chosen, 'mean')}"
    )
    return Finding(
        text,
        evidence.resampling.rank_correlation(crossing, peak),
        inits,
        np.column_stack([crossing, peak]),
        tuple(sorted({*planes.diverged, *noise.diverged})),
        (condition,),
    )


@claim_statistic(needs=("estimator", "definition"))
def drop_given_snr_fall(
    evidence: Evidence, case: Case, *, layers: str | list[int], least_fall: float
) -> Finding:
    """Measure the largest drop of a condition whose SNR falls.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layers : str or list of int
        The layer with the largest mean drop decides; the fall of the SNR is the median over
        initialisations, then over these layers.
    least_fall : float
        The premise: the SNR falls at least by this factor, see `fall_factors`.

    Returns
    -------
    Finding
    """
    drop = trajectory(evidence, case, quantity="drop_bits", layers=layers)
    noise = evidence.noise(case)
    chosen = choose_layers(case, noise, layers)
    factors = fall_factors(noise.measured["snr"], noise.epochs)[:, chosen]
    defined = ~np.isnan(factors).any(axis=1)
    if not defined.all():
        undefined = ", ".join(map(str, noise.inits[~defined]))
        log.warning("%s: the SNR is undefined and left out for initialisations %s", case, undefined)
    replicates = combine_layers(case, evidence.resampling.medians(factors[defined]), "median")
    premise = Condition(
        f"the SNR ({case.definition}) falls by the factor",
        evidence.resampling.interval(replicates),
        least_fall,
        "at_least",
    )
    return replace(drop, premises=(premise,))
