"""Whether an estimate could have shown what a verdict says it did not find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Finding
from infoplane.claims.sensitivity import AT_MOST
from infoplane.claims.trajectories import layer_name, summarise
from infoplane.statistics import REFUTED, SUPPORTED, verdict


@dataclass(frozen=True)
class Resolution:
    """Say when an estimate of I(X;T) is blind to what a claim is about.

    Attributes
    ----------
    finest : str
        The estimator that counts the distinct rows of a layer; the floor is a share of what it
        finds, in runs that it has measured.
    floor_share : float
        A network whose largest I(X;T) is below this share of the largest that its distinct rows
        hold is measured too coarsely.
    ceiling_margin_bits : float
        An estimate is at its ceiling if it is less than this below.
    seen_share : float
        An estimate that sees a network lose more than this share of its peak is not too coarse to
        compare its drop with another.
    blind_networks : float
        A layer is blind if more than this share of its networks is.
    """

    finest: str = "machine_precision"
    floor_share: float = 0.25
    ceiling_margin_bits: float = 0.05
    seen_share: float = 0.05
    blind_networks: float = 0.5


def blindness(
    evidence: Evidence,
    case: Case,
    finding: Finding,
    threshold: float,
    direction: str,
    resolution: Resolution,
) -> str:
    """Say why a verdict rests on an estimate that could not have come out otherwise.

    A layer that stays at the ceiling cannot be seen to lose anything, and has all labels in cells
    of their own; a layer that is measured too coarsely had nothing to lose.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    finding : Finding
        Its `blindness` says which way blindness pushes the estimate.
    threshold : float
    direction : str
    resolution : Resolution

    Returns
    -------
    text : str
        Empty if the estimate could see, or the verdict goes against what blindness would give.
    """
    if case.estimator is None or not _rests_on_blindness(finding, threshold, direction):
        return ""
    texts = []
    for one in case.runs:
        found = evidence.planes(one)
        for place in finding.seen:
            name = layer_name(int(found.layers[place]), len(found.layers))
            for kind, blind in _blind_networks(evidence, one, place, finding, resolution).items():
                if blind.size and blind.mean() > resolution.blind_networks:
                    count = f"{int(blind.sum())} of {blind.size} networks"
                    beside = f" ({one.run})" if len(case.runs) > 1 else ""
                    texts.append(f"{name} is {kind} in {count}{beside}")
    return "; ".join(texts)


def _rests_on_blindness(finding: Finding, threshold: float, direction: str) -> bool:
    own = verdict(finding.interval.low, finding.interval.high, threshold, direction)
    if not finding.blindness or own not in (SUPPORTED, REFUTED):
        return False
    small = (own == SUPPORTED) == (direction in AT_MOST)
    return {"small": small, "large": not small, "either": True}[finding.blindness]


def _blind_networks(
    evidence: Evidence, case: Case, place: int, finding: Finding, resolution: Resolution
) -> dict[str, np.ndarray]:
    """Return which networks are blind in a layer, by what makes them so."""
    found = evidence.planes(case)
    inputs, blind = found.measured["mi_input_bits"][:, :, place], {}
    if "ceiling_bits" in found.measured and found.inits.size:
        ceiling = found.measured["ceiling_bits"][:, finding.seen_at, place]
        margin = resolution.ceiling_margin_bits
        blind["at its ceiling"] = inputs[:, finding.seen_at] >= ceiling - margin
    finest = evidence.tables["information"].get((case.run, resolution.finest))
    has_floor = finding.blindness == "small" or finding.rests_on_drops
    if has_floor and finest is not None and case.estimator != resolution.finest:
        shared = np.intersect1d(found.inits, finest.inits)
        largest, held = (
            each.measured["mi_input_bits"][np.isin(each.inits, shared), :, place].max(axis=1)
            for each in (found, finest)
        )
        coarse = largest < resolution.floor_share * held
        if finding.rests_on_drops:
            lost = summarise(found)["lost_share"][np.isin(found.inits, shared), place]
            coarse &= lost <= resolution.seen_share
        blind["too coarse to see, below its floor,"] = coarse
    return blind
