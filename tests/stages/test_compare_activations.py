import pandas as pd
import pytest

import compare_activations
from pipeline.files import DamagedFileError
from tests.stages.synthetic_study import ESTIMATORS, save_study, stand_in

STATISTICS = {"resamples": 200, "seed": 0, "confidence": 0.95}


def stage(folder, **changes):
    params = {"runs": ["tanh", "relu"], "estimators": list(ESTIMATORS), "statistics": STATISTICS}
    outputs = {"table": "activations.tsv"}
    return stand_in(folder, ["information"], outputs, **params | changes)


def test_table(tmp_path):
    save_study(tmp_path)
    compare_activations.main(stage(tmp_path))
    table = pd.read_csv(tmp_path / "activations.tsv", sep="\t")
    assert list(table) == [
        *("run", "layer", "estimator", "quantity", "estimate", "ci_low", "ci_high"),
        *("inits", "diverged"),
    ]
    assert len(table) == 2 * 3 * 6 * 4
    assert (table["ci_low"] <= table["estimate"]).all()
    assert (table["estimate"] <= table["ci_high"]).all()
    found = table.set_index(["run", "estimator", "layer", "quantity"])["estimate"]
    assert found["tanh", "first", 1, "drop_bits"] == 0
    assert found["tanh", "first", 2, "drop_bits"] == pytest.approx(4.0, rel=0.1)
    assert found["tanh", "first", 2, "rise_bits"] == pytest.approx(5.0, rel=0.1)
    assert found["tanh", "first", 2, "initial_input_bits"] == pytest.approx(4.0, rel=0.1)
    assert found["tanh", "first", 2, "final_input_bits"] == pytest.approx(5.0, rel=0.1)
    assert found["tanh", "first", 2, "final_label_bits"] == 0.95
    assert found["tanh", "first", 2, "peak_epoch"] == 10
    assert found["relu", "third", 3, "drop_bits"] == 0
    assert found["relu", "third", 3, "peak_epoch"] == 1000
    counts = table.groupby("run")[["inits", "diverged"]].agg(["min", "max"])
    assert counts.loc["relu"].tolist() == [7, 7, 1, 1]
    assert counts.loc["tanh"].tolist() == [8, 8, 0, 0]


def test_same_tables_give_the_same_bytes(tmp_path):
    save_study(tmp_path)
    compare_activations.main(stage(tmp_path))
    first = (tmp_path / "activations.tsv").read_bytes()
    compare_activations.main(stage(tmp_path))
    assert (tmp_path / "activations.tsv").read_bytes() == first


def test_diverged_networks_are_logged_by_name(tmp_path, caplog):
    save_study(tmp_path)
    compare_activations.main(stage(tmp_path))
    assert "relu, first: diverged initialisations are left out: 3" in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"runs": ["tanh", "softsign"]}, "run 'softsign' is to be compared"),
        ({"estimators": ["first", "fourth"]}, "estimator 'fourth' is to be compared"),
    ],
)
def test_absent_conditions_are_refused(tmp_path, change, message):
    save_study(tmp_path)
    with pytest.raises(ValueError, match=message):
        compare_activations.main(stage(tmp_path, **change))
    assert not (tmp_path / "activations.tsv").exists()


def test_truncated_table_is_refused(tmp_path):
    save_study(tmp_path)
    path = tmp_path / "information/tanh/bins.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DamagedFileError, match=r"tanh/bins\.parquet is truncated"):
        compare_activations.main(stage(tmp_path))
