"""Claim statistics on networks that learn one matrix before another."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.registry import claim_statistic


@claim_statistic(needs=(), unit="ratio", of_models=True)
def completion_damage(evidence: Evidence, case: Case, *, largest_error: float) -> Finding:
    """Measure what learning another matrix first costs, for the longest time.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.matrix_completion`.
    case : Case
    largest_error : float
        The premise: networks without a deficit complete the matrix, with an error of at most this
        share of its mean square, mean over networks.

    Returns
    -------
    Finding
        The error on entries that are not seen, over their mean square, after the longest time on
        the first matrix, minus that without, after as many steps on the second; paired by
        initialisation, mean. The null is the same of networks that learn the second one for the
        whole time.
    """
    table, resampling = evidence.model(case, case.run), evidence.resampling
    if "unseen_error" not in table:
        raise ClaimError(f"claim {case.claim}: model {case.run!r} completes no matrix")
    lost = np.unique(table["init"][table["status"] != "ok"])
    inits = np.setdiff1d(table["init"], lost)
    longest = int(table["switch"].max())

    def errors(column: str, switch: int) -> np.ndarray:
        rows = (table["switch"] == switch) & np.isin(table["init"], inits)
        return table[column][rows][np.argsort(table["init"][rows])]

    clean, impaired = (errors("unseen_error", switch) for switch in (0, longest))
    longer = errors("longer_error", longest)
    learnt = resampling.mean(clean)
    return Finding(
        f"error on unseen entries after {longest} steps on another matrix minus that after none, "
        "as many steps on this one later, over their mean square, mean",
        resampling.mean(impaired - clean),
        inits,
        np.column_stack([clean, impaired, longer]),
        tuple(lost.tolist()),
        premises=(Condition("error without a deficit, mean,", learnt, largest_error, "at_most"),),
        null=resampling.mean(longer - clean),
    )
