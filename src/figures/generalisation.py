"""Draw how much networks compress against how well they generalise, one panel an estimator.

Reads   information            the information of each run, under each estimator
        metrics                the learning curves of each run
Params  runs                   legend label to run id
        estimators             panel label to estimator's id
        least_lost_share       from where on a network counts as compressing, optional
        least_test_accuracy    from where on a network counts as generalising, optional
Writes  svg, png
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import INFORMATION, count_networks, read_runs, trained
from figures.style import (
    draw_bounds,
    figure_style,
    layer_colour,
    layer_marker,
    new_figure,
    save_figure,
)
from pipeline.stage import run_as_script

TABLES = ("information", "metrics")
NEEDS = ("runs", "estimators")
TAKES = ("least_lost_share", "least_test_accuracy")
HOW_TO_READ = """\
Each point is one network at the end of training, colour and marker its condition. Horizontally
compression: which share of the largest I(X;T) of its last hidden layer is lost in the end.
Vertically generalisation: the share of patterns not trained on that it labels rightly. Panels: the
same networks under one estimator each; slow ones see the first networks of each condition. Dashed
lines part networks that count as compressing and as generalising from those that do not."""

LOST, ACCURACY = "share of the largest $I(X;T)$ lost", "final test accuracy"


def final_states(information: pd.DataFrame, metrics: pd.DataFrame) -> pd.DataFrame:
    """Return how much each network has compressed, and how well it generalises.

    Parameters
    ----------
    information : pandas.DataFrame
        ``label, init, epoch, layer, mi_input_bits, status`` under one estimator; the layer before
        the last decides.
    metrics : pandas.DataFrame
        ``label, init, epoch, test_accuracy, status``.

    Returns
    -------
    frame : pandas.DataFrame
        ``label, init, lost_share, test_accuracy`` of the networks that did not diverge.
    """
    layers = information.groupby("label", sort=False)["layer"].transform("max")
    paths = trained(information[information["layer"] == layers - 1]).sort_values("epoch")
    bits = paths.groupby(["label", "init"])["mi_input_bits"]
    largest = bits.max()
    lost = ((largest - bits.last()) / largest.where(largest > 0)).fillna(0.0)
    curves = trained(metrics).sort_values("epoch").groupby(["label", "init"])
    found = {"lost_share": lost, "test_accuracy": curves["test_accuracy"].last()}
    return pd.concat(found, axis=1, join="inner").reset_index()


def draw_networks(axes: Axes, states: pd.DataFrame, labels: list[str]) -> None:
    """Draw one point a network, in the colour and with the marker of its condition.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    states : pandas.DataFrame
        From `final_states`.
    labels : list of str
        All conditions, in their order.
    """
    for number, label in enumerate(labels, start=1):
        part = states[states["label"] == label]
        axes.scatter(
            part["lost_share"],
            part["test_accuracy"],
            s=16,
            marker=layer_marker(number),
            color=layer_colour(number),
            linewidth=0.3,
            edgecolor="white",
            alpha=0.85,
        )


def generalisation_figure(
    information: dict[str, pd.DataFrame],
    metrics: pd.DataFrame,
    least_lost_share: float | None = None,
    least_test_accuracy: float | None = None,
) -> Figure:
    """Draw compression against generalisation, one panel an estimator.

    Parameters
    ----------
    information : dict of str to pandas.DataFrame
        By panel label; see `final_states`.
    metrics : pandas.DataFrame
    least_lost_share, least_test_accuracy : float, optional
        Where to draw lines.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels = list(metrics["label"].unique())
    figure, axes = new_figure(3.8, 1, len(information), sharex=True, sharey=True)
    for panel, (name, frame) in zip(axes.flat, information.items(), strict=True):
        states = final_states(frame, metrics)
        draw_bounds(panel, least_lost_share, least_test_accuracy)
        draw_networks(panel, states, labels)
        panel.set(title=f"{name}\n({len(states)} networks)", xlabel=LOST, ylabel=ACCURACY)
        panel.label_outer()
    handles = [
        Line2D(
            [],
            [],
            color=layer_colour(number),
            marker=layer_marker(number),
            linestyle="none",
            label=f"{label} ({count_networks(metrics[metrics['label'] == label])})",
        )
        for number, label in enumerate(labels, start=1)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def main(snakemake) -> None:
    """Read the tables of all runs, draw them."""
    params, paths = snakemake.params, snakemake.input
    information = {
        name: read_runs(paths.information, params.runs, INFORMATION, ("estimator", estimator))
        for name, estimator in params.estimators.items()
    }
    metrics = read_runs(paths.metrics, params.runs, ["test_accuracy"])
    with figure_style():
        figure = generalisation_figure(
            information, metrics, params.get("least_lost_share"), params.get("least_test_accuracy")
        )
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
