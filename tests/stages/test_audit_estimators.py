import pandas as pd
import pytest

import audit_estimators
import plot_audit
from tests.support import stand_in

PARAMS = {
    "sizes": [64, 128],
    "dimensions": [1, 2],
    "repetitions": 2,
    "seed": 1,
    "most_samples": {"decoder_mlp": 64, "infonce": 64, "propagated_lower": 64},
}


def audit(path, **changes):
    audit_estimators.main(stand_in(output={"table": path}, params=PARAMS | changes))
    return pd.read_csv(path, sep="\t")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return audit(tmp_path_factory.mktemp("audit") / "audit.tsv")


def test_every_size_and_quantity_has_rows(table):
    assert set(plot_audit.COLUMNS) <= set(table)
    assert set(table["samples"]) == {64, 128}
    assert set(table["quantity"]) == {"input", "label"}
    assert {"binned_30", "kde_upper", "knn_3", "edge"} <= set(table["estimator"])
    keys = ["task", "samples", "estimator", "quantity"]
    assert not table.duplicated(keys).any()
    given = table[table["refused"].isna()]
    error = given["mean_bits"] - given["truth_bits"]
    # Written with six digits; the values are below 64 bits.
    assert (given["bias_bits"] - error).abs().max() < 1e-3


def test_every_estimator_is_tried_at_every_size_and_width_that_it_is_allowed(table):
    scaled = table[table["dimension"].isin(PARAMS["dimensions"])]
    cells = scaled[["estimator", "samples", "dimension"]].drop_duplicates()
    limited = {"decoder_mlp", "infonce", "propagated_upper", "propagated_lower"}
    for estimator, tried in cells.groupby("estimator"):
        sizes = [64] if estimator in limited else PARAMS["sizes"]
        assert len(tried) == len(sizes) * len(PARAMS["dimensions"]), estimator
        assert set(tried["samples"]) == set(sizes), estimator


def test_only_the_times_differ_from_run_to_run(table, tmp_path):
    again = audit(tmp_path / "again.tsv", sizes=[64])
    first = table[table["samples"] == 64].drop(columns="seconds").reset_index(drop=True)
    pd.testing.assert_frame_equal(again.drop(columns="seconds"), first)
