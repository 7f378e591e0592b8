"""Draw I(X;T), the scale of the layers and that of the weights along training, one column a run.

Reads   information         the information of each run, under its estimator
        activation_scale    the deviation of each layer's values
        weights             the norms of the weights
Params  runs                panel label to run id
        estimator           id, or panel label to id
Writes  svg, png
"""

import pandas as pd
from matplotlib.figure import Figure

from figures.reading import BAND, INFORMATION, count_networks, layer_names, over_networks, read_runs
from figures.saturation import of_the_same_networks
from figures.style import (
    INPUT_AXIS,
    add_layer_legend,
    draw_layer_curves,
    figure_style,
    new_figure,
    panel_title,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("information", "activation_scale", "weights")
NEEDS = ("runs", "estimator")
TAKES = ()
HOW_TO_READ = """\
From the top: I(X;T) in bits, by an estimator whose noise or bins have a fixed size; the deviation
of each layer's values from the units' means, root of the mean square over units and patterns; and
the norm of each layer's weights, biases left out. The lower two are logarithmic. Horizontally the
epoch, linear from 0 to 1 and logarithmic beyond. All rows show the same networks. Lines are medians
over networks, bands hold 5 % to 95 % of them; one colour and marker a layer."""

DEVIATION_AXIS = "deviation of\nthe activations"
WEIGHTS_AXIS = "norm of\nthe weights"


def scales_figure(
    information: pd.DataFrame, deviations: pd.DataFrame, weights: pd.DataFrame
) -> Figure:
    """Draw the quantities of each run below each other.

    Parameters
    ----------
    information, deviations, weights : pandas.DataFrame
        ``label, init, epoch, layer, status``, and ``mi_input_bits``, ``deviation`` or
        ``weight_norm``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    information, deviations, weights = of_the_same_networks([information, deviations, weights])
    rows = {
        INPUT_AXIS: (information, "mi_input_bits"),
        DEVIATION_AXIS: (deviations, "deviation"),
        WEIGHTS_AXIS: (weights, "weight_norm"),
    }
    labels = list(information["label"].unique())
    figure, axes = new_figure(
        0.7 + 1.6 * len(rows), len(rows), len(labels), sharex=True, sharey="row"
    )
    for column, label in zip(axes.T, labels, strict=True):
        title = count_networks(information[information["label"] == label])
        column[0].set_title(panel_title(label, title, len(labels)))
        for panel, (text, (frame, quantity)) in zip(column, rows.items(), strict=True):
            part = frame[frame["label"] == label]
            draw_layer_curves(panel, over_networks(part, quantity, ["layer", "epoch"]), "median")
            panel.set_ylabel(text)
            set_epoch_axis(panel, int(information["epoch"].max()))
            panel.label_outer()
        for panel in column[1:]:
            panel.set_yscale("log")
    add_layer_legend(figure, layer_names(information), f"median; band: {BAND}", linestyle="-")
    return figure


def main(snakemake) -> None:
    """Read the tables of all runs, draw them."""
    params, paths = snakemake.params, snakemake.input
    choice = ("estimator", params.estimator)
    information = read_runs(paths.information, params.runs, INFORMATION, choice)
    deviations = read_runs(paths.activation_scale, params.runs, ["layer", "deviation"])
    weights = read_runs(paths.weights, params.runs, ["layer", "weight_norm"])
    with figure_style():
        save_figure(scales_figure(information, deviations, weights), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
