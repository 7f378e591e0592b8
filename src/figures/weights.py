"""Draw the norms of the weights against the epoch for every layer, one panel a run.

Reads   weights    the norms of the weights of each run
Params  runs       panel label to run id
Writes  svg, png
"""

import pandas as pd
from matplotlib.figure import Figure

from figures.reading import BAND, count_networks, layer_names, over_networks, read_runs
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

TABLES = ("weights",)
NEEDS = ("runs",)
TAKES = ()
HOW_TO_READ = """\
Vertically the Euclidean norm of each layer's weights, biases left out, on a logarithmic scale;
horizontally the epoch, linear from 0 to 1 and logarithmic beyond. Lines are means over networks,
bands hold 5 % to 95 % of the networks; one colour and marker a layer."""

NORM_AXIS = "norm of the weights"


def weights_figure(frame: pd.DataFrame) -> Figure:
    """Draw one panel a run on common axes.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, weight_norm, status``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels = list(frame["label"].unique())
    figure, axes = new_figure(3.0, 1, len(labels), sharex=True, sharey=True)
    for panel, label in zip(axes.flat, labels, strict=True):
        part = frame[frame["label"] == label]
        draw_layer_curves(panel, over_networks(part, "weight_norm", ["layer", "epoch"]), "mean")
        set_epoch_axis(panel, int(frame["epoch"].max()))
        panel.set_title(panel_title(label, count_networks(part), len(labels)))
        panel.set(yscale="log", ylabel=NORM_AXIS)
        panel.label_outer()
    add_layer_legend(figure, layer_names(frame), f"mean; band: {BAND}", linestyle="-")
    return figure


def main(snakemake) -> None:
    """Read all runs' norms, draw them."""
    frame = read_runs(snakemake.input.weights, snakemake.params.runs, ["layer", "weight_norm"])
    with figure_style():
        save_figure(weights_figure(frame), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
