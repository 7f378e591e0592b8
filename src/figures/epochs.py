"""Draw I(X;T) against the epoch for every layer, one panel a run.

Reads   information    the information of each run, under its estimator
        data           the task of each run
Params  runs           panel label to run id
        estimator      id, or panel label to id
Writes  svg, png
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from figures.reading import (
    BAND,
    count_networks,
    layer_names,
    output_last,
    over_networks,
    read_bounds,
    read_information,
)
from figures.style import (
    EPOCH_AXIS,
    INPUT_AXIS,
    add_layer_legend,
    draw_bounds,
    draw_layer_curves,
    figure_style,
    hide_unused,
    new_figure,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("information",)
NEEDS = ("runs", "estimator")
TAKES = ()
HOW_TO_READ = """\
Vertically I(X;T) in bits, horizontally the epoch, linear from 0 to 1 and logarithmic beyond. Lines
are means over networks, bands hold 5 % to 95 % of the networks; one colour and marker a layer.
Compression is a fall towards the right; how far it falls is the drop that the claims are judged by.
The dashed line is the most that there can be, the logarithm of the number of patterns that the
panel's estimator sees, or less; what lies on it is saturated, and says nothing about compression,
and what lies above it, as nearest neighbours can, is error. Below 0, where no information is and an
estimate can only err, the axis is logarithmic."""

COLUMNS = 3
ROW_INCHES = 1.75
# Rounding and a band's edge do not bend the axis.
LEAST_BITS = -2.0


def epochs_figure(frame: pd.DataFrame, bounds: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw a grid of runs on common axes.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, mi_input_bits, status``.
    bounds : mapping of str to mapping
        See `read_bounds`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    frame = output_last(frame)
    labels = list(frame["label"].unique())
    # Four are a square.
    columns = 2 if len(labels) == 4 else min(COLUMNS, len(labels))
    rows = -(-len(labels) // columns)
    figure, axes = new_figure(0.7 + ROW_INCHES * rows, rows, columns, sharex=True, sharey=True)
    for panel, label in zip(axes.flat, labels, strict=False):
        part = frame[frame["label"] == label]
        draw_bounds(panel, y=bounds[label]["ceiling_bits"])
        curves = over_networks(part, "mi_input_bits", ["layer", "epoch"])
        draw_layer_curves(panel, curves, "mean")
        set_epoch_axis(panel, int(frame["epoch"].max()))
        panel.set(title=f"{label}\n({count_networks(part)})", ylabel=INPUT_AXIS)
        panel.label_outer()
    set_information_axis(axes)
    hide_unused(axes, len(labels), EPOCH_AXIS)
    add_layer_legend(figure, layer_names(frame), f"mean; band: {BAND}", linestyle="-")
    return figure


def set_information_axis(axes: np.ndarray) -> None:
    """Draw bits linearly from 0 on, and logarithmically below, where estimates go far astray."""
    shared = axes[0, 0]
    low, high = shared.get_ylim()
    ticks = MaxNLocator(4, integer=True).tick_values(max(low, 0), high)
    if low < LEAST_BITS:
        shared.set_yscale("function", functions=(squeezed, stretched))
        # Margins are those of the new scale.
        shared.autoscale_view(scalex=False)
        low, high = shared.get_ylim()
        ticks = [-1000, -100, -10, *ticks]
        for panel in axes[:, 0]:
            panel.set_ylabel(f"{INPUT_AXIS},\nbelow 0 log")
    shared.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))


def squeezed(bits: np.ndarray) -> np.ndarray:
    """Return what is above 0 as it is, and minus the logarithm of 1 and what is below."""
    return np.where(bits < 0, -np.log2(1 - np.minimum(bits, 0)), bits)


def stretched(places: np.ndarray) -> np.ndarray:
    """Return the bits that are squeezed to some places."""
    return np.where(places < 0, 1 - np.exp2(-np.minimum(places, 0)), places)


def main(snakemake) -> None:
    """Read all runs' information, draw them."""
    frame = read_information(snakemake)
    bounds = read_bounds(snakemake, frame)
    with figure_style():
        save_figure(epochs_figure(frame, bounds), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
