"""Draw exact information and errors of linear networks along training.

Reads   models    init, epoch, layer, mi_input_bits, mi_relevant_bits, mi_irrelevant_bits,
                  train_error, test_error, status of each model
Params  models    panel label to model
Writes  svg, png
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import count_networks, over_networks, read_models
from figures.style import (
    INPUT_AXIS,
    add_layer_legend,
    draw_layer_curves,
    figure_style,
    format_epoch,
    layer_colour,
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
Linear students of a linear teacher, by gradient descent. Above, the exact I(X;T) in bits, of normal
inputs and hidden units with added normal noise: nothing is estimated. Where some inputs are
irrelevant to the teacher, dashed is what the layer tells of the relevant ones and dotted of the
irrelevant ones, which are drawn once more in the middle, each panel with a scale of its own; thin
vertical lines are the epochs where the first layer tells most of the relevant ones (above) and of
the irrelevant ones (middle), unless that is the last epoch, and (below) where the training error
has fallen by 90 % of all that it falls: each of the mean over networks.
Below, mean squared errors where the teacher's signal has variance 1: on the samples, and expected
on new ones. Lines are means over networks, bands hold 5 % to 95 % of them; the epoch is linear from
0 to 1 and logarithmic beyond."""

ERROR_AXIS = "mean squared error"
IRRELEVANT_AXIS = f"irrelevant part of\n{INPUT_AXIS}"
RELEVANT, IRRELEVANT = "mi_relevant_bits", "mi_irrelevant_bits"
ERRORS = {"train_error": ("training", 5), "test_error": ("test", 6)}
FIT_SHARE = 0.9
"""Of the fall of the training error, when the fit counts as made: as claim C21 has it."""
DASHED, DOTTED = (0, (4, 2)), (0, (1, 1.3))


def linear_figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw information above errors, one column a model; between them its irrelevant part, if any.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        By label; see the module.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    parts = any((table[IRRELEVANT] > 0).any() for table in tables.values())
    names = [INPUT_AXIS, *([IRRELEVANT_AXIS] if parts else []), ERROR_AXIS]
    figure, axes = new_figure(2.0 * len(names) + 0.8, len(names), len(tables), sharex="col")
    for row, name in zip(axes, names, strict=True):
        row[0].set_ylabel(name)
        if name != IRRELEVANT_AXIS:
            for panel in row[1:]:
                panel.sharey(row[0])
    layers = {}
    for column, (label, table) in zip(axes.T, tables.items(), strict=True):
        column[0].set_title(panel_title(label, count_networks(table), len(tables)))
        draw_information(column[0], table)
        if parts:
            draw_irrelevant(column[1], table)
        draw_errors(column[-1], table[table["layer"] == 1])
        if parts:
            mark_fit(column[-1], table[table["layer"] == 1])
        for panel in column:
            set_epoch_axis(panel, int(table["epoch"].max()))
            panel.label_outer()
        if parts:
            column[1].tick_params(labelleft=True)
        layers |= {layer: f"T{layer}" for layer in sorted(table["layer"].unique())}
    lower_left = axes[-1, 0]
    lower_left.set_yscale("log")
    lower_left.legend(handles=error_handles(), loc="best")
    add_layer_legend(figure, layers, "mean over networks:", linestyle="-")
    return figure


def draw_information(axes: Axes, table: pd.DataFrame) -> None:
    """Draw I(X;T) of every layer, and its parts where some inputs are irrelevant."""
    draw_layer_curves(axes, over_networks(table, "mi_input_bits", ["layer", "epoch"]), "mean")
    if not (table[IRRELEVANT] > 0).any():
        return
    for column, line in ((RELEVANT, DASHED), (IRRELEVANT, DOTTED)):
        curves = over_networks(table, column, ["layer", "epoch"])
        draw_layer_curves(axes, curves, "mean", linestyle=line, marker="")
    handles = [
        Line2D([], [], color="0.3", linestyle=line, label=text)
        for text, line in (("all inputs", "-"), ("relevant", DASHED), ("irrelevant", DOTTED))
    ]
    axes.legend(handles=handles, loc="upper left")
    mark_peak(axes, over_networks(table, RELEVANT, ["layer", "epoch"]), "relevant")


def draw_irrelevant(axes: Axes, table: pd.DataFrame) -> None:
    """Draw what every layer tells of the irrelevant inputs, on a scale of its own."""
    curves = over_networks(table, IRRELEVANT, ["layer", "epoch"])
    draw_layer_curves(axes, curves, "mean", linestyle=DOTTED, marker="")
    mark_peak(axes, curves, "irrelevant")


def mark_peak(axes: Axes, curves: pd.DataFrame, name: str) -> None:
    """Mark the epoch where the first layer's curve is largest, unless it is the last one."""
    first = curves[curves["layer"] == curves["layer"].min()]
    if first.empty or (peak := first["epoch"][first["mean"].idxmax()]) == first["epoch"].max():
        return
    mark_epoch(axes, peak, name)


def mark_fit(axes: Axes, table: pd.DataFrame) -> None:
    """Mark the epoch where the training error has fallen by most of what it falls, if it does."""
    curve = over_networks(table, "train_error", ["epoch"])
    errors = curve["mean"].to_numpy()
    fallen = errors[0] - errors >= FIT_SHARE * (errors[0] - errors.min())
    if when := fallen.argmax():
        mark_epoch(axes, curve["epoch"].iloc[when], f"{100 * FIT_SHARE:g} % of the fit")


def mark_epoch(axes: Axes, epoch: int, name: str) -> None:
    """Draw a thin vertical line, and say beside it what happens then."""
    axes.axvline(epoch, color="0.35", linewidth=0.8, zorder=0)
    axes.annotate(
        f" {name}: epoch {format_epoch(epoch)}", (epoch, 1), xycoords=("data", "axes fraction"),
        va="top",
    )  # fmt: skip


def draw_errors(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the training and the test error."""
    for column, (_, number) in ERRORS.items():
        curve, colour = over_networks(table, column, ["epoch"]), layer_colour(number)
        axes.plot(curve["epoch"], curve["mean"], color=colour)
        axes.fill_between(
            curve["epoch"], curve["low"], curve["high"], color=colour, alpha=0.2, linewidth=0
        )


def error_handles() -> list[Line2D]:
    """Return what the legend of the errors shows."""
    looks = ERRORS.values()
    return [Line2D([], [], color=layer_colour(colour), label=text) for text, colour in looks]


def main(snakemake) -> None:
    """Read the models' tables, draw them."""
    with figure_style():
        save_figure(linear_figure(read_models(snakemake)), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
