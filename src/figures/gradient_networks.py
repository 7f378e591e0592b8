"""Draw mean and deviation of every layer's gradients for single networks: a row a run.

Reads   gradients     the gradient statistics of each run, under all definitions
Params  runs          row label to run id
        definition    of the mean and the deviation
        networks      how many networks, the first ones of each run, are drawn
Writes  svg, png
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from figures.reading import (
    count_networks,
    layer_names,
    output_last,
    over_networks,
    read_runs,
    trained,
)
from figures.style import (
    add_layer_legend,
    draw_layer_curves,
    epoch_ticks,
    figure_style,
    new_figure,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("gradients",)
NEEDS = ("runs", "definition", "networks")
TAKES = ()
HOW_TO_READ = """\
One row a run, one column a network: those of a row differ in their initial weights, training set
and order of samples alone. Norms of the gradients of each layer's weights against the epoch, at
frozen weights, in nats per unit weight; both axes are logarithmic, the epoch linear from 0 to 1.
Solid with markers, the norm of the mean; dashed, what the definition calls the deviation; one
colour a layer. Where the dashed line of a layer rises above its solid one, noise takes over. The
axes of a row are the same, so that curves compare. A point is the median over a fifth of a decade
of epochs, for norms jump from snapshot to snapshot. Networks that diverged are left out."""

DEVIATION_LINE = (0, (2, 1.2))
NORM_AXIS = "gradient (nats)"
MARKER_SIZE = 2.4
"""Points; panels are narrow."""
THIN = {"linewidth": 0.9}
POINTS_PER_DECADE = 5


def networks_figure(frame: pd.DataFrame, networks: int) -> Figure:
    """Draw one panel a network.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, mean_norm, std_norm, status``.
    networks : int
        The first so many of each run, without those that diverged.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    frame = output_last(frame)
    labels = list(frame["label"].unique())
    figure, axes = new_figure(
        2.3 * len(labels) + 0.7, len(labels), networks, sharex="row", sharey="row"
    )
    left_out = 0
    for place, label in enumerate(labels):
        row, part = axes[place], frame[frame["label"] == label]
        kept = sorted(trained(part)["init"].unique())[:networks]
        passed_over = set(part["init"]) - set(kept)
        left_out += sum(init < max(kept, default=-1) for init in passed_over)
        for panel, init in zip(row, kept, strict=False):
            draw_norms(panel, part[part["init"] == init])
            panel.set_title(f"{label}\nnetwork {init}")
            if panel is not row[0]:
                panel.set_ylabel("")
                panel.tick_params(labelleft=False)
            # Rows differ in their epochs: each has numbers, the last one the words.
            if place < len(labels) - 1:
                panel.set_xlabel("")
        for panel in row[len(kept) :]:
            panel.set_axis_off()
        if len(kept) < networks:
            blank = row[len(kept)]
            blank.text(0.5, 0.5, count_networks(part), ha="center", va="center", fontsize=7)
    add_lines_legend(axes[0, 0])
    text = f"{networks} networks" + (f", {left_out} diverged left out" if left_out else "")
    add_layer_legend(figure, layer_names(frame), f"{text}:", linestyle="-")
    return figure


def over_epochs(frame: pd.DataFrame) -> pd.DataFrame:
    """Take the median over the snapshots of each fifth of a decade; epoch 0 is one by itself.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``layer, epoch, mean_norm, std_norm`` of one network.

    Returns
    -------
    frame : pandas.DataFrame
        The same columns and ``init, status``; epochs are medians too.
    """
    with np.errstate(divide="ignore"):
        fifth = np.rint(POINTS_PER_DECADE * np.log10(frame["epoch"]))
    columns = ["epoch", "mean_norm", "std_norm"]
    medians = frame.groupby(["layer", fifth.rename("fifth")])[columns].median().reset_index()
    return medians.assign(init=0, status="ok")


def draw_norms(panel: Axes, frame: pd.DataFrame) -> None:
    """Draw both norms of each layer of one network."""
    frame, keys = over_epochs(frame), ["layer", "epoch"]
    mean, deviation = (over_networks(frame, f"{name}_norm", keys) for name in ("mean", "std"))
    draw_layer_curves(panel, mean, "median", band=False, markersize=MARKER_SIZE, **THIN)
    draw_layer_curves(
        panel, deviation, "median", band=False, linestyle=DEVIATION_LINE, marker="", **THIN
    )
    last_epoch = int(frame["epoch"].max())
    set_epoch_axis(panel, last_epoch)
    panel.xaxis.set_major_locator(FixedLocator(epoch_ticks(last_epoch)[::2]))
    panel.set(yscale="log", ylabel=NORM_AXIS)


def add_lines_legend(panel: Axes) -> None:
    """Say which line is the mean and which the deviation."""
    handles = [
        Line2D([], [], color="0.3", label="mean"),
        Line2D([], [], color="0.3", linestyle=DEVIATION_LINE, label="deviation"),
    ]
    panel.legend(handles=handles, loc="best")


def main(snakemake) -> None:
    """Read the runs' gradient statistics, draw the first networks of each."""
    params = snakemake.params
    columns = ["layer", "definition", "mean_norm", "std_norm"]
    choice = ("definition", params.definition)
    frame = read_runs(snakemake.input.gradients, params.runs, columns, choice)
    with figure_style():
        save_figure(networks_figure(frame, params.networks), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
