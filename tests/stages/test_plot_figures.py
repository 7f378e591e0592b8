"""The figures of the configuration: what they show, that it is legible, the same every time."""

import importlib
import itertools
import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from PIL import Image

from figures import batch_sizes, depths, gap_bounds, inverted_images, label_stops, reading, style
from figures import weight_correlation as alike
from figures.bottleneck import BETA_AXIS
from figures.collapse import COLLAPSE, GIVEN_LABEL_AXIS
from figures.critical_periods import RATES, STARTS_AXIS
from figures.detail import LOSS_AXIS
from figures.detail import RATIO_AXIS as RATIO_OF_GRADIENTS
from figures.differential_entropy import ENTROPY_AXIS
from figures.differential_entropy import SHARE_AXIS as DUPLICATED_AXIS
from figures.epochs import epochs_figure, squeezed, stretched
from figures.fisher import TRACE_AXIS
from figures.generalisation import ACCURACY, LOST
from figures.gradient_networks import NORM_AXIS as GRADIENTS_AXIS
from figures.gradient_networks import over_epochs
from figures.gradient_norms import NORM_TEXTS
from figures.histograms import VALUE_AXIS
from figures.inversion import ERROR_AXIS
from figures.linear_networks import IRRELEVANT_AXIS, linear_figure
from figures.saturation import ACCURACY_AXIS, SHARE_AXIS
from figures.scales import DEVIATION_AXIS, WEIGHTS_AXIS
from figures.two_phases import GRADIENT_AXIS, RATIO_AXIS
from figures.weights import NORM_AXIS
from infoplane.tasks import Task
from pipeline.files import DamagedFileError, save_task
from tests.stages.figure_drawing import (
    FIGURES,
    STAND_INS,
    TIDY,
    data_axes,
    files_of,
    marked_points,
    run_stage,
    shown_texts,
)
from tests.stages.figure_tables import (
    EPOCHS,
    INITS,
    LAYERS,
    RUNS,
    grid,
    read_all,
    save,
    save_runs,
    save_study,
)
from tests.support import Named

OF_NO_RUNS = (
    *("ablations", "batch_sizes", "robustness", "audit", "audit_drops", "scorecard"),
    *("minimal_model", "linear_networks", "two_phases", "stopping", "variational"),
    "model_curves",
    *("critical_periods", "depths", "gap_bounds", "label_stops"),
)
TRAINED = [name for name, entry in FIGURES.items() if entry["drawing"] not in OF_NO_RUNS]
PHASES = (GRADIENT_AXIS, RATIO_AXIS)
BITS = {style.INPUT_AXIS, style.LABEL_AXIS}
AXES = {
    "networks": BITS,
    "planes": BITS,
    "copies": BITS,
    "scales": {style.EPOCH_AXIS, style.INPUT_AXIS, DEVIATION_AXIS, WEIGHTS_AXIS},
    "collapse": {style.EPOCH_AXIS, style.INPUT_AXIS, GIVEN_LABEL_AXIS, *COLLAPSE.values()},
    "converged": BITS | {FIGURES["szt_7"]["series"]},
    "learning": {style.EPOCH_AXIS, "cross-entropy (nats)", "accuracy (share of samples)"},
    "signal_to_noise": {style.EPOCH_AXIS, "signal-to-noise ratio", "norm of the gradient (nats)"},
    "epochs": {style.EPOCH_AXIS, style.INPUT_AXIS},
    "generalisation": {LOST, ACCURACY},
    "gradient_networks": {style.EPOCH_AXIS, GRADIENTS_AXIS},
    "weights": {style.EPOCH_AXIS, NORM_AXIS},
    "detail": {style.EPOCH_AXIS, style.INPUT_AXIS, LOSS_AXIS, RATIO_OF_GRADIENTS, NORM_AXIS},
    "differential_entropy": {style.EPOCH_AXIS, ENTROPY_AXIS, DUPLICATED_AXIS},
    "fisher": {style.EPOCH_AXIS, TRACE_AXIS, style.INPUT_AXIS},
    "inversion": {style.EPOCH_AXIS, ERROR_AXIS, style.INPUT_AXIS},
    "inverted_images": {inverted_images.LAYER_AXIS, inverted_images.ERROR_AXIS},
    "histograms": {VALUE_AXIS},
    "rescaling": {"layer", style.INPUT_AXIS},
    "weight_correlation": {alike.LAYER_AXIS, *alike.QUANTITIES.values()},
    "bottleneck": BITS | {BETA_AXIS},
    "saturation": {style.EPOCH_AXIS, SHARE_AXIS, ACCURACY_AXIS},
    "dependence": {
        style.EPOCH_AXIS,
        style.INPUT_AXIS,
        "HSIC of $X$ and $T$\n(share of the largest)",
        "HSIC of $T$ and $Y$\n(share of the largest)",
    },
}
# Networks whose dependence is measured are one less.
SHOWN = {"dependence": INITS - 1}
COUNTED = {"copies": "groups", "weight_correlation": "pairs"}
"""What titles count, if not networks, by drawing."""


def expected_axes(name):
    """Return the labels of a figure's axes."""
    entry = FIGURES[name]
    if entry["drawing"] == "gradient_norms":
        return {style.EPOCH_AXIS, *(NORM_TEXTS[kind] for kind in entry["definitions"].values())}
    if entry["drawing"] == "gradient_definitions":
        return {style.EPOCH_AXIS, *entry["definitions"]}
    rows = entry["estimators"] if entry["drawing"] == "saturation" else ()
    return AXES[entry["drawing"]] | {f"{style.INPUT_AXIS}\n{label}" for label in rows}


@pytest.fixture(scope="module")
def tables(tmp_path_factory, data):
    """Save the tables of a made-up study beside its task."""
    folder = tmp_path_factory.mktemp("tables")
    save_study(folder)
    (folder / "task.npz").symlink_to(data)
    return folder


@pytest.fixture(scope="module")
def drawn():
    """Catch the figure that a stage saves."""

    def catch(name, tables, folder, **changes):
        caught = []
        module = importlib.import_module(f"figures.{FIGURES[name]['drawing']}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "save_figure", lambda figure, output: caught.append(figure))
            run_stage(name, tables, folder, **changes)
        return caught[-1]

    return catch


@pytest.fixture(scope="module")
def lost(tables, tmp_path_factory):
    """Save the same study with all networks diverged."""
    folder = tmp_path_factory.mktemp("lost")
    save_study(folder)
    (folder / "task.npz").symlink_to(tables / "task.npz")
    for table in TIDY:
        save_runs(read_all(tables / table).assign(status="diverged"), folder / table)
    return folder


@pytest.fixture(scope="module")
def shown(tables, tmp_path_factory, drawn):
    """Return a function that gives a figure of the made-up study, drawn once."""
    folder = tmp_path_factory.mktemp("shown")
    return cache(lambda name: drawn(name, tables, folder))


def each(names):
    """Run a test on every figure, in the process that has drawn it for the other tests."""
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=pytest.mark.xdist_group(name), id=name) for name in names]
    )


@each(FIGURES)
def test_files_are_the_same_bytes_every_time(name, tables, shown, tmp_path):
    first = files_of(name, tmp_path / "first")
    style.save_figure(shown(name), Named(first))
    second = run_stage(name, tables, tmp_path / "second")
    assert first["png"].read_bytes().startswith(b"\x89PNG")
    assert b"</svg>" in first["svg"].read_bytes()[-100:]
    for kind in ("svg", "png", "small"):
        assert first[kind].read_bytes() == second[kind].read_bytes()
    written = [path for path in (tmp_path / "second").rglob("*") if path.is_file()]
    assert sorted(written) == sorted(second.values())
    # Of one report with all of them, and no larger than it need be to be read.
    with Image.open(first["small"]) as small, Image.open(first["png"]) as large:
        assert (small.width, small.mode) == (style.SMALL_PIXELS, "P")
        assert abs(small.height / small.width - large.height / large.width) < 0.01
    assert first["small"].stat().st_size < 0.4 * first["png"].stat().st_size


@each(TRAINED)
def test_axes_have_units_and_divergence_is_told(name, shown):
    figure = shown(name)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    assert set(texts) >= expected_axes(name)
    labels = {axes.get_xlabel() for axes in data_axes(figure)}
    labels |= {axes.get_ylabel() for axes in data_axes(figure)}
    assert labels - {""} == expected_axes(name)
    kept = SHOWN.get(FIGURES[name]["drawing"], INITS) - 1
    counted = COUNTED.get(FIGURES[name]["drawing"], "networks")
    assert any(f"{kept} {counted}, 1 diverged left out" in text for text in texts)


@each(FIGURES)
def test_texts_are_large_enough_inside_the_page_and_apart(name, shown):
    figure = shown(name)
    texts = shown_texts(figure)
    assert min(text.get_fontsize() for text, _ in texts) >= 7
    page = figure.bbox
    for text, box in texts:
        assert page.x0 <= box.x0, text
        assert box.x1 <= page.x1, text
        assert page.y0 <= box.y0, text
        assert box.y1 <= page.y1, text
    for (text, box), (other, other_box) in itertools.combinations(texts, 2):
        assert not box.padded(-1).overlaps(other_box.padded(-1)), (text, other)


@each(TRAINED)
def test_diverged_networks_leave_no_mark(name, shown):
    figure = shown(name)
    for axes in data_axes(figure):
        assert max(axes.get_ylim()) < 1e4
        assert max(axes.get_xlim()) < (20 if expected_axes(name) == BITS else 1500)


@each(TRAINED)
def test_no_marker_is_cut_at_the_edge_of_its_panel(name, shown):
    figure = shown(name)
    FigureCanvasAgg(figure).draw()
    for axes in data_axes(figure):
        for points, radius in marked_points(axes):
            inside = axes.transData.transform(points)
            assert (inside - radius * figure.dpi / 72 >= axes.bbox.min).all()
            assert (inside + radius * figure.dpi / 72 <= axes.bbox.max).all()


PLANES = [name for name, entry in FIGURES.items() if entry["drawing"] == "planes"]


@each(PLANES)
def test_planes_have_one_path_a_layer(name, shown):
    figure = shown(name)
    panels = data_axes(figure)
    runs = FIGURES[name]["runs"]
    with_output = dict.fromkeys(runs, True) | FIGURES[name].get("with_output", {})
    for axes, label in zip(panels, runs, strict=True):
        layers = LAYERS if with_output[label] else LAYERS - 1
        paths = [
            found for found in axes.findobj(LineCollection) if found.get_label().startswith("layer")
        ]
        assert [path.get_label() for path in paths] == [f"layer {n + 1}" for n in range(layers)]
        for path in paths:
            assert len(path.get_segments()) == len(EPOCHS) - 1
            assert path.get_array().tolist() == EPOCHS[1:].tolist()
        singles = [f for f in axes.findobj(LineCollection) if f.get_label() == "single"]
        if FIGURES[name].get("single_networks"):
            # One network of the first run diverged.
            assert len(singles[0].get_segments()) == (INITS - (axes is panels[0])) * layers
        else:
            assert singles == []
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        *("at the last epoch:", "T1", "T2", "T3"),
        *(["output"] if any(with_output.values()) else []),
    ]


def test_each_panel_has_the_bounds_of_its_own_task(tables, tmp_path, drawn):
    small = Task(np.eye(8, dtype=np.float32), np.array([0, 0, 0, 0, 0, 0, 1, 1]))
    save_task(tmp_path / "small.npz", small)
    figure = drawn(
        "szt_3",
        tables,
        tmp_path,
        runs={"large": "saxe_tanh", "small": "saxe_relu"},
        data=[tables / "task.npz", tmp_path / "small.npz"],
    )
    # log2 of 4096 and of 8 patterns; 2118 of 4096 labels, and a quarter of 8.
    for axes, ceiling, entropy in zip(data_axes(figure), (12, 3), (0.99916, 0.81128), strict=True):
        vertical, horizontal = [line for line in axes.lines if line.get_linestyle() == "--"]
        assert vertical.get_xdata() == [ceiling, ceiling]
        assert horizontal.get_ydata() == pytest.approx([entropy, entropy], abs=1e-5)


def test_the_ceiling_is_that_of_the_panels_own_estimator(tables, tmp_path, drawn):
    few = tmp_path / "few"
    save_study(few)
    (few / "task.npz").symlink_to(tables / "task.npz")
    information = read_all(few / "information")
    ceilings = information["estimator"].map({"binned": 10.0, "kde": np.nan})
    save_runs(information.assign(ceiling_bits=ceilings), few / "information")
    for name, vertical in (("saxe_1b", True), ("saxe_9", False)):
        (bound, *_) = bounds_of(drawn(name, few, tmp_path))
        assert set(bound.get_xdata() if vertical else bound.get_ydata()) == {10.0}
    labels = ("counted", "without a limit of its own")
    choice = {
        "runs": dict.fromkeys(labels, "saxe_tanh"),
        "estimator": dict(zip(labels, ("binned", "kde"), strict=True)),
    }
    bounds = bounds_of(drawn("szt_3", few, tmp_path, **choice))
    assert [bound.get_xdata()[0] for bound in bounds[::2]] == [10.0, 12.0]


def bounds_of(figure):
    """Return the dashed lines of the panels that show I(X;T)."""
    panels = [axes for axes in data_axes(figure) if style.INPUT_AXIS in labels_of(axes)]
    return [line for axes in panels for line in axes.lines if line.get_linestyle() == "--"]


def labels_of(axes):
    """Return the labels of both axes of a panel."""
    return axes.get_xlabel(), axes.get_ylabel()


def test_panels_of_an_unfinished_grid_name_their_axes(tables, tmp_path, drawn):
    runs = dict(zip("abcde", RUNS, strict=True))
    figure = drawn("szt_3", tables, tmp_path, runs=runs)
    panels = data_axes(figure)
    assert [axes.get_xlabel() for axes in panels] == ["", "", *[style.INPUT_AXIS] * 3]


@pytest.mark.parametrize("name", ["szt_2", "szt_4"])
def test_drawings_of_one_run_refuse_more(name, tables, tmp_path):
    with pytest.raises(ValueError, match="shows one run, not 2: a, b"):
        run_stage(name, tables, tmp_path, runs={"a": "saxe_tanh", "b": "saxe_relu"})


def test_averaged_path_is_the_mean_over_networks(tables, tmp_path, drawn):
    figure = drawn("saxe_1b", tables, tmp_path)
    frame = read_all(tables / "information")
    kept = (frame["run"] == "saxe_sgd_relu") & (frame["estimator"] == "binned")
    frame = frame[kept & (frame["status"] == "ok") & (frame["layer"] == 2)]
    means = frame.groupby("epoch")[["mi_input_bits", "mi_label_bits"]].mean().to_numpy()
    (path,) = (f for f in figure.findobj(LineCollection) if f.get_label() == "layer 2")
    segments = np.array(path.get_segments())
    # Sums in another order: a few float64 roundings of numbers up to 12.
    np.testing.assert_allclose(segments[:, 1], means[1:], rtol=1e-13)
    np.testing.assert_allclose(segments[0, 0], means[0], rtol=1e-13)


def test_networks_figure_takes_the_nearest_snapshots(tables, tmp_path, drawn):
    figure = drawn("szt_2", tables, tmp_path)
    panels = data_axes(figure)
    assert [axes.get_title() for axes in panels] == ["epoch 0", "epoch 400", "epoch 1\u2009000"]
    for axes in panels:
        (points,) = axes.collections
        assert len(points.get_offsets()) == (INITS - 1) * LAYERS
        assert len(np.unique(points.get_facecolors()[:, :3], axis=0)) == LAYERS


def test_networks_figure_shows_no_snapshot_twice(tables, tmp_path, drawn):
    figure = drawn("szt_2", tables, tmp_path, epochs=[0, 950, 9000])
    assert [axes.get_title() for axes in data_axes(figure)] == ["epoch 0", "epoch 1\u2009000"]


def test_curves_have_one_line_and_one_band_a_layer(tables, tmp_path, drawn):
    figure = drawn("infoplane_epochs", tables, tmp_path, runs={run: run for run in RUNS})
    panels = data_axes(figure)
    assert len(panels) == len(RUNS)
    for axes in panels:
        lines = [line for line in axes.lines if line.get_label().startswith("layer")]
        assert [line.get_color() for line in lines] == list(style.LAYER_COLOURS[:LAYERS])
        assert len({line.get_marker() for line in lines}) == LAYERS
        assert len(axes.collections) == LAYERS
    # Five panels in a grid of six: the third column's last panel names the epochs itself.
    assert panels[2].get_xlabel() == style.EPOCH_AXIS


@pytest.mark.parametrize(("lowest", "bent"), [(-30.0, True), (-1.0, False)])
def test_estimates_far_below_0_do_not_rule_the_axis(lowest, bent):
    frame = grid(("label", ("a",)), ("init", range(2)), ("epoch", (0, 10)), ("layer", (1, 2)))
    frame["mi_input_bits"] = np.where(frame["epoch"] * (frame["layer"] - 1) > 0, lowest, 8.0)
    frame["status"] = "ok"
    (axes,) = epochs_figure(frame, {"a": {"ceiling_bits": 11.0}}).axes
    places = axes.transAxes.inverted().transform(
        axes.transData.transform([(0, bits) for bits in (lowest, 0.0, 11.0)])
    )[:, 1]
    if bent:
        # With the margin of other axes, not one of bits.
        assert places.min() > 0.04
    # What information can be has most of the height.
    assert places[2] - places[1] > 0.6
    assert 0 < places.min() <= places.max() < 1
    assert ("below 0 log" in axes.get_ylabel()) == bent
    for bits in (-30.0, -0.5, 0.0, 7.0):
        assert stretched(squeezed(np.array(bits))) == pytest.approx(bits, abs=1e-12)


def test_transition_is_the_median_over_layers(tables, tmp_path, drawn):
    figure = drawn("szt_4", tables, tmp_path)
    for axes in data_axes(figure):
        assert "transition: epoch 400 (3 of 4 layers)\nfalse finds: 1%" in axes.get_title()
        assert len(axes.lines) == 2 * LAYERS + 1


def test_the_ratio_is_the_same_whatever_it_is_divided_by(tables, tmp_path, drawn):
    figure = drawn("orhan", tables, tmp_path)
    panels = np.reshape(data_axes(figure), (-1, 3))
    assert len(panels) == len(FIGURES["orhan"]["definitions"])
    runs = len(FIGURES["orhan"]["runs"])
    for first, (raw, normalised, ratio) in enumerate(panels):
        # Of szt_first what was measured is divided by the weights' norm, which is 2 everywhere.
        heights = [[line.get_ydata() for line in axes.lines] for axes in (raw, normalised)]
        np.testing.assert_allclose(heights[0], 2 * np.array(heights[1]))
        assert len(heights[0]) == 2 * runs
        means, deviations = heights[first > 0][::2], heights[first > 0][1::2]
        level, *ratios = (line.get_ydata() for line in ratio.lines)
        assert list(level) == [1, 1]
        # The mean is the same in every network; of the first run's four, none is the median.
        np.testing.assert_allclose(ratios[1:], np.array(means[1:]) / deviations[1:], rtol=1e-12)


def test_a_row_of_gradients_is_one_run_and_a_panel_one_network(tables, tmp_path, drawn):
    networks = 3
    figure = drawn("planspace", tables, tmp_path, networks=networks)
    runs = len(FIGURES["planspace"]["runs"])
    panels = np.reshape(data_axes(figure), (runs, networks))
    frame = read_all(tables / "gradients")
    frame = frame[(frame["definition"] == "szt_second") & (frame["layer"] == 1)]
    for row, run in zip(panels, STAND_INS, strict=False):
        own = frame[(frame["run"] == run) & (frame["status"] == "ok")]
        for panel, init in zip(row, sorted(own["init"].unique())[:networks], strict=True):
            assert panel.get_title().endswith(f"network {init}")
            means, deviations = panel.lines[:LAYERS], panel.lines[LAYERS:]
            part = own[own["init"] == init].sort_values("epoch")
            np.testing.assert_array_equal(means[0].get_ydata(), part["mean_norm"])
            np.testing.assert_array_equal(deviations[0].get_ydata(), part["std_norm"])


def test_gradients_of_one_network_are_medians_over_fifths_of_a_decade():
    epochs = np.array([0, 1, 95, 100, 105, 1000])
    frame = pd.DataFrame({"epoch": epochs, "layer": 1, "std_norm": 1.0})
    frame["mean_norm"] = [5.0, 4.0, 1.0, 90.0, 3.0, 2.0]
    medians = over_epochs(frame)
    assert medians["epoch"].tolist() == [0, 1, 100, 1000]
    assert medians["mean_norm"].tolist() == [5, 4, 3, 2]


@pytest.mark.parametrize(("columns", "labelled"), [(2, 6), (3, 4)])
def test_labels_of_epochs_do_not_run_together(columns, labelled):
    figure, axes = style.new_figure(2, 1, columns)
    for panel in axes.flat:
        panel.set_yticks([])
        style.set_epoch_axis(panel, 10_000)
        panel.set_xlabel("")
    boxes = sorted((box.x0, box.x1) for _, box in shown_texts(figure))
    assert len(boxes) == columns * labelled
    # As far apart as a space is wide, at least.
    for (_, end), (start, _) in itertools.pairwise(boxes):
        assert start - end > 0.3 * style.STYLE["xtick.labelsize"] * figure.dpi / 72


def test_fewer_networks_than_asked_for_leave_panels_out(tables, tmp_path, drawn):
    figure = drawn("planspace", tables, tmp_path, networks=INITS + 1)
    runs = len(FIGURES["planspace"]["runs"])
    # One of the first run diverged.
    assert len(data_axes(figure)) == runs * INITS - 1


def test_copies_are_drawn_with_what_was_published(tables, tmp_path, drawn):
    published = FIGURES["skoltech"]["published"]
    panels = data_axes(drawn("skoltech", tables, tmp_path))
    for axes, label in zip(panels, FIGURES["skoltech"]["runs"], strict=True):
        (path,) = (f for f in axes.findobj(LineCollection) if f.get_label() == "layer 2")
        # 9 - 0.5 * 2, and 2 bits more with H(T given X) taken as 0.
        assert path.get_segments()[-1][-1][0] == (10.0 if published[label] else 8.0)


def test_a_stop_stands_at_the_median_of_its_networks(tables, tmp_path, drawn):
    figure = drawn("stopping", tables, tmp_path)
    epochs, accuracies, costs = data_axes(figure)
    middles = {
        bars.get_label(): [bars.lines[0].get_xdata() for bars in (bars, other)]
        for bars, other in zip(epochs.containers, accuracies.containers, strict=True)
    }
    rows = len(FIGURES["stopping"]["runs"])
    early, published = (middles[name] for name in ("early stopping", "information, as published"))
    assert [len(values) for values in (*early, *published)] == [rows] * 4
    # The first run of the made-up study that stands in is the last of its five.
    np.testing.assert_allclose([early[0][0], early[1][0]], [300.04, 0.94])
    np.testing.assert_allclose([published[0][0], published[1][0]], [10.04 * 3, 0.74])
    cost = {bars.get_label(): bars.lines[0].get_xdata()[0] for bars in costs.containers}
    assert (cost["early stopping"], cost["information, as published"]) == (1, 4.1)


def test_stops_that_no_claim_has_are_refused(tables, tmp_path):
    with pytest.raises(ValueError, match=r"has no row of other on saxe_sgd_relu"):
        run_stage("stopping", tables, tmp_path, estimator="other")


def test_no_transition_is_told(tables, tmp_path, drawn):
    calm = tmp_path / "calm"
    save_study(calm)
    (calm / "task.npz").symlink_to(tables / "task.npz")
    transitions = pd.read_csv(calm / "transitions.tsv", sep="\t")
    transitions.assign(transition_epoch=np.nan).to_csv(
        calm / "transitions.tsv", sep="\t", index=False
    )
    figure = drawn("szt_4", calm, tmp_path)
    for axes in data_axes(figure):
        assert "no transition (0 of 4 layers)\nfalse finds: 1%" in axes.get_title()
        assert len(axes.lines) == 2 * LAYERS


def test_definitions_without_transitions_are_refused(tables, tmp_path):
    few = tmp_path / "few"
    save_study(few)
    transitions = pd.read_csv(few / "transitions.tsv", sep="\t")
    kept = transitions[transitions["definition"] != "szt_latest"]
    kept.to_csv(few / "transitions.tsv", sep="\t", index=False)
    with pytest.raises(ValueError, match=r"no rows with .*'szt_latest'.*transitions\.tsv"):
        run_stage("szt_4", few, tmp_path)


def test_summary_over_networks_by_hand():
    frame = grid(("init", range(5)), ("epoch", [0, 1, 2]))
    frame["value"] = [0, 10, np.nan, 1, 10, np.nan, 2, np.nan, np.nan, 3, 14, np.nan, 99, 99, 99]
    frame["status"] = np.where(frame["init"] == 4, "diverged", "ok")
    summary = reading.over_networks(frame, "value", ["epoch"])
    assert summary["epoch"].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(summary["mean"], [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(summary["median"], [1.5, 10, np.nan])
    # Linear between the order statistics 0, 1, 2, 3 and 10, 10, 14.
    np.testing.assert_allclose(summary["low"], [0.15, 10, np.nan])
    np.testing.assert_allclose(summary["high"], [2.85, 13.6, np.nan])


@each(TRAINED)
def test_a_run_whose_networks_all_diverged_is_drawn_empty(name, lost, tmp_path, drawn):
    figure = drawn(name, lost, tmp_path)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    networks = SHOWN.get(FIGURES[name]["drawing"], INITS)
    counted = COUNTED.get(FIGURES[name]["drawing"], "networks")
    assert any(f"0 {counted}, {networks} diverged left out" in text for text in texts)


def test_variational_networks_are_drawn_over_beta_and_over_shares(tables, tmp_path, drawn):
    figure = drawn("achille_variational", tables, tmp_path)
    jump, shares, errors = data_axes(figure)
    models = list(FIGURES["achille_variational"]["models"])
    assert len([line for line in jump.lines if line.get_marker() != "None"]) == len(models)
    # At random labels: 1 / (1 + 1.1 beta).
    assert jump.lines[0].get_ydata() == pytest.approx(1 / (1 + 1.1 * np.array([0.1, 1, 10])))
    # One model has shares between; three betas of it.
    assert len(shares.lines) == 3
    assert shares.lines[2].get_ydata() == pytest.approx([1.0, 1.5, 2.0])
    solid, bound = errors.lines[:2]
    assert solid.get_ydata() == pytest.approx(1 - 0.9 / (1 + 0.1 * np.array([0.1, 1, 10])))
    assert bound.get_ydata() == pytest.approx([1.0, 1.0, 0.6])
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [name.rsplit(" (", 1)[0] for name in names[:-1]] == models


def test_models_without_partly_random_labels_have_no_panel_of_shares(tables, tmp_path, drawn):
    models = {"50": "variational_50", "2 classes": "variational_2_classes"}
    jump, errors = data_axes(drawn("achille_variational", tables, tmp_path, models=models))
    assert jump.get_xlabel() == errors.get_xlabel() == "price of information beta"
    assert "PAC-Bayes" in errors.get_title()


def test_curves_of_models_are_means_of_columns_and_of_their_differences(tables, tmp_path, drawn):
    entry = {"curves": {"label": "label_bits", "difference": ["label_bits", "nuisance_bits"]}}
    panels = data_axes(drawn("achille_dropout", tables, tmp_path, **entry))
    models = FIGURES["achille_dropout"]["models"]
    for panel, (label, model) in zip(panels, models.items(), strict=True):
        assert f"{label} ({INITS - 1} networks, 1 diverged left out)" in panel.get_title()
        rows = pd.read_parquet(tables / f"models/{model}.parquet").query("status == 'ok'")
        means = rows.groupby("beta")[["label_bits", "nuisance_bits"]].mean()
        first, second = panel.lines
        np.testing.assert_allclose(first.get_xdata(), means.index)
        np.testing.assert_allclose(first.get_ydata(), means["label_bits"])
        difference = means["label_bits"] - means["nuisance_bits"]
        np.testing.assert_allclose(second.get_ydata(), difference)


def test_damage_stands_above_the_trace_of_the_longest_deficit(tables, tmp_path, drawn):
    figure = drawn("achille_critical", tables, tmp_path)
    top, again, below, _ = data_axes(figure)
    assert [panel.get_title() for panel in (top, again)] == [
        RATES[rate] for rate in ("decayed", "rewarmed")
    ]
    # Grey, of the clean epochs alone; blur, upside down, none.
    clean, blur, flip, none = top.lines
    extra = 0.001 * (INITS - 1) / 2
    assert blur.get_xdata() == pytest.approx([5, 20])
    assert blur.get_ydata() == pytest.approx([0.85 + extra, 0.7 + extra])
    for line in (clean, flip, none):
        assert line.get_ydata() == pytest.approx([0.9 + extra] * 2)
    traces = [line for line in below.lines if len(line.get_xdata()) == 4]
    assert len(traces) == 3
    geometric = math.exp(np.log(2.0 + np.arange(INITS)).mean())
    assert traces[0].get_xdata() == pytest.approx([0, 1, 10, 50])
    assert traces[0].get_ydata() == pytest.approx(geometric * np.array([1, 2, 1, 1]))


def test_windows_stand_where_they_start(tables, tmp_path, drawn):
    figure = drawn("achille_critical_windows", tables, tmp_path)
    top, *_ = data_axes(figure)
    assert top.get_xlabel() == STARTS_AXIS
    assert top.lines[1].get_xdata() == pytest.approx([0, 5, 20])


def test_errors_of_inversion_stand_beside_what_estimators_find(tables, tmp_path, drawn):
    figure = drawn("jacobsen_inversion", tables, tmp_path)
    errors, *planes = data_axes(figure)
    assert len(planes) == len(FIGURES["jacobsen_inversion"]["estimators"])
    # Two lines for each hidden layer.
    assert len(errors.lines) == 2 * (LAYERS - 1)
    assert errors.lines[0].get_ydata() == pytest.approx(1e-7 * (1 + EPOCHS))
    assert errors.lines[LAYERS - 1].get_ydata() == pytest.approx(1e-16 * (1 + EPOCHS))
    for axes in planes:
        assert len(axes.lines) == LAYERS + 1


def test_images_stand_in_a_row_each_above_their_errors(tables, tmp_path, drawn):
    figure = drawn("jacobsen_images", tables, tmp_path)
    images = [axes for axes in data_axes(figure) if axes.images]
    errors = [axes for axes in data_axes(figure) if not axes.images]
    # Two images and what is had back from four layers, of two runs.
    assert len(images) == 2 * 2 * (1 + LAYERS)
    assert [axes.get_title() for axes in images[:5]] == ["image", "T1", "T2", "T3", "output"]
    first = np.asarray(images[0].images[0].get_array())
    assert first == pytest.approx(np.repeat([[0.0], [1 / 3], [2 / 3]], 3, axis=1))
    assert len(errors) == 2
    for axes in errors:
        before, _, _, after, computed, searched = axes.lines
        for line in (before, after):
            assert line.get_ydata() == pytest.approx([0.01, 0.02, 0.03, 0.04])
        assert (list(computed.get_xdata()), list(searched.get_xdata())) == ([1, 2], [3, 4])


def test_fisher_traces_have_a_line_for_each_layer_and_one_for_all_weights(tables, tmp_path, drawn):
    figure = drawn("achille_fisher", tables, tmp_path)
    traces, planes = np.split(np.array(data_axes(figure)), 2)
    for above, below in zip(traces, planes, strict=True):
        assert above.get_yscale() == "log"
        assert len(above.lines) == LAYERS + 1
        assert above.lines[-1].get_ydata() == pytest.approx(10 / (1 + EPOCHS))
        assert len(below.lines) == LAYERS


def test_information_given_the_label_stands_below_that_of_the_input(tables, tmp_path, drawn):
    panels = data_axes(drawn("neural_collapse", tables, tmp_path))
    rows = {GIVEN_LABEL_AXIS: [], style.INPUT_AXIS: []}
    for panel in panels:
        if panel.get_ylabel() in rows:
            rows[panel.get_ylabel()] = [line.get_ydata() for line in panel.lines]
    given, whole = rows.values()
    assert len(given) == len(whole) > 0
    for beyond, inputs in zip(given, whole, strict=True):
        assert (beyond < inputs).all()


def test_dependence_stands_below_the_information_of_the_same_networks(tables, tmp_path, drawn):
    runs = {"tanh": "saxe_sgd_tanh", "ReLU": "saxe_sgd_relu"}
    figure = drawn("infoplane_dependence", tables, tmp_path, runs=runs)
    panels = np.reshape(data_axes(figure), (3, 2))
    assert [panel.get_title() for panel in panels[0]] == [
        "tanh (4 networks)",
        "ReLU (3 networks, 1 diverged left out)",
    ]
    for information, of_inputs, of_labels in panels.T:
        assert [len(panel.lines) for panel in (information, of_inputs, of_labels)] == [LAYERS] * 3
        for layer in range(LAYERS):
            for panel, value in ((of_inputs, 0.9 / (layer + 1)), (of_labels, 0.1 * (layer + 1))):
                np.testing.assert_allclose(panel.lines[layer].get_ydata(), value, rtol=1e-12)


def test_saturation_information_and_accuracy_are_of_the_same_networks(tables, tmp_path, drawn):
    few = tmp_path / "few"
    save_study(few)
    (few / "task.npz").symlink_to(tables / "task.npz")
    kernels = few / "information/saxe_sgd_tanh/kde.parquet"
    save(pd.read_parquet(kernels).query("init < 2"), kernels)
    runs = {"tanh": "saxe_sgd_tanh", "ReLU": "saxe_sgd_relu"}
    estimators = {"bins": "binned", "kernels": "kde"}
    figure = drawn("infoplane_saturation", few, tmp_path, runs=runs, estimators=estimators)
    panels = np.reshape(data_axes(figure), (4, 2))
    assert [panel.get_title() for panel in panels[0]] == [
        "tanh (2 networks)",
        "ReLU (4 networks, 1 diverged left out)",
    ]
    for column, run in zip(panels.T, runs.values(), strict=True):
        information = read_all(few / "information").query(f"run == '{run}' and status == 'ok'")
        kept = information.query("init < 2") if run == "saxe_sgd_tanh" else information
        for layer in range(LAYERS):
            share = 0.2 * (layer + 1) * EPOCHS / 1000
            np.testing.assert_allclose(column[0].lines[layer].get_ydata(), share, rtol=1e-12)
            for panel, name in zip(column[1:3], estimators.values(), strict=True):
                rows = kept.query(f"estimator == '{name}' and layer == {layer + 1}")
                means = rows.groupby("epoch")["mi_input_bits"].mean()
                np.testing.assert_allclose(panel.lines[layer].get_ydata(), means, rtol=1e-12)
        assert [len(panel.lines) for panel in column[:3]] == [LAYERS] * 3


def test_each_network_stands_where_it_compresses_and_generalises(tables, tmp_path, drawn):
    runs = {"tanh": "saxe_sgd_tanh", "ReLU": "saxe_sgd_relu"}
    estimators = {"bins": "binned", "kernels": "kde"}
    figure = drawn("infoplane_generalisation", tables, tmp_path, runs=runs, estimators=estimators)
    information = read_all(tables / "information")
    metrics = read_all(tables / "metrics").query("epoch == 1000")
    for panel, estimator in zip(data_axes(figure), estimators.values(), strict=True):
        for cloud, run in zip(panel.collections, runs.values(), strict=True):
            rows = information.query(
                f"run == '{run}' and estimator == '{estimator}' and status == 'ok' and layer == 3"
            )
            paths = rows.pivot(index="init", columns="epoch", values="mi_input_bits")  # noqa: PD010
            lost = 1 - paths[1000] / paths.max(axis=1)
            accuracy = metrics[metrics["run"] == run].set_index("init")["test_accuracy"]
            expected = np.stack([lost, accuracy.loc[paths.index]], axis=1)
            np.testing.assert_allclose(cloud.get_offsets(), expected, rtol=1e-12)
    assert [panel.get_title() for panel in data_axes(figure)] == [
        "bins\n(9 networks)",
        "kernels\n(9 networks)",
    ]


def test_rescaling_shows_spans_above_the_values_of_one_layer(tables, tmp_path, drawn):
    runs = {"ReLU": "saxe_relu", "tanh": "saxe_tanh"}
    estimators = {"bins": "binned", "kernels": "kde"}
    figure = drawn("infoplane_rescaling", tables, tmp_path, runs=runs, estimators=estimators)
    relu, tanh, values, of_tanh = data_axes(figure)
    assert relu.get_title() == "ReLU (5 networks)"
    assert [text.get_text() for text in relu.get_yticklabels()] == ["bins (5)", "kernels (4)"]
    shown = [text.get_text() for text in relu.texts]
    # Bins 0, 2, 4 bits in layers 1 to 3, kernels what the other slope leaves: 2, 0, 2.
    assert shown == ["0.0", "2.0", "4.0", "2.0", "0.0", "2.0"]
    # At -1 what ReLU has at 10: half as far.
    assert [text.get_text() for text in tanh.texts] == ["0.0", "1.0", "2.0", "1.0", "0.0", "1.0"]
    dots = [list(line.get_xdata()) for line in values.lines[:4]]
    # Reordered units and the scales 0.1, 1 and 10; of each the bins and the kernels of layer 3.
    assert sorted(dots) == [[3.0, 4.0], [5.0, 5.0], [5.0, 5.0], [7.0, 6.0]]
    assert values.get_title() == "T3, ReLU"
    assert of_tanh.get_xlabel() == style.INPUT_AXIS


def test_robustness_shows_every_specification(tables, tmp_path, drawn):
    runs = {"tanh": "saxe_tanh", "ReLU": "saxe_relu"}
    figure = drawn("infoplane_robustness", tables, tmp_path, runs=runs)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    assert texts.count("drop of $I(X;T)$ (bits)") == 2
    assert {"tanh (3 to 5 networks)", "ReLU (3 to 5 networks)", "T3, tanh", "T3, ReLU"} <= {*texts}
    assert texts.count("bins: 30") == texts.count("bins: 100") == texts.count("method: kde") == 1
    # Layer 3 of the tanh run, binned_30: 3 + 9 characters / 10.
    assert "3.9" in texts
    curves = [axes for axes in figure.axes if axes.get_title().startswith("T3")]
    assert [len(axes.lines[-1].get_xdata()) for axes in curves] == [3, 2]
    for axes in curves:
        assert (np.diff(axes.lines[-1].get_ydata()) >= 0).all()


def test_robustness_marks_each_choice_once(tables, tmp_path, drawn):
    runs = {"tanh": "saxe_tanh", "ReLU": "saxe_relu"}
    figure = drawn("infoplane_robustness", tables, tmp_path, runs=runs)
    tanh, relu = [axes for axes in figure.axes if axes.get_xlabel() == "specifications, by drop"]
    # The kernel estimator alone has a noise variance, and was measured at fewer snapshots.
    choices = [label.get_text() for label in tanh.get_yticklabels()]
    assert choices == ["method: binned", "method: kde", "bins: 30", "bins: 100"]
    # By drop, which grows with the name's length: binned_30, binned_100, kde_0.1_upper.
    marks = {tuple(mark) for mark in tanh.lines[-1].get_xydata().astype(int)}
    assert marks == {(0, 0), (1, 0), (2, 1), (0, 2), (1, 3)}
    marks = {tuple(mark) for mark in relu.lines[-1].get_xydata().astype(int)}
    assert marks == {(0, 0), (1, 1), (0, 3)}


def test_audit_shows_bias_and_refusals(tables, tmp_path, drawn):
    figure = drawn("infoplane_audit", tables, tmp_path)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    assert {"$I(X;T)$ (bits) by task", "$I(T;Y)$ (bits) by task", "ms a call"} <= {*texts}
    # Bias of ksg1_3: -0.5 a unit, so -1.5 at three of them; where it refuses it has none.
    assert "\u22121.5" in texts
    crosses = [line for line in figure.findobj(Line2D) if line.get_label() == "refused"]
    assert [tuple(line.get_xydata()[0]) for line in crosses] == [(1.5, 1.5)]


def test_bottleneck_draws_converged_betas_alone_and_infinite_ones_at_the_top(
    tables, tmp_path, drawn
):
    plane, fits = data_axes(drawn("szt_6", tables, tmp_path, runs={"stochastic labels": RUNS[1]}))
    curve = pd.read_parquet(tables / "models/szt_stochastic_curve.parquet")
    (line,) = [line for line in plane.lines if line.get_label() == "curve"]
    np.testing.assert_array_equal(
        line.get_xydata(), curve[curve["converged"]][["mi_input_bits", "mi_label_bits"]]
    )
    assert len(line.get_xydata()) < len(curve)
    medians = [line for line in fits.lines if line.get_markersize() == 6.5]
    heights = [line.get_ydata()[0] for line in medians]
    assert heights[0] == 4 * (20.0 + INITS - 1)
    # 40 / layer, and the initialisations 0 to 4, whose median is 2.
    np.testing.assert_allclose(heights[1:], [22.0, 40 / 3 + 2, 12.0], rtol=1e-12)


def test_ablations_have_a_row_a_difference_and_a_mark_a_layer(tables, tmp_path, drawn):
    first, second = data_axes(drawn("infoplane_ablations", tables, tmp_path))
    assert [text.get_text() for text in first.get_yticklabels()] == [
        "SGD for Adam\n(20)",
        "batch 64, equal steps\n(20)",
        "30 edges\n(20)",
    ]
    table = pd.read_csv(tables / "ablations.tsv", sep="\t")
    for panel, estimator in ((first, "binned_30"), (second, "binned_30_global")):
        rows = table[table["estimator"] == estimator]
        marks = [line for line in panel.lines if line.get_label().startswith("layer")]
        assert len(marks) == LAYERS
        for layer, line in enumerate(marks, start=1):
            expected = rows[rows["layer"] == layer]["difference_bits"]
            np.testing.assert_array_equal(line.get_xdata(), expected)
            # Within their rows, layers from the top down.
            np.testing.assert_array_equal(np.rint(line.get_ydata()), np.arange(len(expected)))
        assert marks[0].get_ydata()[0] < marks[-1].get_ydata()[0]


def test_batch_sizes_show_networks_medians_and_the_fit(tables, tmp_path, drawn):
    epochs, steps = data_axes(drawn("infoplane_batch_sizes", tables, tmp_path))
    medians = [line for line in epochs.lines if line.get_marker() == "D"]
    # Networks fall at 10, 20 ... and peak at twice that; the middle one of five.
    assert [line.get_xdata()[0] for line in medians] == [30.0 * n for n in range(1, 8)]
    peaks = [60.0, 1000.0, *(60.0 * n for n in range(3, 8))]
    assert [line.get_ydata()[0] for line in medians] == peaks
    hollow = [line for line in epochs.lines if str(line.get_markerfacecolor()) == "white"]
    assert [line.get_xdata()[0] for line in hollow if line in medians] == [60.0]
    hollow = [len(line.get_xdata()) for line in hollow if line not in medians]
    assert hollow == [1, 3, *[0] * 5]
    assert epochs.get_title().split("\n") == [
        f"{INITS} networks a run; slope 1.10",
        "$R^2$ 0.90 [0.80, 0.95], null 0.10 [0.00, 0.35]",
        "SNR falls: supported; $I(X;T)$ falls: refuted",
    ]
    assert steps.get_xlabel() == "steepest fall of the SNR (steps)"


def test_depths_show_networks_the_censored_ones_at_the_top_and_the_power(tables, tmp_path, drawn):
    panels = data_axes(drawn("infoplane_depths", tables, tmp_path))
    assert len(panels) == len(FIGURES["infoplane_depths"]["estimators"])
    for panel in panels:
        lines = {line.get_label(): line for line in panel.lines}
        assert len(lines["one network"].get_xdata()) == 6 * INITS - 1
        censored = lines["never there"]
        assert (len(censored.get_xdata()), censored.get_markerfacecolor()) == (1, "none")
        # As high as the panel allows, whatever the epochs are.
        np.testing.assert_array_equal(censored.get_ydata(), [depths.TOP])
        assert 6 <= censored.get_xdata()[0] < 6.5
        assert [text.get_text() for text in panel.texts] == ["1"]
        middle = 100 + INITS // 2
        np.testing.assert_allclose(lines["median"].get_xydata()[:, 1], middle / np.arange(1, 7))
        # The epochs fall as 1 / depth exactly, so that the line goes through all medians.
        np.testing.assert_allclose(
            lines["fitted power"].get_ydata(), middle / np.arange(1, 7), rtol=1e-12
        )
        assert f"{INITS} networks a depth\nexponent -1.00 [-1.25, undefined]" in panel.get_title()


def test_depths_where_half_never_get_there_or_nothing_is_known():
    row = {"estimate": None, "ci_low": None, "ci_high": None}
    row["details"] = {"values": [[0, 3, None], [2, None, None], [4, None, None]]}
    empty = row | {"details": {"values": []}}
    some, none = data_axes(depths.depths_figure({"some": row, "none": empty}, ["1", "2", "4"]))
    assert "exponent undefined" in some.get_title()
    (hollow,) = [line for line in some.lines if line.get_marker() == "D"][1:]
    np.testing.assert_array_equal(hollow.get_xydata(), [[2, depths.TOP], [4, depths.TOP]])
    assert [text.get_text() for text in some.texts] == ["2", "3"]
    # At the level before the first epoch, which counts as 1.
    assert sorted(some.lines[0].get_ydata()) == [1, 2, 3, 4]
    assert not none.texts


def test_depths_refuse_what_no_claim_judged_and_labels_that_are_no_depth(tables, tmp_path):
    with pytest.raises(ValueError, match="has no row of adaptive on"):
        run_stage("infoplane_depths", tables, tmp_path, estimators={"other": "adaptive"})
    with pytest.raises(ValueError, match="number of hidden layers, not 'deep'"):
        depths.depths_of(["1", "deep"])


def test_gaps_stand_against_bounds_and_those_below_the_axis_at_its_edge(tables, tmp_path, drawn):
    panels = data_axes(drawn("infoplane_gap_bound", tables, tmp_path))
    assert [panel.get_title() for panel in panels] == [*FIGURES["infoplane_gap_bound"]["runs"]]
    for panel in panels:
        lines = {line.get_label(): line for line in panel.lines}
        gaps = np.linspace(0.3, -0.1, INITS)
        expected = [[0.2, gap] for gap in gaps if gap > 0]
        np.testing.assert_allclose(lines["100 bins"].get_xydata(), expected)
        marks = [line for line in panel.lines if line.get_marker() != "None"]
        hollow = [line for line in marks if line.get_markerfacecolor() == "none"]
        assert [len(line.get_xdata()) for line in hollow] == [2, 1, 2]
        # Gaps 0.3, 0.2, 0.1, 0 and -0.1; slow estimators have no last network.
        assert [text.get_text() for text in panel.texts] == ["80 % of 5", "100 % of 4", "80 % of 5"]
        limits = {line.get_xdata()[0] for line in panel.lines if line.get_linestyle() == "--"}
        assert limits == {0.5, 1}
        assert panel.get_xlim()[1] > 1.5


def test_a_gap_bound_of_no_network_says_so():
    row = {"details": {"values": []}}
    (panel,) = data_axes(gap_bounds.gap_bounds_figure({("run", "bins"): row}, ["run"]))
    assert [text.get_text() for text in panel.texts] == ["none of 0"]


def test_stops_stand_against_the_best_epoch_of_the_same_networks(tables, tmp_path, drawn):
    figure = drawn("infoplane_label_stop", tables, tmp_path)
    panels = data_axes(figure)
    estimators = FIGURES["infoplane_label_stop"]["estimators"]
    assert [text.get_text() for text in panels[0].get_yticklabels()] == [
        *(f"output, {name}" for name in estimators),
        *(f"last hidden, {name}" for name in estimators),
        "early stopping",
        "end of training",
    ]
    for panel in panels:
        networks = [line for line in panel.lines if line.get_label() == "one network"]
        costs = [line.get_xdata() for line in networks]
        expected = [0.0] * 3 + [-0.02] * 3 + [-0.005, -0.03]
        np.testing.assert_allclose(costs, np.outer(expected, np.ones(INITS)), atol=1e-12)
        assert f"\n{INITS} networks\nbest epoch 400: 0.802" in panel.get_title()
        (dashed,) = [line for line in panel.lines if line.get_linestyle() == "--"]
        assert dashed.get_xdata()[0] == -0.01
        (right,) = panel.child_axes
        medians = [text.get_text() for text in right.get_yticklabels()]
        assert medians == [*["300"] * 6, "200", "1\u2009000"]
    texts = {text.get_text() for text, _ in shown_texts(figure)}
    assert {label_stops.COST_AXIS, label_stops.EPOCH_AXIS} <= texts


def test_a_network_that_loses_most_stands_hollow_at_the_edge_and_hides_no_other():
    stops = np.full((4, 2, 2), 0.9)
    stops[:, 0, 0] -= [0.01, 0.02, 0.03, 0.6]
    one = {"stop": stops[:3], label_stops.OTHERS[3]: stops}
    (panel,) = data_axes(label_stops.label_stops_figure({"run": one}, -0.01))
    hollow = [line for line in panel.lines if line.get_markerfacecolor() == "none"]
    # The mean loss, 0.165, is beyond the usual edge.
    assert [line.get_xdata().tolist() for line in hollow] == [[], [pytest.approx(-0.165)]]
    assert panel.get_xlim()[0] == pytest.approx(1.1 * -0.165)
    assert "3 to 4 networks" in panel.get_title()


def test_stops_of_no_network_leave_their_panel_empty():
    row = {"details": {"values": []}}
    stops = label_stops.stops_of({("bins", "output"): row})
    (panel,) = data_axes(label_stops.label_stops_figure({"run": stops}, -0.01))
    assert "0 networks\nno best epoch" in panel.get_title()
    assert all(not len(line.get_xdata()) for line in panel.lines if line.get_marker() == "o")


def test_weights_alike_before_and_after_training_stand_side_by_side(tables, tmp_path, drawn):
    panels = data_axes(drawn("infoplane_weight_correlation", tables, tmp_path))
    # In the first run a pair diverges; of the others the middle one of pairs 0 to 4 counts.
    middle, layers = INITS // 2, np.arange(1, LAYERS + 1)
    for as_trained, matched in zip(panels[1:3], panels[4:], strict=True):
        expected = (0.02 * layers + 0.001 * middle,) * 2, (0.3 + 0.01 * middle, 0.6 + 0.01 * middle)
        for panel, heights in zip((as_trained, matched), expected, strict=True):
            before, after = [line for line in panel.lines if line.get_marker() == "o"]
            assert before.get_markerfacecolor() == "white" != after.get_markerfacecolor()
            for line, height in zip((before, after), heights, strict=True):
                np.testing.assert_allclose(line.get_xydata()[:, 1], height)
            assert (before.get_xydata()[:, 0] < layers).all()
            assert (after.get_xydata()[:, 0] > layers).all()


def test_outputs_look_alike_at_every_depth():
    deep, shallow = (
        pd.DataFrame({"label": label, "layer": range(1, layers + 1)})
        for label, layers in (("deep", 5), ("shallow", 2))
    )
    found = reading.output_last(pd.concat([deep, shallow], ignore_index=True))
    assert found["layer"].tolist() == [1, 2, 3, 4, 5, 1, 5]


def test_converged_layers_end_where_their_means_do(tables, tmp_path, drawn):
    entry = {"runs": dict.fromkeys(("few", "many"), RUNS[0]) | {"most": RUNS[1]}}
    figure = drawn("szt_7", tables, tmp_path, **entry)
    plane = data_axes(figure)[0]
    frame = read_all(tables / "information")
    frame = frame[(frame["run"] == RUNS[1]) & (frame["estimator"] == "binned")]
    ends = frame[frame["epoch"] == frame["epoch"].max()].groupby("layer")
    (line,) = [line for line in plane.lines if line.get_label() == "most"]
    expected = ends[["mi_input_bits", "mi_label_bits"]].mean()
    np.testing.assert_allclose(line.get_xydata(), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["saxe_3", "saxe_6"])
def test_linear_networks_show_information_above_errors(name, tables, tmp_path, drawn):
    panels = np.reshape(data_axes(drawn(name, tables, tmp_path)), (-1, 2))
    names = [style.INPUT_AXIS, *[IRRELEVANT_AXIS] * (name == "saxe_6"), "mean squared error"]
    assert [panel.get_ylabel() for panel in panels[:, 0]] == names
    assert [panel.get_title().count(f"{INITS} networks") for panel in panels[0]] == [1, 1]
    # Two layers: all inputs, and of figure 6 the relevant and the irrelevant ones.
    curves = [[line for line in panel.lines if len(line.get_xdata()) > 2] for panel in panels[0]]
    assert [len(lines) for lines in curves] == [6 if name == "saxe_6" else 2] * 2
    assert [len(panel.lines) for panel in panels[-1]] == [2, 2]
    for label, panel in zip(FIGURES[name]["models"].values(), panels[-1], strict=True):
        table = pd.read_parquet(tables / f"models/{label}.parquet")
        means = table[table["layer"] == 1].groupby("epoch")["test_error"].mean()
        np.testing.assert_allclose(panel.lines[1].get_ydata(), means, rtol=1e-12)


def test_the_irrelevant_part_has_its_own_scale_and_its_peak_is_marked():
    table = grid(("init", range(2)), ("epoch", (0, 10, 1000)), ("layer", (1,))).assign(status="ok")
    table["mi_irrelevant_bits"] = table["epoch"].map({0: 0.1, 10: 0.3, 1000: 0.2})
    table["mi_relevant_bits"] = table["mi_input_bits"] = table["epoch"] / 10
    table["train_error"] = table["test_error"] = 1.0
    rising = table.assign(mi_irrelevant_bits=table["epoch"] / 100)
    panels = np.reshape(linear_figure({"peak": table, "rising": rising}).axes, (3, 2))
    assert [[text.get_text() for text in panel.texts] for panel in panels.flat] == [
        *([], []),
        *([" irrelevant: epoch 10"], []),
        *([], []),
    ]
    assert panels[1, 0].get_ylim()[1] < 1 < panels[1, 1].get_ylim()[1]
    for row in (0, 2):
        assert panels[row, 0].get_ylim() == panels[row, 1].get_ylim()


def test_two_phases_show_gradients_their_ratio_and_information(tables, tmp_path, drawn):
    panels = data_axes(drawn("saxe_21", tables, tmp_path))
    assert [panel.get_ylabel() for panel in panels] == [*PHASES, style.INPUT_AXIS]
    assert f"{INITS} networks" in panels[0].get_title()
    table = pd.read_parquet(tables / "models/scalar_chain.parquet")
    means = table[table["layer"] == 1].groupby("epoch")["mi_input_bits"].mean()
    np.testing.assert_allclose(panels[2].lines[0].get_ydata(), means, rtol=1e-12)


def test_histograms_have_a_panel_a_layer_and_no_colour_where_nothing_is(tables, tmp_path, drawn):
    panels = data_axes(drawn("saxe_16", tables, tmp_path))
    assert len(panels) == len(FIGURES["saxe_16"]["runs"]) * LAYERS
    image = np.ma.array(panels[0].collections[0].get_array()).reshape(4, len(EPOCHS))
    assert image.mask[:2].all()
    # No value of the made-up study is below 0.
    assert {panel.get_ylim() for panel in panels} == {(0, 1)}
    np.testing.assert_array_equal(image[2:], 0.5)


def test_entropy_of_both_jitters_stands_above_the_duplicated_rows(tables, tmp_path, drawn):
    upper, *_, lower, _ = data_axes(drawn("saxe_12", tables, tmp_path))
    ends = [line.get_ydata()[-1] for line in upper.lines]
    np.testing.assert_allclose(
        ends, [-6.0 - n for n in (1, 2, 3, 4)] + [-12.0 - n for n in (1, 2, 3, 4)]
    )
    np.testing.assert_allclose([line.get_ydata()[-1] for line in lower.lines], [0.2, 0.4, 0.6, 0.8])


def test_minimal_model_has_a_curve_an_activation_and_the_expected_growth(tables, tmp_path, drawn):
    (panel,) = data_axes(drawn("saxe_2", tables, tmp_path))
    assert {panel.get_xlabel(), panel.get_ylabel()} == {"weight $w$", style.INPUT_AXIS}
    names = [text.get_text() for text in panel.get_legend().get_texts()]
    assert names == ["tanh", "ReLU", "linear"]
    dotted = [line for line in panel.lines if len(line.get_xdata()) == 2][-2:]
    growth = [np.diff(line.get_ydata())[0] / 3 for line in dotted]
    np.testing.assert_allclose(growth, [np.log2(10), np.log2(10) / 2], rtol=1e-12)


def test_audit_of_drops_shows_bias_power_and_false_finds(tables, tmp_path, drawn):
    figure = drawn("infoplane_audit_drops", tables, tmp_path)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    assert {"bias of the drop (bits)", "power (%)", "false finds (%)"} <= {*texts}
    # edge finds 0.5 bits of a drop of 2.0, and none of the others; machine_precision all of it.
    assert texts.count("\u22121.5") == 1
    assert texts.count("100") == 2
    # What is not there at 0.5 bits is found in half of the draws of the layer that grows.
    assert texts.count("50") == 1


@pytest.mark.parametrize("events", [np.nan, 0.0])
def test_batch_sizes_without_an_event_after_the_start_are_drawn(events):
    figure, axes = style.new_figure(3.0, 1, 1)
    falls, peaks = np.full((2, 2), events), np.array([[4.0, 8.0], [4.0, 8.0]])
    batch_sizes.draw_events(axes[0, 0], falls, peaks, peaks > 4)
    FigureCanvasAgg(figure).draw()
    assert (axes[0, 0].get_xscale(), axes[0, 0].get_yscale()) == ("linear", "log")


def test_scorecard_says_what_the_rows_of_a_cell_say_together(tables, tmp_path, drawn):
    figure = drawn("infoplane_scorecard", tables, tmp_path)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    # Of C01, two estimators agree on one run and quarrel on another; on a third one is open.
    wanted = {"C01  Upper layers compress", "Shwartz-Ziv & Tishby", "tanh, SGD", "other"}
    assert wanted <= {*texts}
    # Each sign stands in the key as well. The run that is compared has the column.
    assert [texts.count(sign) for sign in ("✓", "✗", "✓✗", "(✓)", "?")] == [2, 2, 2, 2, 2]
    # Of several readings the first, without the row over all estimators.
    assert {"0.50…2.0", "\N{MINUS SIGN}0.12", "7.0"} <= {*texts}
    assert not any("99" in text for text in texts)


def test_text_tables_without_a_column_are_refused(tables, tmp_path):
    table = pd.read_csv(tables / "audit.tsv", sep="\t").drop(columns="bias_bits")
    table.to_csv(tmp_path / "audit.tsv", sep="\t", index=False)
    with pytest.raises(DamagedFileError, match=r"audit\.tsv lacks the columns bias_bits"):
        run_stage("infoplane_audit", tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("szt_3", {"runs": {"a": RUNS[0], "softsign": "saxe_softsign"}}, ["'saxe_softsign'"]),
        ("saxe_1a", {"estimator": "binned_31"}, ["'binned_31'", "binned.parquet"]),
        ("saxe_20", {"definition": "orhan"}, ["'orhan'", "all.parquet"]),
        ("infoplane_robustness", {"runs": {"tanh": "nothing"}}, ["'nothing'", "robustness.tsv"]),
        ("saxe_7", {"runs": {"a": RUNS[0], "b": "nothing"}}, ["'nothing'", "panel 'b'"]),
    ],
)
def test_missing_rows_are_refused(name, change, words, tables, tmp_path):
    with pytest.raises(ValueError, match="no rows with") as refusal:
        run_stage(name, tables, tmp_path, **change)
    for word in words:
        assert word in str(refusal.value)
