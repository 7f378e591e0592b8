"""Claim statistics on saturation: whether I(X;T) falls as units reach the ends of their range."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from infoplane.claims.along_training import correlation_along_training
from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import DROP, Condition, Finding
from infoplane.claims.layers import at_the_end, choose_layers, layers_text, measured
from infoplane.claims.registry import claim_statistic
from infoplane.claims.statistics.optimizers import drop_ratio


@claim_statistic(needs=("estimator",), unit="correlation", table="saturation")
def loss_with_saturation(
    evidence: Evidence, case: Case, *, layers: str | list[int], least_excess: float
) -> Finding:
    """Correlate, along training, the saturated share of a layer with -I(X;T), network by network.

    Parameters
    ----------
    evidence : Evidence
        Its table ``saturation`` has the column ``share_saturated``, at the snapshots of the
        information or at more of them.
    case : Case
    layers : str or list of int
        The layer with the smallest mean correlation decides.
    least_excess : float
        The condition, a null control: two quantities that both move along training correlate
        whatever moves them. So a network's own correlation, averaged over the layers, exceeds by
        more than this what its information has with the saturation of the other networks, on
        average over them.

    Returns
    -------
    Finding
        Spearman's rank correlation over all snapshots, the rise of I(X;T) as well as its fall; 0
        where one of the two never varies.

    References
    ----------
    Saxe et al. (2018), ICLR, fig. 16.
    """
    return correlation_along_training(
        evidence,
        case,
        choose_layers(case, evidence.planes(case), layers),
        evidence.beside(case, "saturation", "share_saturated"),
        least_excess,
        sign=-1,
        about="the share of saturated values",
        others="saturation",
    )


@claim_statistic(needs=("estimator",), unit="correlation", table="saturation")
def drop_against_saturation(evidence: Evidence, case: Case, *, layers: str | list[int]) -> Finding:
    """Correlate, over networks, the drop of I(X;T) with the saturated share at the end.

    Parameters
    ----------
    evidence : Evidence
        As for `loss_with_saturation`.
    case : Case
    layers : str or list of int
        Both are averaged over them.

    Returns
    -------
    Finding
        Spearman's rank correlation over initialisations.
    """
    found = evidence.planes(case)
    chosen = choose_layers(case, found, layers)
    drops = measured(case, found, DROP)[:, chosen].mean(axis=1)
    final = at_the_end(evidence.beside(case, "saturation", "share_saturated"))[:, chosen].mean(
        axis=1
    )
    text = (
        "rank correlation over networks of the drop of I(X;T) with the share of saturated values "
        f"at the end, {layers_text(found, chosen, 'mean')}"
    )
    return Finding(
        text,
        evidence.resampling.rank_correlation(drops, final),
        found.inits,
        np.column_stack([drops, final]),
        found.diverged,
        decided_by=tuple(chosen),
    )


@claim_statistic(needs=("estimator",), unit="ratio", paired=True, table="saturation")
def drop_without_saturation(
    evidence: Evidence,
    case: Case,
    *,
    layers: str | list[int],
    least_reference_lost_share: float,
    largest_share: float,
    least_reference_share: float,
) -> Finding:
    """Measure what is left of the drop where an intervention has removed saturation.

    Parameters
    ----------
    evidence : Evidence
        As for `loss_with_saturation`.
    case : Case
    layers, least_reference_lost_share
        As for `drop_ratio`.
    largest_share, least_reference_share : float
        The premises that there was an intervention: the saturated share at the end, averaged over
        the layers, is at most the one in the run and at least the other in the reference run.

    Returns
    -------
    Finding
    """
    own = drop_ratio(
        evidence, case, layers=layers, least_reference_lost_share=least_reference_lost_share
    )
    premises = []
    for one, share, direction in zip(
        case.runs, (largest_share, least_reference_share), ("at_most", "at_least"), strict=True
    ):
        found = evidence.planes(one)
        final = at_the_end(evidence.beside(one, "saturation", "share_saturated"))
        final = final[:, choose_layers(one, found, layers)].mean(axis=1)
        text = f"share of saturated values in {one.run} at the end, mean,"
        premises.append(Condition(text, evidence.resampling.mean(final), share, direction))
    return replace(own, premises=(*own.premises, *premises))
