"""Draw how well each estimator measures drops that are known, and how often it finds none or one.

Reads   audit_drops   one row a made-up training, estimator and threshold: family, units, dimension,
                      estimator, true_drop_bits, bias_bits, threshold_bits, is_there, found
Writes  svg, png
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, SymLogNorm
from matplotlib.figure import Figure

from figures.audit import draw_map, written_bias
from figures.reading import read_text_table
from figures.style import ROW_INCHES, WIDTH_INCHES, figure_style, save_figure
from pipeline.stage import run_as_script

TABLES = ("audit_drops",)
NEEDS = ()
TAKES = ()
HOW_TO_READ = """\
Rows are estimators. On the left, the bias of the drop in bits by what happens to the layer, the
mean over its tasks: red where the drop is too large, blue where it is too small. On the right, in
percent of all draws, how often a drop of at least so many bits is found where there is one (power)
and where there is none (false). Trainings of bounded units (hard tanh, tanh), of unbounded ones
(ReLU), and of a channel with the noise that the estimator declares. Grey: not a task for this
estimator, or refused."""

COLUMNS = (
    *("family", "units", "estimator", "true_drop_bits", "bias_bits"),
    *("threshold_bits", "is_there", "found"),
)
BIAS_NORM = SymLogNorm(0.1, vmin=-10.0, vmax=10.0, base=10)
SHARE_NORM = Normalize(0.0, 1.0)
MARGIN_INCHES = 1.6
# Of a cell with a bias in it, as multiple of one with a percentage.
BIAS_WIDTH = 1.4
SHORT = {"bounded": "tanh", "unbounded": "ReLU", "noisy": "noise"}


def bias_of_families(rows: pd.DataFrame, estimators: list[str]) -> pd.DataFrame:
    """Return the mean bias of the drop, estimators down, families of tasks across."""
    once = rows[rows["threshold_bits"] == rows["threshold_bits"].min()]
    table = once.groupby(["estimator", "family"])["bias_bits"].mean().unstack("family")  # noqa: PD010
    return table.reindex(index=estimators, columns=list(dict.fromkeys(rows["family"])))


def found_by_threshold(rows: pd.DataFrame, there: bool, estimators: list[str]) -> pd.DataFrame:
    """Return the share of draws in which a drop is found, units and thresholds across."""
    chosen = rows[rows["is_there"] == there]
    keys = ["estimator", "units", "threshold_bits"]
    table = chosen.groupby(keys)["found"].mean().unstack(["units", "threshold_bits"])  # noqa: PD010
    columns = pd.MultiIndex.from_product(
        [list(dict.fromkeys(rows["units"])), sorted(rows["threshold_bits"].unique())]
    )
    table = table.reindex(index=estimators, columns=columns)
    table.columns = [f"{SHORT[units]}, {threshold:g} bits" for units, threshold in columns]
    return table


def written_percent(share: float) -> str:
    """Write a share in whole percent."""
    return "" if np.isnan(share) else f"{100 * share:.0f}"


def drops_figure(rows: pd.DataFrame) -> Figure:
    """Draw the bias of drops by task, and how often they are found.

    Parameters
    ----------
    rows : pandas.DataFrame
        See the module.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    estimators = list(dict.fromkeys(rows["estimator"]))
    bias = bias_of_families(rows, estimators)
    power, false = (found_by_threshold(rows, there, estimators) for there in (True, False))
    height = ROW_INCHES * len(estimators) + MARGIN_INCHES
    figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    widths = [BIAS_WIDTH * bias.shape[1], power.shape[1], false.shape[1]]
    axes = figure.subplots(1, 3, sharey=True, gridspec_kw={"width_ratios": widths})
    figure.get_layout_engine().set(wspace=0.0, w_pad=0.02)
    look = {"cmap": "RdBu_r", "norm": BIAS_NORM}
    draw_map(axes[0], bias.clip(-10, 10), bias.map(written_bias), **look)
    axes[0].set_title("bias of the drop (bits)")
    draw_shares(axes[1], power, "power (%)", "mako_r")
    draw_shares(axes[2], false, "false finds (%)", "rocket_r")
    for panel in axes:
        # Upright, so that none reaches into the next panel's room.
        panel.tick_params(axis="x", rotation=90)
        for name in panel.get_xticklabels():
            name.set(ha="center", va="top", rotation_mode="default")
    return figure


def draw_shares(axes: Axes, shares: pd.DataFrame, title: str, colours: str) -> None:
    """Draw a map of shares, in percent."""
    draw_map(axes, shares, shares.map(written_percent), cmap=colours, norm=SHARE_NORM)
    axes.set_title(title)


def main(snakemake) -> None:
    """Read the table, draw it."""
    rows = read_text_table(snakemake.input.audit_drops, COLUMNS, {})
    with figure_style():
        save_figure(drops_figure(rows), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
