"""Draw norms of the mean and the deviation of the gradients of every layer.

Reads   gradients      the run's gradient statistics, under all definitions
        transitions    one row a run, definition and layer: run, definition, layer,
                       transition_epoch (median over networks, none where more than half of them
                       have no transition, or where noise alone makes too many), false_finds (share
                       of trajectories with the same noise and no transition that show one)
Params  runs           label to run id, one of them
        definitions    panel label to definition's id; the first is drawn large
Writes  svg, png
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.reading import (
    count_networks,
    layer_names,
    over_networks,
    read_runs,
    read_text_table,
    the_only_run,
)
from figures.style import (
    WIDTH_INCHES,
    add_layer_legend,
    draw_layer_curves,
    figure_style,
    format_epoch,
    save_figure,
    set_epoch_axis,
)
from pipeline.stage import run_as_script

TABLES = ("gradients", "transitions")
NEEDS = ("runs", "definitions")
TAKES = ()
HOW_TO_READ = """\
Norms against the epoch, both logarithmic (the epoch linear from 0 to 1), in nats per unit weight at
frozen weights. Solid with markers: norm of the mean gradient; dashed: what each definition calls
the deviation; one colour a layer. Lines are medians over networks. In ``szt_first`` both are
divided by the weights' norm and the deviation is the trace of the covariance over mini-batches,
without a root, so that dashed lines are in squares of that unit; ``szt_second`` and ``szt_latest``
add up layers from the first to the one shown, and the latter draws the root of a sum of deviations,
in roots of that unit; ``saxe_sample`` takes the elementwise standard deviation over the training
samples, ``saxe_batch`` over mini-batches.

The dotted line is the transition from drift to diffusion: where a layer's signal-to-noise ratio,
smoothed over log epochs, falls below 1 for good; median over networks, then over the layers that
have one. Their number stands in the title, and how often one is found in trajectories with the same
noise and none, mean over layers. Layers where noise alone makes too many count as without."""

TRANSITIONS = ("run", "definition", "layer", "transition_epoch", "false_finds")
NORMS = {
    "mean_norm": {"linestyle": "-"},
    "std_norm": {"linestyle": (0, (2, 1.2)), "marker": ""},
}
# What the definitions of infoplane.measures.gradients draw. Losses are in nats.
NORM_TEXTS = {
    "szt_first": "gradient (nats; dashed: nats²), over the weights' norm",
    "szt_second": "summed over layers\n(nats)",
    "szt_latest": "summed over layers\n(nats; dashed: √nats)",
    "saxe_sample": "gradient (nats)",
    "saxe_batch": "gradient (nats)",
}


def draw_norms(axes: Axes, frame: pd.DataFrame, transitions: pd.DataFrame) -> None:
    """Draw one definition: both norms of each layer, and the median transition.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    frame : pandas.DataFrame
        ``init, epoch, layer, definition, mean_norm, std_norm, status`` of one run and definition.
    transitions : pandas.DataFrame
        ``transition_epoch, false_finds`` of each layer; the epoch is NaN where there is none.
    """
    for norm, look in NORMS.items():
        curves = over_networks(frame, norm, ["layer", "epoch"])
        draw_layer_curves(axes, curves, "median", band=False, **look)
    set_epoch_axis(axes, int(frame["epoch"].max()))
    axes.set_yscale("log")
    found = transitions["transition_epoch"].dropna()
    if found.empty:
        text = "no transition"
    else:
        middle = found.median()
        axes.axvline(middle, color="0.35", linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
        text = f"transition: epoch {format_epoch(middle)}"
    text += f" ({len(found)} of {len(transitions)} layers)"
    if transitions["false_finds"].notna().any():  # Not of a run without networks.
        text += f"\nfalse finds: {transitions['false_finds'].mean():.0%}"
    axes.set_ylabel(NORM_TEXTS[frame["definition"].iloc[0]])
    axes.set_title(f"{frame['label'].iloc[0]}\n{text}")


def gradients_figure(frame: pd.DataFrame, transitions: pd.DataFrame, run_label: str) -> Figure:
    """Draw the first definition large and the others beside it.

    Parameters
    ----------
    frame : pandas.DataFrame
        As in `draw_norms`, and ``label``, the definition's.
    transitions : pandas.DataFrame
        ``definition, layer, transition_epoch, false_finds`` of the run.
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
        part = frame[frame["label"] == label]
        of_panel = transitions["definition"] == part["definition"].iloc[0]
        draw_norms(panel, part, transitions[of_panel])
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


def read_definitions(paths, run: str, definitions: Mapping[str, str]) -> pd.DataFrame:
    """Read a run's statistics under all definitions; the label is the definition's."""
    return read_runs(
        paths,
        dict.fromkeys(definitions, run),
        ["layer", "definition", "mean_norm", "std_norm"],
        ("definition", definitions),
    )


def read_transitions(paths, run: str, definitions: Mapping[str, str]) -> pd.DataFrame:
    """Read the transition of each layer of a run.

    Parameters
    ----------
    paths : list of path
        The one file; see the module.
    run : str
    definitions : mapping of str to str
        Panel label to definition's id.

    Returns
    -------
    table : pandas.DataFrame

    Raises
    ------
    ValueError
        If a definition has no rows.
    """
    table = read_text_table(paths, TRANSITIONS, dict.fromkeys(definitions, run))
    table = table[table["run"] == run]
    for label, definition in definitions.items():
        if not (table["definition"] == definition).any():
            raise ValueError(
                f"no rows with run {run!r}, definition {definition!r}, which panel {label!r} "
                f"shows, in {', '.join(map(str, paths))}"
            )
    return table


def main(snakemake) -> None:
    """Read the run's gradient statistics and transitions, draw one panel a definition."""
    params = snakemake.params
    label, run = the_only_run(params.runs)
    frame = read_definitions(snakemake.input.gradients, run, params.definitions)
    transitions = read_transitions(snakemake.input.transitions, run, params.definitions)
    with figure_style():
        save_figure(gradients_figure(frame, transitions, label), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
