import pandas as pd
import pytest

import compare_ablations
from tests.stages.synthetic_study import INITS, LAYERS, save_study, stand_in

STATISTICS = {"resamples": 200, "seed": 0, "confidence": 0.95}
PAIR = {"shows": "full batch", "run": "tanh_full_batch", "reference": "tanh"}


def compared(folder, pairs, estimators=("first",), runs=("tanh", "tanh_full_batch", "relu")):
    save_study(folder)
    params = {"runs": list(runs), "estimators": list(estimators), "pairs": pairs}
    outputs = {"table": "ablations.tsv"}
    compare_ablations.main(
        stand_in(folder, ["information"], outputs, statistics=STATISTICS, **params)
    )
    return pd.read_csv(folder / "ablations.tsv", sep="\t")


def test_the_difference_of_the_drops_is_that_of_networks_that_start_alike(tmp_path):
    table = compared(tmp_path, [PAIR], ("first", "third"))
    assert list(table)[:5] == ["shows", "run", "reference", "estimator", "layer"]
    assert len(table) == 2 * LAYERS
    assert (table["inits"] == INITS).all()
    row = table.set_index(["estimator", "layer"]).loc[("first", 2)]
    # A drop of 3.8 bits minus one of 4, each network's scaled by 0.9 to 1.1.
    assert row["difference_bits"] == pytest.approx(-0.2, abs=0.4)
    assert row["ci_low"] <= row["difference_bits"] <= row["ci_high"]
    assert row["reference_drop_bits"] == pytest.approx(4, abs=0.4)


def test_paths_may_end_early_and_networks_that_diverge_are_left_out(tmp_path):
    early = {"shows": "early", "run": "relu", "reference": "tanh", "last_epoch": 10}
    table = compared(tmp_path, [early])
    assert (table["inits"] == INITS - 1).all()
    assert (table["diverged"] == 1).all()
    # A path that still rises where it ends has no drop: the difference is all of the reference's,
    # but for what three snapshots of a rise pass for noise.
    assert table["difference_bits"].tolist() == pytest.approx(
        (-table["reference_drop_bits"]).tolist(), abs=0.5
    )


def test_the_same_networks_under_another_estimator(tmp_path):
    same = {"shows": "same", "run": "tanh", "reference": "tanh"}
    same |= {"estimator": "second", "reference_estimator": "first"}
    table = compared(tmp_path, [same])
    assert (table["estimator"] == "first").all()
    assert len(table) == LAYERS
