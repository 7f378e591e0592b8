"""Draw how alike the weights of networks trained apart are, one column a run.

Reads   weight_correlation   correlations of pairs of networks, by layer, as they stand and matched
Params  runs                 panel label to run id
Writes  svg, png
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.reading import count_networks, layer_names, over_networks, read_runs
from figures.style import LAYER_COLOURS, figure_style, new_figure, save_figure
from pipeline.stage import run_as_script

TABLES = ("weight_correlation",)
NEEDS = ("runs",)
TAKES = ()
HOW_TO_READ = """\
Each panel holds pairs of networks that share neither initial weights nor batches. Vertically the
absolute correlation of their weights, layer by layer; above as the weights stand, below with the
units of one network put in the order, and where the activation is odd given the signs, that match
the other's best. Filled marks: after training. Hollow marks: the same pairs before training, whose
weights were drawn independently, matched in the same way: what chance and matching give. Marks are
medians over pairs, bars hold 5 % to 95 % of them. The units of the output have a meaning and are
not matched; that they mirror each other is the softmax's doing."""

LAYER_AXIS = "layer"
QUANTITIES = {
    "correlation": "as they stand:\nabsolute correlation",
    "matched_correlation": "units matched:\nabsolute correlation",
}
TIMES = {
    "before training": {"color": "0.45", "markerfacecolor": "white"},
    "after training": {"color": LAYER_COLOURS[0]},
}
"""How the first snapshot and the last are drawn."""


def weight_correlation_figure(frame: pd.DataFrame) -> Figure:
    """Draw correlations as weights stand above those of matched ones.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, status`` and those of `QUANTITIES`; an initialisation is the
        first of a pair.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels = list(frame["label"].unique())
    figure, axes = new_figure(3.9, len(QUANTITIES), len(labels), sharex=True, sharey=True)
    names = layer_names(frame)
    for column, label in zip(axes.T, labels, strict=True):
        part = frame[frame["label"] == label]
        column[0].set_title(f"{label} ({count_networks(part, 'pair')})")
        for panel, (quantity, text) in zip(column, QUANTITIES.items(), strict=True):
            draw_pairs(panel, over_networks(part, quantity, ["epoch", "layer"]))
            panel.set(xlabel=LAYER_AXIS, ylabel=text)
            panel.label_outer()
    axes[0, 0].set_xticks(list(names), names.values())
    axes[0, 0].set_xlim(min(names) - 0.5, max(names) + 0.5)
    axes[0, 0].set_ylim(-0.03, 1.03)
    handles, texts = axes[0, 0].get_legend_handles_labels()
    bars = "median; bar: 5 % to 95 % of the pairs"
    figure.legend(handles, texts, loc="outside lower center", ncols=2, title=bars)
    return figure


def draw_pairs(axes: Axes, summary: pd.DataFrame) -> None:
    """Draw the first and the last epoch of a summary side by side, layer by layer."""
    times = zip(TIMES.items(), ("first", "last"), (-0.13, 0.13), strict=True)
    for (name, look), which, aside in times:
        ends = getattr(summary.sort_values("epoch").groupby("layer"), which)()
        bars = [ends["median"] - ends["low"], ends["high"] - ends["median"]]
        axes.errorbar(
            ends.index + aside, ends["median"], yerr=bars, fmt="o", markersize=4.5,
            elinewidth=0.9, label=name, **look,
        )  # fmt: skip


def main(snakemake) -> None:
    """Read the tables of all runs, draw them."""
    params, paths = snakemake.params, snakemake.input.weight_correlation
    frame = read_runs(paths, params.runs, ["layer", *QUANTITIES])
    with figure_style():
        save_figure(weight_correlation_figure(frame), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
