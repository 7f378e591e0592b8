"""Draw information beside a dependence without bins, bits or noise, of the same networks.

Reads   information    the information of each run, under the estimator
        dependence     the dependence of each run
Params  runs           panel label to run id
        estimator      id of the estimator of information
        dependence     id of the measure of dependence
Writes  svg, png
"""

import pandas as pd
from matplotlib.figure import Figure

from figures.reading import (
    BAND,
    count_networks,
    layer_names,
    over_networks,
    read_information,
    read_runs,
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

TABLES = ("information", "dependence")
NEEDS = ("runs", "estimator", "dependence")
TAKES = ()
HOW_TO_READ = """\
Layer by layer, the same networks at the same epochs. Above, I(X;T) in bits. Below, the normalised
Hilbert-Schmidt independence criterion (HSIC) of X and T, and of T and Y, estimated without bias: 1
is the largest it can be, and independence is 0 on average, so that values below 0 occur and are
drawn as they are. Horizontally the epoch, linear from 0 to 1 and logarithmic beyond. Lines are
means over networks, bands hold 5 % to 95 % of the networks; one colour and marker a layer."""

DEPENDENCE = ("input_dependence", "label_dependence")
ROWS = {
    "mi_input_bits": INPUT_AXIS,
    "input_dependence": "HSIC of $X$ and $T$\n(share of the largest)",
    "label_dependence": "HSIC of $T$ and $Y$\n(share of the largest)",
}


def read_both(snakemake) -> pd.DataFrame:
    """Read what was measured in both ways.

    Parameters
    ----------
    snakemake
        The object that Snakemake gives to scripts.

    Returns
    -------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, status`` and the quantities of `ROWS`.
    """
    params = snakemake.params
    choice = ("estimator", params.dependence)
    columns = ["layer", *DEPENDENCE]
    dependence = read_runs(snakemake.input.dependence, params.runs, columns, choice)
    information = read_information(snakemake).drop(columns="mi_label_bits")
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
        column[0].set_title(panel_title(label, count_networks(part), len(labels)))
        for panel, (quantity, text) in zip(column, ROWS.items(), strict=True):
            draw_layer_curves(panel, over_networks(part, quantity, ["layer", "epoch"]), "mean")
            set_epoch_axis(panel, int(frame["epoch"].max()))
            panel.set_ylabel(text)
            panel.label_outer()
    add_layer_legend(figure, layer_names(frame), f"mean; band: {BAND}", linestyle="-")
    return figure


def main(snakemake) -> None:
    """Read both tables, draw them."""
    frame = read_both(snakemake)
    with figure_style():
        save_figure(dependence_figure(frame), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
