"""Draw how far I(X;T) moves when a layer is rescaled and the network computes the same.

Reads   rescaled      the information of each run's layers in other units
Params  runs          panel label to run id
        estimators    row label to id of estimator, from above to below
        layer         the layer of the lower panels
Writes  svg, png
"""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from figures.reading import count_networks, read_bounds, read_runs, trained
from figures.style import (
    EPOCH_COLOURS,
    INPUT_AXIS,
    ROW_INCHES,
    TABLE_FONT_SIZE,
    WIDTH_INCHES,
    draw_bounds,
    figure_style,
    panel_title,
    save_figure,
)
from pipeline.stage import run_as_script

TABLES = ("rescaled",)
NEEDS = ("runs", "estimators", "layer")
TAKES = ()
HOW_TO_READ = """\
Trained networks whose every prediction stays: a layer's activations are multiplied by c and the
weights that read them divided by it, one layer at a time. Above, how many bits I(X;T) moves by
that, the largest minus the smallest value over c from 0.1 to 10, estimators down, layers across; in
brackets how many networks it is the mean of, slow estimators seeing the first few. Colours end at
the most that I(X;T) can be. A tanh layer cannot be scaled without changing the function: its spans
are over the layer mirrored (c = -1) and with its units in reverse order. Below, I(X;T) itself in
one layer, the mean over networks, a dot for each c; the dashed line is the most that it can be."""

COLUMNS = ["layer", "change", "scale", "estimator", "mi_input_bits", "ceiling_bits"]
# However few the estimators, the scale of the colours has room for its words.
LEAST_INCHES = 1.1
MARGIN_INCHES = 1.5
BITS_COLOURS = "mako_r"
MIRRORED = {"marker": "<", "markerfacecolor": "none", "color": "0.35", "markersize": 4.5}
REORDERED = {"marker": "|", "color": "0.35", "markersize": 6}


def final_estimates(frame: pd.DataFrame, estimators: list[str]) -> pd.DataFrame:
    """Return each network's last estimates, diverged ones left out.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, status`` and `COLUMNS`.
    estimators : list of str

    Returns
    -------
    final : pandas.DataFrame
    """
    rows = trained(frame[frame["estimator"].isin(estimators)])
    return rows[rows["epoch"] == rows.groupby(["label", "init"])["epoch"].transform("max")]


def spans_of(final: pd.DataFrame) -> pd.DataFrame:
    """Return the spans of one run, in bits: a row an estimator, a column a layer.

    Parameters
    ----------
    final : pandas.DataFrame
        From `final_estimates`, of one label.

    Returns
    -------
    spans : pandas.DataFrame
        The mean over networks, over positive scales if there are several, else over all changes.
    """
    scaled = final[(final["change"] == "scaled") & (final["scale"] > 0)]
    rows = scaled if len(scaled["scale"].unique()) > 1 else final
    bits = rows.groupby(["estimator", "layer", "init"])["mi_input_bits"]
    spans = (bits.max() - bits.min()).reset_index()
    return spans.pivot_table(index="estimator", columns="layer", values="mi_input_bits")


def row_names(final: pd.DataFrame, estimators: dict[str, str], labels: list[str]) -> list[str]:
    """Name each estimator with how many networks it has seen of each run, or how few and many."""
    networks = final.groupby(["estimator", "label"])["init"].nunique()
    names = []
    for name, estimator in estimators.items():
        counts = [networks.get((estimator, label), 0) for label in labels]
        few, many = min(counts), max(counts)
        names.append(f"{name} ({few})" if few == many else f"{name} ({few} to {many})")
    return names


def draw_spans(axes: Axes, spans: pd.DataFrame, names: list[str], most_bits: float) -> None:
    """Draw one run's spans: estimators down, layers across.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    spans : pandas.DataFrame
        From `spans_of`, its rows those of `names`.
    names : list of str
    most_bits : float
        At the end of the colours.
    """
    sns.heatmap(
        spans.rename(columns=lambda layer: f"T{layer}"),
        annot=True,
        fmt=".1f",
        annot_kws={"fontsize": TABLE_FONT_SIZE},
        cmap=BITS_COLOURS,
        vmin=0,
        vmax=most_bits,
        linewidths=0.4,
        cbar=False,
        yticklabels=names,
        ax=axes,
    )
    axes.set_facecolor("0.92")
    axes.set(xlabel="layer", ylabel="")
    axes.tick_params(length=0, rotation=0, labelsize=TABLE_FONT_SIZE, pad=2)


def draw_values(axes: Axes, final: pd.DataFrame, estimators: list[str], colours: dict) -> None:
    """Draw one layer's I(X;T): estimators down, a dot for each scale.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    final : pandas.DataFrame
        From `final_estimates`, of one label and layer.
    estimators : list of str
    colours : dict of float to colour
        Of each positive scale.
    """
    means = final.groupby(["change", "scale", "estimator"])["mi_input_bits"].mean()
    rows = np.arange(len(estimators)) + 0.5
    for (change, scale), bits in means.groupby(["change", "scale"]):
        values = bits.droplevel(["change", "scale"]).reindex(estimators)
        if change == "permuted":
            look = REORDERED
        else:
            look = {"marker": "o", "color": colours[scale]} if scale > 0 else MIRRORED
        axes.plot(values, rows, **{"linestyle": "none", "markersize": 3.5} | look)
    ends = means.groupby("estimator").agg(["min", "max"]).reindex(estimators)
    axes.hlines(rows, ends["min"], ends["max"], color="0.75", linewidth=0.8, zorder=0)
    axes.set_yticks(rows)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xlabel(INPUT_AXIS)
    axes.tick_params(axis="y", length=0, labelsize=TABLE_FONT_SIZE, pad=2)


def add_change_legend(figure: Figure, colours: dict) -> None:
    """Put a legend of the scales and of the other changes below all panels."""
    look = {"linestyle": "none", "markersize": 3.5}
    handles = [
        Line2D([], [], marker="o", color=colour, label=f"$c = {scale:g}$", **look)
        for scale, colour in colours.items()
    ]
    handles.append(Line2D([], [], label="mirrored ($c = -1$)", **look | MIRRORED))
    handles.append(Line2D([], [], label="units in reverse order", **look | REORDERED))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def rescaling_figure(
    frame: pd.DataFrame,
    estimators: dict[str, str],
    layer: int,
    bounds: dict[str, dict[str, float]],
) -> Figure:
    """Draw spans above and one layer's values below, one column a run.

    Parameters
    ----------
    frame : pandas.DataFrame
        See `final_estimates`.
    estimators : dict of str to str
        By the names of their rows.
    layer : int
    bounds : dict of str to dict
        From `read_bounds`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels, chosen = list(frame["label"].unique()), list(estimators.values())
    final = final_estimates(frame, chosen)
    layers = sorted(frame["layer"].unique())
    names = row_names(final, estimators, labels)
    scales = sorted(final.loc[final["scale"] > 0, "scale"].unique())
    shades = EPOCH_COLOURS(np.linspace(0, 1, len(scales)))
    colours = dict(zip(scales, shades, strict=True))
    height = 2 * max(1.25 * ROW_INCHES * len(estimators), LEAST_INCHES) + MARGIN_INCHES
    figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    axes = figure.subplots(2, len(labels), squeeze=False)
    most = max(known["ceiling_bits"] for known in bounds.values())
    for column, label in zip(axes.T, labels, strict=True):
        own = final[final["label"] == label]
        spans = spans_of(own).reindex(index=chosen, columns=layers)
        draw_spans(column[0], spans, names, most)
        draw_values(column[1], own[own["layer"] == layer], chosen, colours)
        draw_bounds(column[1], x=bounds[label]["ceiling_bits"])
        column[1].set_ylim(len(chosen), 0)
        count = count_networks(frame[frame["label"] == label])
        column[0].set_title(panel_title(label, count, len(labels)))
        column[1].set_title(f"T{layer}, {label}")
        column[1].set_yticklabels(names)
    for panel in axes[:, 1:].flat:
        panel.tick_params(labelleft=False)
    bar = figure.colorbar(axes[0, 0].collections[0], ax=axes[0], aspect=20, pad=0.01)
    bar.set_label("span of $I(X;T)$ (bits)")
    bar.outline.set_visible(False)
    add_change_legend(figure, colours)
    return figure


def main(snakemake) -> None:
    """Read the tables, draw them."""
    params = snakemake.params
    frame = read_runs(snakemake.input.rescaled, params.runs, COLUMNS)
    frame = frame.astype({"change": str, "estimator": str})
    bounds = read_bounds(snakemake, frame)
    with figure_style():
        figure = rescaling_figure(frame, params.estimators, params.layer, bounds)
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
