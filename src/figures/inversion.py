"""Draw how exactly inputs come back from layers, above I(X;T) under several estimators.

Reads   inversion      the errors of each run
        information    the information of each run, under each estimator
        data           the task of each run
Params  runs           column label to run id
        estimators     row label to estimator's id
Writes  svg, png
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import (
    BAND,
    INFORMATION,
    count_networks,
    layer_names,
    over_networks,
    read_bounds,
    read_runs,
)
from figures.style import (
    INPUT_AXIS,
    add_layer_legend,
    draw_bounds,
    draw_layer_curves,
    figure_style,
    new_figure,
    panel_title,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("inversion", "information")
NEEDS = ("runs", "estimators")
TAKES = ()
HOW_TO_READ = """\
Top left: the largest difference, over all images and pixels, between an image and what is computed
back from each hidden layer, with all arithmetic in single precision (solid) and in double precision
(dashed). The other panels: I(X;T) in bits of the same networks under one estimator each; the dashed
line is H(X), which every hidden layer has. Horizontally the epoch, linear from 0 to 1 and
logarithmic beyond. Lines are means over networks, of the errors medians; bands hold 5 % to 95 % of
the networks; one colour and marker a layer."""

ERROR_AXIS = "largest error of a pixel"
DOUBLE_LINE = {"linestyle": (0, (3, 1.5)), "marker": ""}
COLUMNS = 3


def inversion_figure(
    errors: pd.DataFrame,
    information: Mapping[str, pd.DataFrame],
    bounds: Mapping[str, Mapping[str, float]],
) -> Figure:
    """Draw a panel of errors and one for each estimator, for one run.

    Parameters
    ----------
    errors : pandas.DataFrame
        ``label, init, epoch, layer, error_float32, error_float64, status``.
    information : mapping of str to pandas.DataFrame
        Behind each estimator's label, ``label, init, epoch, layer, mi_input_bits, status``.
    bounds : mapping of str to mapping
        See `read_bounds`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    (label,) = errors["label"].unique()
    rows = -(-(1 + len(information)) // COLUMNS)
    figure, axes = new_figure(0.7 + 1.9 * rows, rows, COLUMNS, sharex=True)
    first, *others = axes.flat
    for column, line in (("error_float32", {}), ("error_float64", DOUBLE_LINE)):
        curves = over_networks(errors, column, ["layer", "epoch"])
        draw_layer_curves(first, curves, "median", band=not line, **line)
    title = panel_title(label, count_networks(errors), COLUMNS)
    first.set(yscale="log", ylabel=ERROR_AXIS, title=title)
    for panel, (name, plane) in zip(others, information.items(), strict=False):
        draw_bounds(panel, y=bounds[label]["ceiling_bits"])
        draw_layer_curves(panel, over_networks(plane, "mi_input_bits", ["layer", "epoch"]), "mean")
        panel.set(title=name, ylabel=INPUT_AXIS)
        panel.sharey(others[0])
    for panel in axes.flat[: 1 + len(information)]:
        set_epoch_axis(panel, int(errors["epoch"].max()))
    for panel in axes.flat[1 + len(information) :]:
        panel.set_axis_off()
    handles = [
        Line2D([], [], color="0.3", label="single precision"),
        Line2D([], [], color="0.3", **DOUBLE_LINE, label="double precision"),
    ]
    first.legend(handles=handles, loc="center right")
    names = layer_names(next(iter(information.values())))
    add_layer_legend(figure, names, f"band: {BAND}", linestyle="-")
    return figure


def main(snakemake) -> None:
    """Read the tables of the run, draw them."""
    params, paths = snakemake.params, snakemake.input
    errors = read_runs(paths.inversion, params.runs, ["layer", "error_float32", "error_float64"])
    information = {
        name: read_runs(paths.information, params.runs, INFORMATION, ("estimator", estimator))
        for name, estimator in params.estimators.items()
    }
    bounds = read_bounds(snakemake, pd.concat(information.values()))
    with figure_style():
        figure = inversion_figure(errors, information, bounds)
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
