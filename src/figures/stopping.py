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

from figures.reading import BAND, QUANTILES
from figures.style import LAYER_COLOURS, figure_style, format_epoch, new_figure, save_figure
from pipeline.stage import run_as_script

TABLES = ("claim_details",)
NEEDS = ("claim", "runs", "estimator")
TAKES = ()
HOW_TO_READ = """\
One row a condition; each mark is the median over networks, its bar holds 5 % to 95 % of them.
Left, the epoch at which a rule stops, logarithmic; in the middle, the share of test patterns
that are predicted where it stops; right, the cost: epochs trained over those that early stopping
trains, the ratio of means over networks with its {confidence} bootstrap interval, logarithmic.
Black squares: early stopping with patience on the test loss, which goes back to its best check
and costs 1. Circles: information of the output layer, by the readings of the claim: as
published, by the growth since the last check, and with the same patience. Estimates of
information are not counted in the cost."""

EARLY = "early stopping"
EPOCH_OF_STOP = "epoch of the stop"
ACCURACY = "test accuracy\n(share of samples)"
COST = "epochs trained\n(early stopping is 1)"
TITLE = f"median; bar: {BAND}; of the costs the ratio of means and its interval"
TEXTS = {
    "published": "information, as published",
    "of_its_size": "information, share of its size",
    "patient": "information, with patience",
}


def stops_of_claim(path, runs: dict[str, str], estimators: dict[str, str]) -> tuple[dict, dict]:
    """Read where every network stops, and what that costs.

    Parameters
    ----------
    path : str
    runs, estimators : dict of str to str
        By label.

    Returns
    -------
    stops : dict of (str, str) to array of float, shape (inits, 2)
        Epoch and accuracy, by label and by `EARLY` or a reading of `TEXTS`.
    costs : dict of (str, str) to tuple of float
        Epochs trained over those of early stopping, by label and reading: estimate, low, high.
    """
    with open(path, encoding="utf-8") as stream:
        rows = json.load(stream)
    stops, costs = {}, {}
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
            (cost,) = row["details"]["conditions"]
            told = [cost[name] for name in ("estimate", "low", "high")]
            costs[label, row["reading"]] = tuple(np.array(told, float))
            stops[label, row["reading"]] = values[:, :2]
            # The same networks under every reading.
            stops[label, EARLY] = values[:, 2:]
    return stops, costs


def stopping_figure(stops: dict, costs: dict, labels: list[str]) -> Figure:
    """Draw epochs, accuracies and costs side by side, a row a label.

    Parameters
    ----------
    stops, costs : dict
        See `stops_of_claim`.
    labels : list of str

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    figure, axes = new_figure(0.42 * len(labels) + 1.4, 1, 3, sharey=True)
    epochs, accuracies, cost = axes.flat
    draw_marks(epochs, over_stops(stops, 0), labels)
    draw_marks(accuracies, over_stops(stops, 1), labels)
    draw_marks(cost, costs | {(label, EARLY): (1.0, 1.0, 1.0) for label in labels}, labels)
    for panel, name in zip(axes.flat, (EPOCH_OF_STOP, ACCURACY, COST), strict=True):
        panel.set_xlabel(name)
        panel.set_ylim(len(labels) - 0.4, -0.6)
    epochs.set_xscale("log")
    epochs.xaxis.set_major_formatter(format_epoch)
    cost.set_xscale("log")
    cost.axvline(1, color="0.35", linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
    epochs.set_yticks(range(len(labels)), labels)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, title=TITLE)
    return figure


def over_stops(stops: dict, column: int) -> dict[tuple[str, str], tuple[float, ...]]:
    """Return median and quantiles of a column of the stops, where there are networks."""
    return {
        key: tuple(np.quantile(values[:, column], (0.5, *QUANTILES)))
        for key, values in stops.items()
        if len(values)
    }


def draw_marks(axes: Axes, told: dict, labels: list[str]) -> None:
    """Draw one quantity of all rules, those of a row below each other.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    told : dict of (str, str) to tuple of float
        The mark and both ends of its bar, by label and rule.
    labels : list of str
    """
    kinds = [EARLY, *TEXTS]
    for place, kind in enumerate(kinds):
        look = {"color": ["0.1", *LAYER_COLOURS[2:]][place], "fmt": "s" if kind == EARLY else "o"}
        shown = [(row, told[label, kind]) for row, label in enumerate(labels)
                 if (label, kind) in told]  # fmt: skip
        middle, low, high = np.array([ends for _, ends in shown]).reshape(-1, 3).T
        heights = [row + 0.18 * (place - 1.5) for row, _ in shown]
        reach = np.maximum([middle - low, high - middle], 0)
        axes.errorbar(
            middle, heights, xerr=reach, markersize=4, elinewidth=0.9,
            label=TEXTS.get(kind, kind), **look,
        )  # fmt: skip


def main(snakemake) -> None:
    """Read the claim's details, draw them."""
    params = snakemake.params
    (path,) = snakemake.input.claim_details
    by_label = isinstance(params.estimator, dict)
    estimators = params.estimator if by_label else dict.fromkeys(params.runs, params.estimator)
    stops, costs = stops_of_claim(path, params.runs, estimators)
    with figure_style():
        save_figure(stopping_figure(stops, costs, list(params.runs)), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
