"""Claims on the choice of the estimator: shares of networks, conditions under another one."""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims import ClaimError, check_available, judge, read_claim
from tests.unit.claim_tables import (
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


def both(fine_end):
    """Return a run without drop under bins, whose patterns end `fine_end` bits apart."""
    fine = [12.0] * 5 + [fine_end]
    return pd.concat(
        [
            information("r", "net", planes(12, RISE, RISE)),
            information("r", "fine", planes(12, fine, fine, spread=0)),
        ]
    )


def compared(**changes):
    entry = claim("C13", judged_on=on(["r"], ["net"]))
    entry["C13"]["parameters"] |= {"other_estimator": "fine"} | changes
    return entry


@pytest.mark.parametrize(("end", "verdict"), [(12.0, "supported"), (11.0, "refuted")])
def test_condition_under_another_estimator_decides_too(end, verdict):
    (row,) = judge(compared(), evidence(both(end)))
    assert row["estimate"] == 0
    assert row["details"]["conditions"][0]["estimate"] == pytest.approx(end)
    assert "under fine" in row["statistic"]
    assert row["verdict"] == verdict


def test_other_estimators_are_asked_for_before_any_job():
    case_claim = read_claim("C13", compared()["C13"])
    assert case_claim.estimators(case_claim.cases[0]) == ["net", "fine"]
    check_available(compared(), {"r": ["net", "fine"]}, {})
    with pytest.raises(ClaimError, match="run 'r' has no estimator 'fine'; it has net"):
        check_available(compared(), {"r": ["net"]}, {})


def test_verdicts_survive_every_choice_or_none():
    names = ["few", "many", "kernel"]
    table = pd.concat([information("r", name, planes(12, RISE_AND_FALL, FLAT)) for name in names])
    rows = judge(claim("C14", judged_on=on(["r"], names)), evidence(table))
    assert [row["verdict"] for row in rows] == ["supported"] * 4
    other = information("r", "kernel", planes(12, RISE, FLAT))
    table = pd.concat([table[table["estimator"] != "kernel"], other])
    rows = judge(claim("C14", judged_on=on(["r"], names)), evidence(table))
    assert [row["verdict"] for row in rows] == ["supported", "supported", "refuted", "inconclusive"]
