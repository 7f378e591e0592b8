"""How far a verdict hangs on its threshold, and how well the threshold agrees with the finding."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from infoplane.claims.findings import Condition, Finding
from infoplane.statistics import INCONCLUSIVE, REFUTED, SUPPORTED, conjunction, verdict

AT_MOST = ("at_most", "below")


def finding_verdict(finding: Finding, own: str) -> str:
    """Return the verdict on a finding: all its conditions hold, if its premises do.

    Parameters
    ----------
    finding : Finding
    own : str
        The verdict on its interval alone.

    Returns
    -------
    verdict : str
        ``inconclusive`` unless every premise is supported.
    """
    if any(premise.verdict != SUPPORTED for premise in finding.premises):
        return INCONCLUSIVE
    return conjunction([own, *(condition.verdict for condition in finding.conditions)])


def told_from_null(finding: Finding, threshold: float, direction: str) -> Finding:
    """Return a finding with the premise that the effect it shows is more than its null control.

    Parameters
    ----------
    finding : Finding
    threshold : float
    direction : str

    Returns
    -------
    Finding
        The same if it shows no effect, has no null control network by network, or is refuted by a
        condition that has nothing to do with drops.
    """
    interval = finding.interval
    own = finding_verdict(finding, verdict(interval.low, interval.high, threshold, direction))
    effect = REFUTED if direction in AT_MOST else SUPPORTED
    refuted = any(each.verdict == REFUTED and not each.of_drops for each in finding.conditions)
    if finding.beyond_null is None or own != effect or refuted:
        return finding
    premise = Condition("what it is beyond its null control,", finding.beyond_null, 0.0, "above")
    return replace(finding, premises=(*finding.premises, premise))


def holding_thresholds(finding: Finding, threshold: float, direction: str) -> tuple[float, float]:
    """Return between which thresholds the verdict on a finding stays the same.

    Parameters
    ----------
    finding : Finding
    threshold : float
    direction : str

    Returns
    -------
    low, high : float
        Infinite where the verdict never turns on that side. At the ends themselves the direction
        decides.
    """
    ends = finding.interval.low, finding.interval.high
    if any(map(math.isnan, ends)):
        return -math.inf, math.inf
    order = (SUPPORTED, INCONCLUSIVE, REFUTED)
    if direction in AT_MOST:
        order = order[::-1]
    place = order.index(verdict(*ends, threshold, direction))
    combined = [finding_verdict(finding, own) for own in order]
    edges = (-math.inf, *ends, math.inf)
    first = last = place
    while first > 0 and combined[first - 1] == combined[place]:
        first -= 1
    while last < 2 and combined[last + 1] == combined[place]:
        last += 1
    return edges[first], edges[last + 1]


def p_value(finding: Finding, threshold: float, direction: str) -> float:
    """Return how surprising a finding would be if its verdict were wrong.

    Parameters
    ----------
    finding : Finding
    threshold : float
    direction : str

    Returns
    -------
    float
        Two-sided, of the threshold against the estimate. Support needs every condition, so that
        the largest p-value counts (Berger 1982, "Multiparameter hypothesis testing", the
        intersection-union test); one condition refutes, so that the smallest counts times their
        number (Bonferroni). NaN where a premise fails or nothing is known.
    """
    if any(premise.verdict != SUPPORTED for premise in finding.premises):
        return math.nan
    interval = finding.interval
    own = verdict(interval.low, interval.high, threshold, direction)
    parts = [(own, interval.p_value(threshold))]
    parts += [(each.verdict, each.interval.p_value(each.threshold)) for each in finding.conditions]
    if finding_verdict(finding, own) == REFUTED:
        against = [value for found, value in parts if found == REFUTED]
        return min(1.0, len(parts) * float(np.min(against)))
    return float(np.max([value for _, value in parts]))
