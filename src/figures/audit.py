"""Draw how far each estimator is from known mutual information, and how long a call takes.

Reads   audit    one row a task, number of samples, estimator and quantity: family, dimension,
                 samples, estimator, quantity (input: I(X;T), label: I(T;Y)), bias_bits,
                 spread_bits, seconds, refused (why there is no value, else empty)
Writes  svg, png
"""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure, SubFigure

from figures.reading import read_text_table
from figures.style import (
    INPUT_AXIS,
    LABEL_AXIS,
    ROW_INCHES,
    TABLE_FONT_SIZE,
    WIDTH_INCHES,
    figure_style,
    save_figure,
)
from pipeline.stage import run_as_script

TABLES = ("audit",)
NEEDS = ()
TAKES = ()
HOW_TO_READ = """\
Rows are estimators; by task I(X;T) above I(T;Y), at the bottom both side by side. Colour: the root
of squared bias plus squared spread over independent draws, in bits, logarithmic from 0.01 to 10;
number: the bias in bits, positive where the estimate is too large. Both are medians over all tasks
of a column: by kind of task, and of those with a layer by number of samples and by number of units.
Grey: not a task for this estimator; a cross: it refused every time. At the upper right, the time of
one call in milliseconds by number of samples, both quantities together."""

COLUMNS = (
    *("family", "dimension", "samples", "estimator", "quantity"),
    *("bias_bits", "spread_bits", "seconds", "refused"),
)
QUANTITIES = {"input": INPUT_AXIS, "label": LABEL_AXIS}
GROUPS = {"family": "task", "samples": "samples", "dimension": "units"}
ERROR_NORM = LogNorm(0.01, 10.0, clip=True)
ERROR_COLOURS, TIME_COLOURS = "mako_r", "rocket_r"
ERROR_TICKS = (0.01, 0.1, 1, 10)
# For titles, labels and the scale of colours: of the panels by task, and of those below.
MARGIN_INCHES = (1.5, 1.6)


def groups_of(table: pd.DataFrame, by: str) -> list:
    """Return what a column groups tasks by: families in their order, numbers sorted."""
    return list(dict.fromkeys(table[by])) if by == "family" else sorted(table[by].unique())


def median_over(
    rows: pd.DataFrame, by: str, value: str, estimators: list[str], groups: list
) -> pd.DataFrame:
    """Return the median of a column, estimators down, the groups across.

    Parameters
    ----------
    rows : pandas.DataFrame
        See the module.
    by : str
        Column to group by.
    value : str
        Column of numbers; NaN where the estimator refused.
    estimators, groups : list
        All rows and columns, in their order.

    Returns
    -------
    table : pandas.DataFrame
        NaN where the estimator was not tried, or refused every time.
    """
    table = rows.groupby(["estimator", by])[value].median().unstack(by)  # noqa: PD010
    return table.reindex(index=estimators, columns=groups)


def written_bias(bias: float) -> str:
    """Write a bias in bits with its sign, zero where it would be written so."""
    if np.isnan(bias):
        return ""
    text = f"{bias:+.1f}" if abs(bias) < 9.95 else f"{bias:+.0f}"
    return "0" if text in ("+0.0", "-0.0") else text.replace("-", "\u2212")


def written_milliseconds(seconds: float) -> str:
    """Write a time in milliseconds with one digit that counts, two below ten."""
    if np.isnan(seconds):
        return ""
    milliseconds = 1000 * seconds
    return f"{milliseconds:.0f}" if milliseconds >= 9.95 else f"{milliseconds:.1f}"


def draw_map(axes: Axes, colours: pd.DataFrame, texts: pd.DataFrame, **look) -> None:
    """Draw one heat map; grey where there is no value."""
    names = [str(name).replace("_", " ") for name in colours.columns]
    sns.heatmap(
        colours,
        annot=texts.to_numpy(),
        fmt="",
        annot_kws={"fontsize": TABLE_FONT_SIZE},
        linewidths=0.4,
        cbar=False,
        yticklabels=list(colours.index),
        **look,
        ax=axes,
    )
    axes.set_facecolor("0.9")
    axes.set(xlabel="", ylabel="")
    axes.set_xticklabels(names, rotation=50, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0, pad=1, labelsize=TABLE_FONT_SIZE)
    axes.tick_params(axis="y", rotation=0)


def draw_refusals(axes: Axes, rows: pd.DataFrame, by: str, colours: pd.DataFrame) -> None:
    """Put a cross where an estimator was tried and refused every time."""
    tried = rows.groupby(["estimator", by]).size()
    for row, estimator in enumerate(colours.index):
        for column, group in enumerate(colours.columns):
            if (estimator, group) in tried.index and np.isnan(colours.iloc[row, column]):
                axes.plot(column + 0.5, row + 0.5, "x", color="0.2", label="refused")


def audit_figure(table: pd.DataFrame) -> Figure:
    """Draw the errors by task, then by samples and units, for both quantities, and the times.

    Parameters
    ----------
    table : pandas.DataFrame
        See the module.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    table = table.assign(error_bits=np.hypot(table["bias_bits"], table["spread_bits"]))
    estimators = list(dict.fromkeys(table["estimator"]))
    # One column for all of them, and none by their own numbers of samples and units.
    pairs = table["family"].str.startswith("pairs_")
    table = table.assign(family=table["family"].where(~pairs, "pairs of variables"))
    layers = table[~pairs]
    widths = {by: len(groups_of(table if by == "family" else layers, by)) for by in GROUPS}
    body = ROW_INCHES * len(estimators)
    heights = [2 * body + MARGIN_INCHES[0], body + MARGIN_INCHES[1]]
    figure = Figure(figsize=(WIDTH_INCHES, sum(heights)), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=heights)
    ratios = [widths["family"], widths["samples"]]
    above = upper.subplots(2, 2, sharey=True, width_ratios=ratios)
    ratios = [widths["samples"], widths["dimension"]] * 2
    below = lower.subplots(1, 4, sharey=True, width_ratios=ratios)
    for row, quantity in enumerate(QUANTITIES):
        draw_errors(above[row, 0], table, quantity, "family", estimators)
        for place, by in enumerate(("samples", "dimension")):
            draw_errors(below[2 * row + place], layers, quantity, by, estimators)
    above[0, 0].tick_params(labelbottom=False)
    draw_times(above[0, 1], layers, estimators)
    above[1, 1].set_axis_off()
    add_error_colours(lower, below)
    return figure


def draw_errors(
    axes: Axes, table: pd.DataFrame, quantity: str, by: str, estimators: list[str]
) -> None:
    """Draw the errors of one quantity by what a column groups tasks by.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        See the module, with ``error_bits``.
    quantity, by : str
        One of `QUANTITIES` and one of `GROUPS`.
    estimators : list of str
    """
    rows, groups = table[table["quantity"] == quantity], groups_of(table, by)
    errors = median_over(rows, by, "error_bits", estimators, groups)
    bias = median_over(rows, by, "bias_bits", estimators, groups)
    look = {"cmap": ERROR_COLOURS, "norm": ERROR_NORM}
    draw_map(axes, errors.clip(lower=ERROR_NORM.vmin), bias.map(written_bias), **look)
    draw_refusals(axes, rows, by, errors)
    # Narrow panels have two lines.
    space = " " if by == "family" else "\n"
    axes.set_title(f"{QUANTITIES[quantity]}{space}by {GROUPS[by]}")


def add_error_colours(figure: SubFigure, axes: np.ndarray) -> None:
    """Put the colour scale of the errors below some panels."""
    bar = figure.colorbar(
        axes[0].collections[0], ax=list(axes), location="bottom", aspect=60, shrink=0.6, pad=0.02
    )
    bar.set_ticks(ERROR_TICKS, labels=[f"{error:g}" for error in ERROR_TICKS])
    bar.set_label("error, colour: root of bias² + spread² (bits); number: bias (bits)")
    bar.outline.set_visible(False)


def draw_times(axes: Axes, table: pd.DataFrame, estimators: list[str]) -> None:
    """Draw the time of a call by number of samples."""
    groups = groups_of(table, "samples")
    seconds = median_over(table, "samples", "seconds", estimators, groups)
    times = LogNorm(np.nanmin(seconds), np.nanmax(seconds))
    draw_map(axes, seconds, seconds.map(written_milliseconds), cmap=TIME_COLOURS, norm=times)
    axes.set_title("ms a call")


def main(snakemake) -> None:
    """Read the table, draw it."""
    table = read_text_table(snakemake.input.audit, COLUMNS, {})
    with figure_style():
        save_figure(audit_figure(table), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
