"""Draw the generalisation gap of every network against a bound on it, one panel a run.

Reads   claim_details   what every network contributes to a claim of `input_compression_bound`, as
                        JSON
Params  claim           the claim
        runs            panel label to run id, each judged by the claim
        estimators      legend label to one of the claim's estimators
Writes  svg, png
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from figures.reading import rows_of_claim
from figures.style import (
    LAYER_COLOURS,
    LAYER_MARKERS,
    draw_bounds,
    figure_style,
    hide_unused,
    new_figure,
    save_figure,
)
from infoplane.claims.statistics.compression_bound import TRIVIAL
from pipeline.stage import run_as_script

TABLES = ("claim_details",)
NEEDS = ("claim", "runs", "estimators")
TAKES = ()
HOW_TO_READ = """\
Each mark is one network at the end of training. Horizontally the input-compression bound, which may
fail with the probability that the claim names, from I(X;T) of its last hidden layer under one
estimator, which colour and marker tell; vertically what is bounded: its accuracy on training
patterns minus that on test patterns, in shares of patterns, both logarithmic. Below the slanted
line the bound is kept; above it, shaded, the gap exceeds the bound. The numbers in each panel are
the share of networks that keep the bound, and of how many: slow estimators see the first ones only.
Dashed, the gap of one half, which labels of two equally frequent classes cannot exceed, and 1,
which no gap can: right of the first line the bound says nothing new, right of the second nothing.
Hollow marks at the lower edge: networks whose gap is smaller than the axis shows, or negative."""

BOUND_AXIS = "bound (share of patterns)"
GAP_AXIS = "gap (share of patterns)"
READING = "informative"
"""Of the claim's; networks contribute the same to every one."""
SMALLEST = 0.001
COLOURS = (LAYER_COLOURS[0], LAYER_COLOURS[2], LAYER_COLOURS[4])


def gap_bounds_figure(rows: dict[tuple[str, str], dict], labels: list[str]) -> Figure:
    """Draw a panel a run, four in a row.

    Parameters
    ----------
    rows : dict of (str, str) to dict
        The claim's rows, by the labels of run and estimator.
    labels : list of str
        Of the runs.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    values = {
        key: np.array(row["details"]["values"], float).reshape(-1, 2) for key, row in rows.items()
    }
    columns = min(4, len(labels))
    lines = -(-len(labels) // columns)
    figure, axes = new_figure(1.75 * lines + 0.6, lines, columns, sharex=True, sharey=True)
    for panel, label in zip(axes.flat, labels, strict=False):
        own = {name: both for (run, name), both in values.items() if run == label}
        panel.set(xscale="log", yscale="log", title=label, xlabel=BOUND_AXIS, ylabel=GAP_AXIS)
        draw_networks(panel, own)
        panel.label_outer()
    everything = np.concatenate([[[SMALLEST, SMALLEST], [1, 1]], *values.values()])
    lowest = min(everything[2:, 0], default=SMALLEST) / 1.3
    axes[0, 0].set_xlim(lowest, everything[:, 0].max() * 1.3)
    axes[0, 0].set_ylim(SMALLEST, 1.3)
    for axis in (axes[0, 0].xaxis, axes[0, 0].yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
    for panel in axes.flat[: len(labels)]:
        draw_limits(panel)
    hide_unused(axes, len(labels), BOUND_AXIS)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def draw_networks(axes: Axes, values: dict[str, np.ndarray]) -> None:
    """Draw every network under every estimator, and say how many keep the bound.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    values : dict of str to array of float, shape (inits, 2)
        Bound and gap, by the label of the estimator.
    """
    looks = zip(COLOURS, LAYER_MARKERS, strict=False)
    for line, ((name, both), (colour, marker)) in enumerate(
        zip(values.items(), looks, strict=False)
    ):
        bounds, gaps = both.T
        shown = gaps > SMALLEST
        look = {"color": colour, "marker": marker, "linestyle": "none", "markersize": 2.8}
        axes.plot(bounds[shown], gaps[shown], alpha=0.6, markeredgewidth=0, label=name, **look)
        edge = np.full((~shown).sum(), 0.02)
        axes.plot(
            bounds[~shown], edge, transform=axes.get_xaxis_transform(), markerfacecolor="none",
            markeredgewidth=0.6, **look,
        )  # fmt: skip
        # Behind the marks, before the limits.
        kept = f"{100 * (gaps <= bounds).mean():.0f} %" if len(both) else "none"
        axes.text(
            0.98, 0.05 + 0.1 * (len(values) - 1 - line), f"{kept} of {len(both)}", color=colour,
            transform=axes.transAxes, ha="right", va="bottom", fontsize=7,
            bbox={"facecolor": "white", "linewidth": 0, "pad": 0.5}, zorder=1,
        )  # fmt: skip


def draw_limits(axes: Axes) -> None:
    """Draw what a bound must be to say anything, and where networks exceed it."""
    lowest, highest = axes.get_xlim()
    line = np.geomspace(lowest, highest, 2)
    axes.fill_between(line, line, axes.get_ylim()[1], color="0.92", linewidth=0, zorder=-1)
    axes.plot(line, line, color="0.5", linewidth=0.8, zorder=0)
    for limit in (TRIVIAL, 1):
        draw_bounds(axes, x=limit)


def main(snakemake) -> None:
    """Read the claim's details, draw them."""
    params = snakemake.params
    (path,) = snakemake.input.claim_details
    wanted = {
        (label, name): (run, estimator, READING)
        for label, run in params.runs.items()
        for name, estimator in params.estimators.items()
    }
    with figure_style():
        figure = gap_bounds_figure(rows_of_claim(path, wanted), list(params.runs))
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
