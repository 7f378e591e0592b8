"""Draw how the values of every layer are spread along training, one row a run.

Reads   activation_histograms    the histograms of each layer of each run
Params  runs                     panel label to run id
Writes  svg, png
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from figures.reading import count_networks, layer_names, read_runs, trained
from figures.style import (
    EPOCH_AXIS,
    WIDTH_INCHES,
    epoch_ticks,
    figure_style,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("activation_histograms",)
NEEDS = ("runs",)
TAKES = ()
HOW_TO_READ = """\
One row a run, one panel a layer. Vertically a layer's values, over the largest absolute value that
it takes along training: -1 and 1 are the ends of tanh where it gets there, and rows without values
below 0, as those of ReLU, begin there. Horizontally the epoch, linear from 0 to 1 and logarithmic
beyond. Colour: the share of the values, over units and patterns, in each of equal bins, mean over
networks, logarithmic; white is less than one in a thousand."""

VALUE_AXIS = "value\n(share of the largest)"
SHARE_NORM = LogNorm(1e-3, 1.0)
COLOURS = "viridis_r"


def mean_shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the mean share over networks, relative values down, epochs across."""
    keys = ["relative_value", "epoch"]
    return trained(frame).groupby(keys)["share"].mean().unstack("epoch")  # noqa: PD010


def borders(epochs: np.ndarray) -> np.ndarray:
    """Return the ends of a cell around each snapshot, shape (epochs + 1,)."""
    between = (epochs[1:] + epochs[:-1]) / 2
    return np.concatenate([epochs[:1], between, epochs[-1:]])


def draw_histograms(axes: Axes, shares: pd.DataFrame) -> None:
    """Draw the histograms of one layer along training, nothing if no network is left."""
    if shares.empty:
        return
    values = shares.index.to_numpy()
    half = (values[1] - values[0]) / 2
    edges = np.append(values - half, values[-1] + half)
    image = shares.to_numpy()
    axes.pcolormesh(
        borders(shares.columns.to_numpy(dtype=float)),
        edges,
        np.ma.masked_less(image, SHARE_NORM.vmin),
        norm=SHARE_NORM,
        cmap=COLOURS,
        rasterized=True,
        edgecolor="none",
    )


def lowest_value(frame: pd.DataFrame) -> int:
    """Return where a run's panels begin: at 0 where no layer has values below it."""
    negative = trained(frame)["relative_value"] < 0
    return -int((trained(frame)["share"][negative] > 0).any())


def histograms_figure(frame: pd.DataFrame) -> Figure:
    """Draw a row of layers for each run.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, relative_value, share, status``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels, names = list(frame["label"].unique()), layer_names(frame)
    figure = Figure(figsize=(WIDTH_INCHES, 0.4 + 1.9 * len(labels)), layout="constrained")
    for part, label in zip(figure.subfigures(len(labels), squeeze=False).flat, labels, strict=True):
        own = frame[frame["label"] == label]
        part.suptitle(f"{label} ({count_networks(own)})", fontsize=8)
        axes = part.subplots(1, len(names), sharex=True, sharey=True)
        for panel, (layer, name) in zip(axes, names.items(), strict=True):
            draw_histograms(panel, mean_shares(own[own["layer"] == layer]))
            panel.set_title(name)
            last = int(own["epoch"].max())
            set_epoch_axis(panel, last)
            # Panels are too narrow for all decades.
            panel.set_xticks(epoch_ticks(last)[::2])
            panel.set_xticks(epoch_ticks(last), minor=True)
            panel.set(xlabel="", ylabel=VALUE_AXIS, ylim=(lowest_value(own), 1))
            panel.yaxis.set_major_locator(MultipleLocator(0.5))
            panel.label_outer()
        part.supxlabel(EPOCH_AXIS, fontsize=8)
        bar = part.colorbar(ScalarMappable(SHARE_NORM, COLOURS), ax=axes, pad=0.015, aspect=20)
        bar.outline.set_visible(False)
        bar.set_label("share of the values")
    return figure


def main(snakemake) -> None:
    """Read all runs' histograms, draw them."""
    columns = ["layer", "relative_value", "share"]
    frame = read_runs(snakemake.input.activation_histograms, snakemake.params.runs, columns)
    with figure_style():
        save_figure(histograms_figure(frame), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
