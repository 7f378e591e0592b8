"""Learning curves and lost information of the networks that a claim is about."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.layers import measured


def learning(evidence: Evidence, case: Case, column: str) -> np.ndarray:
    """Return a learning curve at the networks and epochs of the case's planes.

    Parameters
    ----------
    evidence : Evidence
    case : Case
        Of one run.
    column : str
        Of the table ``metrics``, such as ``test_accuracy``.

    Returns
    -------
    curves : array of float, shape (inits, epochs)
    """
    found, curves = evidence.planes(case), evidence.table(case, "metrics")
    for axis in ("inits", "epochs"):
        missing = np.setdiff1d(getattr(found, axis), getattr(curves, axis))
        if found.inits.size and missing.size:
            raise ClaimError(
                f"claim {case.claim}: metrics of run {case.run!r} lack the {axis} {missing}, which "
                "its information has"
            )
    inits, epochs = (
        np.isin(getattr(curves, axis), getattr(found, axis)) for axis in ("inits", "epochs")
    )
    return curves.complete(column)[inits][:, epochs, 0]


def lost_shares(case: Case, evidence: Evidence, chosen: list[int]) -> np.ndarray:
    """Return which share of its largest I(X;T) each network has lost in the end.

    Parameters
    ----------
    case : Case
        Of one run.
    evidence : Evidence
    chosen : list of int
        Positions of layers, averaged.

    Returns
    -------
    shares : array of float, shape (inits,)
        0 where there is nothing to lose.
    """
    found = evidence.planes(case)
    return measured(case, found, "lost_share")[:, chosen].mean(axis=1)
