"""Draw images that are had back from each layer, above how far they are off, one part a run.

Reads   inverted_images    the images of each run
Params  runs               label to run id
Writes  svg, png
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import count_networks, layer_names, read_runs, trained
from figures.style import (
    WIDTH_INCHES,
    figure_style,
    layer_colour,
    save_figure,
)
from pipeline.stage import run_as_script

TABLES = ("inverted_images",)
NEEDS = ("runs",)
TAKES = ()
HOW_TO_READ = """\
Images: first the image itself, then what is had back of it from each layer of the first network at
the end of training. From a layer that can be inverted it is computed; from another one an image is
searched for of which the layer makes the same, starting with the mean of all images. Below: the
root mean square error of a pixel over these images, on a logarithmic scale, mean over networks;
pixels lie between 0 and 1. Full markers are computed, empty ones searched for; grey, before
training."""

ORIGINAL = 0
LAYER_AXIS, ERROR_AXIS = "layer", "error of a pixel"
# Errors of exact arithmetic are 0, which no logarithm shows.
LEAST_ERROR = 1e-9
PIXEL = ["image", "channel", "row", "column"]


def inverted_images_figure(frame: pd.DataFrame) -> Figure:
    """Draw a part for each run.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, image, channel, row, column, value, searched, status``, the
        images themselves as layer 0.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels = list(frame["label"].unique())
    columns = [int(frame["layer"][frame["label"] == label].max()) + 1 for label in labels]
    images = int(frame["image"].max()) + 1
    height = 1.9 + images * WIDTH_INCHES / (sum(columns) + 1.5)
    figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    parts = figure.subfigures(1, len(labels), width_ratios=columns, squeeze=False)[0]
    shared = None
    for part, label in zip(parts, labels, strict=True):
        own = frame[frame["label"] == label]
        part.suptitle(f"{label}\n({count_networks(own)})")
        grid = part.add_gridspec(
            images + 1, int(own["layer"].max()) + 1, height_ratios=[1] * images + [2]
        )
        draw_images(part, grid, own)
        shared = part.add_subplot(grid[images, :], sharey=shared)
        draw_errors(shared, own)
    parts[0].axes[-1].set_ylabel(ERROR_AXIS)
    dark = layer_colour(1)
    handles = [
        Line2D([], [], color=dark, marker="o", linestyle="none", label="computed back"),
        Line2D(
            [], [], color=dark, marker="o", linestyle="none", fillstyle="none", label="searched for"
        ),
        Line2D([], [], color=dark, label="after training"),
        Line2D([], [], color="0.6", label="before"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def draw_images(part, grid, frame: pd.DataFrame) -> None:
    """Draw the images of the first network that did not diverge, a row an image.

    Parameters
    ----------
    part : matplotlib.figure.SubFigure
    grid : matplotlib.gridspec.GridSpec
    frame : pandas.DataFrame
        Of one run.
    """
    kept = trained(frame)
    if kept.empty:
        return
    one = kept[(kept["init"] == kept["init"].min()) & (kept["epoch"] == kept["epoch"].max())]
    names = {ORIGINAL: "image", **layer_names(frame)}
    low, high = np.quantile(one["value"][one["layer"] == ORIGINAL], [0, 1])
    for (image, layer), pixels in one.groupby(["image", "layer"]):
        shape = [int(pixels[name].max()) + 1 for name in PIXEL[1:]]
        values = pixels.sort_values(PIXEL[1:])["value"].to_numpy().reshape(shape)
        axes = part.add_subplot(grid[image, layer])
        # Channels beyond one are shown as their mean.
        axes.imshow(values.mean(axis=0), cmap="gray_r", vmin=low, vmax=high)
        axes.set(xticks=[], yticks=[])
        if image == 0:
            axes.set_title(names[layer])


def draw_errors(axes: Axes, frame: pd.DataFrame) -> None:
    """Draw the error of a pixel at each layer, before and after training.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    frame : pandas.DataFrame
        Of one run.
    """
    kept, names = trained(frame), layer_names(frame)
    axes.set(yscale="log", xlabel=LAYER_AXIS, xlim=(-0.5, max(names) + 0.5))
    axes.set_xticks(list(names), list(names.values()))
    if kept.empty:
        return
    keys = ["init", "epoch", *PIXEL]
    right = kept[kept["layer"] == ORIGINAL].set_index(keys)["value"]
    back = kept[kept["layer"] != ORIGINAL].set_index([*keys, "layer"])
    squares = (back["value"] - right.reindex(back.index.droplevel("layer")).to_numpy()) ** 2
    each = np.sqrt(squares.groupby(level=["init", "epoch", "layer"]).mean())
    errors = each.groupby(level=["epoch", "layer"]).mean().clip(lower=LEAST_ERROR)
    searched = back["searched"].groupby(level="layer").max()
    epochs = errors.index.get_level_values("epoch")
    for epoch, colour in ((epochs.min(), "0.6"), (epochs.max(), layer_colour(1))):
        axes.plot(errors[epoch].index, errors[epoch], color=colour)
        for kind, style in ((0, "full"), (1, "none")):
            own = errors[epoch][searched == kind]
            look = {"marker": "o", "linestyle": "none", "fillstyle": style, "markersize": 5}
            axes.plot(own.index, own, color=colour, **look)


def main(snakemake) -> None:
    """Read the tables of all runs, draw them."""
    columns = ["layer", *PIXEL, "value", "searched"]
    frame = read_runs(snakemake.input.inverted_images, snakemake.params.runs, columns)
    with figure_style():
        save_figure(inverted_images_figure(frame), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
