"""Claim statistics on the information of several networks taken as one."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import at_the_end, choose_layers, combine_layers, layers_text
from infoplane.claims.registry import claim_statistic

COLUMNS = (
    "mi_input_bits",
    "conditional_entropy_bits",
    "published_mi_input_bits",
    "single_mi_input_bits",
)


@claim_statistic(needs=("estimator",), unit="bits", table="several_networks", of_planes=False)
def published_extension_error(
    evidence: Evidence,
    case: Case,
    *,
    layers: str | list[int],
    rounding_bits: float,
    least_excess_bits: float,
) -> Finding:
    """Measure what the published extended estimator leaves out: H(T|X), which it takes as 0.

    Parameters
    ----------
    evidence : Evidence
        Its table ``several_networks``, of which an initialisation is the first of a group, has
        the columns ``networks`` and `COLUMNS`, in bits.
    case : Case
    layers : str or list of int
        At the end of training; the layer with the smallest mean decides.
    rounding_bits : float
        The condition that the correct version is never above the mean of the single networks,
        at any snapshot in any layer, by more than this. It is a theorem, so that a failure is
        one of the program.
    least_excess_bits : float
        The condition that the published version is above the mean of the single networks by at
        least this.

    Returns
    -------
    Finding
        Groups of networks are the unit of sampling: no network is in two of them.

    See Also
    --------
    infoplane.measures.several_networks : the two versions, and the theorem.
    """
    found = evidence.table(case, "several_networks")
    chosen = choose_layers(case, found, layers)
    correct, left_out, published, single = (found.complete(name) for name in COLUMNS)

    margins = single - correct
    margins = margins.min(axis=(1, 2)) if found.inits.size else margins.reshape(0)

    def smallest(values):
        means = evidence.resampling.means(at_the_end(values)[:, chosen])
        return evidence.resampling.interval(combine_layers(case, means, "smallest"))

    where = layers_text(found, chosen, "smallest")
    conditions = (
        Condition(
            f"published I(X;T) minus the mean of the single networks, {where}, bits,",
            smallest(published - single),
            least_excess_bits,
            "at_least",
        ),
        Condition(
            "mean of the single networks minus the correct I(X;T), smallest of all snapshots and "
            "layers, bits,",
            evidence.resampling.mean(margins),
            -rounding_bits,
            "at_least",
        ),
    )
    networks = ", ".join(f"{count:g}" for count in np.unique(found.measured["networks"]))
    text = (
        f"published minus correct I(X;T) at the end, which is H(T|X), mean over "
        f"{found.inits.size} groups of {networks or 'several'} networks, {where}, bits"
    )
    return Finding(
        text,
        smallest(left_out),
        found.inits,
        at_the_end(left_out)[:, chosen],
        found.diverged,
        conditions,
    )
