"""What other units of a layer, which no prediction can tell, do to an estimate: spans and turns."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from infoplane.claims.trajectories import arrange, summarise

SPANNED = (0.1, 10.0)
"""The smallest and the largest scale that count, a hundredfold between them."""

ESTIMATES = ("mi_input_bits", "mi_label_bits")


def spanned_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of layers in other units, without mirrored and reordered ones.

    Parameters
    ----------
    table : pandas.DataFrame
        Of the measure `rescaled`: columns ``run, init, epoch, layer, change, scale, estimator,
        mi_input_bits, mi_label_bits, status``.

    Returns
    -------
    rows : pandas.DataFrame
        Those with a scale in `SPANNED`; none of a network measured at one of them alone, such as
        one of tanh, whose units cannot be scaled.
    """
    low, high = SPANNED
    rows = table[(table["change"] == "scaled") & table["scale"].between(low, high)]
    scales = rows.groupby(["run", "init", "estimator"], observed=True)["scale"]
    return rows[scales.transform("nunique") > 1]


def rescaling_span(table: pd.DataFrame) -> pd.DataFrame:
    """Return how far the final I(X;T) of a layer moves while the network computes the same.

    Parameters
    ----------
    table : pandas.DataFrame
        As for `spanned_rows`.

    Returns
    -------
    spans : pandas.DataFrame
        ``run, estimator, layer, rescaling_span_bits``: the largest minus the smallest I(X;T) over
        the scales of `SPANNED` at a network's last snapshot, in bits, the mean over networks that
        did not diverge. No row for what was not measured.
    """
    rows = spanned_rows(table[table["status"] == "ok"])
    last = rows["epoch"] == rows.groupby(["run", "init"], observed=True)["epoch"].transform("max")
    keys = ["run", "estimator", "layer"]
    networks = rows[last].groupby([*keys, "init"], observed=True)["mi_input_bits"]
    spans = (networks.max() - networks.min()).rename("rescaling_span_bits")
    return spans.groupby(keys, observed=True).mean().reset_index()


def rescaled_means(table: pd.DataFrame, run: str, estimator: str, quantity: str) -> pd.DataFrame:
    """Return a statistic of the trajectories at every scale, the mean over networks.

    Parameters
    ----------
    table : pandas.DataFrame
        As for `spanned_rows`.
    run, estimator : str
    quantity : str
        One of `infoplane.claims.trajectories.QUANTITIES`, such as ``"drop_bits"``.

    Returns
    -------
    means : pandas.DataFrame
        A row a scale, a column a layer, in the quantity's unit; empty if it was not measured. The
        snapshots are those of the measurement: fewer than a claim sees, the same at every scale.
    """
    rows = table[(table["run"] == run) & (table["estimator"] == estimator)]
    means = {}
    for scale, part in spanned_rows(rows).groupby("scale"):
        for found in arrange(part, ESTIMATES, "estimator").values():
            if found.inits.size:
                means[scale] = dict(
                    zip(found.layers, summarise(found)[quantity].mean(axis=0), strict=True)
                )
    return pd.DataFrame.from_dict(means, orient="index")


def rescaling_caution(
    table: pd.DataFrame,
    run: str,
    estimator: str,
    layers: Iterable[int],
    threshold: float,
    quantity: str = "drop_bits",
) -> str:
    """Say that a verdict depends on the units of a layer, which the network's function does not.

    Parameters
    ----------
    table : pandas.DataFrame
        As for `spanned_rows`.
    run, estimator : str
    layers : iterable of int
        Layers 1 .. L that decide. The output layer has no scale and says nothing.
    threshold : float
        The claim's, in the quantity's unit.
    quantity : str
        As for `rescaled_means`.

    Returns
    -------
    text : str
        Empty if the mean of every layer stays on one side of the threshold at all scales, or was
        not measured.
    """
    means = rescaled_means(table, run, estimator, quantity)
    decisive = means[[layer for layer in layers if layer in means]].to_numpy()
    low, high = decisive.min(axis=0, initial=np.inf), decisive.max(axis=0, initial=-np.inf)
    turning = (low < threshold) & (high >= threshold)
    if not turning.any():
        return ""
    return (
        f"turns when a layer is rescaled without changing a prediction: from "
        f"{low[turning].min():.1f} to {high[turning].max():.1f}"
    )
