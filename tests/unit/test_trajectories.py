import numpy as np
import pandas as pd
import pytest
from scipy import stats

from infoplane.claims.trajectories import (
    TableError,
    arrange,
    noise_alone,
    summarise,
    unselected_peak,
)
from tests.unit.claim_tables import (
    EPOCHS,
    FLAT,
    RISE,
    RISE_AND_FALL,
    information,
    planes,
    tidy,
)

COLUMNS = ("mi_input_bits", "mi_label_bits")


def net_peak(values):
    """Return the peak without what the choice adds, value by value, from the definition."""
    between = [
        abs(values[k] - (values[k - 1] + values[k + 1]) / 2) for k in range(1, len(values) - 1)
    ]
    deviation = np.sqrt(2 / 3) * np.median(between) / 0.6745
    competing = sum(value >= max(values) - 4 * deviation for value in values)
    return max(values) - deviation * stats.norm.ppf((competing - 0.375) / (competing + 0.25))


def trajectory_statistics(table):
    """Return every quantity of every trajectory, a row each."""
    parts = []
    for (run, estimator), found in arrange(table, COLUMNS, "estimator").items():
        inits, layers = np.meshgrid(found.inits, found.layers, indexing="ij")
        keys = {"run": run, "estimator": estimator, "init": inits.ravel(), "layer": layers.ravel()}
        quantities = {name: values.ravel() for name, values in summarise(found).items()}
        parts.append(pd.DataFrame(keys | quantities))
    return pd.concat(parts, ignore_index=True)


def test_trajectory_statistics_by_brute_force():
    generator = np.random.default_rng(0)
    tables = [
        tidy(run, estimator, *generator.normal(3.0, size=(2, 3, 6, 4)))
        for run in ("a", "b")
        for estimator in ("e", "f")
    ]
    table = pd.concat(tables).sample(frac=1, random_state=1)
    found = trajectory_statistics(table).set_index(["run", "estimator", "init", "layer"])
    assert len(found) == 2 * 2 * 3 * 4
    for key, rows in table.groupby(["run", "estimator", "init", "layer"]):
        rows = rows.sort_values("epoch")
        inputs, labels = list(rows["mi_input_bits"]), list(rows["mi_label_bits"])
        peak = net_peak(inputs)
        expected = {
            "initial_input_bits": inputs[0],
            "peak_input_bits": max(inputs),
            "peak_epoch": EPOCHS[inputs.index(max(inputs))],
            "final_input_bits": inputs[-1],
            "drop_bits": max(inputs) - inputs[-1],
            "net_drop_bits": peak - inputs[-1],
            "lost_share": (peak - inputs[-1]) / peak,
            "fall_from_start_bits": inputs[0] - inputs[-1],
            "rise_bits": max(inputs) - inputs[0],
            "net_rise_bits": peak - inputs[0],
            "gained_share": (peak - inputs[0]) / peak,
            "initial_label_bits": labels[0],
            "peak_label_bits": max(labels),
            "final_label_bits": labels[-1],
            "label_loss_bits": max(labels) - labels[-1],
        }
        assert list(found.columns) == list(expected)
        # Sums in another order differ by roundings of float64.
        assert dict(found.loc[key]) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("snapshots", [25, 50, 280])
def test_noise_alone_has_no_net_drop_whatever_the_snapshots(snapshots):
    """Of unit noise; the mean over 4,000 trajectories has a standard error of 0.02.

    Largest minus final would be 1.9, 2.2 and 2.8.
    """
    noise = np.random.default_rng(snapshots).normal(5.0, 1.0, size=(4000, snapshots, 1))
    assert abs((unselected_peak(noise) - noise[:, -1]).mean()) < 0.1


def test_a_sharp_peak_keeps_its_height():
    """Noise of 0.01 beside a fall of 5: no other snapshot could have been the largest."""
    course = np.concatenate([np.linspace(0, 6, 20), np.linspace(5.5, 1, 80)])[None, :, None]
    noise = np.random.default_rng(0).normal(scale=0.01, size=(50, 100, 1))
    peaks = unselected_peak(course + noise)
    assert peaks == pytest.approx(6.0, abs=0.05)


def test_noise_of_a_course_is_that_without_it():
    noise = np.random.default_rng(1).normal(scale=0.1, size=(200, 120, 2))
    course = 5 + np.sin(np.linspace(0, 3, 120))[None, :, None]
    arranged = arrange(tidy("a", "e", course + noise, epochs=np.arange(120)), COLUMNS, "estimator")
    alone = noise_alone(arranged["a", "e"]).measured["mi_input_bits"]
    assert alone.std() == pytest.approx(0.1, rel=0.02)
    assert abs(alone.mean()) < 0.002


def test_trajectories_of_text_columns_and_categories_agree():
    table = tidy("a", "e", np.random.default_rng(1).normal(size=(2, 6, 3)))
    categories = table.astype({"run": "category", "estimator": "category", "status": "category"})
    pd.testing.assert_frame_equal(trajectory_statistics(table), trajectory_statistics(categories))


def test_first_of_equal_peaks_counts():
    found = trajectory_statistics(tidy("a", "e", np.full((1, 6, 1), 12.0)))
    assert found["peak_epoch"].item() == 0
    assert found["drop_bits"].item() == 0


def test_diverged_networks_are_left_out_even_with_half_a_trajectory():
    table = information("a", "e", planes(4, FLAT, RISE_AND_FALL), diverged=[2])
    table = table[(table["init"] != 2) | (table["epoch"] < 100)]
    assert set(trajectory_statistics(table)["init"]) == {0, 1, 3}


def test_all_diverged_gives_no_trajectory():
    table = information("a", "e", planes(2, FLAT), diverged=[0, 1])
    assert trajectory_statistics(table).empty


def test_holes_and_doubles_are_refused():
    table = tidy("a", "e", planes(2, FLAT, RISE))
    with pytest.raises(TableError, match="a, e: initialisation 0, epoch 1, layer 2 has 0 rows"):
        trajectory_statistics(table.drop(index=3))
    with pytest.raises(TableError, match="initialisation 0, epoch 1, layer 2 has 2 rows"):
        trajectory_statistics(pd.concat([table, table.loc[[3]]]))
