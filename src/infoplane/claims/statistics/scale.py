"""Claim statistic on whether I(X;T) follows how large a layer's values are."""

from __future__ import annotations

from dataclasses import replace

from infoplane.claims.along_training import correlation_along_training
from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Finding
from infoplane.claims.layers import choose_layers
from infoplane.claims.registry import claim_statistic


@claim_statistic(needs=("estimator",), unit="correlation", table="activation_scale")
def information_with_scale(
    evidence: Evidence, case: Case, *, layers: str | list[int], least_excess: float
) -> Finding:
    """Correlate, along training, I(X;T) with the deviation of a layer's values.

    Parameters
    ----------
    evidence : Evidence
        Its table ``activation_scale`` is of the information's snapshots, or of more.
    case : Case
    layers : str or list of int
        The layer with the smallest mean correlation decides.
    least_excess : float
        The condition, a null control: a network's own correlation exceeds by more than this that
        of its information with the deviations of other networks.

    Returns
    -------
    Finding
        Spearman's rank correlation over all snapshots; 0 where one of the two never varies.

    Notes
    -----
    Noise of a fixed size tells apart less of a layer that shrinks, whatever the layer computes
    (Saxe et al. 2018, section 2).
    """
    finding = correlation_along_training(
        evidence,
        case,
        choose_layers(case, evidence.planes(case), layers),
        evidence.beside(case, "activation_scale", "deviation"),
        least_excess,
        sign=1,
        about="the deviation of the layer's values",
        others="deviations",
    )
    return replace(finding, blindness="small")
