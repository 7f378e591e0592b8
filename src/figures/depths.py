"""Draw the epochs until I(T;Y) reaches a level against the number of hidden layers.

Reads   claim_details   what every network contributes to a claim of `power_of_depth`, as JSON
Params  claim           the claim
        runs            number of hidden layers to run id, as the claim pools them
        estimators      panel label to one of the claim's estimators
Writes  svg, png
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.reading import rows_of_claim, two_decimals
from figures.style import LAYER_COLOURS, figure_style, format_epoch, new_figure, save_figure
from pipeline.stage import run_as_script

TABLES = ("claim_details",)
NEEDS = ("claim", "runs", "estimators")
TAKES = ()
HOW_TO_READ = """\
Each small mark is one network: vertically the first epoch at which I(T;Y) of its output is at
the level that the claim names, horizontally the number of its hidden layers, on logarithmic
axes. Hollow marks at the top edge are networks that never get there, with their number below
them; large marks are medians, at the top edge too where half of the networks never get there.
Dashed, the fitted power through the middle of the medians; above each panel its exponent with
its {confidence} bootstrap interval over networks, in which those that never get there count with
the last epoch."""

DEPTH_AXIS = "hidden layers"
REACHED_AXIS = "epochs until convergence"
TOP = 0.95
"""Height of censored networks, as a share of the panel's."""


def depths_of(labels: list[str]) -> np.ndarray:
    """Return the numbers of hidden layers that the labels of runs say.

    Raises
    ------
    ValueError
        If a label is no number.
    """
    for label in labels:
        if not label.isdecimal():
            raise ValueError(f"a run's label must be its number of hidden layers, not {label!r}")
    return np.array(labels, float)


def depths_figure(rows: dict[str, dict], labels: list[str]) -> Figure:
    """Draw one panel an estimator.

    Parameters
    ----------
    rows : dict of str to dict
        The claim's rows, by the labels of their estimators.
    labels : list of str
        Of the runs.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    depths = depths_of(labels)
    # An epoch of 0 counts as 1, as in the fit; null, of those that never get there, becomes NaN.
    values = {
        label: np.maximum(np.array(row["details"]["values"], float).reshape(-1, len(labels)), 1)
        for label, row in rows.items()
    }
    figure, axes = new_figure(3.2, 1, len(rows), sharey=True)
    for panel, (label, row) in zip(axes.flat, rows.items(), strict=True):
        power, low, high = (two_decimals(row[name]) for name in ("estimate", "ci_low", "ci_high"))
        title = f"{label}, {len(values[label])} networks a depth\nexponent {power} [{low}, {high}]"
        panel.set(xscale="log", yscale="log", title=title, xlabel=DEPTH_AXIS)
        panel.set_xticks(depths, labels)
        panel.set_xticks([], minor=True)
        panel.set_xlim(depths.min() / 1.2, depths.max() * 1.2)
        draw_networks(panel, values[label], depths)
        draw_power(panel, values[label], depths, row["estimate"])
    # Room for the censored networks, above all epochs of all panels.
    reached = np.concatenate([one[np.isfinite(one)] for one in values.values()])
    if reached.size:
        lowest, highest = reached.min() / 1.5, reached.max() * 1.5
        axes[0, 0].set_ylim(lowest, highest * (highest / lowest) ** 0.25)
    axes[0, 0].set_ylabel(REACHED_AXIS)
    axes[0, 0].yaxis.set_major_formatter(format_epoch)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def draw_networks(axes: Axes, epochs: np.ndarray, depths: np.ndarray) -> None:
    """Draw every network of every depth and their medians, censored ones at the top edge.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    epochs : array of float, shape (inits, depths)
        NaN where there is no such epoch.
    depths : array of float
    """
    colour, at_top = LAYER_COLOURS[0], axes.get_xaxis_transform()
    # Side by side, in their order, so that networks of one epoch are told apart.
    aside = 1.07 ** np.linspace(-1, 1, len(epochs)) if len(epochs) > 1 else np.ones(len(epochs))
    places = aside[:, None] * depths
    reached = np.isfinite(epochs)
    axes.plot(
        places[reached], epochs[reached], "o", color=colour, markersize=2.6, alpha=0.6,
        label="one network",
    )  # fmt: skip
    axes.plot(
        places[~reached], np.full((~reached).sum(), TOP), "o", color=colour, transform=at_top,
        markersize=2.6, markerfacecolor="none", markeredgewidth=0.6, label="never there",
    )  # fmt: skip
    for depth, missing in zip(depths, (~reached).sum(axis=0), strict=True):
        if missing:
            axes.text(
                depth, TOP - 0.03, f"{missing}", transform=at_top, ha="center", va="top", fontsize=7
            )
    medians = medians_of(epochs)
    known = np.isfinite(medians)
    look = {"marker": "D", "linestyle": "none", "markersize": 5.5, "color": LAYER_COLOURS[3]}
    axes.plot(depths[known], medians[known], label="median", markeredgecolor="white", **look)
    if not known.all() and len(epochs):
        axes.plot(
            depths[~known], np.full((~known).sum(), TOP), transform=at_top, markerfacecolor="none",
            **look,
        )  # fmt: skip


def draw_power(axes: Axes, epochs: np.ndarray, depths: np.ndarray, power: float | None) -> None:
    """Draw the fitted power through the middle of the medians that are known."""
    medians = medians_of(epochs)
    known = np.isfinite(medians)
    if power is None or not known.any():
        return
    height = np.exp(np.log(medians[known] / depths[known] ** power).mean())
    axes.plot(
        depths, height * depths**power, color="0.5", linestyle="--", linewidth=0.9, zorder=0,
        label="fitted power",
    )  # fmt: skip


def medians_of(epochs: np.ndarray) -> np.ndarray:
    """Return the middle network's epoch of each depth, or the later of two; infinite if censored.

    Parameters
    ----------
    epochs : array of float, shape (inits, depths)

    Returns
    -------
    medians : array of float, shape (depths,)
    """
    if not len(epochs):
        return np.full(epochs.shape[1], np.inf)
    return np.sort(np.where(np.isnan(epochs), np.inf, epochs), axis=0)[len(epochs) // 2]


def main(snakemake) -> None:
    """Read the claim's details, draw them."""
    params = snakemake.params
    (path,) = snakemake.input.claim_details
    pooled = ", ".join(params.runs.values())
    wanted = {label: (pooled, name, "") for label, name in params.estimators.items()}
    rows = rows_of_claim(path, wanted)
    with figure_style():
        save_figure(depths_figure(rows, list(params.runs)), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
