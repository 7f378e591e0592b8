"""How I(X;T) and another quantity of the same layer go together along training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding, mean_finding
from infoplane.claims.layers import layers_text


def correlation_along_training(
    evidence: Evidence,
    case: Case,
    chosen: list[int],
    other: np.ndarray,
    least_excess: float,
    *,
    sign: int,
    about: str,
    others: str,
) -> Finding:
    """Correlate I(X;T) with another quantity over all snapshots, network by network.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    chosen : list of int
        Positions of layers; the one with the smallest mean correlation decides.
    other : array of float, shape (inits, epochs, layers)
        At the snapshots of the information.
    least_excess : float
        The condition, a null control: two quantities that both move along training correlate
        whatever moves them. So a network's own correlation exceeds by more than this that of its
        information with the quantity of the other networks.
    sign : int
        -1 for the correlation with -I(X;T).
    about, others : str
        The quantity in words, and in the words "the ... of the other networks".

    Returns
    -------
    Finding
        Spearman's rank correlation; 0 where one of the two never varies.
    """
    found = evidence.planes(case)
    information = sign * found.complete("mi_input_bits")
    own, excess = [], []
    for place in chosen:
        every = cross_correlations(information[:, :, place], other[:, :, place])
        own.append(np.diagonal(every))
        excess.append(own[-1] - mean_of_others(every))
    condition = Condition(
        f"the same minus that with the {others} of the other networks, mean, "
        f"{layers_text(found, chosen, 'mean')},",
        evidence.resampling.mean(np.mean(excess, axis=0)),
        least_excess,
        "above",
    )
    finding = mean_finding(
        evidence,
        case,
        chosen,
        np.stack(own, axis=1),
        f"rank correlation of {'-' if sign < 0 else ''}I(X;T) with {about} along training",
        "without unit",
        "smallest",
    )
    return replace(finding, conditions=(condition,))


def cross_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Spearman's rank correlations of every series with every other one.

    Parameters
    ----------
    first, second : array of float, shape (series, epochs)

    Returns
    -------
    correlations : array of float, shape (series of the first, series of the second)
        0 where one of the two never varies.
    """
    ranks = [scipy.stats.rankdata(values, axis=1) for values in (first, second)]
    ranks = [values - values.mean(axis=1, keepdims=True) for values in ranks]
    norms = [np.linalg.norm(values, axis=1, keepdims=True) for values in ranks]
    first, second = (
        values / np.where(norm > 0, norm, 1.0) for values, norm in zip(ranks, norms, strict=True)
    )
    return first @ second.T


def mean_of_others(every: np.ndarray) -> np.ndarray:
    """Return the mean of each row of a square matrix without its diagonal; if it is all, that."""
    count = len(every)
    if count < 2:
        return np.diagonal(every)
    return (every.sum(axis=1) - np.diagonal(every)) / (count - 1)
