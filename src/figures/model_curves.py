"""Draw columns of models' tables against one that they share, one panel a model.

Reads   models    init, status, and the columns that the entry names
Params  models    panel label to model
        against   the column that runs horizontally, a key of `AXES`
        curves    line label to a column, or to two whose difference is drawn
        measured  name of the vertical axis, with its unit
Writes  svg, png
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import BAND, count_networks, over_networks, read_models
from figures.style import (
    EPOCH_AXIS,
    figure_style,
    hide_unused,
    layer_colour,
    layer_marker,
    new_figure,
    panel_title,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("models",)
NEEDS = ("models", "against", "curves", "measured")
TAKES = ()
HOW_TO_READ = """\
Each panel is a model whose table is drawn as it is: lines are means over networks, bands hold 5 %
to 95 % of them. Of several layers the last is shown. Prices of information are logarithmic, epochs
linear from 0 to 1 and logarithmic beyond, steps linear."""

AXES = {
    "beta": "price of information beta",
    "epoch": EPOCH_AXIS,
    "switch": "steps on another matrix before",
    "start": "start of the deficit (half-times)",
}
COLUMNS = 3
# The second colour of the scheme is too light for a line that is broken.
COLOURS = (1, 5, 3, 4)
LINES = ("-", (0, (4, 2)), (0, (1, 1.3)), (0, (5, 1.5, 1, 1.5)))


def curves_figure(
    tables: dict[str, pd.DataFrame],
    against: str,
    curves: Mapping[str, str | list[str]],
    measured: str,
) -> Figure:
    """Draw a row of panels.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        By label; see the module.
    against : str
    curves : mapping of str to (str or list of str)
    measured : str

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    columns = min(len(tables), COLUMNS)
    rows = -(-len(tables) // columns)
    figure, axes = new_figure(0.5 + 2.6 * rows, rows, columns, sharey=True)
    for panel, (label, table) in zip(axes.flat, tables.items(), strict=False):
        panel.set_title(panel_title(label, count_networks(table), columns))
        if "layer" in table:
            table = table[table["layer"] == table["layer"].max()]
        for number, names in enumerate(curves.values(), start=1):
            draw_curve(panel, number, drawn_column(table, names), against)
        if against == "epoch":
            set_epoch_axis(panel, int(table[against].max()))
        else:
            panel.set(xscale="log" if against == "beta" else "linear", xlabel=AXES[against])
    for panel in axes[:, 0]:
        panel.set_ylabel(measured)
    hide_unused(axes, len(tables), AXES[against])
    handles = [
        Line2D([], [], label=label, **look(number)) for number, label in enumerate(curves, start=1)
    ]
    title = Line2D([], [], linestyle="none", label=f"mean; band: {BAND}")
    figure.legend(handles=[*handles, title], loc="outside lower center", ncols=3)
    return figure


def look(number: int) -> dict:
    """Return colour, marker and line of curve 1, 2, ..."""
    place = (number - 1) % len(LINES)
    marker = {"marker": layer_marker(number), "markersize": 3.2}
    return {"color": layer_colour(COLOURS[place]), "linestyle": LINES[place]} | marker


def drawn_column(table: pd.DataFrame, columns: str | list[str]) -> pd.DataFrame:
    """Return a table with the column ``drawn``: one of its own, or the difference of two."""
    first, *other = [columns] if isinstance(columns, str) else columns
    drawn = table[first]
    for column in other:
        drawn = drawn - table[column]
    return table.assign(drawn=drawn)


def draw_curve(axes: Axes, number: int, table: pd.DataFrame, against: str) -> None:
    """Draw the mean over networks, and its band."""
    curve = over_networks(table, "drawn", [against])
    line = look(number)
    axes.fill_between(
        curve[against], curve["low"], curve["high"], color=line["color"], alpha=0.2, linewidth=0
    )
    places = (number * len(curve) // 30 % max(len(curve), 1), len(curve) // 8 + 1)
    axes.plot(curve[against], curve["mean"], markevery=places, **line)


def main(snakemake) -> None:
    """Read the models' tables, draw them."""
    params = snakemake.params
    tables = read_models(snakemake)
    with figure_style():
        figure = curves_figure(tables, params.against, params.curves, params.measured)
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
