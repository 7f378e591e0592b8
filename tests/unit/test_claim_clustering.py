"""Claims on noisy networks and on pairs of runs: clustering, differences of drops."""

import numpy as np
import pytest

from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import judge
from infoplane.claims.statistics.clustering import rank_correlation
from tests.unit.claim_tables import (
    EPOCHS,
    FLAT,
    RISE,
    RISE_AND_FALL,
    claim,
    evidence,
    information,
    on,
    planes,
)


def clustering(inputs, follows):
    """Return class distances whose ratio follows I(X;T), or its opposite."""
    table = information("r", "e", inputs)
    bits = table["mi_input_bits"]
    within = np.exp(bits if follows else -bits)
    return table[["run", "init", "epoch", "layer", "status"]].assign(
        within_distance=2.0 * within, between_distance=2.0
    )


def judged(inputs, distances):
    found = evidence(information("r", "e", inputs), clustering=distances)
    (row,) = judge(claim("C29", judged_on=on(["r"])), found)
    return row


@pytest.mark.parametrize(("follows", "verdict"), [(True, "supported"), (False, "refuted")])
def test_compression_must_be_clustering(follows, verdict):
    inputs = planes(12, RISE_AND_FALL, FLAT)
    row = judged(inputs, clustering(inputs, follows))
    assert row["estimate"] == pytest.approx(4, abs=0.1)
    (condition,) = row["details"]["conditions"]
    # Ranks agree, or are opposite, in every network.
    assert condition["estimate"] == pytest.approx(1 if follows else -1)
    assert row["verdict"] == verdict


def test_distances_of_other_snapshots_or_runs_are_refused():
    inputs = planes(4, RISE_AND_FALL, FLAT)
    distances = clustering(inputs, True)
    with pytest.raises(ClaimError, match=r"clustering of run 'r' lacks the epochs \[10\.0\]"):
        judged(inputs, distances[distances["epoch"] != EPOCHS[2]])
    with pytest.raises(ClaimError, match="claim C29: there is no table of clustering of run 'r'"):
        judged(inputs, distances.assign(run="other"))


def test_rank_correlation_by_hand():
    nan = np.nan
    assert rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([0.0, 5.0, 6.0])) == 1
    # Ranks 1 2 3 and 1 3 2: 1 - 6 * 2 / (3 * 8).
    first = rank_correlation(np.array([1.0, 2.0, 9.0, 4.0]), np.array([0.0, 6.0, 5.0, nan]))
    assert first == pytest.approx(0.5)
    assert rank_correlation(np.ones(3), np.arange(3.0)) == 0
    assert rank_correlation(np.array([nan]), np.array([1.0])) == 0


def pair(**judged_on):
    return [{"pairs": [{"run": "r", "reference": "s"}], "estimators": ["e"], **judged_on}]


@pytest.mark.parametrize(
    ("own", "other", "difference", "verdict"),
    [
        (RISE_AND_FALL, RISE, 2.0, "supported"),
        (RISE_AND_FALL, RISE_AND_FALL, 0.0, "refuted"),
    ],
)
def test_difference_of_drops(own, other, difference, verdict):
    tables = [
        information("r", "e", planes(12, RISE, own, FLAT)),
        information("s", "e", planes(12, RISE, other, FLAT)),
    ]
    found = evidence(*tables)
    (row,) = judge(claim("C30", "mean", judged_on=pair(), overall=False), found)
    assert row["condition"] == "r vs s"
    assert row["estimate"] == pytest.approx(difference, abs=0.1)
    assert row["verdict"] == verdict


@pytest.mark.parametrize(
    ("across", "difference", "verdict"), [("mean", 2.0, "supported"), ("largest", 0.0, "refuted")]
)
def test_a_layer_that_drops_anyway_hides_the_others_unless_all_count(across, difference, verdict):
    tables = [
        information("r", "e", planes(12, RISE_AND_FALL, RISE_AND_FALL, FLAT)),
        information("s", "e", planes(12, RISE, RISE_AND_FALL, FLAT)),
    ]
    found = evidence(*tables)
    parameters = {"layers": "hidden", "across": across}
    asked = claim("C30", judged_on=pair(), overall=False, parameters=parameters)
    (row,) = judge(asked, found)
    assert row["estimate"] == pytest.approx(difference, abs=0.1)
    assert row["verdict"] == verdict


def test_difference_is_over_the_networks_that_both_have():
    tables = [
        information("r", "e", planes(5, RISE_AND_FALL, FLAT), diverged=(0,)),
        information("s", "e", planes(4, RISE, FLAT)),
    ]
    found = evidence(*tables)
    (row,) = judge(claim("C30", "mean", judged_on=pair(), overall=False), found)
    assert row["details"]["initialisations"] == [1, 2, 3]
    assert row["details"]["diverged"] == [0]
