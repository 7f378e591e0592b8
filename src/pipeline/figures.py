"""The look that all figures share, and how they read tables and are written.

Layers keep one colour and one marker throughout; epochs run through one perceptually uniform map.
Nothing here touches matplotlib's global state: figures are made without pyplot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import contextmanager

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from pipeline.files import load_table, replacing

WIDTH_INCHES = 7.0
QUANTILES = (0.05, 0.95)
BAND = "5 % to 95 % of the networks"
INPUT_AXIS = "$I(X;T)$ (bits)"
LABEL_AXIS = "$I(T;Y)$ (bits)"
EPOCH_AXIS = "epoch"

# Tol's "muted" scheme: any two of the first six differ by at least 20 in CIE Lab for normal sight
# and the three colour-vision deficiencies.
LAYER_COLOURS = (
    "#332288",
    "#88CCEE",
    "#117733",
    "#999933",
    "#CC6677",
    "#882255",
    "#44AA99",
    "#AA4499",
    "#DDCC77",
)
LAYER_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
EPOCH_COLOURS = "viridis"
EPOCH_LINEAR_SHARE = 0.4

STYLE = {
    **sns.axes_style("ticks"),
    **sns.plotting_context("paper"),
    "axes.edgecolor": "0.2",
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "figure.dpi": 100,
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.title_fontsize": 7.5,
    "lines.linewidth": 1.1,
    "lines.markersize": 4,
    "savefig.dpi": 300,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "infoplane",
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    **{f"{axis}tick.major.width": 0.6 for axis in "xy"},
    **{f"{axis}tick.major.size": 3 for axis in "xy"},
    **{f"{axis}tick.minor.size": 1.5 for axis in "xy"},
    **{f"{axis}tick.minor.width": 0.4 for axis in "xy"},
}


@contextmanager
def figure_style():
    """Draw and save with the project's style, and leave matplotlib's settings as they were."""
    with mpl.rc_context(STYLE):
        yield


def save_figure(figure: Figure, paths: Iterable) -> None:
    """Write a figure in the format of each path's suffix, the same bytes for the same figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    paths : iterable of path
        Such as a rule's outputs, ``*.svg`` and ``*.png``.
    """
    for path in paths:
        metadata = {"Date": None} if str(path).endswith(".svg") else None
        with mpl.rc_context(STYLE), replacing(path) as temporary:
            figure.savefig(temporary, metadata=metadata)


def new_figure(height_inches: float, rows: int = 1, columns: int = 1, **subplots):
    """Make a figure as wide as a journal's page.

    Parameters
    ----------
    height_inches : float
    rows, columns : int
        Panels.
    **subplots
        Handed to `matplotlib.figure.Figure.subplots`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : array of matplotlib.axes.Axes, shape (rows, columns)
    """
    figure = Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **subplots)


def read_runs(
    path,
    runs: Mapping[str, str],
    columns: list[str],
    choice: tuple[str, str | Mapping[str, str]] | None = None,
) -> pd.DataFrame:
    """Read what a figure needs of some runs from a merged table.

    Parameters
    ----------
    path : path
        A merged table with columns ``run, init, epoch, status``.
    runs : mapping of str to str
        Panel label to run id; two labels may name one run.
    columns : list of str
        Further columns.
    choice : tuple of str and (str or mapping of str to str), optional
        A column and the value to keep in it, or one value for each label, such as
        ``("estimator", {"tanh": "binned_30", "ReLU": "binned_100_global"})``.

    Returns
    -------
    frame : pandas.DataFrame
        ``label, init, epoch, status`` and `columns`, sorted by label in the order of `runs`.

    Raises
    ------
    ValueError
        If the table has no rows for a label.
    """
    wanted = ["init", "epoch", "status", *columns]
    parts = []
    for label, run in runs.items():
        filters = [("run", "=", run)]
        if choice is not None:
            column, value = choice
            filters.append((column, "=", value if isinstance(value, str) else value[label]))
        part = load_table(path, columns=wanted, filters=filters).to_pandas()
        if part.empty:
            terms = ", ".join(f"{name} {value!r}" for name, _, value in filters)
            raise ValueError(f"{path} has no rows with {terms}, which panel {label!r} shows")
        part["status"] = part["status"].astype(str)
        parts.append(part.assign(label=label))
    return pd.concat(parts, ignore_index=True)


def trained(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of networks that did not diverge."""
    return frame[frame["status"] == "ok"]


def count_networks(frame: pd.DataFrame) -> str:
    """Say how many networks are shown, and how many were left out because they diverged."""
    status = frame.groupby("init")["status"].first()
    kept = int((status == "ok").sum())
    text = f"{kept} network" + ("s" if kept != 1 else "")
    left_out = len(status) - kept
    return f"{text}, {left_out} diverged left out" if left_out else text


def over_networks(frame: pd.DataFrame, value: str, keys: list[str]) -> pd.DataFrame:
    """Summarise a column over the networks that did not diverge.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``init, status, value`` and the keys.
    value : str
    keys : list of str
        What to keep apart, such as ``["layer", "epoch"]``.

    Returns
    -------
    summary : pandas.DataFrame
        The keys, sorted, and ``mean, median, low, high``; the last two are the `QUANTILES`.
    """
    table = trained(frame).pivot(index=keys, columns="init", values=value)
    values = table.to_numpy(dtype=np.float64)
    low, high = np.quantile(values, QUANTILES, axis=1)
    summary = pd.DataFrame(
        {
            "mean": values.mean(axis=1),
            "median": np.median(values, axis=1),
            "low": low,
            "high": high,
        },
        index=table.index,
    )
    return summary.reset_index()


def layer_names(frame: pd.DataFrame) -> dict[int, str]:
    """Name the layers 1 .. L of a table T1, T2, ...; the last is the output."""
    last = int(frame["layer"].max())
    hidden = {number: f"T{number}" for number in range(1, last)}
    return {**hidden, last: "output"}


def layer_colour(layer: int) -> str:
    """Return the colour of layer 1, 2, ..."""
    return LAYER_COLOURS[(layer - 1) % len(LAYER_COLOURS)]


def layer_marker(layer: int) -> str:
    """Return the marker of layer 1, 2, ..."""
    return LAYER_MARKERS[(layer - 1) % len(LAYER_MARKERS)]


def add_layer_legend(
    figure: Figure, names: Mapping[int, str], colour: str | None = None, lines: bool = False
) -> None:
    """Put a legend of the layers below all panels.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    names : mapping of int to str
    colour : str, optional
        One colour for all, where only the marker tells layers apart.
    lines : bool
        Whether to draw a line through the markers.
    """
    handles = [
        Line2D(
            [],
            [],
            color=colour or layer_colour(layer),
            marker=layer_marker(layer),
            linestyle="-" if lines else "none",
            label=name,
        )
        for layer, name in names.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def epoch_norm(last_epoch: int) -> SymLogNorm:
    """Map epochs to colours: linear from 0 to 1, logarithmic beyond."""
    return SymLogNorm(1, linscale=EPOCH_LINEAR_SHARE, vmin=0, vmax=max(last_epoch, 1), base=10)


def epoch_ticks(last_epoch: int) -> list[int]:
    """Return 0 and the powers of ten up to the last epoch."""
    return [0, *(10**power for power in range(int(np.log10(max(last_epoch, 1))) + 1))]


def format_epoch(epoch: float, _position=None) -> str:
    """Write an epoch with thin spaces between thousands."""
    return f"{epoch:,.0f}".replace(",", "\u2009")


def set_epoch_axis(axes: Axes, last_epoch: int) -> None:
    """Make the horizontal axis epochs: linear from 0 to 1, logarithmic beyond."""
    axes.set_xscale("symlog", linthresh=1, linscale=EPOCH_LINEAR_SHARE, base=10)
    axes.set_xlim(0, last_epoch)
    axes.xaxis.set_major_locator(FixedLocator(epoch_ticks(last_epoch)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(format_epoch))
    axes.set_xlabel(EPOCH_AXIS)


def add_epoch_colours(figure: Figure, axes: Iterable[Axes], last_epoch: int) -> None:
    """Put the colour scale of the epochs to the right of some panels."""
    scale = mpl.cm.ScalarMappable(epoch_norm(last_epoch), EPOCH_COLOURS)
    bar = figure.colorbar(scale, ax=list(axes), pad=0.015, aspect=30, shrink=0.95)
    bar.ax.yaxis.set_major_locator(FixedLocator(epoch_ticks(last_epoch)))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.yaxis.set_major_formatter(FuncFormatter(format_epoch))
    bar.outline.set_visible(False)
    bar.set_label(EPOCH_AXIS)


def draw_path(axes: Axes, path: pd.DataFrame, norm: SymLogNorm, **line) -> None:
    """Draw one layer's way through the information plane, coloured by epoch.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    path : pandas.DataFrame
        Columns ``epoch, mi_input_bits, mi_label_bits``, in the order of epochs.
    norm : matplotlib.colors.SymLogNorm
        From `epoch_norm`.
    **line
        Handed to `matplotlib.collections.LineCollection`.
    """
    points = path[["mi_input_bits", "mi_label_bits"]].to_numpy(dtype=np.float64)
    epochs = path["epoch"].to_numpy(dtype=np.float64)
    collection = LineCollection(
        np.stack([points[:-1], points[1:]], axis=1),
        array=epochs[1:],
        cmap=EPOCH_COLOURS,
        norm=norm,
        capstyle="round",
        **line,
    )
    axes.add_collection(collection)
    axes.autoscale_view()


def set_plane_axes(axes: Axes, ceiling_bits: float | None, label_bits: float | None) -> None:
    """Name the axes of an information plane and draw its bounds as thin lines.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    ceiling_bits : float or None
        The most that I(X;T) can be, log2 of the number of samples.
    label_bits : float or None
        The most that I(T;Y) can be, H(Y).
    """
    thin = {"color": "0.55", "linewidth": 0.6, "linestyle": (0, (4, 3)), "zorder": 0}
    if ceiling_bits is not None:
        axes.axvline(ceiling_bits, **thin)
    if label_bits is not None:
        axes.axhline(label_bits, **thin)
    axes.set_xlabel(INPUT_AXIS)
    axes.set_ylabel(LABEL_AXIS)
    axes.label_outer()
