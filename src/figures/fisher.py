"""Draw the trace of the Fisher information above I(X;T) of the same networks, one column a run.

Reads   fisher         the traces of each run
        information    the information of each run, under its estimator
Params  runs           column label to run id
        estimator      id, or column label to id
Writes  svg, png
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import (
    BAND,
    count_networks,
    layer_names,
    over_networks,
    read_information,
    read_runs,
)
from figures.saturation import of_the_same_networks
from figures.style import (
    INPUT_AXIS,
    draw_layer_curves,
    figure_style,
    layer_colour,
    layer_marker,
    new_figure,
    panel_title,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("fisher", "information")
NEEDS = ("runs", "estimator")
TAKES = ()
HOW_TO_READ = """\
Top: the trace of the Fisher information of each layer's weights under the network's own labels, on
a logarithmic scale; dashed, of all weights. Bottom: I(X;T) in bits. Horizontally the epoch, linear
from 0 to 1 and logarithmic beyond. Both rows show the same networks. Lines are means over networks,
of the traces medians; bands hold 5 % to 95 % of the networks; one colour and marker a layer."""

TRACE_AXIS = "trace of the\nFisher information (nats)"
# Four columns leave a narrow margin before epoch 0.
MARKER_SIZE = 2.4
WHOLE = {"color": "0.15", "linewidth": 1.4, "linestyle": (0, (4, 2))}


def fisher_figure(traces: pd.DataFrame, information: pd.DataFrame) -> Figure:
    """Draw two rows, and a column for each run.

    Parameters
    ----------
    traces : pandas.DataFrame
        ``label, init, epoch, layer, fisher_trace, status``, all weights as layer 0.
    information : pandas.DataFrame
        ``label, init, epoch, layer, mi_input_bits, status``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    traces, information = of_the_same_networks([traces, information])
    labels = list(traces["label"].unique())
    figure, axes = new_figure(4.2, 2, len(labels), sharex=True, sharey="row")
    for column, label in zip(axes.T, labels, strict=True):
        own, plane = (frame[frame["label"] == label] for frame in (traces, information))
        curves = over_networks(own, "fisher_trace", ["layer", "epoch"])
        whole = curves["layer"] == 0
        draw_layer_curves(column[0], curves[~whole], "median", markersize=MARKER_SIZE)
        column[0].plot(curves["epoch"][whole], curves["median"][whole], **WHOLE)
        column[0].set(yscale="log", ylabel=TRACE_AXIS)
        column[0].set_title(panel_title(label, count_networks(own), len(labels)))
        bits = over_networks(plane, "mi_input_bits", ["layer", "epoch"])
        draw_layer_curves(column[1], bits, "mean", markersize=MARKER_SIZE)
        column[1].set_ylabel(INPUT_AXIS)
        for panel in column:
            set_epoch_axis(panel, int(traces["epoch"].max()))
            panel.label_outer()
    names = layer_names(traces)
    handles = [
        Line2D([], [], color=layer_colour(layer), marker=layer_marker(layer), label=name)
        for layer, name in names.items()
    ]
    handles = [
        Line2D([], [], linestyle="none", label=f"band: {BAND}"),
        *handles,
        Line2D([], [], **WHOLE, label="all weights"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=(len(handles) + 1) // 2)
    return figure


def main(snakemake) -> None:
    """Read the tables of all runs, draw them."""
    runs = snakemake.params.runs
    traces = read_runs(snakemake.input.fisher, runs, ["layer", "fisher_trace"])
    information = read_information(snakemake)
    with figure_style():
        save_figure(fisher_figure(traces, information), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
