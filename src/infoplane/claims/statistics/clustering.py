"""Claim statistics on how the activations of a layer cluster."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import DROP, Condition, Finding
from infoplane.claims.layers import choose_layers, layers_text
from infoplane.claims.registry import claim_statistic
from infoplane.claims.statistics.compression import trajectory


@claim_statistic(needs=("estimator",), unit="bits", table="clustering")
def drop_with_clustering(
    evidence: Evidence, case: Case, *, layers: str | list[int], least_correlation: float
) -> Finding:
    """Measure the drop, with a condition that I(X;T) follows how the classes cluster.

    Parameters
    ----------
    evidence : Evidence
        Its table ``clustering`` has the columns ``within_distance, between_distance``, at the
        same snapshots as the information.
    case : Case
    layers : str or list of int
        The layer with the largest mean drop decides; correlations are averaged over layers.
    least_correlation : float
        At least this must be Spearman's rank correlation, over all snapshots from the first to
        the last, between I(X;T) and the mean distance within classes over that between classes,
        averaged over initialisations. The rise counts in it as much as the drop.

    Returns
    -------
    Finding

    References
    ----------
    Goldfeld et al. (2019), ICML: compression of noisy networks is clustering of their
    activations.
    """
    own = trajectory(evidence, case, quantity=DROP, layers=layers)
    found = evidence.planes(case)
    chosen = choose_layers(case, found, layers)
    within, between = (
        evidence.beside(case, "clustering", f"{which}_distance") for which in ("within", "between")
    )
    ratios = within / np.where(between > 0, between, np.nan)
    inputs = found.complete("mi_input_bits")
    correlations = [
        np.mean([rank_correlation(one[:, place], other[:, place]) for place in chosen])
        for one, other in zip(inputs, ratios, strict=True)
    ]
    condition = Condition(
        "rank correlation of I(X;T) with within/between class distance over the whole path, rise "
        f"and drop, mean, {layers_text(found, chosen, 'mean')},",
        evidence.resampling.mean(np.array(correlations)),
        least_correlation,
        "at_least",
    )
    return replace(own, conditions=(condition,))


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's rank correlation, 0 where one of the two never varies.

    Parameters
    ----------
    first, second : array of float, shape (epochs,)
        NaN in either leaves the epoch out.

    Returns
    -------
    float
    """
    known = ~(np.isnan(first) | np.isnan(second))
    ranks = [scipy.stats.rankdata(values[known]) for values in (first, second)]
    if any(np.unique(values).size < 2 for values in ranks):
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])
