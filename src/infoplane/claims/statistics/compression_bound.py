"""Claim statistics on the bound that compression puts on the generalisation gap."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import at_the_end, choose_layers, layers_text
from infoplane.claims.learning import learning
from infoplane.claims.registry import claim_statistic
from infoplane.statistics import Resampling, proportion

TRIVIAL = 0.5
"""Gap between training and test accuracy that two equally frequent classes cannot exceed."""


def gap_bound(input_bits: np.ndarray, patterns: int, failure: float) -> np.ndarray:
    """Bound the generalisation gap by what a layer keeps of the input.

    Parameters
    ----------
    input_bits : array of float
        I(X;T).
    patterns : int
        Number of patterns trained on.
    failure : float
        Probability that the bound may fail, above 0 and below 1.

    Returns
    -------
    gap : array of float, same shape
        In shares of the patterns; above 1 it says nothing.

    Notes
    -----
    epsilon^2 < (2^I(X;T) + log(1 / delta)) / (2 m), the input-compression bound of Tishby's and
    Shwartz-Ziv's talks: Hoeffding's inequality with a union over the labellings of the 2^I(X;T)
    typical cells. The logarithm is natural, as in Hoeffding's inequality.
    """
    cells = np.exp2(np.asarray(input_bits, float))
    return np.sqrt((cells + math.log(1 / failure)) / (2 * patterns))


@dataclass(frozen=True)
class _Bounded:
    """Hold bound and gap of each network of a run."""

    bounds: np.ndarray
    gaps: np.ndarray

    def taken_away(self, resampling: Resampling) -> np.ndarray:
        """Return the share of the trivial bound that the bound takes away, in replicates."""
        return 1 - resampling.means(self.bounds[:, None])[:, 0] / TRIVIAL

    def tightness(self, resampling: Resampling) -> np.ndarray:
        """Return the mean gap over the mean bound, in replicates."""
        means = resampling.means(np.column_stack([self.gaps, self.bounds]))
        return means[:, 0] / means[:, 1]


SHOWS = {
    "taken_away": (
        _Bounded.taken_away,
        f"share of the trivial bound, a gap of {TRIVIAL:g}, that the input-compression bound "
        "takes away",
    ),
    "tightness": (_Bounded.tightness, "generalisation gap over the input-compression bound"),
}


def _unit(parameters: Mapping) -> str:
    return "share" if parameters["shows"] == "taken_away" else "ratio"


@claim_statistic(needs=("estimator",), unit=_unit, table="metrics")
def input_compression_bound(
    evidence: Evidence,
    case: Case,
    *,
    shows: str,
    layers: str | list[int],
    failure_probability: float,
    least_valid_share: float,
) -> Finding:
    """Hold the generalisation gap of trained networks against the input-compression bound.

    Parameters
    ----------
    evidence : Evidence
        Its table ``metrics`` has the learning curves.
    case : Case
    shows : str
        One of `SHOWS`.
    layers : str or list of int
        One layer.
    failure_probability : float
        delta of the bound.
    least_valid_share : float
        The condition: the bound is at least the measured gap in at least this share of the
        networks.

    Returns
    -------
    Finding
        What every network contributes is its bound and its gap.
    """
    if shows not in SHOWS:
        raise ClaimError(f"claim {case.claim}: shows {shows!r} is not one of: {', '.join(SHOWS)}")
    if not 0 < failure_probability < 1:
        raise ClaimError(
            f"claim {case.claim}: failure_probability must lie between 0 and 1, not "
            f"{failure_probability}"
        )
    found = evidence.planes(case)
    chosen = choose_layers(case, found, layers)
    if len(chosen) != 1:
        raise ClaimError(f"claim {case.claim}: layers {layers!r} must be one layer")
    bits = at_the_end(found.complete("mi_input_bits"))[:, chosen[0]]
    train, test = (learning(evidence, case, f"{part}_accuracy") for part in ("train", "test"))
    # Where every network diverged, no estimate says how many patterns there are.
    patterns = evidence.training_patterns(case) if len(bits) else 1
    networks = _Bounded(gap_bound(bits, patterns, failure_probability), train[:, -1] - test[:, -1])
    measure, text = SHOWS[shows]
    resampling = evidence.resampling
    valid = Condition(
        "share of networks whose gap is at most the bound",
        proportion(networks.gaps <= networks.bounds, resampling.confidence),
        least_valid_share,
        "at_least",
    )
    return Finding(
        f"{text}, mean, {layers_text(found, chosen, 'mean')}, {patterns} training patterns, "
        f"mean bound {_mean(networks.bounds):.3g}, mean gap {_mean(networks.gaps):.3g}",
        resampling.interval(measure(networks, resampling)),
        found.inits,
        np.column_stack([networks.bounds, networks.gaps]),
        found.diverged,
        (valid,),
        decided_by=tuple(chosen),
        blindness="either",
        seen=tuple(chosen),
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan
