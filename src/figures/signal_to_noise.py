"""Draw the gradients' signal-to-noise ratio, and its mean and deviation, by layer.

Reads   gradients     the gradient statistics of each run
Params  runs          panel label to run id
        definition    id of the definition of mean and deviation
Writes  svg, png
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import count_networks, layer_names, over_networks, read_runs
from figures.style import (
    add_layer_legend,
    draw_layer_curves,
    figure_style,
    new_figure,
    panel_title,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("gradients",)
NEEDS = ("runs", "definition")
TAKES = ()
HOW_TO_READ = """\
Above, the signal-to-noise ratio of the gradients; below, what it is made of: solid with markers,
the norm of the mean gradient; dashed, that of its deviation, in nats per unit weight, at frozen
weights. In ``saxe_sample`` mean and elementwise standard deviation are over the training samples;
such a ratio is smaller than one over mini-batches by the root of the batch size. All axes are
logarithmic, the epoch linear from 0 to 1. One colour a layer; lines are medians over networks; the
dotted line is a ratio of 1. Below it for a while is no transition: claim C06 tells which layers
fall below it for good, and how often noise alone does."""

DEVIATION_LINE = (0, (2, 1.2))
ROWS = ("signal-to-noise ratio", "norm of the gradient (nats)")


def noise_figure(frame: pd.DataFrame) -> Figure:
    """Draw the ratio above its two parts, one column a run.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, mean_norm, std_norm, snr, status``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels = list(frame["label"].unique())
    figure, axes = new_figure(4.8, 2, len(labels), sharex=True, sharey="row")
    for (upper, lower), label in zip(axes.T, labels, strict=True):
        part = frame[frame["label"] == label]
        upper.set_title(panel_title(label, count_networks(part), len(labels)))
        upper.axhline(1, color="0.35", linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
        keys = ["layer", "epoch"]
        draw_layer_curves(upper, over_networks(part, "snr", keys), "median", band=False)
        draw_layer_curves(lower, over_networks(part, "mean_norm", keys), "median", band=False)
        deviation = over_networks(part, "std_norm", keys)
        draw_layer_curves(
            lower, deviation, "median", band=False, linestyle=DEVIATION_LINE, marker=""
        )
        for panel, text in zip((upper, lower), ROWS, strict=True):
            set_epoch_axis(panel, int(frame["epoch"].max()))
            panel.set(yscale="log", ylabel=text)
            panel.label_outer()
    lines = [
        Line2D([], [], color="0.3", label="mean"),
        Line2D([], [], color="0.3", linestyle=DEVIATION_LINE, label="deviation"),
    ]
    axes[1, 0].legend(handles=lines, loc="best")
    add_layer_legend(figure, layer_names(frame), "median over networks:", linestyle="-")
    return figure


def main(snakemake) -> None:
    """Read the runs' gradient statistics, draw them."""
    params = snakemake.params
    frame = read_runs(
        snakemake.input.gradients,
        params.runs,
        ["layer", "mean_norm", "std_norm", "snr"],
        ("definition", params.definition),
    )
    with figure_style():
        save_figure(noise_figure(frame), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
