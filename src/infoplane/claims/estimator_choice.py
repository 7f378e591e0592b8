"""Claim statistics on how compression depends on the estimator."""

from __future__ import annotations

from dataclasses import replace

from infoplane.claims.compression import trajectory
from infoplane.claims.evidence import (
    Case,
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


@claim_statistic(needs=("estimator",))
def drop_and_share(
    evidence: Evidence,
    case: Case,
    *,
    layers: str | list[int],
    counted_above_bits: float,
    largest_share: float,
) -> Finding:
    """Measure the mean drop, with a condition on the share of networks that drop.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layers : str or list of int
        The layer with the largest mean drop decides the first; a network counts if any of the
        layers drops.
    counted_above_bits : float
        A network with a larger drop counts.
    largest_share : float
        The share of networks that count must be below this.

    Returns
    -------
    Finding

    References
    ----------
    Chelombiev et al. (2019), ICLR: compression varies between initialisations, so that a mean
    alone hides networks that compress.
    """
    found = evidence.planes(case)
    chosen = choose_layers(case, found, layers)
    drops = measured(case, found, "drop_bits")[:, chosen]
    replicates = combine_layers(case, evidence.resampling.means(drops), "largest")
    counted = (drops > counted_above_bits).any(axis=1).astype(float)
    condition = Condition(
        f"share of networks above {counted_above_bits:g} bits",
        evidence.resampling.mean(counted),
        largest_share,
        "below",
    )
    text = f"drop of I(X;T) after its peak, mean, {layers_text(found, chosen, 'largest')}, bits"
    interval = evidence.resampling.interval(replicates)
    decided_by = deciding_layers(chosen, drops, "largest")
    return Finding(
        text, interval, found.inits, drops, found.diverged, (condition,), decided_by=decided_by
    )


@claim_statistic(needs=("estimator",), other_estimators=("other_estimator",))
def trajectory_beside_other(
    evidence: Evidence,
    case: Case,
    *,
    quantity: str,
    layers: str | list[int],
    other_estimator: str,
    other_quantity: str,
    other_threshold: float,
    other_direction: str,
) -> Finding:
    """Measure `trajectory`, with a condition on the same networks under another estimator.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    quantity, layers
        As for `trajectory`; the layer with the largest mean decides.
    other_estimator, other_quantity : str
    other_threshold : float
    other_direction : str
        What must hold under the other estimator, of the layer with the smallest mean; one of
        `infoplane.statistics.DIRECTIONS`.

    Returns
    -------
    Finding
    """
    beside = Case(case.claim, case.run, estimator=other_estimator)
    own = trajectory(evidence, case, quantity=quantity, layers=layers)
    other = trajectory(evidence, beside, quantity=other_quantity, layers=layers, across="smallest")
    condition = Condition(
        f"{other.statistic}, under {other_estimator},",
        other.interval,
        other_threshold,
        other_direction,
    )
    return replace(own, conditions=(condition,))
