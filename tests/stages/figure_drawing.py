"""Draw the figures of the configuration from the tables of a made-up study, and look at them."""

import importlib
import itertools

import numpy as np
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.text import Text

from tests.stages.figure_tables import ENTRIES, LAYERS, RUNS, UNITS
from tests.support import stand_in

STATISTICS = {"resamples": 200, "seed": 0, "confidence": 0.95}
FIGURES = yaml.safe_load(ENTRIES.read_text(encoding="utf-8"))["figures"]
# Of runs of this study; one network of the first diverges.
STAND_INS = ("saxe_sgd_relu", *(run for run in RUNS if run != "saxe_sgd_relu"))
TIDY = (
    *("information", "dependence", "rescaled", "gradients", "metrics", "weights"),
    *(
        "inversion",
        "inverted_images",
        "fisher",
        "saturation",
        "bottleneck_fit",
        "activation_histograms",
    ),
    "differential_entropy",
    *("several_networks", "neural_collapse", "activation_scale", "weight_correlation"),
)


def made_up(name, **changes):
    """Return a figure's entry, about the runs, estimators and layers of the made-up study."""
    entry = FIGURES[name] | changes
    own = {"dependence": "hsic", "epochs": [0, 390, 1000], "layer": LAYERS - 1}
    if "runs" in entry:
        own["runs"] = dict(zip(entry["runs"], itertools.cycle(STAND_INS), strict=False))
    if "estimator" in entry:
        by_label = isinstance(entry["estimator"], dict)
        own["estimator"] = dict.fromkeys(entry["runs"], "binned") if by_label else "binned"
    if "estimators" in entry:
        names = itertools.cycle(("binned", "kde"))
        own["estimators"] = dict(zip(entry["estimators"], names, strict=False))
    return entry | {key: value for key, value in own.items() if key in entry and key not in changes}


def files_of(name, folder):
    """Return the paths of a figure's files."""
    paths = {kind: folder / f"{name}.{kind}" for kind in ("svg", "png")}
    return paths | {"small": folder / f"small/{name}.png"}


def run_stage(name, tables, folder, data=None, **changes):
    """Draw a figure; return the paths of its files."""
    entry = made_up(name, **changes)
    drawing = importlib.import_module(f"figures.{entry['drawing']}")
    runs = entry.get("runs", {}).values()
    inputs = {"data": data or [tables / "task.npz" for _ in runs]}
    for table in drawing.TABLES:
        if table == "models":
            models = entry["models"].values()
            inputs[table] = [tables / f"models/{model}.parquet" for model in models]
            continue
        of_runs = [sorted((tables / table / run).glob("*.parquet")) for run in dict.fromkeys(runs)]
        text = tables / f"{table}.tsv"
        inputs[table] = list(itertools.chain(*of_runs)) if table in TIDY else [text]
    if "verdicts" in drawing.TABLES:
        entry |= {"units": UNITS}
    output = files_of(name, folder)
    entry |= {"statistics": STATISTICS}
    drawing.main(stand_in(input=inputs, output=output, params=entry))
    return output


def shown_texts(figure):
    """Return the texts of a figure that can be seen, with their extent in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    unseen = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            # Matplotlib keeps spare ticks, and some beyond the ends of their axis.
            if not (axis.axes.axison and low <= tick.get_loc() <= high):
                unseen |= {tick.label1, tick.label2}
        if not axis.axes.axison:
            unseen |= {axis.label, axis.axes.title}
    return [
        (text, text.get_window_extent(canvas.get_renderer()))
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in unseen
    ]


def data_axes(figure):
    """Return the panels, without colour bars."""
    return [axes for axes in figure.axes if axes.axison and axes.get_label() != "<colorbar>"]


def marked_points(axes):
    """Yield points that a panel can show, and how far their markers reach, in typographic points.

    A logarithmic axis cannot show the 0 of a dead layer.
    """
    for line in axes.lines:
        if line.get_marker() not in ("", "None"):
            every = line.get_markevery()
            points = line.get_xydata()[slice(every[0], None, every[1]) if every else slice(None)]
            shown = points[:, 1] > 0 if axes.get_yscale() == "log" else slice(None)
            yield points[shown], (line.get_markersize() + line.get_markeredgewidth()) / 2
    for cloud in axes.collections:
        if isinstance(cloud, PathCollection):
            yield cloud.get_offsets(), np.sqrt(cloud.get_sizes().max()) / 2
