"""Claim statistics on how the drop depends on the optimiser, network by network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding, PairedDrops, paired_drops
from infoplane.claims.layers import layers_text
from infoplane.claims.learning import learning
from infoplane.claims.registry import claim_statistic
from infoplane.claims.trajectories import unselected_peak
from infoplane.statistics import Interval

UNTIL = {"end": "at the end", "equal_training_loss": "at equal training loss"}


@claim_statistic(needs=("estimator",), unit="ratio", paired=True, table="metrics")
def drop_ratio(
    evidence: Evidence,
    case: Case,
    *,
    layers: str | list[int],
    least_reference_lost_share: float,
    until: str = "end",
) -> Finding:
    """Measure the drop in a run as a ratio to that in the reference run, initialisations paired.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layers : str or list of int
        The drop is averaged over them.
    least_reference_lost_share : float
        The ratio says something only if the reference run's drop is on average at least this share
        of its peak.
    until : str
        Where paths end, one of `UNTIL`: at the ``end`` of training, or at
        ``equal_training_loss``, where each first reaches the lowest training loss that both
        networks of a pair reach. Needs the table ``metrics``.

    Returns
    -------
    Finding
    """
    if until not in UNTIL:
        raise ClaimError(f"claim {case.claim}: until {until!r} is not one of: {', '.join(UNTIL)}")
    measured_drops = paired_drops if until == "end" else drops_at_equal_loss
    pairs = measured_drops(evidence, *case.runs, layers)
    drops = pairs.drops.mean(axis=2)
    text = (
        f"ratio of the drops of I(X;T), {case.run} to {case.reference}, paired, {UNTIL[until]}, "
        f"{layers_text(evidence.planes(case), pairs.chosen, 'mean')}"
    )
    return Finding(
        text,
        evidence.resampling.ratio_of_means(*drops),
        pairs.inits,
        drops.T,
        pairs.diverged,
        premises=(_reference_drops(evidence, case, pairs, least_reference_lost_share),),
        decided_by=tuple(pairs.chosen),
        blindness="either",
        rests_on_drops=True,
        seen=tuple(pairs.chosen),
    )


def drops_at_equal_loss(
    evidence: Evidence, first: Case, second: Case, layers: str | list[int]
) -> PairedDrops:
    """Measure the drops of the networks that two runs share, as far as both have learnt.

    Parameters
    ----------
    evidence : Evidence
    first, second : Case
        Of one run each.
    layers : str or list of int

    Returns
    -------
    PairedDrops
        Of paths that end where the training loss is first as low as the higher of the two lowest
        losses.
    """
    pairs = paired_drops(evidence, first, second, layers)
    paths, losses = [], []
    for one in (first, second):
        found = evidence.planes(one)
        kept = np.isin(found.inits, pairs.inits)
        paths.append(found.measured["mi_input_bits"][kept][:, :, pairs.chosen])
        losses.append(learning(evidence, one, "train_loss")[kept])
    drops = np.empty_like(pairs.drops)
    for place in range(len(pairs.inits)):
        level = max(own[place].min() for own in losses)
        for run, (path, own) in enumerate(zip(paths, losses, strict=True)):
            upto = path[place : place + 1, : int(np.argmax(own[place] <= level)) + 1]
            drops[run, place] = (unselected_peak(upto) - upto[:, -1])[0]
    return replace(pairs, drops=drops)


def _reference_drops(evidence: Evidence, case: Case, pairs: PairedDrops, least: float) -> Condition:
    """Ask whether the reference run drops, under an estimator of any scale."""
    found = evidence.planes(case.runs[1])
    kept = np.isin(found.inits, pairs.inits)
    peaks = unselected_peak(found.measured["mi_input_bits"][kept][:, :, pairs.chosen])
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(peaks > 0, pairs.drops[1] / peaks, 0.0).mean(axis=1)
    text = f"share of the peak that {case.reference} loses, mean,"
    return Condition(text, evidence.resampling.mean(shares), least, "at_least")


@claim_statistic(needs=("estimator",), unit="correlation", paired=True)
def drop_agreement(
    evidence: Evidence,
    case: Case,
    *,
    layers: str | list[int],
    least_reference_lost_share: float,
    largest_spread: float,
) -> Finding:
    """Correlate the drops of the same initialisations under two optimisers.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layers : str or list of int
        The drop is averaged over them.
    least_reference_lost_share : float
        The premise that there are drops: on average the reference run's is at least this share of
        its peak.
    largest_spread : float
        The condition that two drops of one network are alike: the standard deviation of their
        differences over that of differences between networks drawn at random, which would be 1
        if the initialisation did not matter.

    Returns
    -------
    Finding
        Spearman's correlation over initialisations. Its null control is the correlation with the
        next initialisation of the other run.

    References
    ----------
    Bland & Altman (1986), Lancet: two measurements agree by the spread of their differences, not
    by their correlation.
    """
    pairs = paired_drops(evidence, *case.runs, layers)
    drops = pairs.drops.mean(axis=2)
    spread = Condition(
        "spread of the differences within initialisations over that between them",
        evidence.resampling.interval(_spreads(evidence, drops)),
        largest_spread,
        "at_most",
    )
    text = (
        f"rank correlation over initialisations of the drop of I(X;T) in {case.run} with that in "
        f"{case.reference}, {layers_text(evidence.planes(case), pairs.chosen, 'mean')}"
    )
    return Finding(
        text,
        evidence.resampling.rank_correlation(*drops),
        pairs.inits,
        drops.T,
        pairs.diverged,
        conditions=(spread,),
        premises=(_reference_drops(evidence, case, pairs, least_reference_lost_share),),
        decided_by=tuple(pairs.chosen),
        blindness="either",
        rests_on_drops=True,
        seen=tuple(pairs.chosen),
        null=_shifted(evidence, pairs, drops),
    )


def _spreads(evidence: Evidence, drops: np.ndarray) -> np.ndarray:
    """Return the spread of differences within over that between initialisations, resampled."""
    first, second = drops
    columns = [first - second, (first - second) ** 2, first, first**2, second, second**2]
    means = evidence.resampling.means(np.column_stack(columns))
    variances = [means[:, 2 * k + 1] - means[:, 2 * k] ** 2 for k in range(3)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(np.maximum(variances[0], 0) / (variances[1] + variances[2]))


def _shifted(evidence: Evidence, pairs: PairedDrops, drops: np.ndarray) -> Interval | None:
    """Return the correlation with the next network of the other run, which shares nothing."""
    if pairs.inits.size < 2:
        return None
    return evidence.resampling.rank_correlation(drops[0], np.roll(drops[1], 1))
