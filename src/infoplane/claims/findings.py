"""What a claim statistic finds in one case, and the parts that several statistics share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.layers import (
    choose_layers,
    combine_layers,
    deciding_layers,
    layers_text,
    measured,
)
from infoplane.claims.trajectories import noise_alone, summarise, unselected_peak
from infoplane.statistics import Interval, verdict

DROP = "net_drop_bits"
"""The drop that claims are about."""

TEXTS = {
    "initial_input_bits": "initial I(X;T)",
    "peak_input_bits": "largest I(X;T)",
    "peak_epoch": "epoch of the largest I(X;T)",
    "final_input_bits": "final I(X;T)",
    "drop_bits": "largest minus final I(X;T)",
    "net_drop_bits": "drop of I(X;T) after its peak",
    "lost_share": "drop of I(X;T) after its peak over the peak",
    "fall_from_start_bits": "initial minus final I(X;T)",
    "rise_bits": "largest minus initial I(X;T)",
    "net_rise_bits": "rise of I(X;T) to its peak",
    "gained_share": "rise of I(X;T) to its peak over the peak",
    "initial_label_bits": "initial I(T;Y)",
    "peak_label_bits": "largest I(T;Y)",
    "final_label_bits": "final I(T;Y)",
    "label_loss_bits": "largest minus final I(T;Y)",
}


UNITS = {"peak_epoch": "epochs", "lost_share": "share", "gained_share": "share"}
"""Of what is not in bits."""


def unit_of_quantity(parameters: Mapping) -> str:
    """Return the unit of the quantity that a claim's parameters name."""
    if parameters.get("relative_to") is not None:
        return "share"
    return UNITS.get(parameters["quantity"], "bits")


BLINDNESS = {
    **dict.fromkeys(("drop_bits", "net_drop_bits", "lost_share", "label_loss_bits"), "small"),
    **dict.fromkeys(
        ("fall_from_start_bits", "rise_bits", "net_rise_bits", "gained_share"), "small"
    ),
    **dict.fromkeys(("initial_label_bits", "peak_label_bits", "final_label_bits"), "large"),
}
"""What an estimate that cannot see makes of a quantity; see `Finding`."""

OF_NOISE = ("drop_bits", "net_drop_bits", "lost_share")
"""Quantities with a null control: what they are on the trajectories' noise alone."""


@dataclass(frozen=True)
class Condition:
    """Hold a second quantity that decides along with a row's own.

    Attributes
    ----------
    text : str
    interval : Interval
    threshold : float
    direction : str
        Says with the threshold what is asked of the quantity.
    of_drops : bool
        Whether it counts drops, which may be those of noise.
    """

    text: str
    interval: Interval
    threshold: float
    direction: str
    of_drops: bool = False

    @property
    def verdict(self) -> str:
        """Return whether the condition is met."""
        return verdict(self.interval.low, self.interval.high, self.threshold, self.direction)

    def __str__(self) -> str:
        words = self.direction.replace("_", " ")
        return f"{self.text} {self.interval} {words} {self.threshold:g}"


@dataclass(frozen=True)
class Finding:
    """Hold what a claim's statistic is in one case.

    Attributes
    ----------
    statistic : str
        What was measured, with its unit.
    interval : Interval
        Compared with the claim's threshold.
    inits : array of int64, shape (inits,)
        The initialisations used.
    values : array of float, shape (inits,) or (inits, layers)
        What each initialisation contributes.
    diverged : tuple of int
        The initialisations left out.
    conditions : tuple of Condition
        Must hold as well for the claim to be supported.
    premises : tuple of Condition
        Must hold for the case to say anything about the claim.
    decided_by : tuple of int
        Positions of the layers whose estimates decide; empty if not those of single layers.
    blindness : str
        What an estimate that cannot see makes of the statistic: ``small``, ``large`` or
        ``either``; empty if the statistic does not rest on seeing.
    seen : tuple of int
        Positions of the layers that have to be seen.
    seen_at : int
        Position of the epoch at which an estimate at its ceiling is blind: the last, or the first
        of a rise.
    null : Interval or None
        What the same statistic is where there is nothing to find.
    beyond_null : Interval or None
        How far the statistic is above its null control, network by network: an effect is found
        only where this is above 0.
    rests_on_drops : bool
        Whether the statistic compares drops, which have to be seen to be compared.
    quantity : str
        Which one of a trajectory's statistics it is, or the difference of two; empty if neither.
    """

    statistic: str
    interval: Interval
    inits: np.ndarray
    values: np.ndarray
    diverged: tuple[int, ...] = ()
    conditions: tuple[Condition, ...] = ()
    premises: tuple[Condition, ...] = ()
    decided_by: tuple[int, ...] = ()
    blindness: str = ""
    seen: tuple[int, ...] = ()
    seen_at: int = -1
    null: Interval | None = None
    beyond_null: Interval | None = None
    rests_on_drops: bool = False
    quantity: str = ""

    def __str__(self) -> str:
        parts = [self.statistic]
        parts += [f"and {condition}" for condition in self.conditions]
        parts += [f"given {premise}" for premise in self.premises]
        return "; ".join(parts)


def mean_finding(
    evidence: Evidence,
    case: Case,
    chosen: list[int],
    values: np.ndarray,
    text: str,
    unit: str = "bits",
    across: str = "largest",
) -> Finding:
    """Return the mean of a measurement over initialisations, then reduced over layers.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    chosen : list of int
        Positions of the layers.
    values : array of float, shape (inits, layers chosen)
    text, unit : str
        What is measured.
    across : str
        One of `infoplane.claims.layers.ACROSS`.

    Returns
    -------
    Finding
    """
    found = evidence.planes(case)
    replicates = combine_layers(case, evidence.resampling.means(values), across)
    return Finding(
        f"{text}, mean, {layers_text(found, chosen, across)}, {unit}",
        evidence.resampling.interval(replicates),
        found.inits,
        values,
        found.diverged,
        decided_by=deciding_layers(chosen, values, across),
        seen=tuple(chosen),
    )


def with_noise(
    evidence: Evidence, case: Case, finding: Finding, chosen: list[int], across: str
) -> Finding:
    """Add what a quantity is on the trajectories' noise alone, the null control of drops.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    finding : Finding
        Its `quantity` and its `values`, of the chosen layers.
    chosen : list of int
        Positions of the layers.
    across : str

    Returns
    -------
    Finding
        The same if its quantity is not one of `OF_NOISE`.
    """
    found, quantity = evidence.planes(case), finding.quantity
    if quantity not in OF_NOISE or not found.inits.size:
        return finding
    bits = "net_drop_bits" if quantity == "lost_share" else quantity
    values = summarise(noise_alone(found))[bits][:, chosen]
    if quantity == "lost_share":
        peaks = unselected_peak(found.measured["mi_input_bits"])[:, chosen]
        values = np.divide(values, peaks, np.zeros_like(values), where=peaks > 0)
    resampling = evidence.resampling
    own, noise = (
        combine_layers(case, resampling.means(each), across) for each in (finding.values, values)
    )
    return replace(
        finding, null=resampling.interval(noise), beyond_null=resampling.interval(own - noise)
    )


@dataclass(frozen=True)
class PairedDrops:
    """Hold how far the same networks drop in two cases.

    Attributes
    ----------
    inits : array of int64, shape (inits,)
        The initialisations that both cases have.
    drops : array of float64, shape (2, inits, layers)
        In bits, of the chosen layers.
    chosen : list of int
        Positions of the layers.
    diverged : tuple of int
        The initialisations that either case leaves out.
    """

    inits: np.ndarray
    drops: np.ndarray
    chosen: list[int]
    diverged: tuple[int, ...]


def paired_drops(
    evidence: Evidence, first: Case, second: Case, layers: str | list[int]
) -> PairedDrops:
    """Measure the drops of the networks that two cases share.

    Parameters
    ----------
    evidence : Evidence
    first, second : Case
        They differ in their run, whose initialisation i has the same initial weights and split
        in both, or in their estimator.
    layers : str or list of int
        See `infoplane.claims.layers.choose_layers`.

    Returns
    -------
    PairedDrops
    """
    planes = [evidence.planes(case) for case in (first, second)]
    inits = np.intersect1d(*(found.inits for found in planes))
    drops = []
    for case, found in zip((first, second), planes, strict=True):
        chosen = choose_layers(case, found, layers)
        drops.append(measured(case, found, DROP)[np.isin(found.inits, inits)][:, chosen])
    diverged = {init for found in planes for init in found.diverged}
    return PairedDrops(inits, np.stack(drops), chosen, tuple(sorted(diverged)))


def difference_finding(
    evidence: Evidence, case: Case, pairs: PairedDrops, text: str, across: str = "largest"
) -> Finding:
    """Return how much further networks drop in the first case than in the second.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    pairs : PairedDrops
    text : str
        What is measured.
    across : str
        As for `drop_difference`.

    Returns
    -------
    Finding
    """
    drops = np.stack([combine_layers(case, each, across) for each in pairs.drops])
    return Finding(
        f"{text}, paired, mean, {layers_text(evidence.planes(case), pairs.chosen, across)}, bits",
        evidence.resampling.mean(drops[0] - drops[1]),
        pairs.inits,
        drops.T,
        pairs.diverged,
        decided_by=tuple(pairs.chosen),
        blindness="either",
        rests_on_drops=True,
        quantity=DROP,
        seen=tuple(pairs.chosen),
    )
