"""Claim statistics on the information-bottleneck curve."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import at_the_end, choose_layers, layers_text
from infoplane.claims.registry import claim_statistic
from infoplane.claims.statistics.clustering import rank_correlation
from infoplane.models.bottleneck import most_label_bits


@claim_statistic(
    needs=(), unit="bits", table="bottleneck_fit", of_planes=False, other_models=("curve",)
)
def gap_to_bottleneck_curve(
    evidence: Evidence,
    case: Case,
    *,
    curve: str,
    layers: str | list[int],
    most_rank_correlation: float,
) -> Finding:
    """Measure how far converged layers are below the information-bottleneck curve.

    Parameters
    ----------
    evidence : Evidence
        Its table ``bottleneck_fit`` has the columns ``mi_input_bits, mi_label_bits, beta``.
    case : Case
    curve : str
        The model that solved the curve of the run's task.
    layers : str or list of int
        At the end of training; of each network the one furthest below the curve counts.
    most_rank_correlation : float
        The condition that Spearman's rank correlation of a layer's depth with its fitted beta,
        averaged over networks, is at most this. A network whose layers all fit the same beta
        counts as 0; several infinite ones share their rank.

    Returns
    -------
    Finding
        The gap is the distance to an upper bound on the curve, which is above it by less than
        the curve's own tolerance where betas are dense.
    """
    found = evidence.table(case, "bottleneck_fit")
    chosen = choose_layers(case, found, layers)
    inputs, labels, betas = (
        at_the_end(found.complete(name))[:, chosen]
        for name in ("mi_input_bits", "mi_label_bits", "beta")
    )
    gaps = most_label_bits(evidence.model(case, curve), inputs) - labels
    depths = found.layers[chosen]
    correlations = np.array([rank_correlation(depths, one) for one in betas])
    condition = Condition(
        f"rank correlation of depth and beta, mean, {layers_text(found, chosen, 'all')},",
        evidence.resampling.mean(correlations),
        most_rank_correlation,
        "at_most",
    )
    return Finding(
        f"largest gap of I(T;Y) below the curve of {curve} at the end, mean, "
        f"{layers_text(found, chosen, 'any')}, bits",
        evidence.resampling.mean(gaps.max(axis=1) if len(gaps) else np.empty(0)),
        found.inits,
        gaps,
        found.diverged,
        (condition,),
    )
