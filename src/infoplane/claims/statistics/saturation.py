"""Claim statistics on saturation: whether I(X;T) falls as units reach the ends of their range."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.stats import rankdata

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import DROP, Condition, Finding, mean_finding
from infoplane.claims.layers import at_the_end, choose_layers, layers_text, measured
from infoplane.claims.registry import claim_statistic
from infoplane.claims.statistics.optimizers import drop_ratio
from infoplane.claims.trajectories import Trajectories


@claim_statistic(needs=("estimator",), table="saturation")
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
    found = evidence.planes(case)
    chosen = choose_layers(case, found, layers)
    information, shares = found.complete("mi_input_bits"), saturated_shares(evidence, case, found)
    own, excess = [], []
    for place in chosen:
        every = cross_correlations(-information[:, :, place], shares[:, :, place])
        own.append(np.diagonal(every))
        excess.append(own[-1] - mean_of_others(every))
    condition = Condition(
        "the same minus that with the saturation of the other networks, mean, "
        f"{layers_text(found, chosen, 'mean')},",
        evidence.resampling.mean(np.mean(excess, axis=0)),
        least_excess,
        "above",
    )
    finding = mean_finding(
        evidence,
        case,
        chosen,
        np.stack(own, axis=1),
        "rank correlation of -I(X;T) with the share of saturated values along training",
        "without unit",
        "smallest",
    )
    return replace(finding, conditions=(condition,))


@claim_statistic(needs=("estimator",), table="saturation")
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
    final = at_the_end(saturated_shares(evidence, case, found))[:, chosen].mean(axis=1)
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


@claim_statistic(needs=("estimator",), paired=True, table="saturation")
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
        final = at_the_end(saturated_shares(evidence, one, found))
        final = final[:, choose_layers(one, found, layers)].mean(axis=1)
        text = f"share of saturated values in {one.run} at the end, mean,"
        premises.append(Condition(text, evidence.resampling.mean(final), share, direction))
    return replace(own, premises=(*own.premises, *premises))


def saturated_shares(evidence: Evidence, case: Case, found: Trajectories) -> np.ndarray:
    """Return the saturated share for each estimate of a case's information.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    found : Trajectories
        The information.

    Returns
    -------
    shares : array of float, shape (inits, epochs, layers)

    Raises
    ------
    ClaimError
        If saturation was not measured of a network, at an epoch or of a layer of these.
    """
    other = evidence.table(case, "saturation")
    if not found.inits.size:
        return np.empty((0, found.epochs.size, found.layers.size))
    places = []
    for axis in ("inits", "epochs", "layers"):
        wanted, there = getattr(found, axis), getattr(other, axis)
        if missing := np.setdiff1d(wanted, there).tolist():
            raise ClaimError(
                f"claim {case.claim}: saturation of run {case.run!r} lacks the {axis} {missing} of "
                "the information"
            )
        places.append(np.searchsorted(there, wanted))
    return other.measured["share_saturated"][np.ix_(*places)]


def cross_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Spearman's rank correlations of every series with every other one.

    Parameters
    ----------
    first, second : array of float, shape (series, epochs)

    Returns
    -------
    correlations : array of float, shape (series of the first, series of the second)
        0 where one of the two never varies.
    """
    ranks = [rankdata(values, axis=1) for values in (first, second)]
    ranks = [values - values.mean(axis=1, keepdims=True) for values in ranks]
    norms = [np.linalg.norm(values, axis=1, keepdims=True) for values in ranks]
    first, second = (
        values / np.where(norm > 0, norm, 1.0) for values, norm in zip(ranks, norms, strict=True)
    )
    return first @ second.T


def mean_of_others(every: np.ndarray) -> np.ndarray:
    """Return the mean of each row of a square matrix without its diagonal; if it is all, that."""
    count = len(every)
    if count < 2:
        return np.diagonal(every)
    return (every.sum(axis=1) - np.diagonal(every)) / (count - 1)
