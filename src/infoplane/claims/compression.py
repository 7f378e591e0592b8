"""Claim statistics on the information plane alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    found = evidence.planes(case)
    chosen = choose_layers(case, found, layers)
    values = measured(case, found, quantity)[:, chosen]
    unit = "epochs" if quantity == "peak_epoch" else "bits"
    if relative_to_bits is not None:
        values, unit = values / relative_to_bits, f"share of {relative_to_bits:g} bits"
    return mean_finding(evidence, case, chosen, values, TEXTS[quantity], unit, across)


def mean_finding(
    evidence: Evidence,
    case: Case,
    chosen: list[int],
    values: np.ndarray,
    text: str,
    unit: str = "bits",
    across: str = "largest",
) -> Finding:
    """Return the mean of a measurement over initialisations, then reduced over layers.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    chosen : list of int
        Positions of the layers.
    values : array of float, shape (inits, layers chosen)
    text, unit : str
        What is measured.
    across : str
        As for `trajectory`.

    Returns
    -------
    Finding
    """
    found = evidence.planes(case)
    replicates = combine_layers(case, evidence.resampling.means(values), across)
    return Finding(
        f"{text}, mean, {layers_text(found, chosen, across)}, {unit}",
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


@dataclass(frozen=True)
class PairedDrops:
    """Hold how far the same networks drop in two cases.

    Attributes
    ----------
    inits : array of int64, shape (inits,)
        The initialisations that both cases have.
    drops : array of float64, shape (2, inits, layers)
        In bits, of the chosen layers.
    chosen : list of int
        Positions of the layers.
    diverged : tuple of int
        The initialisations that either case leaves out.
    """

    inits: np.ndarray
    drops: np.ndarray
    chosen: list[int]
    diverged: tuple[int, ...]


def paired_drops(
    evidence: Evidence, first: Case, second: Case, layers: str | list[int]
) -> PairedDrops:
    """Measure the drops of the networks that two cases share.

    Parameters
    ----------
    evidence : Evidence
    first, second : Case
        They differ in their run, whose initialisation i has the same initial weights and split
        in both, or in their estimator.
    layers : str or list of int
        See `infoplane.claims.evidence.choose_layers`.

    Returns
    -------
    PairedDrops
    """
    planes = [evidence.planes(case) for case in (first, second)]
    inits = np.intersect1d(*(found.inits for found in planes))
    drops = []
    for case, found in zip((first, second), planes, strict=True):
        chosen = choose_layers(case, found, layers)
        drops.append(measured(case, found, "drop_bits")[np.isin(found.inits, inits)][:, chosen])
    diverged = {init for found in planes for init in found.diverged}
    return PairedDrops(inits, np.stack(drops), chosen, tuple(sorted(diverged)))


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


def difference_finding(
    evidence: Evidence, case: Case, pairs: PairedDrops, text: str, across: str = "largest"
) -> Finding:
    """Return how much further networks drop in the first case than in the second.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    pairs : PairedDrops
    text : str
        What is measured.
    across : str
        As for `drop_difference`.

    Returns
    -------
    Finding
    """
    drops = np.stack([combine_layers(case, each, across) for each in pairs.drops])
    return Finding(
        f"{text}, paired, mean, {layers_text(evidence.planes(case), pairs.chosen, across)}, bits",
        evidence.resampling.mean(drops[0] - drops[1]),
        pairs.inits,
        drops.T,
        pairs.diverged,
        decided_by=tuple(pairs.chosen),
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
