"""Draw I(X;T) of one binned unit against its weight.

Reads   models    activation, weight, mi_input_bits of the model
Params  models    panel label to model
Writes  svg, png
"""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from figures.reading import read_models
from figures.style import (
    INPUT_AXIS,
    draw_bounds,
    figure_style,
    layer_colour,
    layer_marker,
    new_figure,
    save_figure,
)
from pipeline.stage import run_as_script

TABLES = ("models",)
NEEDS = ("models",)
TAKES = ()
HOW_TO_READ = """\
Exact, without sampling or networks: X is normal with mean 0 and variance 1, T = f(wX) is cut into
bins, and I(X;T) = H(T) in bits follows from the normal distribution function at their borders.
Horizontally the weight w, logarithmic. Tanh and softsign have their bins on [-1, 1], the sigmoid
its own on [0, 1]; ReLU and linear have bins as wide as those of tanh, as many as there are values.
Dotted lines grow by log2(10) and by half of that a decade; dashed is 1 bit, the sign of X."""

WEIGHT_AXIS = "weight $w$"
MARKERS_EVERY = 10
NAMES = {"relu": "ReLU"}


def minimal_figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw one panel a model, one curve an activation.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        By label: ``activation, weight, mi_input_bits``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    figure, axes = new_figure(3.4, 1, len(tables), sharey=True)
    for panel, (label, table) in zip(axes.flat, tables.items(), strict=True):
        draw_bounds(panel, y=1.0)
        for number, (activation, curve) in enumerate(table.groupby("activation", sort=False), 1):
            panel.plot(
                curve["weight"],
                curve["mi_input_bits"],
                color=layer_colour(number),
                marker=layer_marker(number),
                markevery=(number % MARKERS_EVERY, MARKERS_EVERY),
                label=NAMES.get(activation, activation),
            )
        draw_slopes(panel, table)
        panel.set(xscale="log", title=label, xlabel=WEIGHT_AXIS, ylabel=INPUT_AXIS)
        panel.label_outer()
    axes[0, 0].legend(loc="upper left")
    return figure


def draw_slopes(panel, table: pd.DataFrame) -> None:
    """Draw the expected growth of linear and ReLU units through their last point."""
    for activation, share in (("linear", 1.0), ("relu", 0.5)):
        curve = table[table["activation"] == activation]
        if curve.empty:
            continue
        last = curve.iloc[-1]
        weights = last["weight"] * np.array([1e-3, 1.0])
        bits = last["mi_input_bits"] + share * math.log2(10) * np.array([-3.0, 0.0])
        panel.plot(weights, bits, color="0.2", linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=3)


def main(snakemake) -> None:
    """Read the model's table, draw it."""
    with figure_style():
        save_figure(minimal_figure(read_models(snakemake)), snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
