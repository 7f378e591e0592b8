"""Draw information beside a dependence without bins, bits or noise, of the same networks.

Reads   information    the merged table of information
        dependence     the merged table of dependence
Writes  svg, png
Params  runs           panel label to run id
        estimator      id of the estimator of information
        dependence     id of the estimator of dependence
"""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.figures import (
    BAND,
    INPUT_AXIS,
    add_layer_legend,
    count_networks,
    draw_layer_curves,
    figure_style,
    layer_names,
    new_figure,
    over_networks,
    read_runs,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

DEPENDENCE = ("input_dependence", "label_dependence")
ROWS = {
    "mi_input_bits": INPUT_AXIS,
    "input_dependence": "HSIC of $X$ and $T$\n(share of the largest)",
    "label_dependence": "HSIC of $T$ and $Y$\n(share of the largest)",
}


def read_both(inputs, params) -> pd.DataFrame:
    """Read what was measured in both ways.

    Parameters
    ----------
    inputs, params
        Of the rule.

    Returns
    -------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, status`` and the quantities of `ROWS`.
    """
    information = read_runs(
        inputs.information,
        params.runs,
        ["layer", "mi_input_bits"],
        ("estimator", params.estimator),
    )
    dependence = read_runs(
        inputs.dependence, params.runs, ["layer", *DEPENDENCE], ("estimator", params.dependence)
    )
    return dependence.merge(information, on=["label", "init", "epoch", "layer", "status"])


def dependence_figure(frame: pd.DataFrame) -> Figure:
    """Draw three quantities along training, one column a run.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `read_both`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels = list(frame["label"].unique())
    figure, axes = new_figure(5.8, len(ROWS), len(labels), sharex=True, sharey="row")
    for column, label in zip(axes.T, labels, strict=True):
        part = frame[frame["label"] == label]
        column[0].set_title(f"{label} ({count_networks(part)})")
        for panel, (quantity, text) in zip(column, ROWS.items(), strict=True):
            draw_layer_curves(panel, over_networks(part, quantity, ["layer", "epoch"]), "mean")
            set_epoch_axis(panel, int(frame["epoch"].max()))
            panel.set_ylabel(text)
            panel.label_outer()
    add_layer_legend(figure, layer_names(frame), f"mean; band: {BAND}", linestyle="-")
    return figure


def main(snakemake) -> None:
    """Read both tables, draw them."""
    frame = read_both(snakemake.input, snakemake.params)
    with figure_style():
        save_figure(dependence_figure(frame), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
