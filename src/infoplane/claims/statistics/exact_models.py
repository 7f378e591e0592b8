"""Claim statistics on models with exact information, which has no spread over networks."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.registry import claim_statistic
from infoplane.claims.statistics.gradient_noise import LATE_SHARE, fall_factors
from infoplane.statistics import Interval, proportion


@claim_statistic(needs=(), unit="bits", of_models=True)
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


@claim_statistic(needs=(), unit="bits", of_models=True)
def exact_drop(
    evidence: Evidence, case: Case, *, overtrained: list[str], least_error_ratio: float
) -> Finding:
    """Measure how far the exact I(X;T) of linear networks drops after its peak.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.linear_network`.
    case : Case
    overtrained : list of str
        Models whose networks must be overtrained for the claim to be about such networks.
    least_error_ratio : float
        There, the condition that the test error at the end is at least so many times the smallest
        one along training, averaged over networks.

    Returns
    -------
    Finding
        The layer with the largest mean drop decides.
    """
    runs = _TrainedModel(evidence, case)
    bits, errors = runs.measured("mi_input_bits"), runs.measured("test_error")[:, :, 0]
    drops = bits.max(axis=1) - bits[:, -1]
    conditions = ()
    if case.run in overtrained:
        ratios = errors[:, -1] / errors.min(axis=1)
        text = "test error at the end over the smallest, mean,"
        interval = evidence.resampling.mean(ratios)
        conditions = (Condition(text, interval, least_error_ratio, "at_least"),)
    means = evidence.resampling.means(drops)
    return Finding(
        "exact drop of I(X;T) after its peak, mean, largest of the hidden layers, bits",
        evidence.resampling.interval(means.max(axis=1)),
        runs.inits,
        drops,
        runs.diverged,
        conditions,
    )


@claim_statistic(needs=(), unit="share", of_models=True)
def exact_drop_given_snr_fall(evidence: Evidence, case: Case, *, least_fall: float) -> Finding:
    """Measure the exact drop of a model whose gradients' signal-to-noise ratio (SNR) falls.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.scalar_chain`.
    case : Case
    least_fall : float
        The premises: of the first layer the SNR falls at least by this factor, median over
        networks, see `infoplane.claims.statistics.gradient_noise.fall_factors`; and by less in the
        last half of training alone, where it is noise, as a null control.

    Returns
    -------
    Finding
        The share of its largest I(X;T) that the first layer loses until the end.
    """
    runs, resampling = _TrainedModel(evidence, case), evidence.resampling
    bits, snr = (runs.measured(name)[:, :, :1] for name in ("mi_input_bits", "snr"))
    late = runs.epochs >= LATE_SHARE * runs.epochs[-1]
    falls = fall_factors(snr, runs.epochs), fall_factors(snr[:, late], runs.epochs[late])
    whole, noise = (resampling.median(factors[:, 0]) for factors in falls)
    peak = bits.max(axis=1)
    lost = np.divide(peak - bits[:, -1], peak, out=np.zeros_like(peak), where=peak > 0)[:, 0]
    return Finding(
        "share of the largest exact I(X;T) that is lost at the end, mean, first layer",
        resampling.mean(lost),
        runs.inits,
        lost,
        runs.diverged,
        premises=(
            Condition("the SNR falls by the factor", whole, least_fall, "at_least"),
            Condition("in the last half alone, by the factor", noise, least_fall, "below"),
        ),
    )


@claim_statistic(needs=(), unit="share", of_models=True)
def irrelevant_fall(
    evidence: Evidence, case: Case, *, share_of_fit: float, least_share_before: float
) -> Finding:
    """Measure how much of its information on irrelevant inputs the last hidden layer loses.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.linear_network` with irrelevant inputs.
    case : Case
    share_of_fit : float
        Of all that the training error falls, from the first snapshot to its least.
    least_share_before : float
        The condition that in at least this share of networks the information on irrelevant inputs
        peaks before the training error has fallen by `share_of_fit`.

    Returns
    -------
    Finding
        The share of the peak that is lost at the end, averaged over networks.
    """
    runs = _TrainedModel(evidence, case)
    bits, errors = (runs.measured(name)[:, :, -1] for name in ("mi_irrelevant_bits", "train_error"))
    peak = bits.max(axis=1)
    lost = np.divide(peak - bits[:, -1], peak, out=np.zeros_like(peak), where=peak > 0)
    fallen = errors[:, :1] - errors >= share_of_fit * (errors[:, :1] - errors.min(axis=1)[:, None])
    before = bits.argmax(axis=1) < fallen.argmax(axis=1)
    condition = Condition(
        f"share of networks where it peaks before {100 * share_of_fit:g} % of the fit,",
        proportion(before, evidence.resampling.confidence),
        least_share_before,
        "at_least",
    )
    return Finding(
        "share of the largest information on irrelevant inputs that is lost at the end, mean",
        evidence.resampling.mean(lost),
        runs.inits,
        lost,
        runs.diverged,
        (condition,),
    )


@claim_statistic(needs=(), unit="bits", of_models=True)
def invariance_excess(
    evidence: Evidence, case: Case, *, against: str, least_sufficiency: float
) -> Finding:
    """Measure by how much a layer tells more of a nuisance than its bound allows.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.linear_network` with irrelevant inputs, the nuisance n.
    case : Case
    against : str
        What I(X;T) less is the bound on I(T;n): ``task_bits``, I(X;Y), as it is stated for T that
        is sufficient, or ``mi_label_bits``, I(T;Y), for any T.
    least_sufficiency : float
        The premise that at some snapshot the mean I(T;Y) is at least this share of I(X;Y), and
        those snapshots count; with 0 all do.

    Returns
    -------
    Finding
        The largest mean excess in bits over snapshots and layers; at most 0 where the bound holds.
        The null takes the relevant inputs for n, which are no nuisance.
    """
    if against not in ("task_bits", "mi_label_bits"):
        raise ClaimError(
            f"claim {case.claim}: against {against!r} is not one of: task_bits, mi_label_bits"
        )
    runs, resampling = _TrainedModel(evidence, case), evidence.resampling
    bound = runs.measured("mi_input_bits") - runs.measured(against)
    sizes = len(runs.inits), -1
    shares = (runs.measured("mi_label_bits") / runs.measured("task_bits")).reshape(sizes)
    sufficiency = resampling.means(shares)
    counted = sufficiency[0] >= least_sufficiency
    if not counted.any():
        counted[:] = True
    excess, null = (
        resampling.means((runs.measured(name) - bound).reshape(sizes)[:, counted]).max(axis=1)
        for name in ("mi_irrelevant_bits", "mi_relevant_bits")
    )
    name = {"task_bits": "I(X;Y)", "mi_label_bits": "I(T;Y)"}[against]
    return Finding(
        f"I(T;nuisance) - (I(X;T) - {name}), mean, largest of the layers at {counted.sum()} of "
        f"{counted.size} snapshots, bits",
        resampling.interval(excess),
        runs.inits,
        (runs.measured("mi_irrelevant_bits") - bound).reshape(sizes)[:, counted],
        runs.diverged,
        premises=(
            Condition(
                "I(T;Y) / I(X;Y), mean, largest,",
                resampling.interval(sufficiency.max(axis=1)),
                least_sufficiency,
                "at_least",
            ),
        ),
        null=resampling.interval(null),
    )


class _TrainedModel:
    """Arrange the table of a model with initialisations, epochs and layers."""

    def __init__(self, evidence: Evidence, case: Case):
        self._table = evidence.model(case, case.run)
        if "init" not in self._table:
            raise ClaimError(f"claim {case.claim}: model {case.run!r} has no initialisations")
        self._kept = self._table["status"] == "ok"
        self.diverged = tuple(np.unique(self._table["init"][~self._kept]).tolist())
        self.inits = np.unique(self._table["init"][self._kept])
        self.epochs = np.unique(self._table["epoch"][self._kept])

    def measured(self, column: str) -> np.ndarray:
        """Return a column as an array of shape (inits, epochs, layers)."""
        axes = [
            np.unique(self._table[name][self._kept], return_inverse=True)
            for name in ("init", "epoch", "layer")
        ]
        dense = np.full([labels.size for labels, _ in axes], np.nan)
        dense[tuple(places for _, places in axes)] = self._table[column][self._kept]
        return dense
