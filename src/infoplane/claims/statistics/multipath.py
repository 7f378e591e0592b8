"""Claim statistics on deep linear networks with two paths, one of which is impaired for a while."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.registry import claim_statistic


@claim_statistic(needs=(), unit="share", of_models=True)
def critical_share(evidence: Evidence, case: Case, *, largest_error: float) -> Finding:
    """Measure what an early deficit of a path costs that a late one does not.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.multipath`.
    case : Case
    largest_error : float
        The premise: all networks learn the matrix in the end, whatever the deficit, and before the
        latest one begins, with a squared error of at most this share of its square, mean over
        networks and the largest over deficits.

    Returns
    -------
    Finding
        The impaired path's share of what is learnt, after the latest deficit minus after the
        earliest, paired by initialisation, mean. The null is what the latest one costs: the same
        path's share without a deficit minus that after it.
    """
    table, resampling = evidence.model(case, case.run), evidence.resampling
    if "impaired_share" not in table:
        raise ClaimError(f"claim {case.claim}: model {case.run!r} has no impaired path")
    lost = np.unique(table["init"][table["status"] != "ok"])
    inits = np.setdiff1d(table["init"], lost)
    starts = np.unique(table["start"])

    def of(column: str, start: float) -> np.ndarray:
        rows = (table["start"] == start) & np.isin(table["init"], inits)
        return table[column][rows][np.argsort(table["init"][rows])]

    early, late = (of("impaired_share", start) for start in (starts[0], starts[-1]))
    whole = of("unimpaired_share", starts[-1])
    errors = [*(of("error", start) for start in starts), of("error_before", starts[-1])]
    worst = np.max(errors, axis=0)
    return Finding(
        f"share of the impaired path after a deficit from {starts[-1]:g} half-times on minus that "
        f"after one as long from {starts[0]:g} on, mean",
        resampling.mean(late - early),
        inits,
        np.column_stack([early, late, whole]),
        tuple(lost.tolist()),
        premises=(
            Condition("largest error, mean,", resampling.mean(worst), largest_error, "at_most"),
        ),
        null=resampling.mean(whole - late),
    )
