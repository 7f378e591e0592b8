"""Claim statistics on the information plane alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from infoplane.claims.evidence import (
    Case,
    ClaimError,
    Condition,
    Evidence,
    Finding,
    choose_layers,
    combine_layers,
    deciding_layers,
    layers_text,
    measured,
)
from infoplane.claims.registry import claim_statistic

TEXTS = {
    "initial_input_bits": "initial I(X;T)",
    "peak_input_bits": "largest I(X;T)",
    "peak_epoch": "epoch of the largest I(X;T)",
    "final_input_bits": "final I(X;T)",
    "drop_bits": "drop of I(X;T) after its peak",
    "rise_bits": "rise of I(X;T) before its peak",
    "initial_label_bits": "initial I(T;Y)",
    "peak_label_bits": "largest I(T;Y)",
    "final_label_bits": "final I(T;Y)",
    "label_loss_bits": "largest minus final I(T;Y)",
}


@claim_statistic(needs=("estimator",))
def trajectory(
    evidence: Evidence,
    case: Case,
    *,
    quantity: str,
    layers: str | list[int],
    across: str = "largest",
    relative_to_bits: float | None = None,
) -> Finding:
    """Measure a statistic of the trajectories: mean over initialisations, then over layers.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    quantity : str
        One of `infoplane.claims.trajectories.QUANTITIES`.
    layers : str or list of int
        See `infoplane.claims.evidence.choose_layers`.
    across : str
        Which layer decides, by its mean over initialisations: ``largest``, ``smallest``,
        ``mean`` or ``median``.
    relative_to_bits : float, optional
        Divide by this entropy in bits.

    Returns
    -------
    Finding
    """
    return _trajectory(evidence, case, case.run, quantity, layers, across, relative_to_bits)


def _trajectory(evidence, case, run, quantity, layers, across, relative_to_bits=None) -> Finding:
    found = evidence.planes(case, run)
    chosen = choose_layers(case, found, layers)
    values = measured(case, found, quantity)[:, chosen]
    unit = "epochs" if quantity == "peak_epoch" else "bits"
    if relative_to_bits is not None:
        values, unit = values / relative_to_bits, f"share of {relative_to_bits:g} bits"
    replicates = combine_layers(case, evidence.resampling.means(values), across)
    text = f"{TEXTS[quantity]}, mean, {layers_text(found, chosen, across)}, {unit}"
    return Finding(
        text,
        evidence.resampling.interval(replicates),
        found.inits,
        values,
        found.diverged,
        decided_by=deciding_layers(chosen, values, across),
    )


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
    replicates = combine_layers(case, evidence.resampling.means(values), "largest")
    text = (
        f"rise of I(X;T) to a peak in (0, {before_epoch:g}) epochs, 0 without one, mean, "
        f"{layers_text(found, chosen, 'largest')}, bits"
    )
    return Finding(
        text,
        evidence.resampling.interval(replicates),
        found.inits,
        values,
        found.diverged,
        decided_by=deciding_layers(chosen, values, "largest"),
    )


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
    own = _trajectory(evidence, case, case.run, quantity, layers, across)
    other = _trajectory(evidence, case, case.reference, quantity, layers, across)
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
        Its runs share seeds: initialisation i has the same initial weights and split in both.
    layers : str or list of int
        The drop is averaged over them.
    least_reference_drop_bits : float
        The ratio says something only if the reference run's mean drop is at least this.

    Returns
    -------
    Finding
    """
    planes = [evidence.planes(case), evidence.planes(case, case.reference)]
    inits = np.intersect1d(planes[0].inits, planes[1].inits)
    drops = []
    for found in planes:
        chosen = choose_layers(case, found, layers)
        drop = measured(case, found, "drop_bits")[:, chosen]
        drops.append(drop[np.isin(found.inits, inits)].mean(axis=1))
    premise = Condition(
        f"drop in {case.reference}, bits,",
        evidence.resampling.mean(drops[1]),
        least_reference_drop_bits,
        "at_least",
    )
    text = (
        f"ratio of the drops of I(X;T), {case.run} to {case.reference}, paired, "
        f"{layers_text(planes[0], chosen, 'mean')}"
    )
    return Finding(
        text,
        evidence.resampling.ratio_of_means(*drops),
        inits,
        np.column_stack(drops),
        tuple(sorted({*planes[0].diverged, *planes[1].diverged})),
        premises=(premise,),
        decided_by=tuple(chosen),
    )


@claim_statistic(needs=("estimator",), paired=True)
def drop_difference(evidence: Evidence, case: Case, *, layers: str | list[int]) -> Finding:
    """Measure how much more a run drops than the reference run, initialisations paired.

    Parameters
    ----------
    evidence : Evidence
    case : Case
        Its runs share seeds.
    layers : str or list of int
        Of each network the layer that drops most, in both runs.

    Returns
    -------
    Finding
    """
    planes = [evidence.planes(case), evidence.planes(case, case.reference)]
    inits = np.intersect1d(planes[0].inits, planes[1].inits)
    drops = []
    for found in planes:
        chosen = choose_layers(case, found, layers)
        drop = measured(case, found, "drop_bits")[:, chosen]
        drops.append(drop[np.isin(found.inits, inits)].max(axis=1))
    text = (
        f"drop of I(X;T) in {case.run} minus that in {case.reference}, paired, mean, "
        f"{layers_text(planes[0], chosen, 'largest')}, bits"
    )
    return Finding(
        text,
        evidence.resampling.mean(drops[0] - drops[1]),
        inits,
        np.column_stack(drops),
        tuple(sorted({*planes[0].diverged, *planes[1].diverged})),
        decided_by=tuple(chosen),
    )


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
