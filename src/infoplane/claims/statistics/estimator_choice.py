"""Claim statistics on how compression depends on the estimator."""

from __future__ import annotations

from dataclasses import replace

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import (
    Condition,
    Finding,
    difference_finding,
    paired_drops,
    unit_of_quantity,
)
from infoplane.claims.layers import at_the_end, choose_layers, measured
from infoplane.claims.registry import claim_statistic
from infoplane.claims.statistics.compression import trajectory
from infoplane.statistics import proportion


@claim_statistic(needs=("estimator",), unit=unit_of_quantity)
def drop_and_share(
    evidence: Evidence,
    case: Case,
    *,
    quantity: str,
    layers: str | list[int],
    counted_above: float,
    largest_share: float,
) -> Finding:
    """Measure the mean drop, with a condition on the share of networks that drop.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    quantity : str
        How the drop is told: ``net_drop_bits`` or ``lost_share``.
    layers : str or list of int
        The layer with the largest mean drop decides the first; a network counts if any of the
        layers drops.
    counted_above : float
        A network with a larger drop counts, in the quantity's unit.
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
    drops = measured(case, found, quantity)[:, chosen]
    condition = Condition(
        f"share of networks above {counted_above:g}",
        proportion((drops > counted_above).any(axis=1), evidence.resampling.confidence),
        largest_share,
        "below",
        of_drops=True,
    )
    own = trajectory(evidence, case, quantity=quantity, layers=layers)
    return replace(own, conditions=(condition,))


@claim_statistic(
    needs=("estimator",),
    unit="bits",
    other_estimators=("other_estimator", "same_width_estimator"),
    table="outside_range",
)
def drop_from_end_bins(
    evidence: Evidence,
    case: Case,
    *,
    layers: str | list[int],
    other_estimator: str,
    same_width_estimator: str,
    least_difference_bits: float,
    least_share_outside: float,
) -> Finding:
    """Measure how much further networks drop where end bins take the values outside the range.

    Parameters
    ----------
    evidence : Evidence
        Its table ``outside_range`` has the columns ``share_below, share_above`` of a layer's
        values outside the range, at the snapshots of the case's estimator.
    case : Case
    layers : str or list of int
        Of each network the layer that drops most, under either estimator; the share outside is
        that of the final epoch, averaged over the layers.
    other_estimator : str
        Bins that cover all values, to compare with.
    same_width_estimator : str
        Bins of the same width without ends: the condition that the difference is that of the
        ends and not of the resolution.
    least_difference_bits : float
        The drop is further than under the `same_width_estimator` by at least this.
    least_share_outside : float
        At least this share of the values is outside in the end.

    Returns
    -------
    Finding
    """
    own, same_width = (
        difference_finding(
            evidence,
            case,
            paired_drops(evidence, case, replace(case, estimator=name), layers),
            f"drop of I(X;T) under {case.estimator} minus that under {name}",
        )
        for name in (other_estimator, same_width_estimator)
    )
    chosen = choose_layers(case, evidence.planes(case), layers)
    below, above = (
        evidence.beside(case, "outside_range", f"share_{side}") for side in ("below", "above")
    )
    final = at_the_end(below + above)[:, chosen].mean(axis=1)
    conditions = (
        Condition(same_width.statistic, same_width.interval, least_difference_bits, "at_least"),
        Condition(
            "share of the layers' values outside the range at the end, mean,",
            evidence.resampling.mean(final),
            least_share_outside,
            "at_least",
        ),
    )
    return replace(own, conditions=conditions)


@claim_statistic(needs=("estimator",), unit="bits", other_estimators=("control_estimator",))
def drop_beyond_control(
    evidence: Evidence, case: Case, *, layers: str | list[int], control_estimator: str
) -> Finding:
    """Measure how much further networks drop than where there is no information to lose.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layers : str or list of int
        Of each network the layer that drops most, under either estimator.
    control_estimator : str
        The same estimate of variables that share no information: whatever falls under it is the
        estimator's error.

    Returns
    -------
    Finding
    """
    control = replace(case, estimator=control_estimator)
    return difference_finding(
        evidence,
        case,
        paired_drops(evidence, case, control, layers),
        f"drop of I(X;T) minus that under {control_estimator}",
    )
