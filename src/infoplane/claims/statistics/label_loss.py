"""Claim statistics on the label information that the output layer loses, and compression."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import DROP, Condition, Finding
from infoplane.claims.layers import ACROSS, choose_layers, layers_text, measured
from infoplane.claims.registry import claim_statistic
from infoplane.claims.statistics.compression import trajectory


@claim_statistic(needs=("estimator",), unit="bits", paired=True)
def label_loss_with_compression(
    evidence: Evidence,
    case: Case,
    *,
    compressing: str | list[int],
    largest_reference_loss_bits: float,
    least_lost_share: float,
    least_correlation: float,
) -> Finding:
    """Measure the label information that the output loses, and whether compression goes with it.

    Parameters
    ----------
    evidence : Evidence
    case : Case
        Its reference run has more data.
    compressing : str or list of int
        The layers whose compression is meant; the one that drops most counts.
    largest_reference_loss_bits : float
        The condition that the output of the reference run loses at most this.
    least_lost_share : float
        The condition that the run compresses: the share of its peak that I(X;T) loses.
    least_correlation : float
        The condition that networks that compress more lose more: Spearman's correlation over
        initialisations of the loss with the drop of I(X;T).

    Returns
    -------
    Finding
    """
    own, other = (
        trajectory(evidence, one, quantity="label_loss_bits", layers="output") for one in case.runs
    )
    first = case.runs[0]
    compression = trajectory(evidence, first, quantity="lost_share", layers=compressing)
    found = evidence.planes(first)
    chosen = choose_layers(case, found, compressing)
    drops = ACROSS["largest"](measured(case, found, DROP)[:, chosen], axis=1)
    conditions = (
        Condition(
            f"{other.statistic}, in {case.reference},",
            other.interval,
            largest_reference_loss_bits,
            "at_most",
        ),
        Condition(compression.statistic, compression.interval, least_lost_share, "at_least"),
        Condition(
            "rank correlation over networks of the loss with the drop of I(X;T), "
            f"{layers_text(found, chosen, 'largest')},",
            evidence.resampling.rank_correlation(own.values[:, 0], drops),
            least_correlation,
            "at_least",
        ),
    )
    return replace(own, conditions=conditions)


@claim_statistic(needs=("estimator",), unit="bits", paired=True)
def label_loss_difference(
    evidence: Evidence,
    case: Case,
    *,
    compressing: str | list[int],
    least_lost_share: float,
    largest_reference_lost_share: float,
) -> Finding:
    """Measure how much more label information a run loses than one that does not compress.

    Parameters
    ----------
    evidence : Evidence
    case : Case
        Its reference run is the one that should not compress.
    compressing : str or list of int
        The layers whose compression is meant; the one that drops most counts.
    least_lost_share, largest_reference_lost_share : float
        The premises: the share of its peak that I(X;T) loses, in the run at least the one, in
        the reference run at most the other.

    Returns
    -------
    Finding
        Of the output layer, initialisations paired.
    """
    premises, losses, everyone = [], [], []
    terms = (least_lost_share, "at_least"), (largest_reference_lost_share, "at_most")
    for one, held in zip(case.runs, terms, strict=True):
        lost = trajectory(evidence, one, quantity="lost_share", layers=compressing)
        premises.append(Condition(f"{lost.statistic}, in {one.run},", lost.interval, *held))
        found = evidence.planes(one)
        everyone.append(found)
        losses.append(
            measured(one, found, "label_loss_bits")[:, choose_layers(one, found, "output")]
        )
    inits = np.intersect1d(*(found.inits for found in everyone))
    first, second = (
        values[np.isin(found.inits, inits), 0]
        for found, values in zip(everyone, losses, strict=True)
    )
    return Finding(
        f"label information lost by OUT in {case.run} minus that in {case.reference}, paired, "
        "mean, bits",
        evidence.resampling.mean(first - second),
        inits,
        np.column_stack([first, second]),
        tuple(sorted({init for found in everyone for init in found.diverged})),
        premises=tuple(premises),
    )
