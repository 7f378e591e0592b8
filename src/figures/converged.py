"""Draw where layers end, for a series of runs: on the plane, and against the runs' place.

Reads   information    the information of each run, under its estimator
        data           the task of each run
Params  runs           label to run id, in the order of the series
        estimator      id, or label to id
        series         what tells the runs apart, the name of an axis
Writes  svg, png
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import (
    BAND,
    count_networks,
    layer_names,
    over_networks,
    read_bounds,
    read_information,
)
from figures.style import (
    EPOCH_COLOURS,
    INPUT_AXIS,
    LABEL_AXIS,
    add_layer_legend,
    draw_bounds,
    figure_style,
    layer_colour,
    layer_marker,
    marker_size,
    new_figure,
    save_figure,
)
from pipeline.stage import run_as_script

TABLES = ("information",)
NEEDS = ("runs", "estimator", "series")
TAKES = ()
HOW_TO_READ = """\
Layers at the end of training. Left the information plane, horizontally I(X;T), vertically I(T;Y),
both in bits: one line a run, its colour the run's place in the series, one marker a layer, means
over networks. Right the same coordinates against the runs, one line a layer; bands hold 5 % to 95 %
of the networks. Dashed lines are the most that the estimates can be: the logarithm of the number of
patterns, and H(Y)."""

QUANTITIES = {"mi_input_bits": INPUT_AXIS, "mi_label_bits": LABEL_AXIS}


def final_layers(frame: pd.DataFrame) -> pd.DataFrame:
    """Summarise where each layer of each run ends.

    Parameters
    ----------
    frame : pandas.DataFrame
        See `read_information`.

    Returns
    -------
    ends : pandas.DataFrame
        ``label, layer, quantity, mean, median, low, high``; see `over_networks`. Labels are in
        their order, and the quantity is one of `QUANTITIES`.
    """
    parts = []
    for label, part in frame.groupby("label", sort=False):
        last = part[part["epoch"] == part["epoch"].max()]
        parts += [
            over_networks(last, name, ["layer"]).assign(label=label, quantity=name)
            for name in QUANTITIES
        ]
    return pd.concat(parts, ignore_index=True)


def draw_plane(axes: Axes, ends: pd.DataFrame, labels: list[str]) -> None:
    """Draw one line a run through the means of its layers.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    ends : pandas.DataFrame
        From `final_layers`.
    labels : list of str
    """
    means = ends.pivot(index=["label", "layer"], columns="quantity", values="mean")  # noqa: PD010
    told = set(means.index.get_level_values("label"))
    for label, colour in zip(labels, series_colours(len(labels)), strict=True):
        if label not in told:  # All its networks diverged.
            continue
        points = means.loc[label]
        axes.plot(*(points[name] for name in QUANTITIES), color=colour, label=label, zorder=2)
        for layer, point in points.iterrows():
            axes.plot(
                *(point[name] for name in QUANTITIES),
                layer_marker(layer),
                markersize=marker_size(layer) * 0.8,
                markerfacecolor=colour,
                markeredgecolor="white",
                markeredgewidth=0.5,
                zorder=3 + layer,
            )


def series_colours(count: int) -> np.ndarray:
    """Return a colour for each place in a series, from dark to light."""
    return EPOCH_COLOURS(np.linspace(0, 1, count))


def draw_against_series(axes: Axes, ends: pd.DataFrame, labels: list[str], quantity: str) -> None:
    """Draw one line a layer against the place of the runs, and its band over networks.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    ends : pandas.DataFrame
    labels : list of str
    quantity : str
        One of `QUANTITIES`.
    """
    places = np.arange(len(labels))
    for layer, part in ends[ends["quantity"] == quantity].groupby("layer"):
        own, colour = part.set_index("label").reindex(labels), layer_colour(layer)
        axes.fill_between(places, own["low"], own["high"], color=colour, alpha=0.2, linewidth=0)
        axes.plot(
            places, own["mean"], color=colour, marker=layer_marker(layer), markersize=3.2,
            label=f"layer {layer}",
        )  # fmt: skip
    axes.set_xticks(places, labels, rotation=45 if len(labels) > 4 else 0)


def converged_figure(
    frame: pd.DataFrame, bounds: Mapping[str, Mapping[str, float]], series: str
) -> Figure:
    """Draw a series of runs.

    Parameters
    ----------
    frame : pandas.DataFrame
        See `read_information`.
    bounds : mapping of str to mapping
        See `read_bounds`; the task of all runs is that of the first.
    series : str
        What tells the runs apart.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels = list(frame["label"].unique())
    ends, known = final_layers(frame), bounds[labels[0]]
    figure, _ = new_figure(4.2)
    figure.clear()
    panels = figure.subplot_mosaic(
        [["plane", "mi_label_bits"], ["plane", "mi_input_bits"]], width_ratios=[1.25, 1]
    )
    draw_bounds(panels["plane"], known["ceiling_bits"], known["label_bits"])
    draw_plane(panels["plane"], ends, labels)
    panels["plane"].set(xlabel=INPUT_AXIS, ylabel=LABEL_AXIS)
    lines = [
        Line2D([], [], color=colour, label=f"{label}: {count_networks(part)}")
        for colour, (label, part) in zip(
            series_colours(len(labels)), frame.groupby("label", sort=False), strict=True
        )
    ]
    # Not crossed by the ceiling's line.
    panels["plane"].legend(
        handles=lines, loc="lower right", fontsize=7, frameon=True, facecolor="white",
        edgecolor="none", framealpha=1,
    )  # fmt: skip
    for name, limit in (("mi_label_bits", "label_bits"), ("mi_input_bits", "ceiling_bits")):
        draw_bounds(panels[name], y=known[limit])
        draw_against_series(panels[name], ends, labels, name)
        panels[name].set(ylabel=QUANTITIES[name])
    panels["mi_label_bits"].tick_params(labelbottom=False)
    panels["mi_input_bits"].set(xlabel=series)
    add_layer_legend(figure, layer_names(frame), f"mean; band: {BAND}", linestyle="-")
    return figure


def main(snakemake) -> None:
    """Read the runs' information, draw where it ends."""
    frame = read_information(snakemake)
    bounds = read_bounds(snakemake, frame)
    with figure_style():
        save_figure(converged_figure(frame, bounds, snakemake.params.series), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
