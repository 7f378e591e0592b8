"""Figures of models whose information is exact or trained by hand: curves and their phases."""

import math

import numpy as np
import pandas as pd
import pytest

from figures import style
from figures.critical_periods import RATES, STARTS_AXIS
from figures.linear_networks import IRRELEVANT_AXIS, linear_figure
from figures.two_phases import GRADIENT_AXIS, RATIO_AXIS
from tests.stages.figure_drawing import (
    FIGURES,
    data_axes,
)
from tests.stages.figure_tables import (
    INITS,
    grid,
)

PHASES = (GRADIENT_AXIS, RATIO_AXIS)


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


@pytest.mark.parametrize("name", ["saxe_3", "saxe_6"])
def test_linear_networks_show_information_above_errors(name, tables, tmp_path, drawn):
    panels = np.reshape(data_axes(drawn(name, tables, tmp_path)), (-1, 2))
    names = [style.INPUT_AXIS, *[IRRELEVANT_AXIS] * (name == "saxe_6"), "mean squared error"]
    assert [panel.get_ylabel() for panel in panels[:, 0]] == names
    assert [panel.get_title().count(f"{INITS} networks") for panel in panels[0]] == [1, 1]
    # Two layers: all inputs, and of figure 6 the relevant and the irrelevant ones.
    curves = [[line for line in panel.lines if len(line.get_xdata()) > 2] for panel in panels[0]]
    assert [len(lines) for lines in curves] == [6 if name == "saxe_6" else 2] * 2
    marked = name == "saxe_6"  # where most of the fit is made
    assert [len(panel.lines) for panel in panels[-1]] == [2 + marked] * 2
    for label, panel in zip(FIGURES[name]["models"].values(), panels[-1], strict=True):
        table = pd.read_parquet(tables / f"models/{label}.parquet")
        means = table[table["layer"] == 1].groupby("epoch")["test_error"].mean()
        np.testing.assert_allclose(panel.lines[1].get_ydata(), means, rtol=1e-12)


def test_the_irrelevant_part_has_its_own_scale_and_its_peak_is_marked():
    table = grid(("init", range(2)), ("epoch", (0, 10, 1000)), ("layer", (1,))).assign(status="ok")
    table["mi_irrelevant_bits"] = table["epoch"].map({0: 0.1, 10: 0.3, 1000: 0.2})
    table["mi_relevant_bits"] = table["mi_input_bits"] = table["epoch"] / 10
    table["test_error"] = 1.0
    table["train_error"] = table["epoch"].map({0: 1.0, 10: 0.2, 1000: 0.1})
    rising = table.assign(mi_irrelevant_bits=table["epoch"] / 100, train_error=1.0)
    panels = np.reshape(linear_figure({"peak": table, "rising": rising}).axes, (3, 2))
    assert [[text.get_text() for text in panel.texts] for panel in panels.flat] == [
        *([], []),
        *([" irrelevant: epoch 10"], []),
        *([" 90 % of the fit: epoch 1\u2009000"], []),
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
    ratios = table[table["layer"] == 1].groupby("epoch")[["snr", "batch_snr"]].median()
    shown = [line.get_ydata() for line in panels[1].lines if len(line.get_xdata()) == len(ratios)]
    for name in ratios:
        assert any(np.allclose(drawn, ratios[name], equal_nan=True) for drawn in shown)


def test_minimal_model_has_a_curve_an_activation_and_the_expected_growth(tables, tmp_path, drawn):
    (panel,) = data_axes(drawn("saxe_2", tables, tmp_path))
    assert {panel.get_xlabel(), panel.get_ylabel()} == {"weight $w$", style.INPUT_AXIS}
    names = [text.get_text() for text in panel.get_legend().get_texts()]
    assert names == ["tanh", "ReLU", "linear"]
    dotted = [line for line in panel.lines if len(line.get_xdata()) == 2][-2:]
    growth = [np.diff(line.get_ydata())[0] / 3 for line in dotted]
    np.testing.assert_allclose(growth, [np.log2(10), np.log2(10) / 2], rtol=1e-12)
