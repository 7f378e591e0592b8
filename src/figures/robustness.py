"""Draw how the drop of I(X;T) depends on the estimator: a heat map and a specification curve.

Reads   robustness        one row a run, layer and estimator: run, layer, estimator, drop,
                          ci_low, ci_high (bits), inits, rescaling_span_bits, which is not
                          drawn; every further column is a choice that the estimator stands
                          for, such as method, bins, range or noise_variance, empty where it
                          does not apply
Params  runs              panel label to run id
        layer             optional: layer of the specification curve; by default the last
                          hidden one
        threshold_bits    optional: drop above which a layer counts as compressed
Writes  svg, png
"""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from figures.reading import layer_names, read_text_table
from figures.style import (
    LAYER_COLOURS,
    ROW_INCHES,
    TABLE_FONT_SIZE,
    WIDTH_INCHES,
    figure_style,
    save_figure,
)
from pipeline.stage import run_as_script

TABLES = ("robustness",)
NEEDS = ("runs",)
TAKES = ("layer", "threshold_bits")
HOW_TO_READ = """\
Above, one heat map a run, all of the same activations: estimators down, layers across; colour and
number are the drop, the largest I(X;T) of training minus the final one, averaged over networks, in
bits. Grey: not measured. Below, the same drops for one layer, every specification sorted from the
smallest to the largest with its bootstrap interval over initialisations, and under each the choices
that it makes; the dotted line, if there is one, is the drop above which a layer counts as
compressed. Left out are choices made by the same specifications as one listed above them. The
intervals of all layers stand in ``tables/robustness.tsv``."""

COLUMNS = (
    *("run", "layer", "estimator", "drop", "ci_low", "ci_high", "inits"),
    "rescaling_span_bits",
)
CURVE_INCHES = 1.0
MARGIN_INCHES = 1.1
COLOURS = "mako_r"


def made_choices(table: pd.DataFrame) -> pd.DataFrame:
    """Return which specification makes which choice.

    Parameters
    ----------
    table : pandas.DataFrame
        See the module.

    Returns
    -------
    made : pandas.DataFrame of bool
        By run and estimator, one column a choice, such as ``"bins: 30"``, in the order of the
        table's columns, numbers sorted; only the first of those that always go together.
    """
    specifications = table.drop_duplicates(["run", "estimator"]).set_index(["run", "estimator"])
    made = {}
    for column in table.columns.drop(list(COLUMNS)):
        values = specifications[column].dropna().unique()
        if pd.api.types.is_numeric_dtype(values):
            values = np.sort(values)
        made |= {choice_name(column, value): specifications[column] == value for value in values}
    together = pd.DataFrame(made)
    return together.loc[:, ~together.T.duplicated()]


def choice_name(column: str, value) -> str:
    """Name one choice."""
    text = value if isinstance(value, str) else f"{value:g}"
    return f"{column.replace('_', ' ')}: {text}"


def draw_heat_map(axes: Axes, table: pd.DataFrame, estimators: list[str], largest: float) -> None:
    """Draw one run: estimators down, layers across, the drop written in.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        Of one run; see the module.
    estimators : list of str
        All rows, in their order; blank where the run was not measured with it.
    largest : float
        Drop at the end of the colours, in bits.
    """
    names = layer_names(table)
    drops = table.pivot(index="estimator", columns="layer", values="drop")  # noqa: PD010
    sns.heatmap(
        drops.reindex(index=estimators, columns=list(names)).rename(
            columns=names | {max(names): "out"}
        ),
        annot=True,
        fmt=".1f",
        annot_kws={"fontsize": TABLE_FONT_SIZE},
        cmap=COLOURS,
        vmin=0,
        vmax=largest,
        linewidths=0.4,
        cbar=False,
        yticklabels=estimators,
        ax=axes,
    )
    axes.set_facecolor("0.92")
    axes.set(xlabel="layer", ylabel="")
    axes.tick_params(length=0, rotation=0, labelsize=TABLE_FONT_SIZE, pad=2)


def draw_curve(axes: Axes, table: pd.DataFrame, threshold_bits: float | None) -> None:
    """Draw the drop under every specification, from the smallest to the largest.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        Of one run and layer, sorted by drop.
    threshold_bits : float or None
    """
    if threshold_bits is not None:
        thin = {"color": "0.35", "linewidth": 0.8, "linestyle": (0, (1, 1.5))}
        axes.axhline(threshold_bits, **thin, zorder=0)
    position = np.arange(len(table))
    colour = LAYER_COLOURS[0]
    axes.vlines(position, table["ci_low"], table["ci_high"], color=colour, linewidth=1)
    axes.plot(position, table["drop"], "o", markersize=3, color=colour)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(labelbottom=False, length=0, axis="x")


def draw_choices(axes: Axes, made: pd.DataFrame) -> None:
    """Mark below the curve which choices each specification makes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    made : pandas.DataFrame of bool
        Specifications in the order of the curve; see `made_choices`.
    """
    for stripe in range(0, made.shape[1], 2):
        axes.axhspan(stripe - 0.5, stripe + 0.5, color="0.95", zorder=0)
    axes.plot(*made.to_numpy().nonzero(), "s", markersize=2.6, color="0.25")
    axes.set_ylim(made.shape[1] - 0.5, -0.5)
    axes.set_yticks(range(made.shape[1]), made.columns)
    axes.set_xticks([])
    axes.set_xlabel("specifications, by drop")
    axes.tick_params(length=0, labelsize=TABLE_FONT_SIZE, pad=2)
    sns.despine(ax=axes, left=True, bottom=True)


def robustness_figure(
    table: pd.DataFrame,
    runs: dict[str, str],
    layer: int | None = None,
    threshold_bits: float | None = None,
) -> Figure:
    """Draw heat maps above specification curves, one column a run.

    Parameters
    ----------
    table : pandas.DataFrame
        See the module.
    runs : dict of str to str
    layer : int, optional
    threshold_bits : float, optional

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    table = table[table["run"].isin(list(runs.values()))]
    estimators, made = list(table["estimator"].unique()), made_choices(table)
    layer = int(table["layer"].max()) - 1 if layer is None else layer
    # However few the estimators, the scale of the colours has room for its words.
    map_inches = max(ROW_INCHES * len(estimators), CURVE_INCHES)
    heights = (map_inches, CURVE_INCHES, ROW_INCHES * made.shape[1])
    figure = Figure(figsize=(WIDTH_INCHES, sum(heights) + MARGIN_INCHES), layout="constrained")
    axes = figure.subplots(
        3, len(runs), squeeze=False, sharey="row", gridspec_kw={"height_ratios": heights}
    )
    for column, (label, run) in zip(axes.T, runs.items(), strict=True):
        part = table[table["run"] == run]
        draw_heat_map(column[0], part, estimators, table["drop"].max())
        curve = part[part["layer"] == layer].sort_values(["drop", "estimator"])
        draw_curve(column[1], curve, threshold_bits)
        draw_choices(column[2], made.loc[run].loc[curve["estimator"]])
        column[1].set_xlim(-1, len(curve))
        column[2].set_xlim(-1, len(curve))
        column[0].set_title(f"{label} ({count_text(part['inits'])})")
        column[1].set_title(f"{layer_names(table)[layer]}, {label}")
    for row in axes[:, 1:]:
        for panel in row:
            panel.tick_params(labelleft=False)
    axes[1, 0].set_ylabel("drop of $I(X;T)$ (bits)")
    scale = axes[0, 0].collections[0]
    bar = figure.colorbar(scale, ax=axes[0], aspect=40, pad=0.01)
    bar.set_label("drop of $I(X;T)$ (bits)")
    bar.outline.set_visible(False)
    return figure


def count_text(inits: pd.Series) -> str:
    """Say how many networks there are, or from how few to how many."""
    few, many = inits.min(), inits.max()
    return f"{many} networks" if few == many else f"{few} to {many} networks"


def main(snakemake) -> None:
    """Read the table, draw it."""
    params = snakemake.params
    table = read_text_table(snakemake.input.robustness, COLUMNS, params.runs)
    with figure_style():
        figure = robustness_figure(
            table, params.runs, params.get("layer"), params.get("threshold_bits")
        )
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
