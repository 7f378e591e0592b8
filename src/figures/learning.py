"""Draw learning curves: loss and accuracy on the training and the test set.

Reads   metrics    the learning curves of each run
Params  runs       panel label to run id
Writes  svg, png
"""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import BAND, QUANTILES, count_networks, read_runs, trained
from figures.style import (
    LAYER_COLOURS,
    figure_style,
    new_figure,
    panel_title,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("metrics",)
NEEDS = ("runs",)
TAKES = ()
HOW_TO_READ = """\
Above, the cross-entropy in nats per sample; below, the accuracy as a share of samples; horizontally
the epoch, linear from 0 to 1 and logarithmic beyond. Solid: training set; dashed: test set, the
patterns not trained on. Lines are medians over networks, bands hold 5 % to 95 % of them."""

PARTS = {"train": "training set", "test": "test set"}
QUANTITIES = {"loss": "cross-entropy (nats)", "accuracy": "accuracy (share of samples)"}
DASHES = {"training set": (), "test set": (3, 1.5)}
COLOURS = {"training set": LAYER_COLOURS[0], "test set": LAYER_COLOURS[4]}
BAND_PERCENT = round(100 * (QUANTILES[1] - QUANTILES[0]))


def one_column(frame: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Put the training and test values of a quantity below each other.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``init, epoch, train_{quantity}, test_{quantity}``.
    quantity : str

    Returns
    -------
    frame : pandas.DataFrame
        ``init, epoch, samples, value``.
    """
    names = {f"{part}_{quantity}": text for part, text in PARTS.items()}
    return frame.rename(columns=names).melt(
        ["init", "epoch"], list(names.values()), "samples", "value"
    )


def draw_curves(axes: Axes, values: pd.DataFrame) -> None:
    """Draw a quantity's median over networks, and its band, on both sets of samples.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    values : pandas.DataFrame
        From `one_column`; empty where all networks diverged.
    """
    if values.empty:
        return
    sns.lineplot(
        values,
        x="epoch",
        y="value",
        hue="samples",
        style="samples",
        palette=COLOURS,
        dashes=DASHES,
        estimator="median",
        errorbar=("pi", BAND_PERCENT),
        err_kws={"linewidth": 0},
        legend=False,
        ax=axes,
    )


def learning_figure(frame: pd.DataFrame) -> Figure:
    """Draw loss and accuracy, rows, of each run, columns.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, status`` and the four metrics.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels = list(frame["label"].unique())
    figure, axes = new_figure(4.4, len(QUANTITIES), len(labels), sharex=True, sharey="row")
    for column, label in enumerate(labels):
        part = frame[frame["label"] == label]
        axes[0, column].set_title(panel_title(label, count_networks(part), len(labels)))
        for panel, (quantity, text) in zip(axes[:, column], QUANTITIES.items(), strict=True):
            draw_curves(panel, one_column(trained(part), quantity))
            set_epoch_axis(panel, int(frame["epoch"].max()))
            panel.set_ylabel(text)
            panel.label_outer()
    handles = [
        Line2D([], [], color=colour, dashes=DASHES[name] or (None, None), label=name)
        for name, colour in COLOURS.items()
    ]
    handles.append(Line2D([], [], linestyle="none", label=f"median; band: {BAND}"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def main(snakemake) -> None:
    """Read the runs' learning curves, draw them."""
    columns = [f"{part}_{quantity}" for part in PARTS for quantity in QUANTITIES]
    frame = read_runs(snakemake.input.metrics, snakemake.params.runs, columns)
    with figure_style():
        save_figure(learning_figure(frame), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
