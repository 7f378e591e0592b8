"""Draw SAXE figure 20: the gradients' signal-to-noise ratio, mean and deviation, by layer.

Reads   gradients     the merged gradient statistics
Writes  svg, png
Params  runs          panel label to run id
        definition    id of the definition of mean and deviation
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.figures import (
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

DEVIATION_LINE = (0, (2, 1.2))
ROWS = ("signal-to-noise ratio", "norm of the gradient (nats)")


def noise_figure(frame: pd.DataFrame) -> Figure:
    """Draw the ratio above its two parts, one column a run.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, mean_norm, std_norm, snr, status``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels = list(frame["label"].unique())
    figure, axes = new_figure(4.8, 2, len(labels), sharex=True, sharey="row")
    for (upper, lower), label in zip(axes.T, labels, strict=True):
        part = frame[frame["label"] == label]
        upper.set_title(f"{label} ({count_networks(part)})")
        upper.axhline(1, color="0.35", linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
        keys = ["layer", "epoch"]
        draw_layer_curves(upper, over_networks(part, "snr", keys), "median", band=False)
        draw_layer_curves(lower, over_networks(part, "mean_norm", keys), "median", band=False)
        deviation = over_networks(part, "std_norm", keys)
        draw_layer_curves(
            lower, deviation, "median", band=False, linestyle=DEVIATION_LINE, marker=""
        )
        for panel, text in zip((upper, lower), ROWS, strict=True):
            set_epoch_axis(panel, int(frame["epoch"].max()))
            panel.set(yscale="log", ylabel=text)
            panel.label_outer()
    lines = [
        Line2D([], [], color="0.3", label="mean"),
        Line2D([], [], color="0.3", linestyle=DEVIATION_LINE, label="deviation"),
    ]
    axes[1, 0].legend(handles=lines, loc="best")
    add_layer_legend(figure, layer_names(frame), "median over networks:", linestyle="-")
    return figure


def main(snakemake) -> None:
    """Read the runs' gradient statistics, draw them."""
    params = snakemake.params
    frame = read_runs(
        snakemake.input.gradients,
        params.runs,
        ["layer", "mean_norm", "std_norm", "snr"],
        ("definition", params.definition),
    )
    with figure_style():
        save_figure(noise_figure(frame), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
