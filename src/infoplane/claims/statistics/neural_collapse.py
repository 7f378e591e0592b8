"""Claim statistics on neural collapse: whether classes shrink, and whether I(X;T) falls with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from infoplane.claims.along_training import correlation_along_training
from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import choose_layers, layers_text
from infoplane.claims.registry import claim_statistic
from infoplane.claims.trajectories import Trajectories


@claim_statistic(needs=(), unit="decades", table="neural_collapse", of_planes=False)
def collapse_decades(
    evidence: Evidence, case: Case, *, layers: str | list[int], largest_angle_error: float
) -> Finding:
    """Measure by how many decades the variance within classes falls over that between them.

    Parameters
    ----------
    evidence : Evidence
        Its table ``neural_collapse`` has NC1 and NC2, and NC1 with permuted labels.
    case : Case
    layers : str or list of int
        Averaged.
    largest_angle_error : float
        The condition: at the end the class means stand like the corners of a simplex, up to this
        mean error of the cosine, which two classes always meet.

    Returns
    -------
    Finding
        log10 of NC1 at the first snapshot over the last. The null is the same with labels dealt at
        random: what a layer's shrinking or stretching does to any classes. Networks without means
        to tell apart, whose layer is dead, are left out.
    """
    found = evidence.table(case, "neural_collapse")
    chosen = choose_layers(case, found, layers)
    falls, permuted, angles = (
        _at_both_ends(found, name, chosen)
        for name in ("within_over_between", "permuted_within_over_between", "angle_error")
    )
    falls, permuted = (_decades(values) for values in (falls, permuted))
    defined = np.isfinite(falls) & np.isfinite(permuted)
    resampling = evidence.resampling
    condition = Condition(
        "mean error of the angles at the end",
        resampling.mean(angles[defined, -1].mean(axis=1)),
        largest_angle_error,
        "at_most",
    )
    return Finding(
        "decades by which variance within classes over that between them falls, mean, "
        f"{layers_text(found, chosen, 'mean')}",
        resampling.mean(falls[defined]),
        found.inits[defined],
        falls[defined],
        found.diverged,
        conditions=(condition,),
        null=resampling.mean(permuted[defined]),
    )


def _at_both_ends(found: Trajectories, name: str, chosen: list[int]) -> np.ndarray:
    """Return the first and last value, shape (inits, 2, layers)."""
    if not found.inits.size:
        return np.empty((0, 2, len(chosen)))
    return found.measured[name][:, [0, -1]][:, :, chosen]


def _decades(ends: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return (np.log10(ends[:, 0]) - np.log10(ends[:, 1])).mean(axis=1)


@claim_statistic(needs=("estimator",), unit="correlation", table="neural_collapse")
def information_with_collapse(
    evidence: Evidence, case: Case, *, layers: str | list[int], least_excess: float
) -> Finding:
    """Correlate, along training, I(X;T) with the variance within classes, network by network.

    Parameters
    ----------
    evidence : Evidence
        Its table ``neural_collapse`` is of the information's snapshots, or of more.
    case : Case
    layers : str or list of int
        The layer with the smallest mean correlation decides.
    least_excess : float
        The condition, a null control as in `loss_with_saturation`: a network's own correlation
        exceeds by more than this that of its information with the collapse of other networks.

    Returns
    -------
    Finding
        Spearman's rank correlation over all snapshots; 0 where one of the two never varies, as an
        estimate at its ceiling does not.
    """
    within = evidence.beside(case, "neural_collapse", "within_over_between")
    finding = correlation_along_training(
        evidence,
        case,
        choose_layers(case, evidence.planes(case), layers),
        # Where all class means are one.
        np.where(np.isnan(within), np.inf, within),
        least_excess,
        sign=1,
        about="the variance within classes over that between them,",
        others="collapse",
    )
    return replace(finding, blindness="small")
