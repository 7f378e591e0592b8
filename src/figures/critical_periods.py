"""Draw what networks keep of a deficit, and the Fisher trace of their weights on the way.

Reads   models    init, deficit, starts, ends, rate, epoch, test_accuracy, fisher_trace, status
Params  models      the label of the one model, and its name
        statistics  resamples, seed, confidence of the intervals
Writes  svg, png
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import count_networks, read_models, the_only_run, trained
from figures.style import (
    figure_style,
    layer_colour,
    layer_marker,
    new_figure,
    save_figure,
    set_epoch_axis,
)
from infoplane.statistics import Resampling
from pipeline.stage import run_as_script

TABLES = ("models",)
NEEDS = ("models",)
TAKES = ()
HOW_TO_READ = """\
Networks that see their images, or labels, through a deficit for a while, and are then trained
with clean ones for as many epochs as those that never had one. Top: their final test accuracy,
against the epoch at which the deficit ends, or, where all last equally long, at which it starts.
Grey dashes: without a deficit, trained for the clean epochs alone; black dashes: without one,
trained as long as those with it. Bottom: the trace of the Fisher information of all weights, on
the images as they are seen at the time, of the longest deficit (dashed where it ends), or of the
earliest of equally long ones. One column a course of the learning rate: it decays from the first
epoch on, or never, or all over again from where the deficit ends. Lines are means over
initialisations, of traces geometric ones, bands their {confidence} bootstrap intervals."""

NONE = "none"
RATES = {
    "decayed": "decaying rate",
    "constant": "constant rate",
    "rewarmed": "rate raised again at the end",
}
DEFICITS = {
    NONE: "none",
    "blur": "blur",
    "flip": "upside down",
    "permutation": "labels permuted",
    "noise": "noise",
}
ACCURACY_AXIS = "final test accuracy"
TRACE_AXIS = "trace of the\nFisher information (nats)"
ENDS_AXIS, STARTS_AXIS = "epoch at which the deficit ends", "epoch at which the deficit starts"


def critical_figure(table: pd.DataFrame, resampling: Resampling) -> Figure:
    """Draw two rows, and a column for each course of the learning rate.

    Parameters
    ----------
    table : pandas.DataFrame
        See the module.
    resampling : Resampling
        What makes the intervals.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    kept = trained(table)
    rates = [rate for rate in RATES if (table["rate"] == rate).any()]
    figure, (top, bottom) = new_figure(4.4, 2, len(rates), sharey="row")
    spans = table.loc[table["ends"] > 0, ["starts", "ends"]].drop_duplicates()
    windows = len(set(spans["ends"] - spans["starts"])) == 1 and len(spans) > 1
    place = "starts" if windows else "ends"
    # Of windows the earliest, else the longest.
    shown = spans.sort_values(["starts", "ends"], ascending=[True, False]).iloc[0]
    for upper, lower, rate in zip(top, bottom, rates, strict=True):
        own = kept[kept["rate"] == rate]
        draw_accuracies(upper, own, place, resampling)
        upper.set(title=RATES[rate], xlabel=STARTS_AXIS if windows else ENDS_AXIS)
        draw_traces(lower, own, shown, resampling)
        set_epoch_axis(lower, int(table["epoch"].max()))
        lower.set_yscale("log")
    top[0].set_ylabel(ACCURACY_AXIS)
    bottom[0].set_ylabel(TRACE_AXIS)
    there = [name for name in DEFICITS if (table["deficit"] == name).any()]
    handles = [Line2D([], [], **look_of(name), label=DEFICITS[name]) for name in there]
    clean = {"color": "0.55", "linestyle": (0, (4, 3)), "label": "none, clean epochs alone"}
    title = Line2D([], [], linestyle="none", label=f"{count_networks(table)} each; deficit:")
    figure.legend(
        handles=[title, *handles, Line2D([], [], **clean)], loc="outside lower center", ncols=4
    )
    return figure


def look_of(deficit: str) -> dict:
    """Return colour, marker and line of a deficit."""
    if deficit == NONE:
        return {"color": "0.15", "marker": "none", "linestyle": (0, (4, 2))}
    number = list(DEFICITS).index(deficit)
    return {"color": layer_colour(number), "marker": layer_marker(number), "markersize": 3.2}


def draw_accuracies(axes: Axes, rows: pd.DataFrame, place: str, resampling: Resampling) -> None:
    """Draw the final test accuracy of each deficit against where it ends or starts.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    rows : pandas.DataFrame
        Of networks with one course of the learning rate that did not diverge.
    place : str
        ``ends`` or ``starts``.
    resampling : Resampling
        What makes the intervals.
    """
    final = rows[rows["epoch"] == rows.groupby(["starts", "ends"])["epoch"].transform("max")]
    clean, impaired = final[final["ends"] == 0], final[final["ends"] > 0]
    if len(clean):
        centre, low, high = interval(clean["test_accuracy"], resampling)
        axes.axhspan(low, high, color="0.55", alpha=0.2, linewidth=0)
        axes.axhline(centre, color="0.55", linestyle=(0, (4, 3)), linewidth=0.9)
    for deficit, own in impaired.groupby("deficit"):
        draw_means(axes, own.groupby(place)["test_accuracy"], deficit, resampling)


def draw_traces(axes: Axes, rows: pd.DataFrame, span: pd.Series, resampling: Resampling) -> None:
    """Draw the Fisher trace along training with each deficit in one span."""
    there = rows[(rows["starts"] == span["starts"]) & (rows["ends"] == span["ends"])]
    positive = there[there["fisher_trace"] > 0]
    logarithms = positive.assign(level=np.log(positive["fisher_trace"]))
    for deficit, own in logarithms.groupby("deficit"):
        draw_means(axes, own.groupby("epoch")["level"], deficit, resampling, transform=np.exp)
    for epoch in (span["starts"], span["ends"]):
        if epoch:
            axes.axvline(epoch, color="0.55", linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)


def draw_means(
    axes: Axes, groups, deficit: str, resampling: Resampling, transform=np.asarray
) -> None:
    """Draw the mean of each group of values, and its interval as a band.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    groups : pandas.SeriesGroupBy
        Values of networks by the horizontal axis.
    deficit : str
    resampling : Resampling
        What makes the intervals.
    transform : callable
        Of the means and their intervals, before they are drawn.
    """
    places = list(groups.groups)
    summary = transform(np.array([interval(values, resampling) for _, values in groups]))
    look = look_of(deficit)
    axes.fill_between(places, *summary[:, 1:].T, color=look["color"], alpha=0.2, linewidth=0)
    axes.plot(places, summary[:, 0], **look)


def interval(values: pd.Series, resampling: Resampling) -> tuple[float, float, float]:
    """Return the mean over initialisations with its interval."""
    found = resampling.mean(values.to_numpy())
    return found.estimate, found.low, found.high


def main(snakemake) -> None:
    """Read the model's table, draw it."""
    label, _ = the_only_run(snakemake.params.models)
    resampling = Resampling(**snakemake.params.statistics)
    with figure_style():
        figure = critical_figure(read_models(snakemake)[label], resampling)
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
