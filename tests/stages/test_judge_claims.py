import json

import numpy as np
import pandas as pd
import pytest

import judge_claims
from infoplane.claims import COLUMNS, ClaimError
from pipeline.files import load_table, save_table
from tests.stages.synthetic_study import ESTIMATORS, save_study, stand_in

STATISTICS = {"resamples": 200, "seed": 0, "confidence": 0.95}


def entry(statistic, parameters, threshold, direction, judged_on, overall=False):
    return {
        "source": "somebody",
        "statement": "something",
        "statistic": statistic,
        "parameters": parameters,
        "threshold": threshold,
        "direction": direction,
        "judged_on": [judged_on],
        "overall": overall,
    }


def claims(run="relu"):
    drop = {"quantity": "drop_bits", "layers": "last_hidden"}
    estimators = list(ESTIMATORS)
    both = {"runs": ["tanh", run], "estimators": estimators}
    pair = {"run": "tanh_full_batch", "reference": "tanh"}
    return {
        "C01": entry("trajectory", drop, 1.0, "at_least", both, overall=True),
        "C06": entry(
            "snr_crossing",
            {"layers": "all"},
            0.5,
            "at_least",
            {"runs": ["tanh"], "definitions": ["saxe_sample"]},
        ),
        "C08": entry(
            "drop_given_snr_fall",
            {"layers": "hidden", "least_fall": 10.0},
            0.5,
            "at_least",
            both | {"definitions": ["saxe_sample"]},
        ),
        "C09": entry(
            "drop_ratio",
            {"layers": "last_hidden", "least_reference_drop_bits": 0.5},
            0.7,
            "below",
            {"pairs": [pair], "estimators": estimators},
        ),
    }


def stage(folder, **changes):
    outputs = {"table": "claims.tsv", "details": "claims.json"}
    params = {
        "claims": claims(),
        "statistics": STATISTICS,
        "audited_as": {"right": ["first"], "wrong": ["second"]},
        "widths": dict.fromkeys(("tanh", "tanh_full_batch", "relu"), (12, 10, 5, 3, 2)),
    }
    return stand_in("judge_claims", folder, outputs, **params | changes)


def judged(folder):
    table = pd.read_csv(folder / "claims.tsv", sep="\t")
    return table.set_index(["claim", "protocol", "estimator"])["verdict"]


def test_verdicts(tmp_path):
    save_study(tmp_path)
    judge_claims.main(stage(tmp_path))
    table = pd.read_csv(tmp_path / "claims.tsv", sep="\t")
    assert list(table) == list(COLUMNS)
    assert set(table["verdict"]) <= {"supported", "refuted", "inconclusive"}
    verdicts = judged(tmp_path)
    for estimator in (*ESTIMATORS, "all"):
        assert verdicts["C01", "tanh", estimator] == "supported"
        assert verdicts["C01", "relu", estimator] == "refuted"
    for estimator in ESTIMATORS:
        assert verdicts["C08", "tanh", estimator] == "supported"
        assert verdicts["C08", "relu", estimator] == "refuted"
        assert verdicts["C09", "tanh_full_batch vs tanh", estimator] == "refuted"
    assert verdicts["C06", "tanh", "saxe_sample"] == "supported"
    inits = table.set_index(["claim", "protocol", "estimator"])["inits"]
    assert inits["C01", "relu", "first"] == 7
    assert inits["C01", "tanh", "first"] == 8


def test_warnings_stand_after_the_contract(tmp_path):
    save_study(tmp_path)
    first_layer = {"quantity": "drop_bits", "layers": [1]}
    on = {"runs": ["tanh"], "estimators": ["first", "second", "third"]}
    ceiling = entry("trajectory", first_layer, 0.2, "below", on)
    judge_claims.main(stage(tmp_path, claims={"C01": claims()["C01"], "C04": ceiling}))
    table = pd.read_csv(tmp_path / "claims.tsv", sep="\t", keep_default_na=False)
    assert list(table)[-2:] == ["verdict", "warning"]
    warnings = table.set_index(["claim", "protocol", "estimator"])["warning"]
    # Layer 1 has 12 bits of at most 12; the second estimator was 2 bits wrong on 3 units.
    assert warnings["C04", "tanh", "first"] == "at its ceiling in 8 of 8 networks"
    assert warnings["C01", "tanh", "first"] == ""
    assert warnings["C01", "tanh", "second"] == "outside its audited range"
    assert warnings["C01", "tanh", "third"] == ""
    assert warnings["C01", "tanh", "all"] == "1 of 3 verdicts have a warning"


def test_details_hold_what_every_network_contributes(tmp_path):
    save_study(tmp_path)
    judge_claims.main(stage(tmp_path))
    rows = json.loads((tmp_path / "claims.json").read_text(encoding="utf-8"))
    table = pd.read_csv(tmp_path / "claims.tsv", sep="\t")
    assert [row["verdict"] for row in rows] == table["verdict"].tolist()
    (row,) = (
        row
        for row in rows
        if (row["claim"], row["protocol"], row["estimator"]) == ("C01", "relu", "first")
    )
    assert row["details"]["initialisations"] == [0, 1, 2, 4, 5, 6, 7]
    assert row["details"]["diverged"] == [3]
    assert len(row["details"]["values"]) == 7
    (overall,) = (
        row
        for row in rows
        if (row["claim"], row["protocol"], row["estimator"]) == ("C01", "relu", "all")
    )
    assert overall["estimate"] is None


def test_same_tables_give_the_same_bytes(tmp_path):
    save_study(tmp_path)
    outputs = tmp_path / "claims.tsv", tmp_path / "claims.json"
    judge_claims.main(stage(tmp_path))
    first = [path.read_bytes() for path in outputs]
    judge_claims.main(stage(tmp_path))
    assert [path.read_bytes() for path in outputs] == first


def test_study_without_gradient_claims(tmp_path):
    save_study(tmp_path)
    judge_claims.main(stage(tmp_path, claims={"C01": claims()["C01"]}))
    assert len(judged(tmp_path)) == 2 * 4


def test_no_claims_give_an_empty_table(tmp_path):
    save_study(tmp_path)
    judge_claims.main(stage(tmp_path, claims={}))
    assert (tmp_path / "claims.tsv").read_text(encoding="utf-8").split() == list(COLUMNS)


def test_runs_that_the_tables_lack_are_refused(tmp_path):
    save_study(tmp_path)
    with pytest.raises(ClaimError, match=r"claim C01: .* estimator 'first' of run 'softsign'"):
        judge_claims.main(stage(tmp_path, claims=claims("softsign")))
    assert not (tmp_path / "claims.tsv").exists()


def test_class_distances_of_all_chunks_are_evidence(tmp_path):
    save_study(tmp_path)
    paths = [tmp_path / "000-003.parquet", tmp_path / "004-007.parquet"]
    information = load_table(tmp_path / "information.parquet").to_pandas()
    rows = information[(information["run"] == "tanh") & (information["estimator"] == "first")]
    for path, part in zip(paths, (rows[rows["init"] < 4], rows[rows["init"] >= 4]), strict=True):
        distances = {name: part[name].to_numpy() for name in ("init", "epoch", "layer")}
        distances["within_distance"] = part["mi_input_bits"].to_numpy()
        distances["between_distance"] = np.full(len(part), 2.0)
        save_table(path, {"run": ["tanh"] * len(part), **distances})
    parameters = {"layers": "last_hidden", "least_correlation": 0.8}
    on_first = {"runs": ["tanh"], "estimators": ["first"]}
    claim = entry("drop_with_clustering", parameters, 1.0, "at_least", on_first)
    one = stage(tmp_path, claims={"C29": claim})
    one.input.clustering = paths
    judge_claims.main(one)
    assert judged(tmp_path)["C29", "tanh", "first"] == "supported"


def test_ranges_and_groups_of_networks_are_evidence(tmp_path):
    save_study(tmp_path)
    information = load_table(tmp_path / "information.parquet").to_pandas()
    rows = information[(information["run"] == "tanh") & (information["estimator"] == "first")]
    keys = {name: rows[name].to_numpy() for name in ("init", "epoch", "layer")}
    keys |= {"run": ["tanh"] * len(rows), "estimator": ["first"] * len(rows)}
    ones, ok = np.ones(len(rows)), ["ok"] * len(rows)
    save_table(
        tmp_path / "ranges.parquet", keys | {"share_below": 0 * ones, "share_above": 0.3 * ones}
    )
    bits = {"mi_input_bits": 5, "conditional_entropy_bits": 2, "published_mi_input_bits": 7}
    bits = {name: value * ones for name, value in (bits | {"single_mi_input_bits": 6}).items()}
    save_table(tmp_path / "groups.parquet", keys | bits | {"networks": 5 * ones, "status": ok})
    on_first = {"runs": ["tanh"], "estimators": ["first"]}
    ends = {
        "layers": "hidden",
        "other_estimator": "second",
        "same_width_estimator": "third",
        "least_difference_bits": 0.5,
        "least_share_outside": 0.1,
    }
    extension = {"layers": "hidden", "rounding_bits": 1e-9, "least_excess_bits": 0.5}
    claims = {
        "C12": entry("drop_from_end_bins", ends, 0.5, "at_least", on_first),
        "C31": entry("published_extension_error", extension, 0.5, "at_least", on_first),
    }
    one = stage(tmp_path, claims=claims)
    one.input.ranges = [tmp_path / "ranges.parquet"]
    one.input.multi_network = [tmp_path / "groups.parquet"]
    judge_claims.main(one)
    verdicts = judged(tmp_path)
    # All three estimators of the made-up study see the same drop.
    assert verdicts["C12", "tanh", "first"] == "refuted"
    assert verdicts["C31", "tanh", "first"] == "supported"
