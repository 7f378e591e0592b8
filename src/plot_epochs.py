"""Draw I(X;T) against the epoch for every layer, one panel a run.

Reads   information    the merged table of information
Writes  svg, png
Params  runs           panel label to run id
        estimator      id, or panel label to id
        ceiling_bits   optional: the most that I(X;T) can be, drawn as a line
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.figures import (
    BAND,
    INPUT_AXIS,
    add_layer_legend,
    count_networks,
    draw_layer_curves,
    figure_style,
    hide_unused,
    layer_names,
    new_figure,
    over_networks,
    save_figure,
    set_epoch_axis,
)
from pipeline.planes import draw_bounds, read_information
from pipeline.stage import run_as_script

COLUMNS = 3
ROW_INCHES = 1.75


def epochs_figure(frame: pd.DataFrame, ceiling_bits: float | None = None) -> Figure:
    """Draw a grid of runs on common axes.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, mi_input_bits, status``.
    ceiling_bits : float, optional
        Bound of I(X;T) to mark.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels = list(frame["label"].unique())
    rows = -(-len(labels) // COLUMNS)
    figure, axes = new_figure(0.7 + ROW_INCHES * rows, rows, COLUMNS, sharex=True, sharey=True)
    for panel, label in zip(axes.flat, labels, strict=False):
        part = frame[frame["label"] == label]
        draw_bounds(panel, None, ceiling_bits)
        curves = over_networks(part, "mi_input_bits", ["layer", "epoch"])
        draw_layer_curves(panel, curves, "mean")
        set_epoch_axis(panel, int(frame["epoch"].max()))
        panel.set(title=f"{label}\n({count_networks(part)})", ylabel=INPUT_AXIS)
        panel.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        panel.label_outer()
    hide_unused(axes, len(labels))
    add_layer_legend(figure, layer_names(frame), f"mean; band: {BAND}", linestyle="-")
    return figure


def main(snakemake) -> None:
    """Read all runs' information, draw them."""
    params = snakemake.params
    frame = read_information(snakemake.input.information, params)
    with figure_style():
        save_figure(epochs_figure(frame, params.get("ceiling_bits")), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
