"""Draw what stopping at the largest I(T;Y) costs, beside other stops, one panel a run.

Reads   claim_details   what every network contributes to a claim of `stop_before_label_loss`, as
                        JSON
Params  claim           the claim
        runs            panel label to run id, each judged by the claim
        estimators      row label to one of the claim's estimators; early stopping and the end are
                        of the networks and the epochs of the first
        statistics      resamples, seed, confidence of the intervals
Writes  svg, png
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.reading import rows_of_claim
from figures.style import LAYER_COLOURS, figure_style, format_epoch, new_figure, save_figure
from infoplane.statistics import Resampling
from pipeline.stage import run_as_script

TABLES = ("claim_details",)
NEEDS = ("claim", "runs", "estimators")
TAKES = ()
HOW_TO_READ = """\
Horizontally the test accuracy of networks that stop, minus what the same networks have at the
one epoch that is best for all of them, in shares of the test patterns: 0, the solid line.
Dashed, the loss that the claim allows. Each small mark is one network, a hollow one at the left
edge one that loses more than the axis shows; large marks are means, their bars {confidence}
bootstrap intervals over networks, with the best epoch held fixed. Rows: where I(T;Y) of the
output or of the last hidden layer is largest, under one estimator each; where early stopping
with patience on the test loss goes back to; and the end of training. On the right the median
epoch of the stops. Above each panel the number of networks, the best epoch and the mean test
accuracy there. Slow estimators see the first networks and fewer epochs, and are held against the
best of those."""

COST_AXIS = "test accuracy minus that\nof the best epoch (share)"
EPOCH_AXIS = "median epoch of the stop"
LOWEST = -0.05
"""Single networks that cost more stand at the edge, so that the others can be told apart."""
READINGS = {"output": "output", "last_hidden": "last hidden"}
OTHERS = {2: "early stopping", 3: "end of training"}
"""Stops without information, by their place in what networks contribute; 0 is the claim's own, 1
the best epoch."""


def stops_of(rows: dict[tuple[str, str], dict]) -> dict[str, np.ndarray]:
    """Return test accuracies and epochs of one run's stops, by their names.

    Parameters
    ----------
    rows : dict of (str, str) to dict
        The claim's rows, by the label of the estimator and the reading.

    Returns
    -------
    stops : dict of str to array of float, shape (inits, 2, 2)
        Of the stop and of the best epoch: accuracy, epoch.
    """
    values = {
        key: np.array(row["details"]["values"], float).reshape(-1, 4, 2)
        for key, row in rows.items()
    }
    stops = {
        f"{READINGS[reading]}, {name}": all_stops[:, :2]
        for (name, reading), all_stops in values.items()
    }
    first = next(iter(values.values()))
    return stops | {text: first[:, [place, 1]] for place, text in OTHERS.items()}


def label_stops_figure(
    stops: dict[str, dict[str, np.ndarray]], least: float, resampling: Resampling
) -> Figure:
    """Draw one panel a run.

    Parameters
    ----------
    stops : dict of str to dict
        By the label of the run; see `stops_of`.
    least : float
        The threshold of the claim.
    resampling : Resampling
        What makes the intervals.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    names = list(next(iter(stops.values())))
    means = [costs_of(one).mean() for own in stops.values() for one in own.values() if len(one)]
    lowest = min([LOWEST, *means])
    figure, axes = new_figure(0.24 * len(names) + 1.6, 1, len(stops), sharex=True, sharey=True)
    for panel, (label, own) in zip(axes.flat, stops.items(), strict=True):
        panel.axvline(0, color="0.4", linewidth=0.7, zorder=0)
        panel.axvline(least, color="0.4", linewidth=0.7, linestyle="--", zorder=0)
        for row, values in enumerate(own.values()):
            draw_stop(panel, costs_of(values), row, lowest, resampling)
        panel.set_title(f"{label}\n{networks_and_best(own)}")
        panel.set_xlabel(COST_AXIS)
        panel.set_ylim(len(names) - 0.4, -0.6)
        medians = [
            format_epoch(np.median(one[:, 0, 1])) if len(one) else "" for one in own.values()
        ]
        right = panel.secondary_yaxis("right")
        right.set_yticks(range(len(names)), medians)
    right.set_ylabel(EPOCH_AXIS)
    axes[0, 0].set_xlim(left=1.1 * lowest)
    axes[0, 0].set_yticks(range(len(names)), names)
    handles, texts = axes[0, 0].get_legend_handles_labels()
    once = dict(zip(texts, handles, strict=True))
    figure.legend(once.values(), once, loc="outside lower center", ncols=len(once))
    return figure


def networks_and_best(stops: dict[str, np.ndarray]) -> str:
    """Say how many networks a panel shows, and how accurate they are at the best epoch."""
    counts = [len(values) for values in stops.values()]
    fewest = "" if min(counts) == max(counts) else f"{min(counts)} to "
    networks = f"{fewest}{max(counts)} networks"
    best = stops[OTHERS[3]][:, 1]
    if not len(best):
        return f"{networks}\nno best epoch"
    return f"{networks}\nbest epoch {format_epoch(best[0, 1])}: {best[:, 0].mean():.3f}"


def costs_of(values: np.ndarray) -> np.ndarray:
    """Return how much more accurate each network is at a stop than at the best epoch."""
    return values[:, 0, 0] - values[:, 1, 0]


def draw_stop(
    axes: Axes, costs: np.ndarray, row: int, lowest: float, resampling: Resampling
) -> None:
    """Draw what one stop costs every network, and the mean with its interval.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    costs : array of float, shape (inits,)
        See `costs_of`.
    row : int
    lowest : float
        What costs more stands there.
    resampling : Resampling
        What makes the intervals.
    """
    heights = row + (np.linspace(-0.22, 0.22, len(costs)) if len(costs) > 1 else 0 * costs)
    shown, colour = costs >= lowest, LAYER_COLOURS[1]
    axes.plot(
        costs[shown], heights[shown], "o", color=colour, markersize=2, markeredgewidth=0,
        label="one network",
    )  # fmt: skip
    axes.plot(
        np.full((~shown).sum(), lowest), heights[~shown], "o", color=colour, markersize=3,
        markerfacecolor="none", markeredgewidth=0.8,
    )  # fmt: skip
    found = resampling.mean(costs)
    axes.errorbar(
        found.estimate, row, xerr=[[found.estimate - found.low], [found.high - found.estimate]],
        fmt="D", color=LAYER_COLOURS[0], markersize=4, elinewidth=1.4,
        label="mean and its interval",
    )  # fmt: skip


def main(snakemake) -> None:
    """Read the claim's details, draw them."""
    params = snakemake.params
    (path,) = snakemake.input.claim_details
    wanted = {
        (label, name, reading): (run, estimator, reading)
        for label, run in params.runs.items()
        for reading in READINGS
        for name, estimator in params.estimators.items()
    }
    rows = rows_of_claim(path, wanted)
    stops = {
        label: stops_of({key[1:]: row for key, row in rows.items() if key[0] == label})
        for label in params.runs
    }
    least = min(row["threshold"] for row in rows.values())
    resampling = Resampling(**params.statistics)
    with figure_style():
        save_figure(label_stops_figure(stops, least, resampling), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
