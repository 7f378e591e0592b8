"""Claim statistic on weights that networks trained apart have in common."""

from __future__ import annotations

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Finding
from infoplane.claims.layers import at_the_end, choose_layers, combine_layers, layers_text
from infoplane.claims.registry import claim_statistic

QUANTITIES = {
    "correlation": "as they stand",
    "matched_correlation": "with the units matched",
}
"""What is correlated, in words."""


@claim_statistic(needs=(), unit="correlation", table="weight_correlation", of_planes=False)
def weight_correlation(
    evidence: Evidence, case: Case, *, quantity: str, layers: str | list[int]
) -> Finding:
    """Measure how far two networks' weights correlate at the end, beyond what they did untrained.

    Parameters
    ----------
    evidence : Evidence
        Its table ``weight_correlation``, of which an initialisation is the first of a pair, has
        the columns of `infoplane.measures.weight_correlation`.
    case : Case
    quantity : str
        One of `QUANTITIES`.
    layers : str or list of int
        The layer with the largest mean decides.

    Returns
    -------
    Finding
        The absolute Pearson correlation minus that of the same two networks before training, whose
        weights were drawn independently: it is large by chance where weights are few, and larger
        where units are matched. Pairs of networks are the unit of sampling: no network is in two
        of them. The null is what was taken away.
    """
    if quantity not in QUANTITIES:
        raise ClaimError(
            f"claim {case.claim}: quantity {quantity!r} is not one of: {', '.join(QUANTITIES)}"
        )
    found = evidence.table(case, "weight_correlation")
    chosen = choose_layers(case, found, layers)
    values = found.complete(quantity)[:, :, chosen]
    own, chance = at_the_end(values), values[:, 0] if len(values) else at_the_end(values)
    excess, resampling = own - chance, evidence.resampling
    largest = combine_layers(case, resampling.means(excess), "largest")
    text = (
        f"absolute correlation of the weights of two networks, {QUANTITIES[quantity]}, minus that "
        f"before training, mean over {found.inits.size} pairs, "
        f"{layers_text(found, chosen, 'largest')}"
    )
    return Finding(
        text,
        resampling.interval(largest),
        found.inits,
        excess,
        found.diverged,
        null=resampling.interval(combine_layers(case, resampling.means(chance), "largest")),
    )
