import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

import judge_claims
from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import COLUMNS
from infoplane.claims.registry import STATISTICS
from infoplane.claims.resolution import Resolution
from infoplane.claims.trajectories import TableError
from pipeline.dependencies import code_of
from tests.stages.synthetic_study import (
    EPOCHS,
    ESTIMATORS,
    PATHS,
    UNITS,
    axes,
    paths_of,
    save,
    save_study,
)
from tests.support import stand_in

EVENTS = {
    "window_decades": 0.5,
    "least_decades": 0.3,
    "lasting_share": 0.9,
    "surrogates": 20,
    "seed": 0,
    "chance": 0.05,
    "most_false": 0.1,
}
RESAMPLING = {"resamples": 200, "seed": 0, "confidence": 0.95}


def entry(statistic, parameters, threshold, direction, judged_on, overall=False):
    return {
        "side": "somebody",
        "source": "some paper",
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
            {"layers": "all", "events": EVENTS},
            0.5,
            "at_least",
            {"runs": ["tanh"], "definitions": ["saxe_sample"]},
        ),
        "C08": entry(
            "drop_given_snr_fall",
            {"quantity": "drop_bits", "layers": "hidden", "least_fall": 10.0},
            0.5,
            "at_least",
            both | {"definitions": ["saxe_sample"]},
        ),
        "C09": entry(
            "drop_ratio",
            {"layers": "last_hidden", "least_reference_lost_share": 0.05},
            0.7,
            "below",
            {"pairs": [pair], "estimators": estimators},
        ),
    }


def judged(folder, name, claim=None, **further):
    """Judge a claim on the tables of the made-up study; return its rows with their details.

    A table of ``further`` stands for that of the study; an empty one is absent.
    """
    tables = {table: paths_of(folder, table) for table in ("information", "gradients")}
    tables |= {"audit": [str(folder / "audit.tsv")]} | further
    judge_claims.main(
        stand_in(
            input={"data": [str(folder / "task.npz")] * len(PATHS)}
            | {table: paths for table, paths in tables.items() if paths},
            output={"table": folder / f"{name}.tsv", "details": folder / f"{name}.json"},
            params={
                "entry": claim or claims()[name],
                "statistics": RESAMPLING,
                "audited_as": {"right": ["first"], "wrong": ["second"]},
                "runs": list(PATHS),
                "units": dict.fromkeys(PATHS, UNITS),
                "activations": {"tanh": "tanh"},
                "protocols": dict.fromkeys(PATHS, "made_up"),
                "training": {run: {"training_fraction": 0.8, "batch_size": 2} for run in PATHS},
                "resolution": asdict(Resolution(blind_networks=1.0)),
            },
            wildcards={"claim": name},
        )
    )
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def read(folder, name):
    table = pd.read_csv(folder / f"{name}.tsv", sep="\t", keep_default_na=False)
    return table.set_index(["condition", "estimator"])


def test_verdicts(tmp_path):
    save_study(tmp_path)
    verdicts = {
        (row["claim"], row["condition"], row["estimator"]): row["verdict"]
        for name in claims()
        for row in judged(tmp_path, name)
    }
    assert {claim for claim, *_ in verdicts} == set(claims())
    for estimator in (*ESTIMATORS, "all"):
        assert verdicts["C01", "tanh", estimator] == "supported"
        assert verdicts["C01", "relu", estimator] == "refuted"
    for estimator in ESTIMATORS:
        assert verdicts["C08", "tanh", estimator] == "supported"
        assert verdicts["C08", "relu", estimator] == "refuted"
        assert verdicts["C09", "tanh_full_batch vs tanh", estimator] == "refuted"
    assert verdicts["C06", "tanh", "saxe_sample"] == "supported"
    inits = read(tmp_path, "C01")["inits"]
    assert inits["relu", "first"] == 7
    assert inits["tanh", "first"] == 8


def test_the_table_is_of_this_claim_alone_and_says_what_decides(tmp_path):
    save_study(tmp_path)
    judged(tmp_path, "C09")
    table = pd.read_csv(tmp_path / "C09.tsv", sep="\t")
    assert list(table) == list(COLUMNS)
    assert set(table["claim"]) == {"C09"}
    assert set(table["side"]) == {"somebody"}
    assert set(table["direction"]) == {"below"}
    assert set(table["threshold"]) == {0.7}


def test_tables_that_a_claim_does_not_need_may_be_absent(tmp_path):
    save_study(tmp_path)
    whole = judged(tmp_path, "C01")
    assert judged(tmp_path, "C01", gradients=()) == whole
    assert judged(tmp_path, "C06", information=(), audit=())[0]["verdict"] == "supported"


def test_warnings_stand_after_the_verdict(tmp_path):
    save_study(tmp_path)
    first_layer = {"quantity": "drop_bits", "layers": [1]}
    on = {"runs": ["tanh"], "estimators": ["first", "second", "third"]}
    judged(tmp_path, "C04", entry("trajectory", first_layer, 0.2, "below", on))
    judged(tmp_path, "C01")
    table = read(tmp_path, "C01")
    # Layer 1 has 12 bits of at most 12; the second estimator was 2 bits wrong on 3 units.
    at_ceiling = read(tmp_path, "C04")["warning"]
    assert at_ceiling["tanh", "first"] == "at its ceiling in 8 of 8 networks"
    assert table["warning"]["tanh", "first"] == ""
    assert table["warning"]["tanh", "second"] == "outside its audited range"
    assert table["warning"]["tanh", "third"] == ""
    assert table["warning"]["tanh", "all"] == "1 of 3 verdicts have a warning"
    judged(tmp_path, "C01", audit=())
    assert read(tmp_path, "C01")["warning"]["tanh", "second"] == ""


def test_details_hold_what_every_network_contributes(tmp_path):
    save_study(tmp_path)
    rows = judged(tmp_path, "C01")
    table = pd.read_csv(tmp_path / "C01.tsv", sep="\t")
    assert [row["verdict"] for row in rows] == table["verdict"].tolist()
    of_relu = {row["estimator"]: row for row in rows if row["condition"] == "relu"}
    details = of_relu["first"]["details"]
    assert details["initialisations"] == [0, 1, 2, 4, 5, 6, 7]
    assert details["diverged"] == [3]
    assert len(details["values"]) == 7
    assert of_relu["all"]["estimate"] is None


def test_same_tables_give_the_same_bytes(tmp_path):
    save_study(tmp_path)
    outputs = tmp_path / "C08.tsv", tmp_path / "C08.json"
    judged(tmp_path, "C08")
    first = [path.read_bytes() for path in outputs]
    judged(tmp_path, "C08")
    assert [path.read_bytes() for path in outputs] == first


def test_runs_that_the_tables_lack_are_refused(tmp_path):
    save_study(tmp_path)
    with pytest.raises(ClaimError, match=r"claim C01: .* estimator 'first' of run 'softsign'"):
        judged(tmp_path, "C01", claims("softsign")["C01"])
    assert not (tmp_path / "C01.tsv").exists()


def test_label_information_is_a_share_of_that_of_the_runs_task(tmp_path):
    save_study(tmp_path)
    quantity = {"quantity": "final_label_bits", "layers": "output"}
    parameters = quantity | {"relative_to": "label_entropy"}
    on_first = {"runs": ["tanh"], "estimators": ["first"]}
    (row,) = judged(tmp_path, "C03", entry("trajectory", parameters, 0.9, "at_least", on_first))
    # The labels of the task are fair coins: 1 bit.
    assert row["estimate"] == 0.95
    assert row["statistic"].endswith("share of H(Y), 1 bits")


def test_class_distances_are_evidence(tmp_path):
    save_study(tmp_path)
    rows = axes("tanh")
    bits = PATHS["tanh"][np.searchsorted(EPOCHS, rows["epoch"])]
    distances = {"within_distance": bits, "between_distance": np.full(bits.size, 2.0)}
    path = save(tmp_path, "clustering", "tanh", "clustering", rows | distances)
    parameters = {"layers": "last_hidden", "least_correlation": 0.8}
    on_first = {"runs": ["tanh"], "estimators": ["first"]}
    claim = entry("drop_with_clustering", parameters, 1.0, "at_least", on_first)
    (row,) = judged(tmp_path, "C29", claim, clustering=[path])
    assert row["verdict"] == "supported"
    with pytest.raises(ClaimError, match="there is no table of clustering of run 'tanh'"):
        judged(tmp_path, "C29", claim)


def test_what_is_outside_a_range_is_evidence(tmp_path):
    save_study(tmp_path)
    rows = axes("tanh")
    shares = {"share_below": np.zeros(rows["init"].size)}
    shares["share_above"] = shares["share_below"] + 0.3
    path = save(tmp_path, "outside_range", "tanh", "outside_range", rows | shares)
    parameters = {
        "layers": "hidden",
        "other_estimator": "second",
        "same_width_estimator": "third",
        "least_difference_bits": 0.5,
        "least_share_outside": 0.1,
    }
    on_first = {"runs": ["tanh"], "estimators": ["first"]}
    claim = entry("drop_from_end_bins", parameters, 0.5, "at_least", on_first)
    (row,) = judged(tmp_path, "C12", claim, outside_range=[path])
    # All three estimators of the made-up study see the same drop.
    assert row["verdict"] == "refuted"
    assert row["details"]["conditions"][1]["estimate"] == 0.3


def test_groups_of_networks_are_evidence(tmp_path):
    save_study(tmp_path)
    rows = axes("tanh")
    rows |= {"estimator": ["first"] * rows["init"].size, "networks": np.full(rows["init"].size, 5)}
    bits = {"mi_input_bits": 5.0, "conditional_entropy_bits": 2.0, "single_mi_input_bits": 6.0}
    bits |= {"published_mi_input_bits": 7.0}
    rows |= {name: np.full(rows["init"].size, value) for name, value in bits.items()}
    path = save(tmp_path, "several_networks", "tanh", "groups", rows)
    parameters = {"layers": "hidden", "rounding_bits": 1e-9, "least_excess_bits": 0.5}
    on_first = {"runs": ["tanh"], "estimators": ["first"]}
    claim = entry("published_extension_error", parameters, 0.5, "at_least", on_first)
    (row,) = judged(tmp_path, "C31", claim, information=(), several_networks=[path])
    assert row["verdict"] == "supported"
    assert "8 groups of 5 networks" in row["statistic"]


def test_a_plane_that_two_tables_have_is_refused(tmp_path):
    save_study(tmp_path)
    paths = paths_of(tmp_path, "information")
    with pytest.raises(TableError, match=r"bins\.parquet: tanh, \w+ is in another table too"):
        judged(tmp_path, "C01", information=[paths[0], *paths])


def test_the_code_of_a_claim_holds_its_own_statistic_alone():
    def statistics(*modules):
        folder = "src/infoplane/claims/statistics/"
        files = code_of("judge_claims.py", *modules)
        own = {file.removeprefix(folder) for file in files if file.startswith(folder)}
        return own - {"__init__.py"}

    assert statistics() == set()
    assert statistics(STATISTICS["trajectory"].module) == {"compression.py"}
    # Its drop is that of another statistic.
    own = statistics(STATISTICS["drop_with_clustering"].module)
    assert own == {"clustering.py", "compression.py"}
