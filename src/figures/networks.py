"""Draw every network's layers in the information plane at some epochs.

Reads   information    the run's information, under the estimator
        data           the run's task
Params  runs           label to run id, one of them
        estimator      id
        epochs         epochs to show, such as [0, 400, 10000]; the nearest snapshots are drawn
Writes  svg, png
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from figures.reading import (
    count_networks,
    layer_names,
    read_bounds,
    read_information,
    the_only_run,
    trained,
)
from figures.style import (
    INPUT_AXIS,
    LABEL_AXIS,
    add_layer_legend,
    draw_bounds,
    figure_style,
    format_epoch,
    layer_colour,
    layer_marker,
    marker_size,
    new_figure,
    save_figure,
)
from pipeline.stage import run_as_script

TABLES = ("information",)
NEEDS = ("runs", "estimator", "epochs")
TAKES = ()
HOW_TO_READ = """\
Each point is one layer of one network, colour and marker its layer; horizontally I(X;T), vertically
I(T;Y), both in bits. Panels, from left to right: the snapshots nearest to the epochs asked for.
Dashed lines are the most that the estimates can be, the logarithm of the number of patterns for
I(X;T) and H(Y) for I(T;Y); what lies on them is saturated, and says nothing about compression."""


def nearest_epochs(stored: np.ndarray, wanted: list[int]) -> list[int]:
    """Return the stored epoch nearest to each wanted one, none of them twice.

    Parameters
    ----------
    stored : array of int
    wanted : list of int
    """
    stored = np.unique(stored)
    found = (int(stored[np.abs(stored - epoch).argmin()]) for epoch in wanted)
    return list(dict.fromkeys(found))


def draw_layers(axes: Axes, points: pd.DataFrame, layers: Iterable[int]) -> None:
    """Draw one point per network and layer, in the layers' colours and markers.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    points : pandas.DataFrame
        ``layer, mi_input_bits, mi_label_bits``; none where all networks diverged.
    layers : iterable of int
        All that the figure shows.
    """
    if points.empty:
        return
    sns.scatterplot(
        points,
        x="mi_input_bits",
        y="mi_label_bits",
        hue="layer",
        palette={layer: layer_colour(layer) for layer in layers},
        style="layer",
        markers={layer: layer_marker(layer) for layer in layers},
        size="layer",
        sizes={layer: marker_size(layer) ** 2 for layer in layers},
        linewidth=0.3,
        edgecolor="white",
        alpha=0.85,
        legend=False,
        ax=axes,
    )


def networks_figure(
    frame: pd.DataFrame, epochs: list[int], bounds: Mapping[str, float], label: str
) -> Figure:
    """Draw one point per network and layer, one panel an epoch, one colour a layer.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``init, epoch, layer, mi_input_bits, mi_label_bits, status`` of one run.
    epochs : list of int
        Epochs to show.
    bounds : mapping of str to float
        The run's, from `read_bounds`.
    label : str
        The run's.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    names = layer_names(frame)
    shown = nearest_epochs(frame["epoch"].to_numpy(), epochs)
    figure, axes = new_figure(2.8, 1, len(shown), sharex=True, sharey=True)
    for panel, epoch in zip(axes.flat, shown, strict=True):
        draw_bounds(panel, bounds["ceiling_bits"], bounds["label_bits"])
        draw_layers(panel, trained(frame[frame["epoch"] == epoch]), names)
        panel.set(title=f"epoch {format_epoch(epoch)}", xlabel=INPUT_AXIS, ylabel=LABEL_AXIS)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    add_layer_legend(figure, names)
    figure.suptitle(f"{label} ({count_networks(frame)})", fontsize=8)
    return figure


def main(snakemake) -> None:
    """Read the run's information, draw the epochs asked for."""
    label, _ = the_only_run(snakemake.params.runs)
    frame = read_information(snakemake)
    bounds = read_bounds(snakemake, frame)
    with figure_style():
        figure = networks_figure(frame, snakemake.params.epochs, bounds[label], label)
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
