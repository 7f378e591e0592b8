"""What all figures of the configuration have in common: legible, whole, the same every time."""

import itertools
from functools import cache

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from PIL import Image

from figures import inverted_images, style
from figures import weight_correlation as alike
from figures.bottleneck import BETA_AXIS
from figures.collapse import COLLAPSE, GIVEN_LABEL_AXIS
from figures.detail import LOSS_AXIS
from figures.detail import RATIO_AXIS as RATIO_OF_GRADIENTS
from figures.differential_entropy import ENTROPY_AXIS
from figures.differential_entropy import SHARE_AXIS as DUPLICATED_AXIS
from figures.fisher import TRACE_AXIS
from figures.generalisation import ACCURACY, LOST
from figures.gradient_networks import NORM_AXIS as GRADIENTS_AXIS
from figures.gradient_norms import NORM_TEXTS
from figures.histograms import VALUE_AXIS
from figures.inversion import ERROR_AXIS
from figures.saturation import ACCURACY_AXIS, SHARE_AXIS
from figures.scales import DEVIATION_AXIS, WEIGHTS_AXIS
from figures.weights import NORM_AXIS
from pipeline.files import DamagedFileError
from tests.stages.figure_drawing import (
    FIGURES,
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
    read_all,
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
PLANES = [name for name, entry in FIGURES.items() if entry["drawing"] == "planes"]
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
    # A label that is longer than its axis meets what other tables bring beside it.
    boxes = dict(texts)
    for axes in data_axes(figure):
        panel = axes.get_window_extent()
        for label, side in ((axes.xaxis.label, "width"), (axes.yaxis.label, "height")):
            if label in boxes:
                assert getattr(boxes[label], side) <= 1.2 * getattr(panel, side), label


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


@each(TRAINED)
def test_a_run_whose_networks_all_diverged_is_drawn_empty(name, lost, tmp_path, drawn):
    figure = drawn(name, lost, tmp_path)
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    networks = SHOWN.get(FIGURES[name]["drawing"], INITS)
    counted = COUNTED.get(FIGURES[name]["drawing"], "networks")
    assert any(f"0 {counted}, {networks} diverged left out" in text for text in texts)


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
