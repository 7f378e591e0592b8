"""Draw mean and deviation of one layer's gradients under several definitions, normalised and not.

Reads   gradients      the gradient statistics of each run, under all definitions
Params  runs           legend label to run id, a colour each
        definitions    row label to definition's id
        layer          whose weights the gradients are of
Writes  svg, png
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import count_networks, over_networks, read_runs
from figures.style import (
    draw_layer_curves,
    figure_style,
    layer_colour,
    layer_marker,
    new_figure,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("gradients",)
NEEDS = ("runs", "definitions", "layer")
TAKES = ()
HOW_TO_READ = """\
One row a definition of the gradient's mean and deviation, of the weights of one layer, at frozen
weights. Left, the norm of the mean (solid, markers) and what the definition calls the deviation
(dashed), in nats per unit weight; in the middle both over the norm of the weights, which
``szt_first`` always divides by; right, the mean over the deviation, which no normalisation moves:
below the dotted line the deviation is larger. Of the first layer, ``szt_second`` is the norm of
the elementwise standard deviation over mini-batches. All axes are logarithmic, the epoch linear
from 0 to 1. One colour a run; lines are medians over networks."""

NORMALISED = ("szt_first",)
"""Definitions that divide by the norm of the weights."""
DEVIATION_LINE = (0, (2, 1.2))
TITLES = ("as it is (nats)", "over the weights' norm (nats)", "mean over deviation")


def with_scales(frame: pd.DataFrame) -> pd.DataFrame:
    """Return both norms without and with the weights' norm, and their ratio.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``definition, mean_norm, std_norm, weight_norm``.

    Returns
    -------
    frame : pandas.DataFrame
        ``mean_raw, std_raw, mean_normalised, std_normalised, ratio`` beside them.
    """
    divided = frame["definition"].isin(NORMALISED)
    scaled = {"ratio": frame["mean_norm"] / frame["std_norm"]}
    for norm in ("mean", "std"):
        values = frame[f"{norm}_norm"]
        scaled[f"{norm}_raw"] = values.where(~divided, values * frame["weight_norm"])
        scaled[f"{norm}_normalised"] = values.where(divided, values / frame["weight_norm"])
    return frame.assign(**scaled)


def definitions_figure(frames: dict[str, pd.DataFrame]) -> Figure:
    """Draw one row a definition.

    Parameters
    ----------
    frames : dict of str to pandas.DataFrame
        By row label ``label, init, epoch, layer, definition, mean_norm, std_norm, weight_norm,
        status``, of one layer.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    figure, axes = new_figure(1.35 * len(frames) + 0.9, len(frames), 3, sharex=True, sharey="col")
    last_epoch = max(int(frame["epoch"].max()) for frame in frames.values())
    for row, (name, frame) in zip(axes, frames.items(), strict=True):
        frame = with_scales(frame)
        row[2].axhline(1, color="0.35", linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
        # One colour a run, where other drawings have one a layer.
        numbers = {label: place for place, label in enumerate(frame["label"].unique(), start=1)}
        for label, part in frame.groupby("label", sort=False):
            part = part.assign(layer=numbers[label])
            for panel, scale in zip(row, ("raw", "normalised"), strict=False):
                draw(panel, part, f"mean_{scale}")
                draw(panel, part, f"std_{scale}", linestyle=DEVIATION_LINE, marker="")
            draw(row[2], part, "ratio")
        for panel in row:
            set_epoch_axis(panel, last_epoch)
            panel.set_yscale("log")
            panel.label_outer()
            # Each column has a scale of its own.
            panel.tick_params(labelleft=True)
        row[0].set_ylabel(name)
    for panel, title in zip(axes[0], TITLES, strict=True):
        panel.set_title(title)
    add_run_legend(figure, next(iter(frames.values())))
    return figure


def draw(panel, part: pd.DataFrame, value: str, **line) -> None:
    """Draw the median of a column over networks."""
    curves = over_networks(part, value, ["layer", "epoch"])
    draw_layer_curves(panel, curves, "median", band=False, **line)


def add_run_legend(figure: Figure, frame: pd.DataFrame) -> None:
    """Say below the panels which colour is which run, and which line the deviation."""
    handles = [
        Line2D(
            [],
            [],
            color=layer_colour(place),
            marker=layer_marker(place),
            label=f"{label} ({count_networks(part)})",
        )
        for place, (label, part) in enumerate(frame.groupby("label", sort=False), start=1)
    ]
    handles.append(Line2D([], [], color="0.3", linestyle=DEVIATION_LINE, label="deviation"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2)


def main(snakemake) -> None:
    """Read the runs' gradient statistics under each definition, draw them."""
    params = snakemake.params
    columns = ["layer", "definition", "mean_norm", "std_norm", "weight_norm"]
    frames = {}
    for label, definition in params.definitions.items():
        choice = ("definition", definition)
        frame = read_runs(snakemake.input.gradients, params.runs, columns, choice)
        frames[label] = frame[frame["layer"] == params.layer]
    with figure_style():
        save_figure(definitions_figure(frames), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
