"""Draw what networks learn and what their weights hold, over the price of information.

Reads   models    init, beta, corrupted_share, samples, classes, train_accuracy, test_accuracy,
                  information_nats, bound, status
Params  models    line label to model
Writes  svg, png
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, PercentFormatter

from figures.reading import BAND, QUANTILES, count_networks, read_models, trained
from figures.style import (
    draw_bounds,
    figure_style,
    layer_colour,
    layer_marker,
    new_figure,
    save_figure,
)
from pipeline.stage import run_as_script

TABLES = ("models",)
NEEDS = ("models",)
TAKES = ()
HOW_TO_READ = """\
Networks with noise on their weights, trained on the summed cross-entropy plus beta times the
information in the weights. Left: accuracy on a training set whose labels are random, against beta;
the dashed line is beta = 1, the variational bound. Middle, where some labels are partly random:
information in the weights over the number of training samples, in nats, against the share of
training labels that are random, for the betas next to 0.01, 0.1 and 1 (dotted, solid, dashed).
Right: test error of networks trained on the true labels (solid), and the PAC-Bayes bound on it at
the best lambda (dotted; cut at 1, above which it says nothing). Weights are drawn, not averaged.
Lines are means over networks, bands in the left panel hold 5 % to 95 % of the networks; one colour
and marker a model."""

BETA_AXIS = "price of information beta"
ACCURACY_AXIS = "training accuracy, random labels"
INFORMATION_AXIS = "information a sample (nats)"
SHARE_AXIS = "share of random labels"
ERROR_AXIS = "test error, true labels"
# What the lines of the middle and the right panel are.
SHARES_TITLE = "beta next to 0.01 dotted,\n0.1 solid, 1 dashed"
ERRORS_TITLE = "error solid,\nPAC-Bayes bound dotted"
# From where labels are learnt by heart to the variational bound.
SHOWN_BETAS = {0.01: (0, (1, 1.5)), 0.1: "solid", 1.0: (0, (4, 2))}


def variational_figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw panels side by side, that of shares where some model has several.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        By label; see the module.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    kept = [trained(table) for table in tables.values()]
    with_shares = any(map(has_shares, kept))
    figure, (panels,) = new_figure(3.5, 1, 3 if with_shares else 2)
    learning, errors = panels[0], panels[-1]
    for number, rows in enumerate(kept, start=1):
        look = {"color": layer_colour(number), "marker": layer_marker(number), "markersize": 3.2}
        draw_over_beta(learning, at_share(rows, 1.0), "train_accuracy", band=True, **look)
        if has_shares(rows):
            draw_over_shares(panels[1], rows, **look)
        draw_errors(errors, at_share(rows, 0.0), **look)
    for panel, text in ((learning, ACCURACY_AXIS), (errors, ERROR_AXIS)):
        draw_bounds(panel, x=1.0)
        panel.set(xscale="log", xlabel=BETA_AXIS, ylabel=text, ylim=(-0.05, 1.05))
    errors.set_title(ERRORS_TITLE)
    if with_shares:
        panels[1].set(xlabel=SHARE_AXIS, ylabel=INFORMATION_AXIS, title=SHARES_TITLE)
        panels[1].xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        panels[1].xaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
    add_legend(figure, tables)
    return figure


def has_shares(table: pd.DataFrame) -> bool:
    """Say whether a model has labels that are partly random, besides none and all."""
    return table["corrupted_share"].nunique() > 2


def add_legend(figure: Figure, tables: dict[str, pd.DataFrame]) -> None:
    """Name the models below all panels."""
    names = [
        Line2D(
            [],
            [],
            color=layer_colour(number),
            marker=layer_marker(number),
            label=f"{label} ({count_networks(table)})",
        )
        for number, (label, table) in enumerate(tables.items(), start=1)
    ]
    band = Line2D([], [], linestyle="none", label=f"band: {BAND}")
    figure.legend(handles=[*names, band], loc="outside lower center", ncols=2)


def draw_errors(axes: Axes, true: pd.DataFrame, **line) -> None:
    """Draw the test error of networks trained on true labels, and the bound on it."""
    true = true.assign(error=1 - true["test_accuracy"], bound=true["bound"].clip(upper=1.0))
    draw_over_beta(axes, true, "error", **line)
    draw_over_beta(axes, true, "bound", **line | {"linestyle": (0, (1, 1.5))})


def at_share(table: pd.DataFrame, share: float) -> pd.DataFrame:
    """Return the rows of networks with a share of random labels."""
    return table[np.isclose(table["corrupted_share"], share)]


def draw_over_beta(
    axes: Axes, rows: pd.DataFrame, column: str, *, band: bool = False, **line
) -> None:
    """Draw the mean over networks of a column against beta.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    rows : pandas.DataFrame
        Of networks that did not diverge.
    column : str
    band : bool
        Whether to fill between the quantiles.
    **line
        Handed to `matplotlib.axes.Axes.plot`.
    """
    by_beta = rows.groupby("beta")[column]
    means = by_beta.mean()
    if band:
        low, high = (by_beta.quantile(share) for share in QUANTILES)
        axes.fill_between(means.index, low, high, color=line["color"], alpha=0.2, linewidth=0)
    axes.plot(means.index, means, **line)


def draw_over_shares(axes: Axes, rows: pd.DataFrame, **line) -> None:
    """Draw the mean information a sample against the share of random labels, for some betas."""
    betas = np.sort(rows["beta"].unique())
    for wanted, style in SHOWN_BETAS.items():
        if not betas.size:
            continue
        nearest = betas[np.abs(np.log(betas / wanted)).argmin()]
        own = rows[rows["beta"] == nearest]
        each = (own["information_nats"] / own["samples"]).groupby(own["corrupted_share"])
        axes.plot(each.mean().index, each.mean(), **line | {"linestyle": style})


def main(snakemake) -> None:
    """Read the models' tables, draw them."""
    with figure_style():
        save_figure(variational_figure(read_models(snakemake)), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
