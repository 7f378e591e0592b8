"""Draw when I(X;T) peaks against when the SNR falls most steeply, one point a network.

Reads   claim_details   what every network contributes to a claim of `falls_against_peaks`, as JSON
        information     of each run, under its estimator: how long it was looked at
Params  claim           the claim
        runs            label to run id, as the claim pools them
        estimator       one of the claim's
        definition      of the gradient statistics, one of the claim's
Writes  svg, png
"""

import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from figures.converged import series_colours
from figures.reading import read_runs, rows_of_claim, two_decimals
from figures.style import figure_style, format_epoch, new_figure, save_figure
from pipeline.stage import run_as_script

TABLES = ("claim_details", "information")
NEEDS = ("claim", "runs", "estimator", "definition")
TAKES = ()
HOW_TO_READ = """\
Each small mark is one network: horizontally when the signal-to-noise ratio of its gradients
falls most steeply, vertically when I(X;T) of its last hidden layer is largest, on logarithmic
axes; large marks are medians of a run, the colour its batch size; hollow ones peak at the last
snapshot, so that no peak was seen. Left in epochs, right in steps of the optimiser. Above each
panel the slope of a straight line through the medians, which is 1 for a proportion; R squared of
the line with its {confidence} bootstrap interval over networks, and its null, with peaks
shuffled among the batch sizes over and over (median, and {confidence} of the shuffles); and the
verdicts on the claim's premises, that the SNR, and I(X;T) after its peak, fall by more than
noise explains in half of the networks of every run. Unless both are supported, the claim is left
open, whatever R squared is. Dashed, the proportion itself."""

READINGS = ("epochs", "steps")
PREMISES = ("SNR falls", "$I(X;T)$ falls")
NETWORKS = {"marker": "o", "markersize": 2.8, "alpha": 0.6, "markeredgewidth": 0.7}
MEDIANS = {"marker": "D", "markersize": 5.5, "markeredgewidth": 1.3}
LONG_LABEL = 100_000


def batch_sizes_figure(rows: dict[str, dict], last_epochs: dict[str, int]) -> Figure:
    """Draw one panel a reading.

    Parameters
    ----------
    rows : dict of str to dict
        The claim's rows, by reading.
    last_epochs : dict of str to int
        The last snapshot of each run, by label.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    figure, axes = new_figure(3.9, 1, len(rows))
    events = {name: np.array(row["details"]["values"], float) for name, row in rows.items()}
    at_end = np.split(events["epochs"], 2, axis=1)[1] == list(last_epochs.values())
    for panel, (reading, row) in zip(axes.flat, rows.items(), strict=True):
        draw_events(panel, *np.split(events[reading], 2, axis=1), at_end)
        panel.set(
            title=title_of(row), xlabel=f"steepest fall of the SNR ({reading})",
            ylabel=f"largest $I(X;T)$ ({reading})",
        )  # fmt: skip
    colours = series_colours(len(last_epochs))
    handles = [
        Line2D([], [], linestyle="none", color=colour, label=label, **MEDIANS)
        for label, colour in zip(last_epochs, colours, strict=True)
    ]
    hollow = {"linestyle": "none", "color": "0.3", "markerfacecolor": "none", **MEDIANS}
    handles.append(Line2D([], [], label="largest at the last snapshot", **hollow))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), title="batch size"
    )
    return figure


def title_of(row: dict) -> str:
    """Say what the claim found: the slope, R squared beside its null, and the premises."""
    details = row["details"]
    slope = two_decimals(details["conditions"][0]["estimate"])
    premises = [
        f"{text}: {premise['verdict']}"
        for text, premise in zip(PREMISES, details["premises"], strict=True)
    ]
    return (
        f"{len(details['values'])} networks a run; slope {slope}\n"
        f"$R^2$ {explained(row)}\n"
        f"{'; '.join(premises)}"
    )


def explained(row: dict) -> str:
    """Say R squared with its interval and its null, where there is a line."""
    square, low, high = (two_decimals(row[name]) for name in ("estimate", "ci_low", "ci_high"))
    if row["estimate"] is None:
        return square
    null = re.sub(r"[^\s\[\],]+", lambda number: f"{float(number[0]):.2f}", row["null"])
    return f"{square} [{low}, {high}], null {null}"


def draw_events(axes: Axes, falls: np.ndarray, peaks: np.ndarray, at_end: np.ndarray) -> None:
    """Draw every network of every run, medians, and the proportion nearest to these.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    falls, peaks : arrays of float, shape (inits, runs)
        NaN where there is no such event.
    at_end : array of bool, shape (inits, runs)
        Whether a peak is at the last snapshot.
    """
    medians = np.array(
        [np.median(np.where(np.isnan(one), np.inf, one), axis=0) for one in (falls, peaks)]
    )
    for place, colour in enumerate(series_colours(falls.shape[1])):
        for late in (False, True):
            chosen = at_end[:, place] == late
            face = {"markerfacecolor": "white" if late else colour, "linestyle": "none"}
            mine = falls[chosen, place], peaks[chosen, place]
            axes.plot(*mine, color=colour, **face, **NETWORKS)
        # Where half of the networks or more have no peak yet, neither has their median.
        face["markerfacecolor"] = "white" if 2 * at_end[:, place].sum() >= len(peaks) else colour
        axes.plot(*medians[:, place], color=colour, zorder=3, **face, **MEDIANS)
    known = (np.isfinite(medians) & (medians > 0)).all(axis=0)
    for axis, scale, events in (
        (axes.xaxis, axes.set_xscale, falls),
        (axes.yaxis, axes.set_yscale, peaks),
    ):
        # A logarithmic axis cannot be drawn of no event, or of events at epoch 0 alone.
        if (events > 0).any():
            scale("log")
            # Six digits have no room between powers of ten.
            between = (1, 3) if np.nanmax(events) < LONG_LABEL else (1,)
            axis.set_major_locator(LogLocator(subs=between))
            axis.set_major_formatter(format_epoch)
            axis.set_minor_formatter(NullFormatter())
    if known.any():
        ends = np.array([medians[0, known].min(), medians[0, known].max()])
        ratio = np.exp(np.log(medians[1, known] / medians[0, known]).mean())
        axes.plot(ends, ratio * ends, color="0.5", linestyle="--", linewidth=0.8, zorder=0)


def main(snakemake) -> None:
    """Read the claim's details, draw them."""
    params = snakemake.params
    (path,) = snakemake.input.claim_details
    runs = params.runs
    pool = ", ".join(runs.values())
    wanted = {reading: (pool, params.estimator, reading) for reading in READINGS}
    rows = rows_of_claim(path, wanted, params.definition)
    choice = ("estimator", params.estimator)
    looked_at = read_runs(snakemake.input.information, runs, [], choice).groupby("label")["epoch"]
    last_epochs = looked_at.max()[list(runs)].to_dict()
    with figure_style():
        save_figure(batch_sizes_figure(rows, last_epochs), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
