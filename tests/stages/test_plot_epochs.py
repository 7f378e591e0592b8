"""Figures along training: information, gradients and what stands beside them."""

import itertools

import numpy as np
import pandas as pd
import pytest

from figures import reading, style
from figures.collapse import GIVEN_LABEL_AXIS
from figures.epochs import epochs_figure, squeezed, stretched
from figures.gradient_networks import over_epochs
from tests.stages.figure_drawing import (
    FIGURES,
    STAND_INS,
    data_axes,
    run_stage,
    shown_texts,
)
from tests.stages.figure_tables import (
    EPOCHS,
    LAYERS,
    RUNS,
    grid,
    read_all,
    save,
    save_study,
)


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
