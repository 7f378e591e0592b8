"""Claims on the choice of the estimator: shares of networks, conditions under another one."""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.entries import check_available
from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import judge
from tests.unit.claim_tables import (
    CLAIMS,
    FLAT,
    RISE,
    RISE_AND_FALL,
    claim,
    evidence,
    information,
    on,
    planes,
)


def mixed(falling, rising):
    """Return networks of which some fall by 4 bits in the hidden layer and some never."""
    return np.concatenate(
        [planes(falling, RISE_AND_FALL, FLAT, seed=1), planes(rising, RISE, FLAT, seed=2)]
    )


@pytest.mark.parametrize(
    ("falling", "verdict"), [(0, "supported"), (12, "refuted"), (2, "inconclusive")]
)
def test_share_of_networks_that_compress(falling, verdict):
    table = information("r", "e", mixed(falling, 20 - falling))
    (row,) = judge(claim("C11", judged_on=on(["r"])), evidence(table))
    # Each network that falls loses 4 bits, the others none.
    assert row["estimate"] == pytest.approx(4 * falling / 20, abs=0.05)
    (condition,) = row["details"]["conditions"]
    assert condition["estimate"] == pytest.approx(falling / 20)
    assert row["verdict"] == verdict


def test_few_strong_drops_fail_the_mean_though_most_networks_keep_all():
    table = information("r", "e", mixed(8, 16))
    (row,) = judge(claim("C11", judged_on=on(["r"])), evidence(table))
    # Of 24 networks 8 lose 4 bits: 1.33 bits in the mean, 3 standard errors above 0.5.
    (condition,) = row["details"]["conditions"]
    assert condition["estimate"] == pytest.approx(1 / 3)
    assert row["ci_low"] > 0.5
    assert row["verdict"] == "refuted"


def test_verdicts_survive_every_choice_or_none():
    names = ["few", "many", "kernel"]
    table = pd.concat([information("r", name, planes(12, RISE_AND_FALL, FLAT)) for name in names])
    rows = judge(claim("C14", judged_on=on(["r"], names)), evidence(table))
    assert [row["verdict"] for row in rows] == ["supported"] * 4
    other = information("r", "kernel", planes(12, RISE, FLAT))
    table = pd.concat([table[table["estimator"] != "kernel"], other])
    rows = judge(claim("C14", judged_on=on(["r"], names)), evidence(table))
    assert [row["verdict"] for row in rows] == ["supported", "supported", "refuted", "inconclusive"]


def ends(share_above, end=RISE_AND_FALL, same_width=RISE, inits=12):
    """Return a run that falls by 4 bits in end bins and by none in others, and what is outside."""
    tables = [
        information("r", "ends", planes(inits, end, FLAT, FLAT, seed=1)),
        information("r", "global", planes(inits, RISE, RISE, FLAT, seed=2)),
        information("r", "width", planes(inits, same_width, FLAT, FLAT, seed=3)),
    ]
    keys = ["run", "init", "epoch", "layer", "status"]
    growing = np.searchsorted([1, 10, 100, 1000, 10000], tables[0]["epoch"], side="right") / 5
    outside = tables[0][keys].assign(share_below=0.125, share_above=share_above * growing)
    return pd.concat(tables), outside


def judged_ends(planes, outside):
    others = {"other_estimator": "global", "same_width_estimator": "width"}
    parameters = CLAIMS["C12"]["parameters"] | others
    asked = claim("C12", judged_on=on(["r"], ["ends"]), parameters=parameters)
    (row,) = judge(asked, evidence(planes, outside_range=outside))
    return row


def test_end_bins_are_held_against_bins_over_all_values():
    row = judged_ends(*ends(0.25))
    # Each network falls by 4 bits under the end bins and by none, up to noise, under the others.
    assert row["estimate"] == pytest.approx(4, abs=0.1)
    width, outside = row["details"]["conditions"]
    assert width["estimate"] == pytest.approx(4, abs=0.1)
    assert outside["estimate"] == pytest.approx(0.125 + 0.25)
    assert row["verdict"] == "supported"
    assert row["inits"] == 12


@pytest.mark.parametrize(
    "changes",
    [
        # Nothing is outside in the end.
        {"share_above": -0.125},
        # The drop is there without ends as well: it is that of the resolution.
        {"share_above": 0.25, "same_width": RISE_AND_FALL},
        # No drop in the end bins.
        {"share_above": 0.25, "end": RISE},
    ],
)
def test_a_plane_is_not_false_without_each_condition(changes):
    assert judged_ends(*ends(**changes))["verdict"] == "refuted"


@pytest.mark.parametrize("known_beside", [True, False])
def test_diverged_networks_are_left_out_of_the_range_too(known_beside):
    found, outside = ends(0.25)
    found.loc[found["init"] == 3, "status"] = "diverged"
    if known_beside:
        outside.loc[outside["init"] == 3, "status"] = "diverged"
    row = judged_ends(found, outside)
    assert row["details"]["initialisations"] == [init for init in range(12) if init != 3]
    assert row["details"]["diverged"] == [3]
    assert row["details"]["conditions"][1]["estimate"] == pytest.approx(0.375)


def test_nothing_is_concluded_where_all_have_diverged():
    found, outside = ends(0.25)
    assert judged_ends(found.assign(status="diverged"), outside)["verdict"] == "inconclusive"


def test_what_is_outside_in_other_runs_networks_or_epochs_is_refused():
    found, outside = ends(0.25)
    with pytest.raises(ClaimError, match="no table of outside_range of run 'r', estimator 'ends'"):
        judged_ends(found, outside.assign(run="others"))
    for axis, rows in (
        ("epochs", outside[outside["epoch"] > 0]),
        ("inits", outside[outside["init"] > 0]),
        ("layers", outside[outside["layer"] > 1]),
    ):
        message = rf"claim C12: outside_range of run 'r' lacks the {axis} \[.*\] of the information"
        with pytest.raises(ClaimError, match=message):
            judged_ends(found, rows)


def test_further_tables_are_asked_for_before_any_job():
    asked = claim("C12", judged_on=on(["r"], ["ends"]))
    planes = {"information": ["ends", "binned_30_global", "binned_width_0.07"]}
    check_available(asked, {"r": planes | {"outside_range": []}})
    for tables in ({}, {"clustering": []}):
        with pytest.raises(ClaimError, match="claim C12: run 'r' has no table of outside_range;"):
            check_available(asked, {"r": planes | tables})


def beyond_control(of_control):
    """Judge C64 on networks of which the estimate falls by 4 bits, and its control as told."""
    tables = [
        information("r", "e", planes(12, RISE_AND_FALL, FLAT, seed=1)),
        information("r", "control", planes(12, of_control, FLAT, seed=2)),
    ]
    asked = claim(
        "C64",
        judged_on=on(["r"]),
        parameters={"layers": "hidden", "control_estimator": "control"},
    )
    (row,) = judge(asked, evidence(pd.concat(tables)))
    return row


def test_what_the_control_loses_too_is_no_drop():
    row = beyond_control(RISE)
    assert row["estimate"] == pytest.approx(4.0, abs=0.05)
    assert row["verdict"] == "supported"
    row = beyond_control(RISE_AND_FALL)
    assert row["estimate"] == pytest.approx(0.0, abs=0.05)
    assert row["verdict"] == "refuted"
