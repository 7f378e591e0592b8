"""Claim statistics on whether networks that compress are those that generalise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import DROP, Finding
from infoplane.claims.layers import at_the_end, choose_layers, layers_text, measured
from infoplane.claims.learning import learning, lost_shares
from infoplane.claims.registry import claim_statistic
from infoplane.statistics import LEAST_RANKED, Interval, Resampling

# Each with the sign that makes more of it more compression, or more generalisation.
COMPRESSION = {
    "net_drop_bits": ("drop of I(X;T) after its peak", 1),
    "final_input_bits": ("final I(X;T), its sign turned,", -1),
    "final_conditional_bits": ("final I(X;T|Y), its sign turned,", -1),
}
GENERALISATION = {
    "test_accuracy": ("final test accuracy", 1),
    "test_loss": ("final test loss, its sign turned", -1),
}
CELLS = ("compress and generalise", "compress alone", "generalise alone", "do neither")


@claim_statistic(needs=("estimator",), unit="correlation", table="metrics", pools=True)
def generalisation_with_compression(
    evidence: Evidence,
    case: Case,
    *,
    compression: str,
    generalisation: str,
    layers: str | list[int],
) -> Finding:
    """Measure whether networks that compress more generalise better, at equal training loss.

    Parameters
    ----------
    evidence : Evidence
        Its table ``metrics`` has the learning curves.
    case : Case
        Of several runs the ranks within each are taken together; what differs between their means
        is told apart.
    compression : str
        One of `COMPRESSION`. I(X;T|Y) is I(X;T) - I(T;Y), since T follows from X alone.
    generalisation : str
        One of `GENERALISATION`.
    layers : str or list of int
        Averaged.

    Returns
    -------
    Finding
        Spearman's partial rank correlation over networks, given the final training loss.
    """
    _require(case, "compression", compression, COMPRESSION)
    _require(case, "generalisation", generalisation, GENERALISATION)
    columns = [
        compression_and_learning(evidence, one, compression, generalisation, layers)
        for one in case.runs
    ]
    found = [evidence.planes(one) for one in case.runs]
    resampling = evidence.resampling
    products = aligned([rank_products(resampling, own) for own in columns]).sum(axis=0)
    interval = resampling.interval(partial_correlations(products))
    networks = sum(own.shape[1] for own in columns)
    if networks < LEAST_RANKED and not np.isnan(interval.estimate):
        interval = Interval(interval.estimate, -1.0, 1.0)
    chosen = choose_layers(case, found[0], layers)
    text = (
        f"rank correlation of {COMPRESSION[compression][0]} with "
        f"{GENERALISATION[generalisation][0]} at equal final training loss, over networks, "
        f"{layers_text(found[0], chosen, 'mean')}"
    )
    if len(columns) > 1:
        text += f"; {_between(resampling, columns)}"
    return Finding(
        text,
        interval,
        np.concatenate([one.inits for one in found]),
        np.concatenate(columns, axis=1).T,
        tuple(init for one in found for init in one.diverged),
        decided_by=tuple(chosen),
        blindness="either",
        rests_on_drops=compression == DROP,
        seen=tuple(chosen),
    )


def _between(resampling: Resampling, columns: Sequence[np.ndarray]) -> str:
    """Say how the means of conditions are related, which are few."""
    means = np.stack([own.mean(axis=1) for own in columns if own.size], axis=1)
    found = resampling.rank_correlation(means[0], means[1])
    return f"of the means of the {means.shape[1]} conditions {found}, training loss not held equal"


@claim_statistic(needs=("estimator",), unit="share", table="metrics", pools=True)
def four_cells(
    evidence: Evidence,
    case: Case,
    *,
    layers: str | list[int],
    least_lost_share: float,
    least_test_accuracy: float,
    least_training_accuracy: float,
) -> Finding:
    """Measure whether some condition's networks are in each cell of compression by generalisation.

    Parameters
    ----------
    evidence : Evidence
        Its table ``metrics`` has the learning curves.
    case : Case
        Of several runs.
    layers : str or list of int
        Averaged.
    least_lost_share : float
        A network compresses if its drop is at least this share of its largest I(X;T).
    least_test_accuracy : float
        A network generalises if its final test accuracy is at least this.
    least_training_accuracy : float
        Networks whose final training accuracy is below this have learnt nothing that could carry
        over, and are left out.

    Returns
    -------
    Finding
        Of each cell the share of networks in the condition that has most there; the smallest of
        the four. What every network contributes is its share lost, its test accuracy and its
        training accuracy.
    """
    found = [evidence.planes(one) for one in case.runs]
    resampling = evidence.resampling
    columns, shares = [], []
    for one, plane in zip(case.runs, found, strict=True):
        chosen = choose_layers(one, plane, layers)
        lost = lost_shares(one, evidence, chosen)
        test, training = (learning(evidence, one, f"{part}_accuracy") for part in ("test", "train"))
        columns.append(np.stack([lost, test[:, -1], training[:, -1]]))
        learnt = columns[-1][2] >= least_training_accuracy
        compress, general = lost >= least_lost_share, columns[-1][1] >= least_test_accuracy
        cells = [compress & general, compress & ~general, ~compress & general, ~compress & ~general]
        # Without a network that has learnt, the means are NaN.
        shares.append((one.run, resampling.means(np.stack(cells, axis=1)[learnt].astype(float))))
    text, smallest = _fullest(shares)
    learnt = sum(int((own[2] >= least_training_accuracy).sum()) for own in columns)
    networks = sum(own.shape[1] for own in columns)
    return Finding(
        f"share of networks, of the condition with most of them, that {text}; smallest of the "
        f"four, {learnt} of {networks} networks having learnt, "
        f"{layers_text(found[0], chosen, 'mean')}",
        resampling.interval(smallest),
        np.concatenate([one.inits for one in found]),
        np.concatenate(columns, axis=1).T,
        tuple(init for one in found for init in one.diverged),
        decided_by=tuple(chosen),
        blindness="either",
        rests_on_drops=True,
        seen=tuple(chosen),
    )


def _fullest(shares: Sequence[tuple[str, np.ndarray]]) -> tuple[str, np.ndarray]:
    """Say in which condition each cell is fullest, and return the emptiest of these four.

    Parameters
    ----------
    shares : sequence of (str, array of float, shape (rows, 4))
        Replicates of each condition's shares.

    Returns
    -------
    text : str
    smallest : array of float, shape (rows,)
    """
    there = [(run, own) for run, own in shares if not np.isnan(own).any()]
    if not there:
        return "are in a cell", np.full(len(shares[0][1]), np.nan)
    stacked = aligned([own for _, own in there])
    best = stacked[:, 0].argmax(axis=0)
    parts = [
        f"{cell}: {stacked[place, 0, number]:.3g} of {there[place][0]}"
        for number, (cell, place) in enumerate(zip(CELLS, best, strict=True))
    ]
    return ", ".join(parts), stacked.max(axis=0).min(axis=1)


def compression_and_learning(
    evidence: Evidence, case: Case, compression: str, generalisation: str, layers: str | list[int]
) -> np.ndarray:
    """Return compression, generalisation and final training loss of each network of a run.

    Parameters
    ----------
    evidence : Evidence
        Its table ``metrics`` has the learning curves.
    case : Case
        Of one run.
    compression, generalisation : str
        Of `COMPRESSION` and `GENERALISATION`.
    layers : str or list of int
        Averaged.

    Returns
    -------
    columns : array of float, shape (3, inits)
    """
    found = evidence.planes(case)
    chosen = choose_layers(case, found, layers)
    if compression == "final_conditional_bits":
        values = at_the_end(found.complete("mi_input_bits") - found.complete("mi_label_bits"))
    else:
        values = measured(case, found, compression)
    curves = [learning(evidence, case, name) for name in (generalisation, "train_loss")]
    return np.stack(
        [
            COMPRESSION[compression][1] * values[:, chosen].mean(axis=1),
            GENERALISATION[generalisation][1] * curves[0][:, -1],
            curves[1][:, -1],
        ]
    )


def rank_products(resampling: Resampling, columns: np.ndarray) -> np.ndarray:
    """Return the sums of products of centred ranks of measurements on the same networks.

    Parameters
    ----------
    resampling : Resampling
    columns : array of float, shape (measurements, inits)
        Ties share their mean rank.

    Returns
    -------
    products : array of float, shape (1 + resamples + inits, measurements, measurements)
        Of ranks over the number of networks, so that the products of several conditions add up:
        their sum is that of ranks within conditions.
    """
    count = columns.shape[1]
    if not count:
        return np.zeros((1 + resampling.resamples, len(columns), len(columns)))
    products = []
    for drawn in resampling.draws(count):
        ranks = scipy.stats.rankdata(columns[:, drawn], axis=2)
        # Centred first: these numbers are exact, and what is constant is 0.
        ranks = (ranks - (drawn.shape[1] + 1) / 2) / count
        products.append(np.einsum("irn,jrn->rij", ranks, ranks))
    return np.concatenate(products)


def aligned(replicates: Sequence[np.ndarray]) -> np.ndarray:
    """Stack the replicates of several conditions, row by row.

    Parameters
    ----------
    replicates : sequence of array, each of shape (1 + resamples + inits, ...)

    Returns
    -------
    stacked : array, shape (conditions, 1 + resamples + most inits, ...)
        The last rows leave one initialisation out of all conditions; nothing of those that have
        no such.
    """
    rows = max(map(len, replicates))
    return np.stack(
        [np.concatenate([own, np.repeat(own[:1], rows - len(own), axis=0)]) for own in replicates]
    )


def partial_correlations(products: np.ndarray) -> np.ndarray:
    """Return the correlation of the first two measurements given the third.

    Parameters
    ----------
    products : array of float, shape (rows, 3, 3)
        Sums of products of what is centred.

    Returns
    -------
    correlations : array of float, shape (rows,)
        NaN where a measurement is constant, or follows from the third. A third that is constant
        explains nothing.
    """
    third = products[:, 2, 2]
    slopes = np.divide(
        products[:, :2, 2],
        third[:, None],
        out=np.zeros_like(products[:, :2, 2]),
        where=third[:, None] > 0,
    )
    left = products[:, :2, :2] - slopes[:, :, None] * products[:, None, :2, 2]
    first, second = left[:, 0, 0], left[:, 1, 1]
    # What rounding leaves of a measurement that follows from the third.
    defined = (first > 1e-12 * products[:, 0, 0]) & (second > 1e-12 * products[:, 1, 1])
    correlations = np.full(len(products), np.nan)
    correlations[defined] = left[defined, 0, 1] / np.sqrt(first[defined] * second[defined])
    return np.clip(correlations, -1, 1)


def _require(case: Case, key: str, value: str, allowed) -> None:
    if value not in allowed:
        raise ClaimError(f"claim {case.claim}: {key} {value!r} is not one of: {', '.join(allowed)}")
