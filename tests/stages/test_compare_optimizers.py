import pandas as pd
import pytest

import compare_optimizers
from tests.stages.synthetic_study import ESTIMATORS, save_study, stand_in

STATISTICS = {"resamples": 200, "seed": 0, "confidence": 0.95}
PAIR = {"run": "tanh_full_batch", "reference": "tanh"}


def stage(folder, **changes):
    params = {
        "runs": ["tanh", "tanh_full_batch"],
        "pairs": [PAIR],
        "estimators": list(ESTIMATORS),
        "statistics": STATISTICS,
    }
    return stand_in(folder, ["information"], {"table": "optimizers.tsv"}, **params | changes)


def test_table(tmp_path):
    save_study(tmp_path)
    compare_optimizers.main(stage(tmp_path))
    table = pd.read_csv(tmp_path / "optimizers.tsv", sep="\t")
    assert list(table)[:3] == ["run", "reference", "layer"]
    ratios = table[table["quantity"] == "drop_ratio"].set_index(["estimator", "layer"])
    assert len(ratios) == 3 * 4
    assert (ratios["run"] == "tanh_full_batch").all()
    assert (ratios["reference"] == "tanh").all()
    assert table[table["quantity"] != "drop_ratio"]["reference"].isna().all()
    # A drop of 3.8 over one of 4 bits, each network's scaled by 0.9 to 1.1.
    assert ratios.loc[("first", 2), "estimate"] == pytest.approx(0.95, abs=0.1)
    assert ratios.loc[("first", 2), "ci_low"] < ratios.loc[("first", 2), "ci_high"]
    # The first layer never drops: its ratio is undefined, and says so.
    assert ratios.loc[("first", 1), ["estimate", "ci_low", "ci_high"]].isna().all()


def test_pairs_share_the_networks_that_both_have(tmp_path):
    save_study(tmp_path)
    pairs = [{"run": "relu", "reference": "tanh"}]
    compare_optimizers.main(stage(tmp_path, runs=["tanh", "relu"], pairs=pairs))
    table = pd.read_csv(tmp_path / "optimizers.tsv", sep="\t")
    ratios = table[table["quantity"] == "drop_ratio"]
    assert set(ratios["inits"]) == {7}
    assert set(ratios["diverged"]) == {1}


def test_pairs_beyond_the_runs_are_refused(tmp_path):
    save_study(tmp_path)
    with pytest.raises(ValueError, match="no estimator has measured both 'relu' and 'tanh'"):
        compare_optimizers.main(stage(tmp_path, pairs=[{"run": "relu", "reference": "tanh"}]))
