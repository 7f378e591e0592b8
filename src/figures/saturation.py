"""Draw saturation, information and accuracy along training, one column a run.

Reads   saturation     the saturated share of each layer of each run
        information    the information of each run, under each of the estimators
        metrics        the learning curves of each run
Params  runs           panel label to run id
        estimators     label to estimator's id, one row of panels each
Writes  svg, png
"""

from collections.abc import Mapping
from functools import reduce

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.learning import COLOURS, DASHES, QUANTITIES, draw_curves, one_column
from figures.reading import (
    BAND,
    INFORMATION,
    count_networks,
    layer_names,
    over_networks,
    read_runs,
    trained,
)
from figures.style import (
    INPUT_AXIS,
    add_layer_legend,
    draw_layer_curves,
    figure_style,
    new_figure,
    panel_title,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("saturation", "information", "metrics")
NEEDS = ("runs", "estimators")
TAKES = ()
HOW_TO_READ = """\
Top: the share of each layer's values, over units and patterns, that are close to an end of their
range: beyond 0.98 or -0.98 for a hidden unit, beyond 0.99 or 0.01 for an output. Middle: I(X;T) in
bits. Bottom: accuracy as a share of samples, solid on the training set, dashed on the test set.
Horizontally the epoch, linear from 0 to 1 and logarithmic beyond. All rows show the same networks.
Lines are means over networks (of the accuracy medians), bands hold 5 % to 95 % of the networks; one
colour and marker a layer."""

SHARE_AXIS = "saturated share"
ACCURACY_AXIS = QUANTITIES["accuracy"].replace(" (", "\n(")


def of_the_same_networks(frames: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Keep of each run the networks that all frames have.

    Parameters
    ----------
    frames : list of pandas.DataFrame
        Columns ``label, init`` and others.

    Returns
    -------
    frames : list of pandas.DataFrame
    """
    keys = [pd.MultiIndex.from_frame(frame[["label", "init"]]) for frame in frames]
    shared = reduce(pd.MultiIndex.intersection, (key.unique() for key in keys))
    return [frame[key.isin(shared)] for frame, key in zip(frames, keys, strict=True)]


def saturation_figure(
    shares: pd.DataFrame, information: Mapping[str, pd.DataFrame], metrics: pd.DataFrame
) -> Figure:
    """Draw the quantities of each run below each other.

    Parameters
    ----------
    shares : pandas.DataFrame
        ``label, init, epoch, layer, share_saturated, status``.
    information : mapping of str to pandas.DataFrame
        Behind each estimator's label, ``label, init, epoch, layer, mi_input_bits, status``.
    metrics : pandas.DataFrame
        ``label, init, epoch, train_accuracy, test_accuracy, status``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    shares, metrics, *planes = of_the_same_networks([shares, metrics, *information.values()])
    rows = {SHARE_AXIS: (shares, "share_saturated")}
    for name, plane in zip(information, planes, strict=True):
        rows[f"{INPUT_AXIS}\n{name}"] = (plane, "mi_input_bits")
    labels = list(shares["label"].unique())
    height = 0.6 + 1.55 * (len(rows) + 1)
    figure, axes = new_figure(height, len(rows) + 1, len(labels), sharex=True, sharey="row")
    for column, label in zip(axes.T, labels, strict=True):
        title = count_networks(shares[shares["label"] == label])
        column[0].set_title(panel_title(label, title, len(labels)))
        for panel, (text, (frame, quantity)) in zip(column, rows.items(), strict=False):
            part = frame[frame["label"] == label]
            draw_layer_curves(panel, over_networks(part, quantity, ["layer", "epoch"]), "mean")
            panel.set_ylabel(text)
        own = trained(metrics[metrics["label"] == label])
        draw_curves(column[-1], one_column(own, "accuracy"))
        column[-1].set_ylabel(ACCURACY_AXIS)
        for panel in column:
            set_epoch_axis(panel, int(shares["epoch"].max()))
            panel.label_outer()
    handles = [
        Line2D([], [], color=colour, dashes=DASHES[name] or (None, None), label=name)
        for name, colour in COLOURS.items()
    ]
    axes[-1, 0].legend(handles=handles, loc="lower right")
    add_layer_legend(figure, layer_names(shares), f"mean; band: {BAND}", linestyle="-")
    return figure


def main(snakemake) -> None:
    """Read the tables of all runs, draw them."""
    params, paths = snakemake.params, snakemake.input
    shares = read_runs(paths.saturation, params.runs, ["layer", "share_saturated"])
    information = {
        name: read_runs(paths.information, params.runs, INFORMATION, ("estimator", estimator))
        for name, estimator in params.estimators.items()
    }
    metrics = read_runs(paths.metrics, params.runs, ["train_accuracy", "test_accuracy"])
    with figure_style():
        save_figure(saturation_figure(shares, information, metrics), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
