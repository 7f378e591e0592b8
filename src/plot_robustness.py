"""Draw how the drop of I(X;T) depends on the estimator: a heat map and a specification curve.

Reads   robustness        one row a run, layer and estimator: run, layer, estimator, drop,
                          ci_low, ci_high (bits), inits; every further column is a choice
                          that the estimator stands for, such as family, bins, range or
                          noise_variance, empty where it does not apply
Writes  svg, png
Params  runs              panel label to run id
        layer             optional: layer of the specification curve; by default the last
                          hidden one
        threshold_bits    optional: drop above which a layer counts as compressed
"""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures import (
    LAYER_COLOURS,
    WIDTH_INCHES,
    figure_style,
    layer_names,
    read_text_table,
    save_figure,
)
from pipeline.stage import run_as_script

COLUMNS = ("run", "layer", "estimator", "drop", "ci_low", "ci_high", "inits")
CELL_INCHES = 0.25
CHOICE_INCHES = 0.15
CURVE_INCHES = 1.6
MARGIN_INCHES = 1.6
COLOURS = "mako_r"


def choice_names(table: pd.DataFrame) -> list[str]:
    """Name the choices that the table's estimators stand for, one for each used value.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    names : list of str
        Such as ``"bins: 30"``, in the order of columns, numbers sorted.
    """
    names = []
    for column in table.columns.drop(list(COLUMNS)):
        values = table[column].dropna().unique()
        numeric = pd.api.types.is_numeric_dtype(table[column])
        names += [choice_name(column, value) for value in (sorted(values) if numeric else values)]
    return names


def choice_name(column: str, value) -> str:
    """Name one choice."""
    text = value if isinstance(value, str) else f"{value:g}"
    return f"{column.replace('_', ' ')}: {text}"


def draw_heat_map(axes: Axes, table: pd.DataFrame, estimators: list[str], largest: float) -> None:
    """Draw one run: estimators down, layers across, the drop and its half-interval written in.

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
    cells = table.set_index(["estimator", "layer"])
    half = np.maximum(cells["ci_high"] - cells["drop"], cells["drop"] - cells["ci_low"])
    text = [f"{drop:.1f}\n±{width:.1f}" for drop, width in zip(cells["drop"], half, strict=True)]
    names = layer_names(table)
    drops, texts = (
        column.unstack("layer").reindex(index=estimators, columns=list(names))  # noqa: PD010
        for column in (cells["drop"], pd.Series(text, cells.index))
    )
    sns.heatmap(
        drops.rename(columns=names | {max(names): "out"}),
        annot=texts.fillna("").to_numpy(),
        fmt="",
        annot_kws={"fontsize": 7, "linespacing": 0.95},
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
    axes.tick_params(length=0, rotation=0)


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
    axes.tick_params(labelbottom=False, length=0, axis="x")


def draw_choices(axes: Axes, table: pd.DataFrame, choices: list[str]) -> None:
    """Mark below the curve which choices each specification makes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        In the order of the curve.
    choices : list of str
        From `choice_names`, all rows.
    """
    columns = table.columns.drop(list(COLUMNS))
    made = [
        (position, choices.index(choice_name(column, row[column])))
        for position, (_, row) in enumerate(table.iterrows())
        for column in columns
        if pd.notna(row[column])
    ]
    for stripe in range(0, len(choices), 2):
        axes.axhspan(stripe - 0.5, stripe + 0.5, color="0.95", zorder=0)
    axes.plot(*np.transpose(made), "s", markersize=2.6, color="0.25")
    axes.set_ylim(len(choices) - 0.5, -0.5)
    axes.set_yticks(range(len(choices)), choices)
    axes.set_xticks([])
    axes.set_xlabel("specifications, by drop")
    axes.tick_params(length=0)
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
    estimators, choices = list(table["estimator"].unique()), choice_names(table)
    layer = int(table["layer"].max()) - 1 if layer is None else layer
    heights = (CELL_INCHES * len(estimators), CURVE_INCHES, CHOICE_INCHES * len(choices))
    figure = Figure(figsize=(WIDTH_INCHES, sum(heights) + MARGIN_INCHES), layout="constrained")
    axes = figure.subplots(
        3, len(runs), squeeze=False, sharey="row", gridspec_kw={"height_ratios": heights}
    )
    for column, (label, run) in zip(axes.T, runs.items(), strict=True):
        part = table[table["run"] == run]
        draw_heat_map(column[0], part, estimators, table["drop"].max())
        curve = part[part["layer"] == layer].sort_values(["drop", "estimator"])
        draw_curve(column[1], curve, threshold_bits)
        draw_choices(column[2], curve, choices)
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
