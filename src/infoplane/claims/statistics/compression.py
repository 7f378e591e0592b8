"""Claim statistics on the information plane alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from infoplane.claims.evidence import ENTROPIES, Case, ClaimError, Evidence
from infoplane.claims.findings import (
    TEXTS,
    Condition,
    Finding,
    difference_finding,
    mean_finding,
    paired_drops,
)
from infoplane.claims.layers import choose_layers, layers_text, measured
from infoplane.claims.registry import claim_statistic


@claim_statistic(needs=("estimator",))
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
    unit = "epochs" if quantity == "peak_epoch" else "bits"
    if relative_to is not None:
        bits = evidence.entropy(case, relative_to)
        values, unit = values / bits, f"share of {ENTROPIES[relative_to][1]}, {bits:g} bits"
    return mean_finding(evidence, case, chosen, values, TEXTS[quantity], unit, across)


@claim_statistic(needs=("estimator",))
def rise_to_early_peak(
    evidence: Evidence, case: Case, *, layers: str | list[int], before_epoch: float
) -> Finding:
    """Measure how far I(X;T) rises to a peak that is neither the start nor late nor the end.

    Parameters
    ----------
    evidence : Evidence
    case : Case
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
    values = np.where(early, measured(case, found, "rise_bits")[:, chosen], 0.0)
    text = f"rise of I(X;T) to a peak in (0, {before_epoch:g}) epochs, 0 without one"
    return mean_finding(evidence, case, chosen, values, text)


@claim_statistic(needs=("estimator",), paired=True)
def trajectory_unlike_reference(
    evidence: Evidence,
    case: Case,
    *,
    quantity: str,
    layers: str | list[int],
    reference_threshold: float,
    reference_direction: str,
    across: str = "largest",
) -> Finding:
    """Measure `trajectory` in a run, with a condition on the same in the reference run.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    quantity, layers, across
        As for `trajectory`.
    reference_threshold : float
    reference_direction : str
        What must hold of the reference run, one of `infoplane.statistics.DIRECTIONS`.

    Returns
    -------
    Finding
    """
    own, other = (
        trajectory(evidence, one, quantity=quantity, layers=layers, across=across)
        for one in case.runs
    )
    condition = Condition(
        f"in {case.reference}", other.interval, reference_threshold, reference_direction
    )
    return replace(own, conditions=(condition,))


@claim_statistic(needs=("estimator",), paired=True)
def drop_ratio(
    evidence: Evidence, case: Case, *, layers: str | list[int], least_reference_drop_bits: float
) -> Finding:
    """Measure the drop in a run as a ratio to that in the reference run, initialisations paired.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layers : str or list of int
        The drop is averaged over them.
    least_reference_drop_bits : float
        The ratio says something only if the reference run's mean drop is at least this.

    Returns
    -------
    Finding
    """
    pairs = paired_drops(evidence, *case.runs, layers)
    drops = pairs.drops.mean(axis=2)
    premise = Condition(
        f"drop in {case.reference}, bits,",
        evidence.resampling.mean(drops[1]),
        least_reference_drop_bits,
        "at_least",
    )
    text = (
        f"ratio of the drops of I(X;T), {case.run} to {case.reference}, paired, "
        f"{layers_text(evidence.planes(case), pairs.chosen, 'mean')}"
    )
    return Finding(
        text,
        evidence.resampling.ratio_of_means(*drops),
        pairs.inits,
        drops.T,
        pairs.diverged,
        premises=(premise,),
        decided_by=tuple(pairs.chosen),
    )


@claim_statistic(needs=("estimator",), paired=True)
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


@claim_statistic(needs=("estimator",))
def order_violations(evidence: Evidence, case: Case, *, tolerance_bits: float) -> Finding:
    """Measure how often I(X;T) grows from a layer to the next, against data processing.

    Parameters
    ----------
    evidence : Evidence
    case : Case
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
    growth = np.diff(found.complete("mi_input_bits"), axis=2)
    values = (growth > tolerance_bits).mean(axis=(1, 2)) if found.inits.size else np.zeros(0)
    text = (
        f"share of (snapshot, layer) where I(X;T) grows by more than {tolerance_bits:g} bits "
        "to the next layer"
    )
    return Finding(text, evidence.resampling.mean(values), found.inits, values, found.diverged)
