"""Draw the gradients' signal and noise above exact information, one column a model.

Reads   models    init, epoch, layer, mi_input_bits, mean_norm, std_norm, snr, train_error, status
Params  models    panel label to model
Writes  svg, png
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import BAND, count_networks, layer_names, over_networks, read_models
from figures.style import (
    INPUT_AXIS,
    add_layer_legend,
    draw_layer_curves,
    figure_style,
    new_figure,
    panel_title,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("models",)
NEEDS = ("models",)
TAKES = ()
HOW_TO_READ = """\
Top: the gradient's mean (solid) and standard deviation (dashed) over the samples, at frozen
weights, of the hidden unit and of the output, of half the squared error; where both are the same,
one shows behind the other. Middle: their ratio, the same in both, over samples (solid) and over
mini-batches (dashed), with a dotted line at 1. Bottom: I(X;T) in bits, exact, of the units with
noise. Horizontally the epoch, linear from 0 to 1 and logarithmic beyond; gradients and ratios are
logarithmic. Lines of gradients and ratios are medians over networks, of I(X;T) means; bands hold
5 % to 95 % of the networks."""

DASHED_LINE = (0, (2, 1.2))
GRADIENT_AXIS = "gradient (squared error\nper unit weight)"
RATIO_AXIS = "signal-to-noise ratio"
LINES = (("mean", "deviation"), ("over samples", "over mini-batches"))
# Where both coincide, the first shows on both sides of the second.
WIDTHS = {1: 3.2, 2: 1.1}


def phases_figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw gradients, their ratio and information below each other.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        By label; see the module.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    figure, axes = new_figure(5.6, 3, len(tables), sharex=True, sharey="row")
    keys = ["layer", "epoch"]
    for (upper, middle, lower), (label, table) in zip(axes.T, tables.items(), strict=True):
        upper.set_title(panel_title(label, count_networks(table), len(tables)))
        mean, deviation = (over_networks(table, f"{name}_norm", keys) for name in ("mean", "std"))
        draw_both(upper, mean, "median", band=False)
        dashed = {"linestyle": DASHED_LINE, "marker": ""}
        draw_both(upper, deviation, "median", band=False, **dashed)
        middle.axhline(1, color="0.35", linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
        draw_both(middle, over_networks(table, "snr", keys), "median", band=False)
        draw_both(middle, over_networks(table, "batch_snr", keys), "median", band=False, **dashed)
        draw_both(lower, over_networks(table, "mi_input_bits", keys), "mean")
        for panel, text in zip(
            (upper, middle, lower), (GRADIENT_AXIS, RATIO_AXIS, INPUT_AXIS), strict=True
        ):
            set_epoch_axis(panel, int(table["epoch"].max()))
            panel.set(ylabel=text, yscale="linear" if panel is lower else "log")
            panel.label_outer()
    for panel, texts in zip(axes[:2, 0], LINES, strict=True):
        lines = [
            Line2D([], [], color="0.3", linestyle=line, label=text)
            for text, line in zip(texts, ("-", DASHED_LINE), strict=True)
        ]
        panel.legend(handles=lines, loc="best")
    (names, *_) = map(layer_names, tables.values())
    add_layer_legend(figure, names, f"band: {BAND}", linestyle="-")
    return figure


def draw_both(axes: Axes, summary: pd.DataFrame, centre: str, **look) -> None:
    """Draw one curve a layer, of the layer's own width; see `draw_layer_curves`."""
    for layer, width in WIDTHS.items():
        own = summary[summary["layer"] == layer]
        draw_layer_curves(axes, own, centre, linewidth=width, **look)


def main(snakemake) -> None:
    """Read the models' tables, draw them."""
    with figure_style():
        save_figure(phases_figure(read_models(snakemake)), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
