"""Draw when I(X;T) peaks against when the SNR falls most steeply, one point a network.

Reads   claim_details   what every network contributes to a claim of `falls_against_peaks`, as JSON
Params  claim           the claim
        runs            label to run id, as the claim pools them
        estimator       one of the claim's
        definition      of the gradient statistics, one of the claim's
Writes  svg, png
"""

import json

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.converged import series_colours
from figures.style import figure_style, new_figure, save_figure
from pipeline.stage import run_as_script

TABLES = ("claim_details",)
NEEDS = ("claim", "runs", "estimator", "definition")
TAKES = ()
HOW_TO_READ = """\
Each small mark is one network: horizontally when the signal-to-noise ratio of its gradients falls
most steeply, vertically when I(X;T) of its last hidden layer is largest, on logarithmic axes; large
marks are medians of a run, the colour its batch size. Left in epochs, right in steps of the
optimiser. Above each panel R squared of a straight line through the medians, with its 95 %
bootstrap interval over networks, and the slope, which is 1 for a proportion; dashed, the proportion
itself."""


def rows_of_claim(path, estimator: str, definition: str, runs: list[str]) -> dict[str, dict]:
    """Read the rows of a claim under one estimator and definition.

    Parameters
    ----------
    path : str
    estimator, definition : str
    runs : list of str
        Those that the claim must have taken together, in their order.

    Returns
    -------
    rows : dict of str to dict
        By reading.
    """
    with open(path, encoding="utf-8") as stream:
        rows = json.load(stream)
    found = {
        row["reading"]: row
        for row in rows
        if row["estimator"] == estimator
        and row["details"]["definition"] == definition
        and row["condition"].split(", ") == runs
    }
    if not found:
        raise ValueError(f"{path} has no row of {estimator}, {definition} on {', '.join(runs)}")
    return found


def batch_sizes_figure(rows: dict[str, dict], labels: list[str]) -> Figure:
    """Draw one panel a reading.

    Parameters
    ----------
    rows : dict of str to dict
        See `rows_of_claim`.
    labels : list of str
        Of the runs.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    figure, axes = new_figure(3.6, 1, len(rows))
    for panel, (reading, row) in zip(axes.flat, rows.items(), strict=True):
        values = np.array(row["details"]["values"], float)
        falls, peaks = np.split(values, 2, axis=1)
        draw_events(panel, falls, peaks, labels)
        slope = row["details"]["conditions"][0]["estimate"]
        told = [row[name] for name in ("estimate", "ci_low", "ci_high")]
        square, low, high = (f"{np.nan if one is None else one:.2f}" for one in told)
        slope = "undefined" if slope is None else f"{slope:.2f}"
        title = f"{len(values)} networks a run; $R^2$ {square} [{low}, {high}], slope {slope}"
        panel.set(
            title=title, xlabel=f"steepest fall of the SNR ({reading})",
            ylabel=f"largest $I(X;T)$ ({reading})",
        )  # fmt: skip
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(labels), title="batch size")
    return figure


def draw_events(axes: Axes, falls: np.ndarray, peaks: np.ndarray, labels: list[str]) -> None:
    """Draw every network of every run, medians, and the proportion nearest to these.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    falls, peaks : arrays of float, shape (inits, runs)
        NaN where there is no such event.
    labels : list of str
    """
    medians = np.array(
        [np.median(np.where(np.isnan(one), np.inf, one), axis=0) for one in (falls, peaks)]
    )
    for place, colour in enumerate(series_colours(len(labels))):
        axes.plot(falls[:, place], peaks[:, place], "o", color=colour, markersize=2.6, alpha=0.6)
        axes.plot(
            *medians[:, place], "D", color=colour, markersize=6.5, markeredgecolor="white",
            label=labels[place],
        )  # fmt: skip
    known = np.isfinite(medians).all(axis=0)
    axes.set(xscale="log", yscale="log")
    if known.any():
        ends = np.array([medians[0, known].min(), medians[0, known].max()])
        ratio = np.exp(np.log(medians[1, known] / medians[0, known]).mean())
        axes.plot(ends, ratio * ends, color="0.5", linestyle="--", linewidth=0.8, zorder=0)


def main(snakemake) -> None:
    """Read the claim's details, draw them."""
    params = snakemake.params
    (path,) = snakemake.input.claim_details
    runs = params.runs
    rows = rows_of_claim(path, params.estimator, params.definition, list(runs.values()))
    with figure_style():
        save_figure(batch_sizes_figure(rows, list(runs)), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
