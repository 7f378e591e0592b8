"""Claim statistics on the codes of beta-VAEs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.over_betas import OverBetas
from infoplane.claims.registry import claim_statistic
from infoplane.claims.statistics.clustering import rank_correlation
from infoplane.statistics import Interval

DISENTANGLEMENTS = ("together", "axes")
LEAST_RANKED = 3
"""Fewest betas over which something is ranked."""


def _unit(parameters: Mapping) -> str:
    return "bits" if parameters["quantity"] == "axes" else "correlation"


@claim_statistic(needs=(), unit=_unit, of_models=True)
def disentanglement(
    evidence: Evidence, case: Case, *, quantity: str, margin_bits: float, least_fall_bits: float
) -> Finding:
    """Measure whether codes that tell less of their images have parts that hang together less.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.beta_vae`.
    case : Case
    quantity : str
        ``together``, the rank correlation of I(z;x) and TC(z) over the prices of each network, or
        ``axes``, by how many bits TC(z) is smaller than after a random rotation, mean over the
        prices, which says whether the axes are found and not only the information small.
    margin_bits : float
        Prices count where the mean I(z;x) is at least this far from 0 and from its ceiling; the
        premise is that there are three of them, and all count where there are not.
    least_fall_bits : float
        The further premise that I(z;x) falls by so much over these prices.

    Returns
    -------
    Finding
        The mean over networks. The null of ``together`` shuffles TC(z) of each network over the
        prices; that of ``axes`` takes one random rotation less another.
    """
    if quantity not in DISENTANGLEMENTS:
        allowed = ", ".join(DISENTANGLEMENTS)
        raise ClaimError(f"claim {case.claim}: quantity {quantity!r} is not one of: {allowed}")
    found, resampling = OverBetas(evidence, case, "correlation_bits"), evidence.resampling
    bits, ceiling = found.measured("information_bits"), found.measured("ceiling_bits")
    counted = np.ones(len(found.betas), bool)
    if len(found.inits):
        means = bits.mean(axis=0)
        counted = (means >= margin_bits) & (means <= ceiling[0] - margin_bits)
    count = float(counted.sum())
    if count < LEAST_RANKED:
        counted[:] = True
    bits, own, turned, again = (
        found.measured(f"{name}_bits")[:, counted]
        for name in ("information", "correlation", "rotated", "rotated_again")
    )
    betas = found.betas[counted]
    if quantity == "axes":
        text = "TC(z) after a random rotation less TC(z), mean over beta, bits"
        values, null = (turned - own).mean(axis=1), (turned - again).mean(axis=1)
    else:
        text = "rank correlation of I(z;x) and TC(z) over beta, mean over networks"
        seeds = np.random.SeedSequence(resampling.seed, spawn_key=(len(own),))
        shuffled = np.random.default_rng(seeds).permuted(own, axis=1)
        values, null = (
            np.array([rank_correlation(*pair) for pair in zip(bits, other, strict=True)])
            for other in (own, shuffled)
        )
    told = Interval(count, count, count)
    fall = resampling.mean(bits[:, 0] - bits[:, -1])
    premises = (
        Condition("betas whose I(z;x) can be told,", told, LEAST_RANKED, "at_least"),
        Condition("fall of I(z;x), mean, bits,", fall, least_fall_bits, "at_least"),
    )
    return Finding(
        f"{text}, beta = {betas[0]:g} to {betas[-1]:g}",
        resampling.mean(values),
        found.inits,
        own,
        found.diverged,
        premises=premises,
        null=resampling.mean(null),
    )
