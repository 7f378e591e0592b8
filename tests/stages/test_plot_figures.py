"""The stages that draw figures: what they show, that it is legible, and the same every time."""

import importlib
import itertools
from pathlib import Path

import docutils.core
import jinja2
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.text import Text

from pipeline import figures, planes
from pipeline.files import DamagedFileError
from tests.stages.figure_tables import (
    DEFINITIONS,
    EPOCHS,
    INITS,
    LAYERS,
    RUNS,
    grid,
    save,
    save_study,
)
from tests.support import stand_in

BOUNDS = {"ceiling_bits": 12.0, "label_bits": 0.99916}
ONE = {"runs": {"ReLU": "saxe_sgd_relu"}, "estimator": "binned", **BOUNDS}
TWO = {"tanh": "saxe_sgd_tanh", "ReLU": "saxe_sgd_relu"}
FOUR = {**TWO, "tanh, fan-out": "saxe_tanh", "ReLU, fan-out": "saxe_relu"}
PARAMS = {
    "szt_2": {**ONE, "epochs": [0, 390, 1000]},
    "szt_3": {"runs": dict(list(FOUR.items())[:3]), "estimator": "binned", **BOUNDS},
    "szt_4": {
        "runs": {"ReLU": "saxe_sgd_relu"},
        "definitions": {f"definition of {name}": name for name in DEFINITIONS[:3]},
    },
    "saxe_1a": ONE,
    "saxe_1b": ONE,
    "saxe_5": {"runs": FOUR, "estimator": dict.fromkeys(FOUR, "binned"), **BOUNDS},
    "saxe_7": {"runs": TWO},
    "saxe_20": {"runs": TWO, "definition": "saxe_sample"},
    "epochs": {"runs": {run: run for run in RUNS}, "estimator": "binned", "ceiling_bits": 12.0},
}
PARAMS |= {
    "dependence": {"runs": TWO, "estimator": "binned", "dependence": "hsic"},
    "robustness": {"runs": {"tanh": "saxe_tanh", "ReLU": "saxe_relu"}, "threshold_bits": 0.5},
    "audit": {},
}
TRAINED = [name for name in PARAMS if name not in ("robustness", "audit")]
BITS = {figures.INPUT_AXIS, figures.LABEL_AXIS}
AXES = {
    "szt_2": BITS,
    "szt_3": BITS,
    "szt_4": {
        figures.EPOCH_AXIS,
        "gradient (nats), over the weights' norm",
        "summed over layers (nats)",
    },
    "saxe_1a": BITS,
    "saxe_1b": BITS,
    "saxe_5": BITS,
    "saxe_7": {figures.EPOCH_AXIS, "cross-entropy (nats)", "accuracy (share of samples)"},
    "saxe_20": {
        figures.EPOCH_AXIS,
        "signal-to-noise ratio",
        "norm of the gradient (nats)",
    },
    "epochs": {figures.EPOCH_AXIS, figures.INPUT_AXIS},
    "dependence": {
        figures.EPOCH_AXIS,
        figures.INPUT_AXIS,
        "HSIC of $X$ and $T$\n(share of the largest)",
        "HSIC of $T$ and $Y$\n(share of the largest)",
    },
}
MERGED = ("information", "dependence", "gradients", "metrics")
# Networks whose dependence is measured are one less.
SHOWN = {"dependence": INITS - 1}
CAPTIONS = Path(__file__).parents[2] / "workflow" / "report"


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Save the tables of a made-up study."""
    folder = tmp_path_factory.mktemp("tables")
    save_study(folder)
    return folder


def run_stage(name, tables, folder, **changes):
    output = {kind: folder / f"{name}.{kind}" for kind in ("svg", "png")}
    inputs = {name: tables / f"{name}.parquet" for name in MERGED}
    inputs |= {name: tables / f"{name}.tsv" for name in ("robustness", "audit")}
    importlib.import_module(f"plot_{name}").main(
        stand_in(
            input=inputs,
            output=output,
            params=PARAMS[name] | changes,
        )
    )
    return output


@pytest.fixture
def drawn(monkeypatch):
    """Catch the figure that a stage saves."""
    caught = []

    def catch(name, tables, folder, **changes):
        module = importlib.import_module(f"plot_{name}")
        # Some stages draw and write through the planes that they share.
        writer = module if hasattr(module, "save_figure") else planes
        monkeypatch.setattr(writer, "save_figure", lambda figure, output: caught.append(figure))
        run_stage(name, tables, folder, **changes)
        return caught[-1]

    return catch


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


@pytest.mark.parametrize("name", PARAMS)
def test_files_are_the_same_bytes_every_time(name, tables, tmp_path):
    first = run_stage(name, tables, tmp_path / "first")
    second = run_stage(name, tables, tmp_path / "second")
    assert first["png"].read_bytes().startswith(b"\x89PNG")
    assert b"</svg>" in first["svg"].read_bytes()[-100:]
    for kind in ("svg", "png"):
        assert first[kind].read_bytes() == second[kind].read_bytes()
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == [
        f"{name}.png",
        f"{name}.svg",
    ]


@pytest.mark.parametrize("name", TRAINED)
def test_axes_have_units_and_divergence_is_told(name, tables, tmp_path, drawn):
    figure = drawn(name, tables, tmp_path)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    assert set(texts) >= AXES[name]
    labels = {axes.get_xlabel() for axes in data_axes(figure)}
    labels |= {axes.get_ylabel() for axes in data_axes(figure)}
    assert labels - {""} == AXES[name]
    kept = SHOWN.get(name, INITS) - 1
    assert any(f"{kept} networks, 1 diverged left out" in text for text in texts)


@pytest.mark.parametrize("name", PARAMS)
def test_texts_are_large_enough_inside_the_page_and_apart(name, tables, tmp_path, drawn):
    figure = drawn(name, tables, tmp_path)
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


@pytest.mark.parametrize("name", TRAINED)
def test_diverged_networks_leave_no_mark(name, tables, tmp_path, drawn):
    figure = drawn(name, tables, tmp_path)
    for axes in data_axes(figure):
        assert max(axes.get_ylim()) < 1e4
        assert max(axes.get_xlim()) < (20 if AXES[name] == BITS else 1001)


@pytest.mark.parametrize("name", ["szt_3", "saxe_1a", "saxe_1b", "saxe_5"])
def test_planes_have_one_path_a_layer(name, tables, tmp_path, drawn):
    figure = drawn(name, tables, tmp_path)
    panels = data_axes(figure)
    assert len(panels) == len(PARAMS[name]["runs"])
    for axes in panels:
        paths = [
            found for found in axes.findobj(LineCollection) if found.get_label().startswith("layer")
        ]
        assert [path.get_label() for path in paths] == [f"layer {n + 1}" for n in range(LAYERS)]
        for path in paths:
            assert len(path.get_segments()) == len(EPOCHS) - 1
            assert path.get_array().tolist() == EPOCHS[1:].tolist()
        singles = [f for f in axes.findobj(LineCollection) if f.get_label() == "single"]
        if name.startswith("saxe_1"):
            assert len(singles[0].get_segments()) == (INITS - 1) * LAYERS
        else:
            assert singles == []
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        *("at the last epoch:", "T1", "T2", "T3", "output")
    ]


def test_averaged_path_is_the_mean_over_networks(tables, tmp_path, drawn):
    figure = drawn("saxe_1b", tables, tmp_path)
    frame = pd.read_parquet(tables / "information.parquet")
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
    figure = drawn("epochs", tables, tmp_path)
    panels = data_axes(figure)
    assert len(panels) == len(RUNS)
    for axes in panels:
        lines = [line for line in axes.lines if line.get_label().startswith("layer")]
        assert [line.get_color() for line in lines] == list(figures.LAYER_COLOURS[:LAYERS])
        assert len({line.get_marker() for line in lines}) == LAYERS
        assert len(axes.collections) == LAYERS
    # Five panels in a grid of six: the third column's last panel names the epochs itself.
    assert panels[2].get_xlabel() == figures.EPOCH_AXIS


def test_transition_is_the_median_over_networks_and_layers(tables, tmp_path, drawn):
    figure = drawn("szt_4", tables, tmp_path)
    # Layers 1, 2 and 3 cross at 100, at 400 (first snapshot from 200 on) and 400; 4 is dead.
    for axes in data_axes(figure):
        assert "transition: epoch 400 (3 of 4 layers)" in axes.get_title()
        assert len(axes.lines) == 2 * LAYERS + 1


def test_no_transition_is_told(tables, tmp_path, drawn):
    calm = tmp_path / "calm"
    frame = pd.read_parquet(tables / "gradients.parquet").assign(snr=2.0)
    save(frame, calm / "gradients.parquet")
    figure = drawn("szt_4", calm, tmp_path)
    for axes in data_axes(figure):
        assert "no transition (0 of 4 layers)" in axes.get_title()
        assert len(axes.lines) == 2 * LAYERS


def test_transition_needs_half_of_the_networks():
    from plot_szt_4 import transition_epochs

    frame = grid(("init", range(4)), ("epoch", [0, 1, 2, 5]), ("layer", [1, 2]))
    frame["status"] = "ok"
    frame["snr"] = 2.0
    # Layer 1: three of four networks cross, at 1, 2 and 5. Layer 2: one of four does.
    for init, layer, epoch in ((0, 1, 1), (1, 1, 2), (2, 1, 5), (3, 2, 1)):
        network = (frame["init"] == init) & (frame["layer"] == layer)
        frame.loc[network & (frame["epoch"] >= epoch), "snr"] = 0.5
    assert transition_epochs(frame).tolist() == [5.0, np.inf]


def test_summary_over_networks_by_hand():
    frame = grid(("init", range(5)), ("epoch", [0, 1, 2]))
    frame["value"] = [0, 10, np.nan, 1, 10, np.nan, 2, np.nan, np.nan, 3, 14, np.nan, 99, 99, 99]
    frame["status"] = np.where(frame["init"] == 4, "diverged", "ok")
    summary = figures.over_networks(frame, "value", ["epoch"])
    assert summary["epoch"].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(summary["mean"], [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(summary["median"], [1.5, 10, np.nan])
    # Linear between the order statistics 0, 1, 2, 3 and 10, 10, 14.
    np.testing.assert_allclose(summary["low"], [0.15, 10, np.nan])
    np.testing.assert_allclose(summary["high"], [2.85, 13.6, np.nan])


@pytest.mark.parametrize("name", TRAINED)
def test_a_run_whose_networks_all_diverged_is_drawn_empty(name, tables, tmp_path, drawn):
    lost = tmp_path / "lost"
    for table in MERGED:
        frame = pd.read_parquet(tables / f"{table}.parquet")
        save(frame.assign(status="diverged"), lost / f"{table}.parquet")
    figure = drawn(name, lost, tmp_path)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    assert any(f"0 networks, {SHOWN.get(name, INITS)} diverged left out" in text for text in texts)


def test_dependence_stands_below_the_information_of_the_same_networks(tables, tmp_path, drawn):
    figure = drawn("dependence", tables, tmp_path)
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


def test_robustness_shows_every_specification(tables, tmp_path, drawn):
    figure = drawn("robustness", tables, tmp_path)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    assert texts.count("drop of $I(X;T)$ (bits)") == 2
    assert {"tanh (3 to 5 networks)", "ReLU (3 to 5 networks)", "T3, tanh", "T3, ReLU"} <= {*texts}
    assert texts.count("bins: 30") == texts.count("bins: 100") == 1
    assert texts.count("noise variance: 0.1") == texts.count("family: kde") == 1
    # Layer 3 of the tanh run, binned_30: 3 + 9 characters / 10, and the larger half-interval.
    assert "3.9\n±0.3" in texts
    curves = [axes for axes in figure.axes if axes.get_title().startswith("T3")]
    assert [len(axes.lines[-1].get_xdata()) for axes in curves] == [3, 2]
    for axes in curves:
        assert (np.diff(axes.lines[-1].get_ydata()) >= 0).all()


def test_audit_shows_bias_and_refusals(tables, tmp_path, drawn):
    figure = drawn("audit", tables, tmp_path)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    assert {"$I(X;T)$ (bits) by task", "$I(T;Y)$ (bits) by task", "ms a call"} <= {*texts}
    # Bias of ksg1_3: -0.5 a unit, so -1.5 at three of them; where it refuses it has none.
    assert "\u22121.5" in texts
    crosses = [line for line in figure.findobj(Line2D) if line.get_label() == "refused"]
    assert [tuple(line.get_xydata()[0]) for line in crosses] == [(1.5, 1.5)]


def test_text_tables_without_a_column_are_refused(tables, tmp_path):
    table = pd.read_csv(tables / "audit.tsv", sep="\t").drop(columns="bias_bits")
    table.to_csv(tmp_path / "audit.tsv", sep="\t", index=False)
    with pytest.raises(DamagedFileError, match=r"audit\.tsv lacks the columns bias_bits"):
        run_stage("audit", tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("szt_3", {"runs": {"softsign": "saxe_softsign"}}, ["saxe_softsign", "softsign"]),
        ("saxe_1a", {"estimator": "binned_31"}, ["binned_31", "information.parquet"]),
        ("saxe_20", {"definition": "orhan"}, ["orhan", "gradients.parquet"]),
        ("robustness", {"runs": {"tanh": "nothing"}}, ["nothing", "robustness.tsv"]),
        ("saxe_7", {"runs": {"tanh": "nothing"}}, ["nothing", "metrics.parquet"]),
    ],
)
def test_missing_rows_are_refused(name, change, words, tables, tmp_path):
    with pytest.raises(ValueError, match="no rows with") as refusal:
        run_stage(name, tables, tmp_path, **change)
    for word in words:
        assert word in str(refusal.value)


@pytest.mark.parametrize("name", PARAMS)
@pytest.mark.parametrize("more", [{}, {"initialisations": 50}])
def test_captions_are_filled_in_and_valid(name, more):
    text = (CAPTIONS / f"plot_{name}.rst").read_text(encoding="utf-8")
    params = PARAMS[name] | more
    caption = (
        jinja2.Environment(undefined=jinja2.StrictUndefined)
        .from_string(text)
        .render(snakemake=stand_in(params=params))
    )
    strict = {"halt_level": 2, "report_level": 2}
    docutils.core.publish_string(caption, writer="null", settings_overrides=strict)
    for run in params.get("runs", {}).values():
        assert f"``{run}``" in caption
    assert ("50 initialisations" in caption) == (bool(more) and name in TRAINED)
