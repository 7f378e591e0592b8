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
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from pipeline import figures
from pipeline.files import save_table
from tests.support import stand_in

EPOCHS = np.array([0, 1, 3, 10, 30, 100, 400, 1000])
LAYERS, INITS, DIVERGED = 4, 5, ("saxe_sgd_relu", 2)
RUNS = ("szt_tanh", "saxe_tanh", "saxe_relu", "saxe_sgd_tanh", "saxe_sgd_relu")
DEFINITIONS = ("szt_first", "szt_second", "szt_latest", "saxe_sample")
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
}
CAPTIONS = Path(__file__).parents[2] / "workflow" / "report"


def grid(*names_and_values):
    """Return every combination of some columns' values as a frame."""
    names, values = zip(*names_and_values, strict=True)
    return pd.DataFrame(itertools.product(*values), columns=list(names))


def with_status(frame):
    """Mark one network diverged, cut its rows and make them absurd."""
    lost = (frame["run"] == DIVERGED[0]) & (frame["init"] == DIVERGED[1])
    numbers = frame.select_dtypes("float").columns
    frame.loc[lost, numbers] = 1e6
    frame["status"] = np.where(lost, "diverged", "ok")
    return frame[~lost | (frame["epoch"] < 30)]


def save(frame, path):
    save_table(path, {name: frame[name].to_numpy() for name in frame})


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Save merged tables of a made-up study."""
    folder = tmp_path_factory.mktemp("tables")
    draws = np.random.default_rng(0)
    keys = (("run", RUNS), ("init", range(INITS)), ("epoch", EPOCHS))
    layer = ("layer", range(1, LAYERS + 1))

    information = grid(*keys, layer, ("estimator", ("binned", "kde")))
    time = np.log10(information["epoch"] + 1) / 3
    noise = draws.uniform(0, 0.5, len(information))
    information["mi_input_bits"] = 12.0 - information["layer"] * (0.5 + time) + noise
    information["mi_label_bits"] = (0.2 + 0.7 * time) / information["layer"] ** 0.2
    information.loc[information["estimator"] == "kde", "mi_input_bits"] += 100.0
    save(with_status(information), folder / "information.parquet")

    gradients = grid(*keys, layer, ("definition", DEFINITIONS))
    gradients["mean_norm"] = 10.0 ** (-gradients["layer"] - gradients["epoch"] / 500)
    gradients["std_norm"] = draws.uniform(1e-4, 1e-3, len(gradients))
    gradients["snr"] = np.where(gradients["epoch"] < 100 * gradients["layer"], 3.0, 0.5)
    dead = (gradients["run"] == "saxe_sgd_relu") & (gradients["layer"] == LAYERS)
    gradients.loc[dead, ["mean_norm", "std_norm", "snr"]] = [0.0, 0.0, np.nan]
    save(with_status(gradients), folder / "gradients.parquet")

    metrics = grid(*keys)
    for name, value in (("train_loss", 0.3), ("test_loss", 0.4), ("train_accuracy", 0.8)):
        metrics[name] = value + draws.uniform(0, 0.1, len(metrics))
    metrics["test_accuracy"] = metrics["train_accuracy"] - 0.05
    save(with_status(metrics), folder / "metrics.parquet")
    return folder


def run_stage(name, tables, folder, **changes):
    output = {kind: folder / f"{name}.{kind}" for kind in ("svg", "png")}
    names = ("information", "gradients", "metrics")
    importlib.import_module(f"plot_{name}").main(
        stand_in(
            input={table: tables / f"{table}.parquet" for table in names},
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
        monkeypatch.setattr(module, "save_figure", lambda figure, output: caught.append(figure))
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


@pytest.mark.parametrize("name", PARAMS)
def test_axes_have_units_and_divergence_is_told(name, tables, tmp_path, drawn):
    figure = drawn(name, tables, tmp_path)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    assert set(texts) >= AXES[name]
    labels = {axes.get_xlabel() for axes in data_axes(figure)}
    labels |= {axes.get_ylabel() for axes in data_axes(figure)}
    assert labels - {""} == AXES[name]
    assert any(f"{INITS - 1} networks, 1 diverged left out" in text for text in texts)


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


@pytest.mark.parametrize("name", PARAMS)
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


@pytest.mark.parametrize("name", PARAMS)
def test_a_run_whose_networks_all_diverged_is_drawn_empty(name, tables, tmp_path, drawn):
    lost = tmp_path / "lost"
    for table in ("information", "gradients", "metrics"):
        frame = pd.read_parquet(tables / f"{table}.parquet")
        save(frame.assign(status="diverged"), lost / f"{table}.parquet")
    figure = drawn(name, lost, tmp_path)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    assert any("0 networks, 5 diverged left out" in text for text in texts)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("szt_3", {"runs": {"softsign": "saxe_softsign"}}, ["saxe_softsign", "softsign"]),
        ("saxe_1a", {"estimator": "binned_31"}, ["binned_31", "information.parquet"]),
        ("saxe_20", {"definition": "orhan"}, ["orhan", "gradients.parquet"]),
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
    for run in params["runs"].values():
        assert f"``{run}``" in caption
    assert ("50 initialisations" in caption) == bool(more)


def test_layers_differ_for_every_kind_of_sight():
    # Machado, Oliveira & Fernandes (2009), severity 1.0, on linear RGB.
    deficiencies = {
        "none": np.eye(3),
        "protanopia": [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        "deuteranopia": [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        "tritanopia": [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    }
    rgb = np.array([to_rgb(colour) for colour in figures.LAYER_COLOURS[:6]])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    for matrix in deficiencies.values():
        colours = lab(np.clip(linear @ np.transpose(matrix), 0, 1))
        for one, other in itertools.combinations(colours, 2):
            # About ten times a just noticeable difference.
            assert np.linalg.norm(one - other) > 20


def lab(linear):
    """Return CIE Lab coordinates, D65, of linear RGB values."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = linear @ np.transpose(to_xyz) / [0.9505, 1.0, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).T
    return np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])
