"""Claim statistics on layers between bounds."""

from __future__ import annotations

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Finding
from infoplane.claims.over_betas import OverBetas
from infoplane.claims.registry import claim_statistic


@claim_statistic(needs=(), unit="bits", of_models=True)
def bound_excess(evidence: Evidence, case: Case, *, smaller: str, larger: str) -> Finding:
    """Measure by how much one quantity exceeds another that should be at least as large.

    Parameters
    ----------
    evidence : Evidence
        Of a model over prices of information, such as `infoplane.models.noisy_layer`.
    case : Case
    smaller, larger : str
        Columns, in bits.

    Returns
    -------
    Finding
        The largest mean excess over the prices; at most 0 where the bound holds. The null holds
        each price against the one as far from the other end: a bound that holds there as well says
        little.
    """
    found, resampling = OverBetas(evidence, case, smaller), evidence.resampling
    small, large = found.measured(smaller), found.measured(larger)
    excess, null = (resampling.means(small - other) for other in (large, large[:, ::-1]))
    return Finding(
        f"{smaller} less {larger}, mean, largest over beta, at beta = "
        f"{found.betas[excess[0].argmax()]:g}, bits",
        resampling.interval(excess.max(axis=1)),
        found.inits,
        small - large,
        found.diverged,
        null=resampling.interval(null.max(axis=1)),
    )
