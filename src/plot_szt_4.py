"""Draw SZT figure 4: norms of the mean and the deviation of the gradients of every layer.

Reads   gradients      the merged gradient statistics
Writes  svg, png
Params  runs           label to run id, one of them
        definitions    panel label to definition's id; the first is drawn large

The drift-to-diffusion transition of a layer is the first epoch with a signal-to-noise ratio below
1 after one above 1, and its median over networks where at least half of them have one.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from infoplane.claims.gradient_noise import crossing_epochs
from pipeline.figures import (
    WIDTH_INCHES,
    add_layer_legend,
    count_networks,
    draw_layer_curves,
    figure_style,
    format_epoch,
    layer_names,
    over_networks,
    read_runs,
    save_figure,
    set_epoch_axis,
    trained,
)
from pipeline.stage import run_as_script

NORMS = {
    "mean_norm": {"linestyle": "-"},
    "std_norm": {"linestyle": (0, (2, 1.2)), "marker": ""},
}
# What the definitions of infoplane.gradients draw. Losses are in nats.
NORM_TEXTS = {
    "szt_first": "gradient (nats), over the weights' norm",
    "szt_second": "summed over layers (nats)",
    "szt_latest": "summed over layers (nats)",
    "saxe_sample": "gradient (nats)",
}


def transition_epochs(frame: pd.DataFrame) -> pd.Series:
    """Return each layer's median transition from drift to diffusion.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``init, epoch, layer, snr, status`` of one run and definition.

    Returns
    -------
    transition : pandas.Series of float64
        By layer; infinite where more than half of the networks never have it.
    """
    if trained(frame).empty:
        return pd.Series(np.inf, index=frame["layer"].unique())
    table = trained(frame).pivot(index=["init", "epoch"], columns="layer", values="snr")  # noqa: PD010
    inits, epochs = (table.index.unique(level) for level in ("init", "epoch"))
    snr = table.to_numpy(dtype=np.float64).reshape(len(inits), len(epochs), -1)
    crossing = crossing_epochs(snr, epochs.to_numpy())
    # The upper of the two middle values: an average with infinity has no meaning.
    return pd.Series(np.quantile(crossing, 0.5, axis=0, method="higher"), index=table.columns)


def draw_norms(axes: Axes, frame: pd.DataFrame) -> None:
    """Draw one definition: both norms of each layer, and the median transition.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    frame : pandas.DataFrame
        ``init, epoch, layer, definition, mean_norm, std_norm, snr, status`` of one run and
        definition.
    """
    for norm, look in NORMS.items():
        curves = over_networks(frame, norm, ["layer", "epoch"])
        draw_layer_curves(axes, curves, "median", band=False, **look)
    set_epoch_axis(axes, int(frame["epoch"].max()))
    axes.set_yscale("log")
    transition = transition_epochs(frame)
    found = transition[np.isfinite(transition)]
    if found.empty:
        text = "no transition"
    else:
        middle = found.median()
        axes.axvline(middle, color="0.35", linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
        text = f"transition: epoch {format_epoch(middle)}"
    text += f" ({len(found)} of {len(transition)} layers)"
    axes.set_ylabel(NORM_TEXTS[frame["definition"].iloc[0]])
    axes.set_title(f"{frame['label'].iloc[0]}\n{text}")


def gradients_figure(frame: pd.DataFrame, run_label: str) -> Figure:
    """Draw the first definition large and the others beside it.

    Parameters
    ----------
    frame : pandas.DataFrame
        As in `draw_norms`, and ``label``, the definition's.
    run_label : str

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    first, *others = frame["label"].unique()
    figure = Figure(figsize=(WIDTH_INCHES, 4.6), layout="constrained")
    grid = figure.add_gridspec(max(len(others), 1), 2, width_ratios=(1.5, 1))
    panels = {first: figure.add_subplot(grid[:, 0] if others else grid[:, :])}
    panels |= {label: figure.add_subplot(grid[row, 1]) for row, label in enumerate(others)}
    for label, panel in panels.items():
        draw_norms(panel, frame[frame["label"] == label])
    figure.suptitle(f"{run_label} ({count_networks(frame)})", fontsize=8)
    add_norm_legend(panels[first])
    add_layer_legend(figure, layer_names(frame), "median over networks:")
    return figure


def add_norm_legend(axes: Axes) -> None:
    """Say which line is the mean and which the deviation."""
    handles = [
        Line2D([], [], color="0.3", linestyle=NORMS[norm]["linestyle"], label=text)
        for norm, text in (("mean_norm", "mean"), ("std_norm", "deviation"))
    ]
    axes.legend(handles=handles, loc="best")


def read_definitions(path, runs: Mapping[str, str], definitions: Mapping[str, str]) -> pd.DataFrame:
    """Read the one run's statistics under all definitions; the label is the definition's."""
    (run,) = runs.values()
    return read_runs(
        path,
        dict.fromkeys(definitions, run),
        ["layer", "definition", "mean_norm", "std_norm", "snr"],
        ("definition", definitions),
    )


def main(snakemake) -> None:
    """Read the run's gradient statistics, draw one panel a definition."""
    params = snakemake.params
    frame = read_definitions(snakemake.input.gradients, params.runs, params.definitions)
    with figure_style():
        save_figure(gradients_figure(frame, next(iter(params.runs))), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
