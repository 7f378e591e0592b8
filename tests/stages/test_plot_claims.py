"""Figures of what claims and comparisons found: networks, fits, specifications, verdicts."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D

from figures import batch_sizes, depths, gap_bounds, label_stops, style
from infoplane.statistics import Resampling
from tests.stages.figure_drawing import (
    FIGURES,
    data_axes,
    run_stage,
    shown_texts,
)
from tests.stages.figure_tables import (
    INITS,
    LAYERS,
    read_all,
)


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


def test_batch_sizes_without_a_line_say_so():
    row = {"estimate": None, "ci_low": None, "ci_high": None, "null": "nan [nan, nan]"}
    verdict = {"verdict": "inconclusive"}
    row["details"] = {
        "values": [[1.0, 2.0]] * 2,
        "conditions": [{"estimate": None}],
        "premises": [verdict] * len(batch_sizes.PREMISES),
    }
    assert batch_sizes.title_of(row).splitlines()[:2] == [
        "2 networks a run; slope undefined",
        "$R^2$ undefined",
    ]


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
    (panel,) = data_axes(label_stops.label_stops_figure({"run": one}, -0.01, Resampling()))
    hollow = [line for line in panel.lines if line.get_markerfacecolor() == "none"]
    # The mean loss, 0.165, is beyond the usual edge.
    assert [line.get_xdata().tolist() for line in hollow] == [[], [pytest.approx(-0.165)]]
    assert panel.get_xlim()[0] == pytest.approx(1.1 * -0.165)
    assert "3 to 4 networks" in panel.get_title()


def test_stops_of_no_network_leave_their_panel_empty():
    row = {"details": {"values": []}}
    stops = label_stops.stops_of({("bins", "output"): row})
    (panel,) = data_axes(label_stops.label_stops_figure({"run": stops}, -0.01, Resampling()))
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
    assert [texts.count(sign) for sign in ("✓", "✗", "✓✗", "(✓)", "?")] == [4, 2, 2, 2, 2]
    # Each reading has a row of its own, without the row over all estimators.
    assert {"0.50…2.0", "\N{MINUS SIGN}0.12", "7.0"} <= {*texts}
    assert texts.count("99.0") == 2
    heads = ("read as", "effect in", "bits", "ratio", "share")
    # The readings of C01 and their units, which are called alike.
    assert [text for text in texts if text in heads] == [
        *("read as", "effect in", "bits", "bits", "share", "share", "ratio", "share")
    ]


def test_a_scorecard_of_some_claims_has_no_others(tables, tmp_path, drawn):
    figure = drawn("infoplane_scorecard", tables, tmp_path, claims=["C09"])
    texts = [text.get_text() for text, _ in shown_texts(figure)]
    assert any(text.startswith("C09") for text in texts)
    assert not any(text.startswith(("C01", "C19")) for text in texts)
