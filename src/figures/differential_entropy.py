"""Draw the differential entropy of every layer, and the rows that it cannot have, by epoch.

Reads   differential_entropy    entropy and duplicated rows of each layer of each run
Params  runs                    panel label to run id
Writes  svg, png
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import (
    BAND,
    count_networks,
    layer_names,
    over_networks,
    read_runs,
    trained,
)
from figures.style import (
    add_layer_legend,
    draw_layer_curves,
    figure_style,
    new_figure,
    panel_title,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("differential_entropy",)
NEEDS = ("runs",)
TAKES = ()
HOW_TO_READ = """\
Top: differential entropy h(T) in bits by the second nearest neighbour, of the layer with the larger
jitter (solid) and with the smaller one (dashed), noise that tells equal rows apart. Where the two
are apart, h(T) is the jitter's and no property of the layer. Bottom: the share of the patterns
whose row of activations another pattern has too, which no layer with a density would have.
Horizontally the epoch, linear from 0 to 1 and logarithmic beyond. Lines are means over networks,
bands hold 5 % to 95 % of the networks; one colour and marker a layer."""

SMALL_JITTER_LINE = (0, (2, 1.2))
ENTROPY_AXIS, SHARE_AXIS = "$h(T)$ (bits)", "share of\nduplicated rows"


def entropy_figure(frame: pd.DataFrame) -> Figure:
    """Draw the entropy above the share of duplicated rows, one column a run.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, init, epoch, layer, jitter_variance, entropy_bits, share_duplicated, status``,
        of two jitters.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    labels = list(frame["label"].unique())
    # None are left where all networks diverged.
    small, large = [*sorted(trained(frame)["jitter_variance"].unique()), np.nan, np.nan][:2]
    figure, axes = new_figure(4.6, 2, len(labels), sharex=True, sharey="row")
    keys = ["layer", "epoch"]
    for (upper, lower), label in zip(axes.T, labels, strict=True):
        own = frame[frame["label"] == label]
        smaller, larger = (own[own["jitter_variance"] == one] for one in (small, large))
        upper.set_title(panel_title(label, count_networks(own), len(labels)))
        draw_layer_curves(upper, over_networks(larger, "entropy_bits", keys), "mean")
        dashed = {"linestyle": SMALL_JITTER_LINE, "marker": "", "band": False}
        entropy = over_networks(smaller, "entropy_bits", keys)
        draw_layer_curves(upper, entropy, "mean", **dashed)
        draw_layer_curves(lower, over_networks(larger, "share_duplicated", keys), "mean")
        for panel, text in ((upper, ENTROPY_AXIS), (lower, SHARE_AXIS)):
            set_epoch_axis(panel, int(frame["epoch"].max()))
            panel.set_ylabel(text)
            panel.label_outer()
    lines = [
        Line2D([], [], color="0.3", label=f"jitter variance {large:g}"),
        Line2D([], [], color="0.3", linestyle=SMALL_JITTER_LINE, label=f"{small:g}"),
    ]
    axes[0, 0].legend(handles=lines, loc="best")
    add_layer_legend(figure, layer_names(frame), f"mean; band: {BAND}", linestyle="-")
    return figure


def main(snakemake) -> None:
    """Read all runs' entropies, draw them."""
    columns = ["layer", "jitter_variance", "entropy_bits", "share_duplicated"]
    frame = read_runs(snakemake.input.differential_entropy, snakemake.params.runs, columns)
    with figure_style():
        save_figure(entropy_figure(frame), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
