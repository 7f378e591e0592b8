"""Claim statistics on representations with information dropout."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.over_betas import OverBetas
from infoplane.claims.registry import claim_statistic


@claim_statistic(needs=(), unit="share", of_models=True)
def nuisance_lost(
    evidence: Evidence, case: Case, *, kept_share: float, least_nuisance_bits: float
) -> Finding:
    """Measure how much of a nuisance a representation loses before it loses the label.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.information_dropout`.
    case : Case
    kept_share : float
        The price goes up as far as the mean I(z;Y) is at least this share of that at the smallest.
    least_nuisance_bits : float
        The premise that at the smallest price so much of the nuisance is there to be lost.

    Returns
    -------
    Finding
        The share of the mean I(z;nuisance) at the smallest price that is lost at the largest one
        allowed. The null is the same fall of what decoders find of another image's nuisance.
    """
    found, resampling = OverBetas(evidence, case, "nuisance_bits"), evidence.resampling
    nuisance, label, shuffled = (
        resampling.means(found.measured(name))
        for name in ("nuisance_bits", "label_bits", "shuffled_bits")
    )
    kept = np.cumprod(label >= kept_share * label[:, :1], axis=1)
    last = np.maximum(kept.sum(axis=1) - 1, 0)
    falls = [
        (values[:, 0] - np.take_along_axis(values, last[:, None], axis=1)[:, 0]) / nuisance[:, 0]
        for values in (nuisance, shuffled)
    ]
    premise = Condition(
        "I(z;nuisance) at the smallest beta, mean, bits,",
        resampling.interval(nuisance[:, 0]),
        least_nuisance_bits,
        "at_least",
    )
    return Finding(
        f"share of I(z;nuisance) lost from beta = {found.betas[0]:g} to {found.betas[last[0]]:g}, "
        f"the largest where {100 * kept_share:g} % of I(z;Y) are left",
        resampling.interval(falls[0]),
        found.inits,
        found.measured("nuisance_bits"),
        found.diverged,
        premises=(premise,),
        null=resampling.interval(falls[1]),
    )
