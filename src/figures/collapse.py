"""Draw neural collapse, I(X;T) and I(X;T given Y) along training, one column a run.

Reads   neural_collapse   NC1 and NC2 of each layer of each run
        information       the information of each run, under its estimator
Params  runs              panel label to run id
        estimator         id, or panel label to id
Writes  svg, png
"""

import pandas as pd
from matplotlib.figure import Figure

from figures.reading import (
    BAND,
    INFORMATION,
    count_networks,
    layer_names,
    output_last,
    over_networks,
    read_runs,
)
from figures.saturation import of_the_same_networks
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

TABLES = ("neural_collapse", "information")
NEEDS = ("runs", "estimator")
TAKES = ()
HOW_TO_READ = """\
From the top: NC1, the variance within classes over that between them (trace of W times the
pseudoinverse of B, over the number of classes), on a logarithmic scale; NC2 in two parts, the
variation of the norms of the centred class means and the mean error of their cosines against those
of a simplex; I(X;T) in bits; and I(X;T given Y), what a layer tells of its input beyond the class:
I(X;T) less I(T;Y), for the label is a function of the input. NC1 and NC2 are of the training
samples and 0 in a collapsed layer. Horizontally the epoch, linear from 0 to 1 and logarithmic
beyond. All rows show the same networks. Lines are medians over networks, bands hold 5 % to 95 % of
them; one colour and marker a layer."""

GIVEN_LABEL_AXIS = "$I(X;T|Y)$ (bits)"
COLLAPSE = {
    "within_over_between": "NC1: within\nover between",
    "norm_variation": "NC2: variation\nof the norms",
    "angle_error": "NC2: error\nof the angles",
}


def collapse_figure(collapse: pd.DataFrame, information: pd.DataFrame) -> Figure:
    """Draw the quantities of each run below each other.

    Parameters
    ----------
    collapse : pandas.DataFrame
        ``label, init, epoch, layer, status`` and those of `COLLAPSE`.
    information : pandas.DataFrame
        ``label, init, epoch, layer, mi_input_bits, mi_label_bits, status``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    collapse, information = of_the_same_networks([output_last(collapse), output_last(information)])
    rows = {text: (collapse, name) for name, text in COLLAPSE.items()}
    rows[INPUT_AXIS] = (information, "mi_input_bits")
    beyond = information["mi_input_bits"] - information["mi_label_bits"]
    rows[GIVEN_LABEL_AXIS] = (information.assign(beyond_label_bits=beyond), "beyond_label_bits")
    labels = list(collapse["label"].unique())
    figure, axes = new_figure(
        0.7 + 1.35 * len(rows), len(rows), len(labels), sharex=True, sharey="row"
    )
    for column, label in zip(axes.T, labels, strict=True):
        title = count_networks(collapse[collapse["label"] == label])
        column[0].set_title(panel_title(label, title, len(labels)))
        column[0].set_yscale("log")
        for panel, (text, (frame, quantity)) in zip(column, rows.items(), strict=True):
            part = frame[frame["label"] == label]
            draw_layer_curves(panel, over_networks(part, quantity, ["layer", "epoch"]), "median")
            panel.set_ylabel(text)
            set_epoch_axis(panel, int(collapse["epoch"].max()))
            panel.label_outer()
    add_layer_legend(figure, layer_names(collapse), f"median; band: {BAND}", linestyle="-")
    return figure


def main(snakemake) -> None:
    """Read the tables of all runs, draw them."""
    params, paths = snakemake.params, snakemake.input
    columns = ["layer", *COLLAPSE]
    collapse = read_runs(paths.neural_collapse, params.runs, columns)
    choice = ("estimator", params.estimator)
    information = read_runs(paths.information, params.runs, INFORMATION, choice)
    with figure_style():
        save_figure(collapse_figure(collapse, information), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
