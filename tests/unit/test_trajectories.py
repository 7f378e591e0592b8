import numpy as np
import pandas as pd
import pytest

from infoplane.claims.trajectories import TableError, trajectory_statistics
from tests.unit.claim_tables import (
    EPOCHS,
    FLAT,
    RISE,
    RISE_AND_FALL,
    information,
    planes,
)


def test_trajectory_statistics_by_brute_force():
    generator = np.random.default_rng(0)
    tables = [
        information(run, estimator, *generator.normal(size=(2, 3, 6, 4)))
        for run in ("a", "b")
        for estimator in ("e", "f")
    ]
    table = pd.concat(tables).sample(frac=1, random_state=1)
    found = trajectory_statistics(table).set_index(["run", "estimator", "init", "layer"])
    assert len(found) == 2 * 2 * 3 * 4
    for key, rows in table.groupby(["run", "estimator", "init", "layer"]):
        rows = rows.sort_values("epoch")
        inputs, labels = list(rows["mi_input_bits"]), list(rows["mi_label_bits"])
        assert dict(found.loc[key]) == {
            "initial_input_bits": inputs[0],
            "peak_input_bits": max(inputs),
            "peak_epoch": EPOCHS[inputs.index(max(inputs))],
            "final_input_bits": inputs[-1],
            "drop_bits": max(inputs) - inputs[-1],
            "rise_bits": max(inputs) - inputs[0],
            "initial_label_bits": labels[0],
            "peak_label_bits": max(labels),
            "final_label_bits": labels[-1],
            "label_loss_bits": max(labels) - labels[-1],
        }


def test_trajectories_of_text_columns_and_categories_agree():
    table = information("a", "e", np.random.default_rng(1).normal(size=(2, 6, 3)))
    categories = table.astype({"run": "category", "estimator": "category", "status": "category"})
    pd.testing.assert_frame_equal(trajectory_statistics(table), trajectory_statistics(categories))


def test_first_of_equal_peaks_counts():
    found = trajectory_statistics(information("a", "e", np.full((1, 6, 1), 12.0)))
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
    table = information("a", "e", planes(2, FLAT, RISE))
    with pytest.raises(TableError, match="a, e: initialisation 0, epoch 1, layer 2 has 0 rows"):
        trajectory_statistics(table.drop(index=3))
    with pytest.raises(TableError, match="initialisation 0, epoch 1, layer 2 has 2 rows"):
        trajectory_statistics(pd.concat([table, table.loc[[3]]]))
