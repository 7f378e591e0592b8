"""Draw all that is measured of one run along its training: loss, information, gradients, weights.

Reads   metrics        the run's learning curves
        information    the run's information, under each estimator
        gradients      the run's gradient statistics
        weights        the norms of the run's weights
        data           the run's task
Params  runs           the run behind its label
        estimators     panel label to estimator id
        definition     id of the definition of the gradients' ratio
Writes  svg, png
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from figures.learning import COLOURS, DASHES, PARTS, draw_curves, one_column
from figures.reading import (
    BAND,
    INFORMATION,
    count_networks,
    layer_names,
    over_networks,
    read_bounds,
    read_runs,
    the_only_run,
    trained,
)
from figures.style import (
    EPOCH_AXIS,
    INPUT_AXIS,
    add_layer_legend,
    draw_bounds,
    draw_layer_curves,
    figure_style,
    hide_unused,
    new_figure,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("metrics", "information", "gradients", "weights")
NEEDS = ("runs", "estimators", "definition")
TAKES = ()
HOW_TO_READ = """\
Everything of the same networks against the epoch, linear from 0 to 1 and logarithmic beyond: the
cross-entropy in nats per sample, solid on the training set and dashed on the test set; I(X;T) in
bits under each estimator, dashed the most that it can be, the logarithm of the number of patterns
that it was estimated from; the signal-to-noise ratio of the gradients at frozen weights, dotted a
ratio of 1; the Euclidean norm of each layer's weights. One colour and marker a layer. Lines are
means over networks, those of losses and ratios medians; bands hold 5 % to 95 % of the networks."""

LOSS_AXIS, RATIO_AXIS = "cross-entropy (nats)", "signal-to-noise ratio"
NORM_AXIS = "norm of the weights"
COLUMNS, ROW_INCHES = 2, 1.9
KEYS = ["layer", "epoch"]


def detail_figure(
    run: Mapping[str, pd.DataFrame], information: Mapping[str, pd.DataFrame], ceiling_bits: float
) -> Figure:
    """Draw the losses, a panel for each estimator, the gradients' ratio and the weights' norms.

    Parameters
    ----------
    run : mapping of str to pandas.DataFrame
        ``metrics``, ``gradients`` and ``weights``, each with ``init, epoch, status``.
    information : mapping of str to pandas.DataFrame
        By panel label: ``init, epoch, layer, mi_input_bits, status``.
    ceiling_bits : float

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    count = 3 + len(information)
    rows = -(-count // COLUMNS)
    figure, axes = new_figure(0.5 + ROW_INCHES * rows, rows, COLUMNS, sharex=True)
    first, *others = axes.flat
    draw_losses(first, run["metrics"])
    for panel, (label, frame) in zip(others, information.items(), strict=False):
        draw_layer_curves(panel, over_networks(frame, "mi_input_bits", KEYS), "mean")
        draw_bounds(panel, y=ceiling_bits)
        panel.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        panel.set(title=label, ylabel=INPUT_AXIS)
    ratio, norm = others[len(information) : count - 1]
    draw_layer_curves(ratio, over_networks(run["gradients"], "snr", KEYS), "median", band=False)
    ratio.axhline(1, color="0.35", linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
    ratio.set(title="gradients", yscale="log", ylabel=RATIO_AXIS)
    draw_layer_curves(norm, over_networks(run["weights"], "weight_norm", KEYS), "mean")
    norm.set(title="weights", ylabel=NORM_AXIS)
    last_epoch = int(run["metrics"]["epoch"].max())
    for position, panel in enumerate(axes.flat[:count]):
        set_epoch_axis(panel, last_epoch)
        if position + COLUMNS < axes.size:
            panel.set_xlabel("")
    hide_unused(axes, count, EPOCH_AXIS)
    names = layer_names(next(iter(information.values())))
    add_layer_legend(figure, names, f"mean; band: {BAND}", linestyle="-")
    return figure


def draw_losses(panel: Axes, metrics: pd.DataFrame) -> None:
    """Draw both losses, and say how many networks there are."""
    draw_curves(panel, one_column(trained(metrics), "loss"))
    for part in PARTS.values():
        dashes = DASHES[part] or (None, None)
        panel.plot([], [], color=COLOURS[part], dashes=dashes, label=part)
    panel.legend(loc="best")
    panel.set(title=count_networks(metrics), ylabel=LOSS_AXIS)


def main(snakemake) -> None:
    """Read the run's tables, draw them."""
    given, params = snakemake.input, snakemake.params
    label, _ = the_only_run(params.runs)
    losses = [f"{part}_loss" for part in PARTS]
    chosen = ("definition", params.definition)
    run = {
        "metrics": read_runs(given.metrics, params.runs, losses),
        "gradients": read_runs(given.gradients, params.runs, ["layer", "snr"], chosen),
        "weights": read_runs(given.weights, params.runs, ["layer", "weight_norm"]),
    }
    information = {
        name: read_runs(given.information, params.runs, INFORMATION, ("estimator", estimator))
        for name, estimator in params.estimators.items()
    }
    bounds = read_bounds(snakemake, pd.concat(information.values()))
    with figure_style():
        save_figure(
            detail_figure(run, information, bounds[label]["ceiling_bits"]), snakemake.output
        )


if __name__ == "__main__":
    run_as_script(main, globals())
