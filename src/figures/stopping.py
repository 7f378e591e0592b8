"""Draw where rules on information stop training, and early stopping beside them.

Reads   claim_details   what every network contributes to a claim of `stopping_rule`, as JSON
Params  claim           the claim
        runs            row label to run id, each judged by the claim
        estimator       one of the claim's, or row label to estimator
Writes  svg, png
"""

import json

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.reading import BAND
from figures.style import LAYER_COLOURS, figure_style, format_epoch, new_figure, save_figure
from pipeline.stage import run_as_script

TABLES = ("claim_details",)
NEEDS = ("claim", "runs", "estimator")
TAKES = ()
HOW_TO_READ = """\
One row a condition; each mark is the median over networks, its bar holds 5 % to 95 % of them.
Left, the epoch at which a rule stops, logarithmic; right, the share of test patterns that are
predicted where it stops. Black squares: early stopping with patience on the test loss, which goes
back to its best check. Circles: information of the output layer, by the readings of the claim:
as published, by the growth since the last check, and with the same patience. Fewer epochs are
cheaper by what their training costs; estimates of information are not counted."""

EARLY = "early stopping"
EPOCH_OF_STOP = "epoch of the stop"
ACCURACY = "test accuracy (share of samples)"
TEXTS = {
    "published": "information, as published",
    "of_its_size": "information, share of its size",
    "patient": "information, with patience",
}


def stops_of_claim(path, runs: dict[str, str], estimators: dict[str, str]) -> dict:
    """Read where every network stops.

    Parameters
    ----------
    path : str
    runs, estimators : dict of str to str
        By label.

    Returns
    -------
    stops : dict of (str, str) to array of float, shape (inits, 2)
        Epoch and accuracy, by label and by `EARLY` or a reading of `TEXTS`.
    """
    with open(path, encoding="utf-8") as stream:
        rows = json.load(stream)
    stops = {}
    for label, run in runs.items():
        mine = [
            row
            for row in rows
            if row["condition"] == run
            and row["estimator"] == estimators[label]
            and row["reading"] in TEXTS
        ]
        if not mine:
            raise ValueError(f"{path} has no row of {estimators[label]} on {run}")
        for row in mine:
            values = np.array(row["details"]["values"], float).reshape(-1, 4)
            stops[label, row["reading"]] = values[:, :2]
            # The same networks under every reading.
            stops[label, EARLY] = values[:, 2:]
    return stops


def stopping_figure(stops: dict, labels: list[str]) -> Figure:
    """Draw epochs on the left and accuracies on the right, a row a label.

    Parameters
    ----------
    stops : dict
        See `stops_of_claim`.
    labels : list of str

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    figure, axes = new_figure(0.42 * len(labels) + 1.3, 1, 2, sharey=True)
    for panel, column, name in zip(axes.flat, (0, 1), (EPOCH_OF_STOP, ACCURACY), strict=True):
        draw_stops(panel, stops, labels, column)
        panel.set_xlabel(name)
        panel.set_ylim(len(labels) - 0.4, -0.6)
    axes[0, 0].set_xscale("log")
    axes[0, 0].xaxis.set_major_formatter(format_epoch)
    axes[0, 0].set_yticks(range(len(labels)), labels)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, title=f"median; bar: {BAND}")
    return figure


def draw_stops(axes: Axes, stops: dict, labels: list[str], column: int) -> None:
    """Draw one quantity of all rules, those of a row below each other."""
    kinds = [EARLY, *TEXTS]
    for place, kind in enumerate(kinds):
        look = {"color": ["0.1", *LAYER_COLOURS[2:]][place], "fmt": "s" if kind == EARLY else "o"}
        shown = [(row, stops[label, kind]) for row, label in enumerate(labels)
                 if len(stops.get((label, kind), ()))]  # fmt: skip
        quantiles = np.array(
            [np.quantile(values[:, column], (0.05, 0.5, 0.95)) for _, values in shown]
        ).reshape(-1, 3)
        heights = [row + 0.18 * (place - 1.5) for row, _ in shown]
        low, middle, high = quantiles.T
        axes.errorbar(
            middle, heights, xerr=[middle - low, high - middle], markersize=4, elinewidth=0.9,
            label=TEXTS.get(kind, kind), **look,
        )  # fmt: skip


def main(snakemake) -> None:
    """Read the claim's details, draw them."""
    params = snakemake.params
    (path,) = snakemake.input.claim_details
    by_label = isinstance(params.estimator, dict)
    estimators = params.estimator if by_label else dict.fromkeys(params.runs, params.estimator)
    stops = stops_of_claim(path, params.runs, estimators)
    with figure_style():
        save_figure(stopping_figure(stops, list(params.runs)), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
