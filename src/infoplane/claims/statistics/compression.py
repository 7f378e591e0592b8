"""Claim statistics on the information plane alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from infoplane.claims.evidence import ENTROPIES, Case, ClaimError, Evidence
from infoplane.claims.findings import (
    BLINDNESS,
    TEXTS,
    UNITS,
    Finding,
    difference_finding,
    mean_finding,
    paired_drops,
    unit_of_quantity,
    with_noise,
)
from infoplane.claims.layers import choose_layers, measured
from infoplane.claims.registry import claim_statistic

ORDERED = {"input": ("mi_input_bits", "I(X;T)"), "label": ("mi_label_bits", "I(T;Y)")}


@claim_statistic(needs=("estimator",), unit=unit_of_quantity)
def trajectory(
    evidence: Evidence,
    case: Case,
    *,
    quantity: str,
    layers: str | list[int],
    across: str = "largest",
    relative_to: str | None = None,
) -> Finding:
    """Measure a statistic of the trajectories: mean over initialisations, then over layers.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    quantity : str
        One of `infoplane.claims.trajectories.QUANTITIES`.
    layers : str or list of int
        See `infoplane.claims.layers.choose_layers`.
    across : str
        Which layer decides, by its mean over initialisations: ``largest``, ``smallest``,
        ``mean`` or ``median``.
    relative_to : str, optional
        Divide by this entropy of the run's task, one of `infoplane.claims.evidence.ENTROPIES`.

    Returns
    -------
    Finding
    """
    found = evidence.planes(case)
    chosen = choose_layers(case, found, layers)
    values = measured(case, found, quantity)[:, chosen]
    unit = UNITS.get(quantity, "bits")
    if relative_to is not None:
        bits = evidence.entropy(case, relative_to)
        values, unit = values / bits, f"share of {ENTROPIES[relative_to][1]}, {bits:g} bits"
    own = mean_finding(evidence, case, chosen, values, TEXTS[quantity], unit, across)
    own = replace(own, blindness=BLINDNESS.get(quantity, ""), quantity=quantity)
    return with_noise(evidence, case, own, chosen, across)


@claim_statistic(needs=("estimator",), unit=unit_of_quantity)
def rise_to_early_peak(
    evidence: Evidence, case: Case, *, quantity: str, layers: str | list[int], before_epoch: float
) -> Finding:
    """Measure how far I(X;T) rises to a peak that is neither the start nor late nor the end.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    quantity : str
        ``net_rise_bits`` or ``gained_share``.
    layers : str or list of int
        The layer with the largest mean decides.
    before_epoch : float
        A peak at 0, at this epoch or later, or at the last epoch counts as a rise of 0 bits.

    Returns
    -------
    Finding
    """
    found = evidence.planes(case)
    chosen = choose_layers(case, found, layers)
    peaks = measured(case, found, "peak_epoch")[:, chosen]
    early = (peaks > 0) & (peaks < min(before_epoch, found.epochs[-1]))
    values = np.where(early, measured(case, found, quantity)[:, chosen], 0.0)
    text = f"{TEXTS[quantity]}, a peak in (0, {before_epoch:g}) epochs, 0 without one"
    own = mean_finding(evidence, case, chosen, values, text, UNITS.get(quantity, "bits"))
    return replace(own, blindness="small", seen_at=0)


@claim_statistic(needs=("estimator",), unit="bits", paired=True)
def drop_difference(
    evidence: Evidence, case: Case, *, layers: str | list[int], across: str = "largest"
) -> Finding:
    """Measure how much more a run drops than the reference run, initialisations paired.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layers : str or list of int
    across : str
        What counts of a network's layers, in either run: with ``largest`` the one that drops
        most, whichever it is.

    Returns
    -------
    Finding
    """
    pairs = paired_drops(evidence, *case.runs, layers)
    text = f"drop of I(X;T) in {case.run} minus that in {case.reference}"
    return difference_finding(evidence, case, pairs, text, across)


@claim_statistic(needs=("estimator",), unit="share")
def order_violations(
    evidence: Evidence, case: Case, *, quantity: str, tolerance_bits: float
) -> Finding:
    """Measure how often information grows from a layer to the next, against data processing.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    quantity : {'input', 'label'}
        I(X;T) or I(T;Y).
    tolerance_bits : float
        Growth up to this is not counted.

    Returns
    -------
    Finding
        The share of (snapshot, layer) pairs; snapshots are log-spaced, so early epochs weigh
        more than late ones.
    """
    found = evidence.planes(case)
    if found.layers.size < 2:
        raise ClaimError(f"claim {case.claim}: run {case.run!r} has only one layer")
    if quantity not in ORDERED:
        raise ClaimError(
            f"claim {case.claim}: quantity {quantity!r} is not one of: {', '.join(ORDERED)}"
        )
    column, symbol = ORDERED[quantity]
    growth = np.diff(found.complete(column), axis=2)
    values = (growth > tolerance_bits).mean(axis=(1, 2)) if found.inits.size else np.zeros(0)
    text = (
        f"share of (snapshot, layer) where {symbol} grows by more than {tolerance_bits:g} bits "
        "to the next layer"
    )
    return Finding(text, evidence.resampling.mean(values), found.inits, values, found.diverged)
