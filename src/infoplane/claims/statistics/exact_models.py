"""Claim statistics on models with exact information, which has no spread over networks."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.registry import claim_statistic
from infoplane.statistics import Interval


@claim_statistic(needs=(), of_models=True)
def minimal_model_limits(
    evidence: Evidence,
    case: Case,
    *,
    saturating: str,
    weight: float,
    shares_of_entropy: Mapping[str, float],
    tolerance_bits: float,
) -> Finding:
    """Measure I(X;T) of the minimal model at a large weight, and how fast it grows up to there.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.minimal`.
    case : Case
    saturating : str
        The activation whose information decides.
    weight : float
        At which it does.
    shares_of_entropy : mapping of str to float
        Other activations, each with the part of log2(10) bits that a tenfold weight is to bring.
        Over the last decade before `weight` they must.
    tolerance_bits : float
        How far the growth may be from that.

    Returns
    -------
    Finding
        There is no sampling: an interval is as wide as the bound on the rounding error.
    """
    table = evidence.model(case, case.run)

    def at(activation: str, where: float) -> tuple[float, float]:
        near = np.isclose(table["weight"], where, rtol=1e-9)
        (rows,) = np.nonzero((table["activation"] == activation) & near)
        if len(rows) != 1:
            raise ClaimError(
                f"claim {case.claim}: model {case.run!r} has no {activation} at weight {where:g}"
            )
        return float(table["mi_input_bits"][rows[0]]), float(table["error_bits"][rows[0]])

    conditions = []
    for activation, share in shares_of_entropy.items():
        (large, error), (small, other) = at(activation, weight), at(activation, weight / 10)
        distance, width = abs(large - small - share * math.log2(10)), error + other
        conditions.append(
            Condition(
                f"{activation}: growth per decade of w {large - small:.4f} bits, its distance from "
                f"{share:g} log2(10)",
                Interval(distance, distance - width, distance + width),
                tolerance_bits,
                "at_most",
            )
        )
    bits, error = at(saturating, weight)
    return Finding(
        f"I(X;T) of {saturating} at w = {weight:g}, bits",
        Interval(bits, bits - error, bits + error),
        np.empty(0, np.int64),
        np.empty(0),
        conditions=tuple(conditions),
    )
