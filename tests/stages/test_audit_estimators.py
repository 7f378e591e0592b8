import pandas as pd
import pytest

import audit_estimators
import merge_table
from figures import audit as drawing
from tests.support import stand_in

# One process runs the audit for all tests on it.
pytestmark = pytest.mark.xdist_group("audit")

SIZES = [64, 128]
PARAMS = {
    "dimensions": [1, 2],
    "repetitions": 2,
    "seed": 1,
    "pair_sizes": [64],
    "most_samples": {"decoder_mlp": 64, "infonce": 64, "propagated_lower": 64},
}


def audit(path, samples):
    wildcards = {"samples": str(samples)}
    audit_estimators.main(stand_in(output={"table": path}, params=PARAMS, wildcards=wildcards))
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    sizes = [audit(folder / f"{samples}.tsv", samples) for samples in SIZES]
    path = folder / "audit.tsv"
    merge_table.main(stand_in(input={"parts": sizes}, output={"table": path}))
    return pd.read_csv(path, sep="\t")


def test_every_size_and_quantity_has_rows(table):
    assert set(drawing.COLUMNS) <= set(table)
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
    of_layers = ~table["estimator"].str.startswith("multi_network")
    of_layers &= ~table["family"].str.startswith("pairs")
    scaled = table[of_layers & table["dimension"].isin(PARAMS["dimensions"])]
    cells = scaled[["estimator", "samples", "dimension"]].drop_duplicates()
    limited = {"decoder_mlp", "infonce", "propagated_upper", "propagated_lower"}
    for estimator, tried in cells.groupby("estimator"):
        sizes = [64] if estimator in limited else SIZES
        assert len(tried) == len(sizes) * len(PARAMS["dimensions"]), estimator
        assert set(tried["samples"]) == set(sizes), estimator


def test_pairs_are_audited_at_their_sizes_by_those_that_take_them(table):
    pairs = table[table["family"].str.startswith("pairs")]
    assert set(pairs["samples"]) == {64}
    assert set(pairs["quantity"]) == {"input"}
    assert {"binned_30", "ksg1_3", "ksg2_3_euclidean", "edge"} <= set(pairs["estimator"])
    assert pairs["dimension"].agg(["min", "max"]).tolist() == [1, 50]


def test_only_the_times_differ_from_run_to_run(table, tmp_path):
    again = pd.read_csv(audit(tmp_path / "again.tsv", 64), sep="\t")
    first = table[table["samples"] == 64].drop(columns="seconds").reset_index(drop=True)
    pd.testing.assert_frame_equal(again.drop(columns="seconds"), first)
