"""Draw converged layers beside the information-bottleneck curve, and the beta that fits each.

Reads   bottleneck_fit    layers at the end of training: mi_input_bits, mi_label_bits, beta
        models            the curve of the run's task
Params  runs              panel label to run id, one run
        models            the same label to the model that solved the curve
        statistics        resamples, seed, confidence of the intervals
Writes  svg, png
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from figures.networks import draw_layers
from figures.reading import (
    count_networks,
    layer_names,
    read_models,
    read_runs,
    the_only_run,
    trained,
)
from figures.style import (
    INPUT_AXIS,
    LABEL_AXIS,
    add_layer_legend,
    draw_bounds,
    figure_style,
    layer_colour,
    layer_marker,
    new_figure,
    save_figure,
)
from infoplane.statistics import Resampling
from pipeline.stage import run_as_script

TABLES = ("bottleneck_fit", "models")
NEEDS = ("runs", "models")
TAKES = ()
HOW_TO_READ = """\
Left, the information plane at the end of training, in bits: one point a network and layer, T in
30 bins, I(T;Y) with the known p(y given x). The line is the information-bottleneck curve, the
most I(T;Y) for its I(X;T), exact to a millionth of a bit; betas that have not converged are left
out. Small bars mark where a further cluster appears; beyond the last solved beta the line is
dotted, up to I(X;Y), which is dashed. Right, by layer, the beta whose bottleneck encoder is
nearest to the layer's own, logarithmic: dots are networks, markers medians, lines their
{confidence} bootstrap intervals. Layers at the top fit no finite beta: they give every input to
the nearest of their clusters."""

BETA_AXIS = r"fitted $\beta$"
CURVE = "0.15"


def bottleneck_figure(
    frame: pd.DataFrame, curve: pd.DataFrame, label: str, resampling: Resampling
) -> Figure:
    """Draw the plane with the curve, and the fitted betas.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``init, epoch, layer, mi_input_bits, mi_label_bits, beta, status`` of one run.
    curve : pandas.DataFrame
        The columns of `infoplane.models.bottleneck.BottleneckModel.solve`.
    label : str
        The run's.
    resampling : Resampling
        What makes the intervals.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    names = layer_names(frame)
    last = trained(frame)
    last = last[last["epoch"] == last["epoch"].max()]
    figure, ((plane, fits),) = new_figure(3.4, 1, 2, gridspec_kw={"width_ratios": [3, 2]})
    draw_curve(plane, curve[curve["converged"]], float(last["mi_input_bits"].max()))
    draw_layers(plane, last, names)
    plane.set(xlabel=INPUT_AXIS, ylabel=LABEL_AXIS)
    draw_betas(fits, last, names, resampling)
    add_layer_legend(figure, names)
    figure.suptitle(f"{label} ({count_networks(frame)})", fontsize=8)
    return figure


def draw_curve(axes: Axes, curve: pd.DataFrame, furthest: float) -> None:
    """Draw the curve, its bifurcations and I(X;Y)."""
    information = float(curve["information_bits"].iloc[0])
    draw_bounds(axes, y=information)
    axes.plot(curve["mi_input_bits"], curve["mi_label_bits"], color=CURVE, label="curve", zorder=1)
    end = curve.iloc[-1]
    if furthest > end["mi_input_bits"]:
        beyond = [end["mi_input_bits"], furthest], [end["mi_label_bits"], information]
        axes.plot(*beyond, color=CURVE, linestyle=(0, (1, 1.5)), zorder=1)
    splits = curve[curve["clusters"].diff() > 0]
    axes.scatter(splits["mi_input_bits"], splits["mi_label_bits"], marker="|", s=40, color=CURVE)


def draw_betas(
    axes: Axes, last: pd.DataFrame, names: dict[int, str], resampling: Resampling
) -> None:
    """Draw each layer's fitted betas, their median and its interval; infinite ones at the top."""
    finite = last["beta"][np.isfinite(last["beta"]) & (last["beta"] > 0)]
    low, high = (finite.min(), finite.max()) if len(finite) else (1.0, 1.0)
    top, bottom = 4 * high, low / 2

    def shown(values):
        return np.clip(np.asarray(values, float), bottom, top)

    for layer, part in last.groupby("layer"):
        colour = layer_colour(layer)
        inits = part["init"].rank().to_numpy()
        places = layer + 0.5 * (inits / (len(inits) + 1) - 0.5)
        axes.plot(places, shown(part["beta"]), ".", color=colour, alpha=0.35, markersize=3)
        median = resampling.median(part["beta"].to_numpy())
        axes.plot([layer] * 2, shown([median.low, median.high]), color=colour, linewidth=2)
        axes.plot(
            layer,
            shown(median.estimate),
            layer_marker(layer),
            color=colour,
            markeredgecolor="white",
            markersize=6.5,
        )
    axes.set_yscale("log")
    axes.set_ylim(bottom / 1.6, top * 1.6)
    axes.set(ylabel=BETA_AXIS, xlim=(0.4, len(names) + 0.6))
    axes.set_xticks(list(names), list(names.values()))
    ticks = [tick for tick in LogLocator().tick_values(bottom, top) if bottom <= tick <= high]
    labels = [f"{tick:g}" for tick in ticks]
    axes.set_yticks([*ticks, top], [*labels, "none\nfinite"])
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.axhline(top, color="0.55", linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)


def main(snakemake) -> None:
    """Read the layers and the curve, draw them."""
    params = snakemake.params
    label, _ = the_only_run(params.runs)
    columns = ["layer", "mi_input_bits", "mi_label_bits", "beta"]
    frame = read_runs(snakemake.input.bottleneck_fit, params.runs, columns)
    curve = read_models(snakemake)[label]
    resampling = Resampling(**params.statistics)
    with figure_style():
        save_figure(bottleneck_figure(frame, curve, label, resampling), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
