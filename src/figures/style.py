"""The look that all figures share, and how they are written.

Layers keep one colour and one marker throughout; epochs run through one perceptually uniform map.
Nothing here touches matplotlib's global state: figures are made without pyplot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import contextmanager

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from PIL import Image

from pipeline.files import replacing

WIDTH_INCHES = 7.0
# The report holds all figures and shall stay below 6 MB.
SMALL_PIXELS, SMALL_COLOURS = 720, 24
# Of a title, across the width of a figure.
TITLE_CHARACTERS = 96
# Of figures that are tables: as small as may be, for a page to hold all rows.
TABLE_FONT_SIZE, ROW_INCHES = 7, 0.115
INPUT_AXIS = "$I(X;T)$ (bits)"
LABEL_AXIS = "$I(T;Y)$ (bits)"
EPOCH_AXIS = "epoch (linear to 1, then log)"

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
# The last tenth of viridis is too light for a line on white.
EPOCH_COLOURS = ListedColormap(mpl.colormaps["viridis"](np.linspace(0, 0.92, 256)), "epochs")
EPOCH_LINEAR_SHARE = 0.4
EPOCH_MARGIN = 0.02
# Of epochs, side by side across the width of a figure.
MOST_EPOCH_LABELS = 15

STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": "0.2",
    "axes.labelcolor": "0.15",
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    # Room for half of the largest marker on the smallest panel.
    "axes.xmargin": 0.07,
    "axes.ymargin": 0.07,
    "figure.dpi": 100,
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.title_fontsize": 7.5,
    "lines.linewidth": 1.1,
    "lines.markersize": 4,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "white",
    "patch.force_edgecolor": True,
    "patch.linewidth": 0.8,
    "savefig.dpi": 300,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "infoplane",
    "text.color": "0.15",
    **{f"{axis}tick.color": "0.15" for axis in "xy"},
    **{f"{axis}tick.labelsize": 7.5 for axis in "xy"},
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


def save_figure(figure: Figure, output) -> None:
    """Write a figure three times, as the same bytes whenever the figure is the same.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    output
        A rule's outputs ``svg``, ``png`` and ``small``, for the report.
    """
    layout = figure.get_layout_engine()
    with mpl.rc_context(STYLE):
        with replacing(output.png) as temporary:
            figure.savefig(temporary)
        # To place panels and labels takes as long as to draw them; both files have the same places.
        figure.set_layout_engine("none")
        # The date is the one thing in an SVG that differs between two runs.
        with replacing(output.svg) as temporary:
            figure.savefig(temporary, metadata={"Date": None})
    figure.set_layout_engine(layout)
    with Image.open(output.png) as drawn, replacing(output.small) as temporary:
        shrunk(drawn).save(temporary, "PNG", optimize=True)


def shrunk(drawn: Image.Image) -> Image.Image:
    """Make an image as wide as a screen's text, of few colours: a tenth to a fifth of the bytes.

    Parameters
    ----------
    drawn : PIL.Image.Image

    Returns
    -------
    PIL.Image.Image
        At most `SMALL_PIXELS` wide, of `SMALL_COLOURS` colours.
    """
    share = min(1, SMALL_PIXELS / drawn.width)
    size = (round(drawn.width * share), round(drawn.height * share))
    small = drawn.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    return small.quantize(SMALL_COLOURS, dither=Image.Dither.NONE)


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


def layer_colour(layer: int) -> str:
    """Return the colour of layer 1, 2, ..."""
    return LAYER_COLOURS[(layer - 1) % len(LAYER_COLOURS)]


def layer_marker(layer: int) -> str:
    """Return the marker of layer 1, 2, ..."""
    return LAYER_MARKERS[(layer - 1) % len(LAYER_MARKERS)]


def marker_size(layer: int) -> float:
    """Return a marker's size in points; the first layer's shows behind one on the same point."""
    return 8.8 if layer == 1 else max(6.8 - 0.3 * (layer - 2), 4.5)


def add_layer_legend(
    figure: Figure, names: Mapping[int, str], title: str | None = None, **line
) -> None:
    """Put a legend of the layers below all panels.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    names : mapping of int to str
        From `layer_names`.
    title : str, optional
        Words before the first layer.
    **line
        Handed to `matplotlib.lines.Line2D`; by default markers in the layers' colours.
    """
    handles = [Line2D([], [], linestyle="none", label=title)] if title else []
    for layer, name in names.items():
        look = {"color": layer_colour(layer), "marker": layer_marker(layer), "linestyle": "none"}
        handles.append(Line2D([], [], label=name, **look | line))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def draw_layer_curves(
    axes: Axes, summary: pd.DataFrame, centre: str, band: bool = True, **line
) -> None:
    """Draw one curve a layer against the epoch, and its band over networks.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    summary : pandas.DataFrame
        From `over_networks`, with the keys ``layer, epoch``.
    centre : str
        ``"mean"`` or ``"median"``.
    band : bool
        Whether to fill from ``low`` to ``high``.
    **line
        Handed to `matplotlib.axes.Axes.plot`.
    """
    for layer, curve in summary.groupby("layer"):
        colour = layer_colour(layer)
        if band:
            axes.fill_between(
                curve["epoch"], curve["low"], curve["high"], color=colour, alpha=0.2, linewidth=0
            )
        look = {
            "color": colour,
            "marker": layer_marker(layer),
            "markersize": 3.2,
            # Markers of different layers stand at different epochs, so that none hides another.
            "markevery": (layer * len(curve) // 30 % len(curve), len(curve) // 4 + 1),
            "label": f"layer {layer}",
        }
        axes.plot(curve["epoch"], curve[centre], **look | line)


def panel_title(label: str, note: str, columns: int) -> str:
    """Name a panel, and say more of it: on a second line if one of so many columns is too narrow.

    Parameters
    ----------
    label, note : str
    columns : int
        Panels side by side.
    """
    line = f"{label} ({note})"
    return line if len(line) <= TITLE_CHARACTERS // columns else f"{label}\n({note})"


def hide_unused(axes: np.ndarray, used: int, xlabel: str) -> None:
    """Blank the panels of a grid after the first few, and name the axes above the gaps.

    Parameters
    ----------
    axes : array of matplotlib.axes.Axes, shape (rows, columns)
    used : int
    xlabel : str
    """
    for position, panel in enumerate(axes.flat):
        below = position + axes.shape[1]
        if position >= used:
            panel.set_axis_off()
        elif used <= below < axes.size:
            panel.set_xlabel(xlabel)
            panel.tick_params(labelbottom=True)


def draw_bounds(axes: Axes, x: float | None = None, y: float | None = None) -> None:
    """Draw what the axes' quantities cannot exceed as thin lines."""
    thin = {"color": "0.55", "linewidth": 0.6, "linestyle": (0, (4, 3)), "zorder": 0}
    if x is not None:
        axes.axvline(x, **thin)
    if y is not None:
        axes.axhline(y, **thin)


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
    """Make the horizontal axis epochs: linear from 0 to 1, logarithmic beyond.

    Where labels of all decades do not fit beside each other in all panels, every other one stays.
    """
    axes.set_xscale("symlog", linthresh=1, linscale=EPOCH_LINEAR_SHARE, base=10)
    scale = axes.xaxis.get_transform()
    first, last = scale.transform([0, last_epoch])
    margin = EPOCH_MARGIN * (last - first)
    axes.set_xlim(scale.inverted().transform([first - margin, last + margin]))
    ticks = epoch_ticks(last_epoch)
    across = axes.get_subplotspec().get_gridspec().ncols * len(ticks)
    labelled = [ticks[0], *ticks[-1:0:-2][::-1]] if across > MOST_EPOCH_LABELS else ticks
    axes.xaxis.set_major_locator(FixedLocator(labelled))
    axes.xaxis.set_minor_locator(FixedLocator([tick for tick in ticks if tick not in labelled]))
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
