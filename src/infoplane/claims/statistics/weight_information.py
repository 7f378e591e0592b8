"""Claim statistics on information in the weights, beside information in activations."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import at_the_end, choose_layers, layers_text
from infoplane.claims.null_controls import peak_null
from infoplane.claims.registry import claim_statistic
from infoplane.claims.statistics.generalisation import (
    aligned,
    compression_and_learning,
    partial_correlations,
    rank_products,
)
from infoplane.claims.statistics.snr_transition import event_search
from infoplane.statistics import LEAST_RANKED, Interval, Resampling, proportion

QUANTITIES = {
    "information_nats": "information in the weights",
    "squared_norm": "squared norm of the weights",
}
"""What may predict generalisation, in words: the less of it the better."""

WHOLE = 0
"""What stands for the layer where all weights of a network are meant."""
DEAD = 1e-12
"""Share of its largest value below which a Fisher trace is that of a dead network."""


@claim_statistic(needs=(), unit="share", table="fisher", of_planes=False)
def fisher_rise_and_fall(
    evidence: Evidence,
    case: Case,
    *,
    largest_initial_share: float,
    least_standing_out: float,
    events: dict,
) -> Finding:
    """Measure which share of its largest value the Fisher trace has at the end of training.

    Parameters
    ----------
    evidence : Evidence
        Its table ``fisher`` has the trace of every layer, and of all as layer 0.
    case : Case
    largest_initial_share : float
        The condition of a rise: before training the trace is at most this share of its largest
        value, mean over networks.
    least_standing_out : float
        The condition that in at least this share of networks the fall is larger than noise alone
        makes it; see `infoplane.claims.null_controls.peak_null`, of the trace's logarithm.
    events : dict
        The fields of `infoplane.claims.transitions.EventSearch`.

    Returns
    -------
    Finding
        The mean over networks; the null is what the noise of a trace that never falls gives.
    """
    found, search = evidence.table(case, "fisher"), event_search(case, events)
    (place,) = choose_layers(case, found, [WHOLE])
    traces = found.complete("fisher_trace")[:, :, place]
    largest = np.maximum(traces.max(axis=1, initial=0.0), np.finfo(float).tiny)
    shares, resampling = traces / largest[:, None], evidence.resampling
    logarithms = np.log2(np.maximum(shares, DEAD))[:, :, None]
    null = peak_null(logarithms, found.epochs, found.inits, search)
    final, initial = (at_the_end(shares[:, ::step, None])[:, 0] for step in (1, -1))
    conditions = (
        Condition(
            "initial over largest trace, mean,",
            resampling.mean(initial),
            largest_initial_share,
            "at_most",
        ),
        Condition(
            "share of networks whose trace falls by more than noise explains",
            proportion(null.stands_out(search)[:, 0], resampling.confidence),
            least_standing_out,
            "at_least",
        ),
    )
    return Finding(
        "final over largest trace of the Fisher information, all weights, mean",
        resampling.mean(final),
        found.inits,
        np.column_stack([final, initial]),
        found.diverged,
        conditions,
        null=resampling.mean(2.0 ** -null.null_sizes[:, 0]),
    )


@claim_statistic(
    needs=("estimator",),
    unit="correlation",
    table="metrics",
    also=("weight_information",),
    pools=True,
)
def weights_against_activations(
    evidence: Evidence,
    case: Case,
    *,
    quantity: str,
    compression: str,
    generalisation: str,
    layers: str | list[int],
) -> Finding:
    """Measure how much better weights tell generalisation than activations do.

    Parameters
    ----------
    evidence : Evidence
        Its table ``metrics`` has the learning curves, its table ``weight_information`` what the
        weights hold, all of them as layer 0.
    case : Case
        Of several runs the ranks within each are taken together.
    quantity : str
        One of `QUANTITIES`, at the end of training.
    compression, generalisation, layers
        As for `infoplane.claims.statistics.generalisation.generalisation_with_compression`.

    Returns
    -------
    Finding
        The difference of two partial rank correlations with generalisation given the training
        loss, both of the sign that theory expects: of less information in the weights, minus of
        more compression. The null shuffles generalisation over the networks of each condition.
    """
    if quantity not in QUANTITIES:
        raise ClaimError(
            f"claim {case.claim}: quantity {quantity!r} is not one of: {', '.join(QUANTITIES)}"
        )
    resampling, found = evidence.resampling, [evidence.planes(one) for one in case.runs]
    columns = [
        np.vstack(
            [
                _of_weights(evidence, one, quantity),
                compression_and_learning(evidence, one, compression, generalisation, layers),
            ]
        )
        for one in case.runs
    ]
    difference, told = _difference(resampling, columns)
    shuffled = [
        np.stack([own[0], own[1], _shuffled(resampling, own[2]), own[3]]) for own in columns
    ]
    chosen = choose_layers(case, found[0], layers)
    return Finding(
        f"rank correlation with {generalisation.replace('_', ' ')} at equal training loss, over "
        f"networks: that of less {QUANTITIES[quantity]} ({told[0]:.2f}) minus that of more "
        f"compression ({told[1]:.2f}, {layers_text(found[0], chosen, 'mean')})",
        difference,
        np.concatenate([one.inits for one in found]),
        np.concatenate(columns, axis=1).T,
        tuple(init for one in found for init in one.diverged),
        decided_by=tuple(chosen),
        blindness="either",
        seen=tuple(chosen),
        null=_difference(resampling, shuffled)[0],
    )


def _difference(
    resampling: Resampling, columns: list[np.ndarray]
) -> tuple[Interval, tuple[float, float]]:
    """Return how much more the first row tells of the third, given the fourth, than the second."""
    products = aligned([rank_products(resampling, own) for own in columns]).sum(axis=0)
    pair = [partial_correlations(products[:, rows][:, :, rows]) for rows in ([0, 2, 3], [1, 2, 3])]
    interval = resampling.interval(pair[0] - pair[1])
    networks = sum(own.shape[1] for own in columns)
    if networks < LEAST_RANKED and not np.isnan(interval.estimate):
        interval = Interval(interval.estimate, -2.0, 2.0)
    return interval, (pair[0][0], pair[1][0])


def _of_weights(evidence: Evidence, case: Case, quantity: str) -> np.ndarray:
    """Return the final information in all weights of each network, its sign turned."""
    planes, found = evidence.planes(case), evidence.table(case, "weight_information")
    there = np.isin(found.inits, planes.inits)
    if there.sum() != planes.inits.size:
        raise ClaimError(
            f"claim {case.claim}: weight_information of run {case.run!r} lacks networks of its "
            "information"
        )
    (place,) = choose_layers(case, found, [WHOLE])
    return -at_the_end(found.complete(quantity))[there, place]


def _shuffled(resampling: Resampling, values: np.ndarray) -> np.ndarray:
    seeds = np.random.SeedSequence(resampling.seed, spawn_key=(len(values),))
    return np.random.default_rng(seeds).permutation(values)
