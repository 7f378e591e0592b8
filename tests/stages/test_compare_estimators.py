import numpy as np
import pandas as pd
import pytest

import compare_estimators
from tests.stages.synthetic_study import (
    EPOCHS,
    ESTIMATORS,
    INITS,
    LAYERS,
    plane,
    save,
    save_study,
    stand_in,
)

STATISTICS = {"resamples": 200, "seed": 0, "confidence": 0.95}
PARAMETERS = {
    "third": {"method": "kde", "noise_variance": 0.1, "bound": "upper"},
    "first": {"method": "binned", "bins": 30, "range": [-1.0, 1.0]},
    "second": {"method": "binned", "bins": 8, "range": "global"},
}


def robustness(folder, **changes):
    params = {
        "runs": ["tanh", "relu"],
        "initialisations": INITS,
        "snapshots": 5,
        "parameters": PARAMETERS,
        "statistics": STATISTICS,
    }
    outputs = {"table": "robustness.tsv"}
    inputs = ["information", "rescaled"]
    compare_estimators.main(stand_in(folder, inputs, outputs, **params | changes))
    return pd.read_csv(folder / "robustness.tsv", sep="\t")


def test_drops_of_every_run_layer_and_estimator(tmp_path):
    save_study(tmp_path)
    table = robustness(tmp_path)
    assert list(table)[:7] == ["run", "layer", "estimator", "drop", "ci_low", "ci_high", "inits"]
    assert list(table)[7] == "rescaling_span_bits"
    assert table["rescaling_span_bits"].isna().all()
    assert len(table) == 2 * LAYERS * len(ESTIMATORS)
    assert list(dict.fromkeys(table["estimator"])) == list(PARAMETERS)
    drops = table.set_index(["run", "estimator", "layer"])
    # A peak of 9 and an end of 5 bits, each network's scaled by 0.9 to 1.1.
    assert drops.loc[("tanh", "first", 2), "drop"] == pytest.approx(4.0, abs=0.4)
    assert drops.loc[("relu", "first", 2), "drop"] == 0
    assert (table["ci_low"] <= table["drop"]).all()
    assert (table["drop"] <= table["ci_high"]).all()


def test_spans_under_rescaling_stand_beside_what_was_rescaled(tmp_path):
    save_study(tmp_path)
    parts = []
    for scale, bits in ((0.1, 2.0), (1.0, 3.0), (10.0, 6.5)):
        rows = plane("relu", "first", np.full(EPOCHS.size, bits), np.ones(INITS))
        size = rows["init"].size
        parts.append(rows | {"change": np.full(size, "scaled"), "scale": np.full(size, scale)})
    table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    hidden = table["layer"] < LAYERS
    save(tmp_path, "rescaled", "relu", "rescaled", {key: v[hidden] for key, v in table.items()})
    spans = robustness(tmp_path).set_index(["run", "estimator", "layer"])["rescaling_span_bits"]
    # Layer 1 of these planes is always at its ceiling; the output layer is not rescaled.
    measured = {("relu", "first", 1): 0.0, ("relu", "first", 2): 4.5, ("relu", "first", 3): 4.5}
    assert spans.dropna().to_dict() == measured


def test_estimators_are_told_apart_by_their_parameters(tmp_path):
    save_study(tmp_path)
    table = robustness(tmp_path).drop_duplicates("estimator").set_index("estimator")
    assert table["method"].to_dict() == {"first": "binned", "second": "binned", "third": "kde"}
    assert table.loc["first", "range"] == "-1 to 1"
    assert table.loc["second", "bins"] == 8
    assert np.isnan(table.loc["third", "bins"])
    assert table.loc["third", "noise_variance"] == 0.1


def test_diverged_networks_are_left_out_and_later_ones_not_used(tmp_path):
    save_study(tmp_path)
    inits = robustness(tmp_path).groupby("run")["inits"].unique()
    assert inits["tanh"].tolist() == [INITS]
    assert inits["relu"].tolist() == [INITS - 1]
    assert set(robustness(tmp_path, initialisations=3)["inits"]) == {3}


def test_thinned_trajectories_keep_their_ends(tmp_path):
    save_study(tmp_path)
    table = robustness(tmp_path, snapshots=2).set_index(["run", "estimator", "layer"])
    # 4 bits at the start and 5 at the end: without the peak between them nothing drops.
    assert table.loc[("tanh", "first", 2), "drop"] == 0
    assert set(table["snapshots"]) == {2}


def test_estimates_of_no_run_are_left_out_and_runs_without_any_refused(tmp_path):
    save_study(tmp_path)
    table = robustness(tmp_path, parameters=PARAMETERS | {"unused": {"method": "edge"}})
    assert set(table["estimator"]) == set(ESTIMATORS)
    with pytest.raises(ValueError, match="softsign"):
        robustness(tmp_path, runs=["tanh", "softsign"])
