"""Figures on the information plane: their paths, bounds and panels."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from figures import reading, style
from infoplane.tasks import Task
from pipeline.files import save_task
from tests.stages.figure_drawing import (
    FIGURES,
    data_axes,
    run_stage,
)
from tests.stages.figure_tables import (
    INITS,
    LAYERS,
    RUNS,
    read_all,
    save_runs,
    save_study,
)


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
