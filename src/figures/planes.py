"""Draw paths through the information plane, averaged over networks and coloured by epoch.

Reads   information       the information of each run, under its estimator
        data              the task of each run
Params  runs              panel label to run id
        estimator         id, or panel label to id
        columns           optional: panels side by side, by default up to three
        single_networks   optional: whether to draw each network's own path, in grey
        with_output       optional: panel label to whether the output layer is drawn
Writes  svg, png
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from figures.reading import (
    count_networks,
    layer_names,
    output_last,
    over_networks,
    read_bounds,
    read_information,
    trained,
)
from figures.style import (
    EPOCH_COLOURS,
    INPUT_AXIS,
    LABEL_AXIS,
    add_epoch_colours,
    add_layer_legend,
    draw_bounds,
    epoch_norm,
    figure_style,
    hide_unused,
    layer_marker,
    marker_size,
    new_figure,
    panel_title,
    save_figure,
)
from pipeline.stage import run_as_script

TABLES = ("information",)
NEEDS = ("runs", "estimator")
TAKES = ("columns", "single_networks", "with_output")
HOW_TO_READ = """\
Each coloured line is one layer's way through the information plane, averaged over networks at every
epoch: horizontally I(X;T), vertically I(T;Y), both in bits; the colour is the epoch, logarithmic
beyond epoch 1. The marker at a line's end names the layer. Grey lines, where there are any, are the
layers of single networks. Dashed lines are the most that the estimates can be: for I(X;T) what the
panel's estimator can return, no more than the logarithm of the number of patterns that it sees, and
H(Y) for I(T;Y). What lies on them is saturated, and says nothing about compression."""

END_MARKER = {"markerfacecolor": "white", "markeredgecolor": "0.15", "markeredgewidth": 0.9}
COLUMNS = 3
WIDE_INCHES, PANEL_INCHES, MARGIN_INCHES = 3.8, 2.4, 0.4


def average_paths(frame: pd.DataFrame) -> pd.DataFrame:
    """Average each layer's information over networks at every epoch.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of one run; see `read_information`.

    Returns
    -------
    paths : pandas.DataFrame
        ``layer, epoch, mi_input_bits, mi_label_bits``, sorted by layer and epoch.
    """
    parts = [
        over_networks(frame, name, ["layer", "epoch"])
        .set_index(["layer", "epoch"])["mean"]
        .rename(name)
        for name in ("mi_input_bits", "mi_label_bits")
    ]
    return pd.concat(parts, axis=1).reset_index()


def planes_figure(
    frame: pd.DataFrame,
    bounds: Mapping[str, Mapping[str, float]],
    columns: int = COLUMNS,
    single_networks: bool = False,
    counted: str = "network",
    with_output: Mapping[str, bool] | None = None,
) -> Figure:
    """Draw one information plane for each label, all on the same axes and colours.

    Parameters
    ----------
    frame : pandas.DataFrame
        See `read_information`.
    bounds : mapping of str to mapping
        See `read_bounds`.
    columns : int
        Panels side by side.
    single_networks : bool
        Whether to draw each network's own path, in grey, behind the averages.
    counted : str
        What ``init`` numbers, for the titles.
    with_output : mapping of str to bool, optional
        Whether a label's output layer is drawn, by default every one.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    frame = output_last(frame)
    names = layer_names(frame)
    whole = ~frame["label"].map(with_output or {}).eq(False)
    frame = frame[(frame["layer"] < max(names)) | whole]
    labels = list(frame["label"].unique())
    columns = min(columns, len(labels))
    rows = -(-len(labels) // columns)
    height = MARGIN_INCHES + rows * (WIDE_INCHES if columns == 1 else PANEL_INCHES)
    figure, axes = new_figure(height, rows, columns, sharex=True, sharey=True)
    last_epoch = int(frame["epoch"].max())
    for panel, label in zip(axes.flat, labels, strict=False):
        part = frame[frame["label"] == label]
        draw_bounds(panel, bounds[label]["ceiling_bits"], bounds[label]["label_bits"])
        if single_networks:
            draw_single_networks(panel, part)
        draw_average_paths(panel, average_paths(part), epoch_norm(last_epoch))
        title = panel_title(label, count_networks(part, counted), columns)
        panel.set(title=title, xlabel=INPUT_AXIS, ylabel=LABEL_AXIS)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.label_outer()
    hide_unused(axes, len(labels), INPUT_AXIS)
    add_epoch_colours(figure, axes.flat, last_epoch)
    shown = {layer: name for layer, name in names.items() if layer in set(frame["layer"])}
    add_layer_legend(figure, shown, "at the last epoch:", **END_MARKER)
    return figure


def draw_average_paths(axes: Axes, paths: pd.DataFrame, norm: Normalize) -> None:
    """Draw one coloured line a layer, and the layer's marker where the line ends.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    paths : pandas.DataFrame
        See `average_paths`.
    norm : matplotlib.colors.Normalize
        From `epoch_norm`.
    """
    for layer, path in paths.groupby("layer"):
        points = path[["mi_input_bits", "mi_label_bits"]].to_numpy()
        line = LineCollection(
            np.stack([points[:-1], points[1:]], axis=1),
            array=path["epoch"].to_numpy()[1:],
            cmap=EPOCH_COLOURS,
            norm=norm,
            linewidth=1.8,
            capstyle="round",
            label=f"layer {layer}",
            zorder=2,
        )
        axes.add_collection(line)
        axes.plot(
            *points[-1],
            layer_marker(layer),
            markersize=marker_size(layer),
            zorder=3 + layer,
            **END_MARKER,
        )


def draw_single_networks(axes: Axes, frame: pd.DataFrame) -> None:
    """Draw every layer's path of every network faintly, as one image in vector formats."""
    networks = trained(frame).sort_values("epoch").groupby(["init", "layer"])
    paths = [part[["mi_input_bits", "mi_label_bits"]].to_numpy() for _, part in networks]
    axes.add_collection(
        LineCollection(
            paths, colors="0.5", alpha=0.2, linewidth=0.5, rasterized=True, zorder=1, label="single"
        )
    )


def main(snakemake) -> None:
    """Read the runs' information, draw one plane for each."""
    params = snakemake.params
    frame = read_information(snakemake)
    options = {name: value for name in TAKES if (value := params.get(name)) is not None}
    with figure_style():
        figure = planes_figure(frame, read_bounds(snakemake, frame), **options)
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
