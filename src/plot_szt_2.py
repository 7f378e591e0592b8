"""Draw SZT figure 2: every network's layers in the information plane at three epochs.

Reads   information    the merged table of information
Writes  svg, png
Params  runs           label to run id, one of them
        estimator      id
        epochs         epochs to show, such as [0, 400, 10000]; the nearest snapshots are drawn
        ceiling_bits   optional: the most that I(X;T) can be, drawn as a line
        label_bits     optional: H(Y), drawn as a line
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.figures import (
    INPUT_AXIS,
    LABEL_AXIS,
    add_layer_legend,
    count_networks,
    figure_style,
    format_epoch,
    layer_colour,
    layer_marker,
    layer_names,
    marker_size,
    new_figure,
    save_figure,
    trained,
)
from pipeline.planes import draw_bounds, plane_bounds, read_information
from pipeline.stage import run_as_script


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
    frame: pd.DataFrame,
    epochs: list[int],
    ceiling_bits: float | None = None,
    label_bits: float | None = None,
) -> Figure:
    """Draw one point per network and layer, one panel an epoch, one colour a layer.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, mi_input_bits, mi_label_bits, status`` of one run.
    epochs : list of int
        Epochs to show.
    ceiling_bits, label_bits : float, optional
        Bounds of I(X;T) and I(T;Y) to mark.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    names = layer_names(frame)
    shown = nearest_epochs(frame["epoch"].to_numpy(), epochs)
    figure, axes = new_figure(2.8, 1, len(shown), sharex=True, sharey=True)
    for panel, epoch in zip(axes.flat, shown, strict=True):
        draw_bounds(panel, ceiling_bits, label_bits)
        draw_layers(panel, trained(frame[frame["epoch"] == epoch]), names)
        panel.set(title=f"epoch {format_epoch(epoch)}", xlabel=INPUT_AXIS, ylabel=LABEL_AXIS)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    add_layer_legend(figure, names)
    figure.suptitle(f"{frame['label'].iloc[0]} ({count_networks(frame)})", fontsize=8)
    return figure


def main(snakemake) -> None:
    """Read the run's information, draw the epochs asked for."""
    params = snakemake.params
    frame = read_information(snakemake.input.information, params)
    with figure_style():
        save_figure(networks_figure(frame, params.epochs, **plane_bounds(params)), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
