import pandas as pd

import audit_drops
from figures import audit_drops as drawing
from tests.support import stand_in

PARAMS = {
    "estimators": {
        "binned_30": {"method": "binned", "bins": 30, "range": [-1.0, 1.0]},
        "binned_30_global": {"method": "binned", "bins": 30, "range": "global"},
    },
    "samples": 64,
    "dimensions": [2],
    "repetitions": 2,
    "thresholds": [0.2, 1.0],
    "seed": 1,
}


def audit(path):
    audit_drops.main(stand_in(output={"table": path}, params=PARAMS))
    return path


def test_every_estimator_and_threshold_has_rows(tmp_path):
    table = pd.read_csv(audit(tmp_path / "binned.tsv"), sep="\t")
    assert set(drawing.COLUMNS) <= set(table)
    assert set(table["estimator"]) == set(PARAMS["estimators"])
    assert set(table["threshold_bits"]) == {0.2, 1.0}
    assert not table.duplicated(["task", "estimator", "threshold_bits"]).any()
    assert (table["is_there"] == (table["true_drop_bits"] >= table["threshold_bits"])).all()
    given = table[table["refused"].isna()]
    assert given["found"].between(0, 1).all()
    # A fixed range is refused where units have no bounds.
    refused = table[table["refused"].notna()]
    assert set(refused["units"]) == {"unbounded"}
    assert set(refused["estimator"]) == {"binned_30"}


def test_runs_are_the_same_to_the_byte(tmp_path):
    first, again = audit(tmp_path / "first.tsv"), audit(tmp_path / "again.tsv")
    assert first.read_bytes() == again.read_bytes()
