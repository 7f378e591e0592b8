"""Claim statistics on networks that lose nothing of their input."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import choose_layers, layers_text
from infoplane.claims.learning import learning
from infoplane.claims.registry import claim_statistic


@claim_statistic(needs=("estimator",), unit="accuracy", paired=True, table="metrics")
def accuracy_without_loss(
    evidence: Evidence, case: Case, *, layers: str | list[int], least_kept_share: float
) -> Finding:
    """Measure how much better a network that loses nothing generalises than one that may.

    Parameters
    ----------
    evidence : Evidence
        Its table ``metrics`` has the learning curves.
    case : Case
        A pair of runs.
    layers : str or list of int
    least_kept_share : float
        The premise that the first run loses nothing: in all these layers and at every epoch I(X;T)
        is at least this share of H(X), mean over networks.

    Returns
    -------
    Finding
        The difference of the final test accuracies, paired by initialisation. The null pairs each
        network of the reference with the next one: how far two of a kind differ.
    """
    (one, other), resampling = case.runs, evidence.resampling
    planes = [evidence.planes(run) for run in (one, other)]
    finals = [learning(evidence, run, "test_accuracy")[:, -1] for run in (one, other)]
    inits = np.intersect1d(planes[0].inits, planes[1].inits)
    own, reference = (
        final[np.isin(plane.inits, inits)] for final, plane in zip(finals, planes, strict=True)
    )
    kept = _kept_shares(evidence, one, layers)[np.isin(planes[0].inits, inits)]
    premise = Condition(
        "smallest share of H(X) in any hidden layer at any epoch, mean,",
        resampling.mean(kept),
        least_kept_share,
        "at_least",
    )
    text = (
        f"final test accuracy of {one.run} ({own.mean():.3f}) minus that of {other.run} "
        f"({reference.mean():.3f}), paired, mean"
        if len(inits)
        else f"final test accuracy of {one.run} minus that of {other.run}, paired, mean"
    )
    return Finding(
        text,
        resampling.mean(own - reference),
        inits,
        np.column_stack([own, reference]),
        tuple(sorted({*planes[0].diverged, *planes[1].diverged})),
        premises=(premise,),
        null=resampling.mean(reference - np.roll(reference, 1)),
    )


@claim_statistic(needs=("estimator",), unit="share")
def least_kept_information(evidence: Evidence, case: Case, *, layers: str | list[int]) -> Finding:
    """Measure the smallest share of H(X) that an estimator finds in layers that lose nothing.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layers : str or list of int

    Returns
    -------
    Finding
        Over the layers and all epochs the smallest, mean over networks. The truth is 1: what is
        below is the estimator's.
    """
    found = evidence.planes(case)
    shares = _kept_shares(evidence, case, layers)
    chosen = choose_layers(case, found, layers)
    return Finding(
        f"smallest I(X;T) over H(X) at any epoch, {layers_text(found, chosen, 'smallest')}, mean",
        evidence.resampling.mean(shares),
        found.inits,
        shares,
        found.diverged,
        decided_by=tuple(chosen),
    )


def _kept_shares(evidence: Evidence, case: Case, layers: str | list[int]) -> np.ndarray:
    """Return the smallest share of H(X) over layers and epochs of each network."""
    found = evidence.planes(case)
    chosen = choose_layers(case, found, layers)
    bits = found.complete("mi_input_bits")[:, :, chosen]
    return bits.min(axis=(1, 2), initial=np.inf) / evidence.entropy(case, "input_entropy")
