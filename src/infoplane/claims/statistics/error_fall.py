"""Claim statistic on when the test error falls: before I(X;T) peaks, or while it falls."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import choose_layers, layers_text, measured
from infoplane.claims.learning import learning, lost_shares
from infoplane.claims.registry import claim_statistic


@claim_statistic(needs=("estimator",), unit="share", table="metrics")
def error_fall_after_peak(
    evidence: Evidence,
    case: Case,
    *,
    layers: str | list[int],
    least_lost_share: float,
    least_fall: float,
) -> Finding:
    """Measure which share of the fall of the test error comes after the peak of I(X;T).

    Parameters
    ----------
    evidence : Evidence
        Its table ``metrics`` has the learning curves.
    case : Case
    layers : str or list of int
        Each with its own peak; averaged.
    least_lost_share : float
        The premise that networks compress: at least this share of the largest I(X;T) is lost.
    least_fall : float
        The premise that they generalise: the test error falls by at least this from the first
        snapshot to the last.

    Returns
    -------
    Finding
        The mean fall after the peak over the mean fall, networks paired. A network counts by how
        far its error falls, and its share may be negative or above 1.

    Notes
    -----
    Orhan's question to Tishby: does the network that is about to compress generalise already?
    """
    found = evidence.planes(case)
    chosen = choose_layers(case, found, layers)
    resampling = evidence.resampling
    if found.inits.size:
        errors = 1 - learning(evidence, case, "test_accuracy")
        places = np.searchsorted(found.epochs, measured(case, found, "peak_epoch")[:, chosen])
        at_peak = np.take_along_axis(errors, places, axis=1).mean(axis=1)
        falls = np.stack([at_peak - errors[:, -1], errors[:, 0] - errors[:, -1]], axis=1)
        accuracies = 1 - at_peak.mean(), 1 - errors[:, -1].mean()
        known = "test accuracy {:.3g} there, {:.3g} in the end".format(*accuracies)
    else:
        falls, known = np.empty((0, 2)), "no network"
    premises = (
        Condition(
            "share of the largest I(X;T) that is lost",
            resampling.mean(lost_shares(case, evidence, chosen)),
            least_lost_share,
            "at_least",
        ),
        Condition("fall of the test error", resampling.mean(falls[:, 1]), least_fall, "at_least"),
    )
    return Finding(
        "share of the fall of the test error that comes after the peak of I(X;T), "
        f"{layers_text(found, chosen, 'mean')}, {known}",
        resampling.ratio_of_means(*falls.T),
        found.inits,
        falls,
        found.diverged,
        premises=premises,
        decided_by=tuple(chosen),
        blindness="either",
        rests_on_drops=True,
        seen=tuple(chosen),
    )
