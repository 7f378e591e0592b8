"""Draw what single differences between conditions do to the drop of every layer.

Reads   ablations    one row a difference, estimator and layer: shows, estimator, layer,
                     difference_bits, ci_low, ci_high, inits
Writes  svg, png
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.reading import layer_names, read_text_table
from figures.style import (
    add_layer_legend,
    figure_style,
    layer_colour,
    layer_marker,
    new_figure,
    save_figure,
)
from pipeline.stage import run_as_script

TABLES = ("ablations",)
NEEDS = ()
TAKES = ()
HOW_TO_READ = """\
Each row is one difference from the reference condition, each mark one layer: how much more
(right) or less (left) I(X;T) drops after its peak, in bits, mean over networks that start alike,
with its {confidence} bootstrap interval over them. Panels: the same networks under one estimator
each; a difference between estimators stands in the panel of the one that it starts from. In
brackets the number of networks. Batches of another size take more or fewer steps an epoch: at
equal epochs all are trained for as many epochs, at equal steps for as many steps."""

COLUMNS = ("shows", "estimator", "layer", "difference_bits", "ci_low", "ci_high", "inits")
AXIS = "difference of the drop of $I(X;T)$ (bits)"
ROW_INCHES, MARGIN_INCHES = 0.46, 1.0
# Of a row, taken by its marks.
SPREAD = 0.66


def ablations_figure(rows: pd.DataFrame) -> Figure:
    """Draw one panel an estimator, one row a difference.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns `COLUMNS`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    shown, estimators = (list(dict.fromkeys(rows[name])) for name in ("shows", "estimator"))
    height = MARGIN_INCHES + ROW_INCHES * len(shown)
    figure, axes = new_figure(height, 1, len(estimators), sharex=True, sharey=True)
    for panel, estimator in zip(axes.flat, estimators, strict=True):
        draw_differences(panel, rows[rows["estimator"] == estimator], shown)
        panel.set(title=estimator, xlabel=AXIS)
    inits = rows.groupby("shows")["inits"].min()
    axes[0, 0].set_yticks(range(len(shown)), [f"{name}\n({inits[name]})" for name in shown])
    axes[0, 0].set_ylim(len(shown) - 0.5, -0.5)
    add_layer_legend(figure, layer_names(rows))
    return figure


def draw_differences(axes: Axes, rows: pd.DataFrame, shown: list[str]) -> None:
    """Draw every layer's difference with its interval, layers from the top of each row down.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    rows : pandas.DataFrame
        Of one estimator.
    shown : list of str
        The differences in their order.
    """
    axes.axvline(0, color="0.5", linewidth=0.8, zorder=0)
    axes.hlines(np.arange(1, len(shown)) - 0.5, 0, 1, "0.9", linewidth=0.6, zorder=0,
                transform=axes.get_yaxis_transform())  # fmt: skip
    layers = rows["layer"].max()
    for layer, part in rows.groupby("layer"):
        places = part["shows"].map(shown.index) + SPREAD * ((layer - 0.5) / layers - 0.5)
        look = {"color": layer_colour(layer)}
        axes.hlines(places, part["ci_low"], part["ci_high"], linewidth=1.0, **look)
        axes.plot(
            part["difference_bits"], places, layer_marker(layer), markersize=3.4,
            label=f"layer {layer}", **look,
        )  # fmt: skip


def main(snakemake) -> None:
    """Read the table, draw it."""
    rows = read_text_table(snakemake.input.ablations, COLUMNS, {})
    with figure_style():
        save_figure(ablations_figure(rows), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
