"""One figure of all ratios and scalings."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.style import (
    LAYER_COLOURS,
    LAYER_MARKERS,
    WIDTH_INCHES,
    figure_style,
    save_figure,
)

# Of a bar with its label, of the axis below the bars, and of the panels below that.
BAR_INCHES, AXIS_INCHES, PANELS_INCHES = 0.15, 1.0, 1.9
NAMES = {
    "torch_stack": "torch stack",
    "module_stack": "torch stack of modules",
    "lone_module": "torch, one by one",
    "plain_loop": "plain PyTorch loop",
    "pattern_loop": "loop over patterns",
    "unique_rows": "np.unique on rows",
    "numpy_matrices": "NumPy matrices",
    "sklearn_kd_tree": "scikit-learn KernelDensity",
    "fused_engine": "fused engine",
}


def ratios(results: dict[str, dict]) -> dict[str, float]:
    """Return how many times longer each contender took than this package, by label."""
    found = {}
    if "train" in results:
        for name, ratio in results["train"]["comparison"]["ratio"].items():
            found[f"training: {NAMES[name]}"] = ratio
    for comparison in results.get("estimate", {}).get("comparisons", []):
        for name, ratio in comparison["ratio"].items():
            found[f"{comparison['estimator']}: {NAMES[name]}"] = ratio
    for name, ratio in results.get("images", {}).get("training", {}).get("ratio", {}).items():
        found[f"784-1024-20-20-20-10: {NAMES[name]}"] = ratio
    for name, ratio in results.get("lenet", {}).get("ratio", {}).items():
        found[f"LeNet: {NAMES[name]}"] = ratio
    for one in results.get("crossing", {}).get("networks", []):
        if one["chosen"] == "fused":
            found[f"{one['network']}, {one['optimizer']}: torch"] = one["ratio"]["torch"]
    for quantity, comparison in results.get("images", {}).get("estimates", {}).items():
        found[f"{quantity}, 1024 units: NumPy"] = comparison["ratio"]["numpy"]
    for comparison in results.get("peers", {}).get("comparisons", []):
        for name, ratio in comparison["ratio"].items():
            found[f"{comparison['quantity']}: {name}"] = ratio
    if "bottleneck" in results:
        ratio = results["bottleneck"]["ratio"]
        found["bottleneck curve: NumPy loop"] = ratio["numpy_loop"]
        if "embo" in ratio:
            found["bottleneck curve: embo"] = ratio["embo"]
    if "gradients" in results:
        found["gradient statistics: training"] = 1 / results["gradients"]["share_of_training"]
    for one in results.get("fisher", {}).get("runs", []):
        found[f"Fisher traces of {one['run']}: training"] = 1 / one["share_of_training"]
    for one in results.get("variational", {}).get("sizes", []):
        label = f"noisy weights, {one['samples']} images: {NAMES['plain_loop']}"
        found[label] = one["ratio"]["plain_loop"]
    return found


def draw(results: dict[str, dict], folder: Path) -> None:
    """Draw what has been measured.

    Parameters
    ----------
    results : dict
        The benchmarks' JSON data by name; those not there are left out.
    folder : pathlib.Path
        Gets ``benchmarks.svg`` and ``benchmarks.png``.
    """
    with figure_style():
        found = ratios(results)
        heights = BAR_INCHES * len(found) + AXIS_INCHES, PANELS_INCHES
        figure = Figure(figsize=(WIDTH_INCHES, sum(heights)), layout="constrained")
        upper, lower = figure.subfigures(2, 1, height_ratios=heights)
        draw_ratios(upper.subplots(), found)
        panels = lower.subplots(1, 3)
        draw_networks(panels[0], results.get("train", {}).get("scaling", []))
        draw_samples(panels[1], results.get("estimate", {}).get("scaling", []))
        draw_cores(panels[2], results.get("cores", {}).get("scaling", []))
        output = {kind: folder / f"benchmarks.{kind}" for kind in ("svg", "png")}
        save_figure(figure, SimpleNamespace(**output, small=folder / "benchmarks_small.png"))


def draw_ratios(panel: Axes, found: dict[str, float]) -> None:
    """Draw a bar for each contender, on a logarithmic axis."""
    bars = panel.barh(list(found), list(found.values()), color=LAYER_COLOURS[0], height=0.6)
    panel.bar_label(bars, [f"{ratio:.3g}" for ratio in found.values()], padding=3, fontsize=7)
    panel.axvline(1, color="0.2", linewidth=0.6)
    panel.set(xscale="log", xlabel="times as long as infoplane (one thread, processor time)")
    panel.margins(x=0.1)
    # Half a bar above the first and below the last.
    panel.set_ylim(max(len(found), 1) - 0.5, -0.5)


def draw_lines(panel: Axes, rows: list[dict], group: str, x: str, y: str) -> None:
    """Draw y over x on logarithmic axes, a line for each group."""
    for number, name in enumerate(dict.fromkeys(row[group] for row in rows)):
        points = [(row[x], row[y]) for row in rows if row[group] == name]
        style = {"color": LAYER_COLOURS[3 * number], "marker": LAYER_MARKERS[number]}
        panel.plot(*zip(*points, strict=True), label=NAMES.get(name, name), **style)
    if rows:
        panel.legend()
        ticks = sorted({row[x] for row in rows})
        panel.set(xscale="log", yscale="log")
        panel.set_xticks(ticks, [f"{t // 1024}k" if t >= 1024 else str(t) for t in ticks])
        panel.set_xticks([], minor=True)


def draw_networks(panel: Axes, rows: list[dict]) -> None:
    """Draw the time of a step by the number of networks in the stack."""
    draw_lines(panel, rows, "engine", "networks", "microseconds")
    panel.set(xlabel="networks", ylabel="µs a network step")


def draw_samples(panel: Axes, rows: list[dict]) -> None:
    """Draw the time of an estimate by the number of samples."""
    draw_lines(panel, rows, "estimator", "samples", "milliseconds")
    panel.set(xlabel="samples", ylabel="ms a layer of 10 units")


def draw_cores(panel: Axes, rows: list[dict]) -> None:
    """Draw the speed by the number of cores, with the diagonal of perfect scaling."""
    cores = [row["cores"] for row in rows]
    for number, (key, label) in enumerate(
        [("speed", "by the clock"), ("speed_on_free_cores", "by processor time")]
    ):
        style = {"color": LAYER_COLOURS[3 * number], "marker": LAYER_MARKERS[number]}
        panel.plot(cores, [row[key] for row in rows], label=label, **style)
    panel.plot(cores, cores, color="0.6", linewidth=0.6, label="perfect")
    panel.set(xlabel="cores", ylabel="times one core", xticks=cores)
    panel.legend()
