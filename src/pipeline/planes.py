"""Draw paths through the information plane, averaged over networks and coloured by epoch."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.figures import (
    EPOCH_COLOURS,
    INPUT_AXIS,
    LABEL_AXIS,
    add_epoch_colours,
    add_layer_legend,
    count_networks,
    epoch_norm,
    figure_style,
    layer_marker,
    layer_names,
    marker_size,
    new_figure,
    over_networks,
    read_runs,
    save_figure,
    trained,
)

END_MARKER = {"markerfacecolor": "white", "markeredgecolor": "0.15", "markeredgewidth": 0.9}
INFORMATION = ["layer", "mi_input_bits", "mi_label_bits"]


def read_information(path, params) -> pd.DataFrame:
    """Read the information of a figure's runs under its estimators.

    Parameters
    ----------
    path : path
        The merged table of information.
    params
        A rule's params ``runs``, a mapping of panel label to run id, and ``estimator``, an
        estimator's id or a mapping of panel label to estimator's id.

    Returns
    -------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, mi_input_bits, mi_label_bits, status``.
    """
    return read_runs(path, params.runs, INFORMATION, ("estimator", params.estimator))


def plane_bounds(params) -> dict[str, float | None]:
    """Return a rule's optional params ``ceiling_bits`` and ``label_bits``, None if not given."""
    return {name: params.get(name) for name in ("ceiling_bits", "label_bits")}


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


def plot_planes(snakemake, **layout) -> None:
    """Draw the planes of a rule's runs, averaged over networks, and write the figure.

    Parameters
    ----------
    snakemake
        The object that Snakemake gives to scripts.
    **layout
        Handed to `plane_figure`.
    """
    frame = read_information(snakemake.input.information, snakemake.params)
    with figure_style():
        figure = plane_figure(frame, **layout, **plane_bounds(snakemake.params))
        save_figure(figure, snakemake.output)


def plane_figure(
    frame: pd.DataFrame,
    columns: int,
    height_inches: float,
    single_networks: bool = False,
    ceiling_bits: float | None = None,
    label_bits: float | None = None,
) -> Figure:
    """Draw one information plane for each label, all on the same axes and colours.

    Parameters
    ----------
    frame : pandas.DataFrame
        See `read_information`.
    columns : int
        Panels side by side.
    height_inches : float
    single_networks : bool
        Whether to draw each network's own path, in grey, behind the averages.
    ceiling_bits, label_bits : float, optional
        Bounds of I(X;T) and I(T;Y) to mark.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels = list(frame["label"].unique())
    figure, axes = new_figure(
        height_inches, -(-len(labels) // columns), columns, sharex=True, sharey=True
    )
    last_epoch = int(frame["epoch"].max())
    for panel, label in zip(axes.flat, labels, strict=True):
        part = frame[frame["label"] == label]
        draw_bounds(panel, ceiling_bits, label_bits)
        if single_networks:
            draw_single_networks(panel, part)
        draw_average_paths(panel, average_paths(part), epoch_norm(last_epoch))
        panel.set(title=f"{label} ({count_networks(part)})", xlabel=INPUT_AXIS, ylabel=LABEL_AXIS)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.label_outer()
    add_epoch_colours(figure, axes.flat, last_epoch)
    add_layer_legend(figure, layer_names(frame), "at the last epoch:", **END_MARKER)
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


def draw_bounds(axes: Axes, ceiling_bits: float | None, label_bits: float | None) -> None:
    """Draw the bounds of I(X;T) and I(T;Y), where given, as thin lines."""
    thin = {"color": "0.55", "linewidth": 0.6, "linestyle": (0, (4, 3)), "zorder": 0}
    if ceiling_bits is not None:
        axes.axvline(ceiling_bits, **thin)
    if label_bits is not None:
        axes.axhline(label_bits, **thin)
