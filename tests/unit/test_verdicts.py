"""What stands behind a verdict: readings, thresholds it hangs on, p-values, what could be seen."""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.caution import Background
from infoplane.claims.entries import read_claim
from infoplane.claims.evidence import ClaimError
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.judging import judge
from infoplane.claims.resolution import Resolution
from infoplane.claims.sensitivity import (
    finding_verdict,
    holding_thresholds,
    p_value,
    told_from_null,
)
from infoplane.statistics import DIRECTIONS, Interval, verdict
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

MET = Condition("a", Interval(2.0, 1.5, 2.5, lambda threshold: 0.01), 1.0, "at_least")
UNMET = Condition("a", Interval(0.1, 0.0, 0.2, lambda threshold: 0.001), 1.0, "at_least")
OPEN = Condition("a", Interval(1.0, 0.5, 1.5, lambda threshold: 0.5), 1.0, "at_least")


def finding(low=1.0, high=3.0, **parts):
    interval = Interval((low + high) / 2, low, high, lambda threshold: 0.02)
    return Finding("x", interval, np.arange(3), np.ones(3), **parts)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("conditions", [(), (MET,), (UNMET,), (OPEN,), (OPEN, UNMET)])
@pytest.mark.parametrize("premises", [(), (MET,), (UNMET,)])
@pytest.mark.parametrize("threshold", [-2.0, 0.5, 2.0, 3.5, 9.0])
def test_thresholds_over_which_a_verdict_holds(direction, conditions, premises, threshold):
    """By trying a grid of thresholds: the same verdict inside the range, another just outside."""
    found = finding(conditions=conditions, premises=premises)

    def at(value):
        return finding_verdict(found, verdict(1.0, 3.0, value, direction))

    low, high = holding_thresholds(found, threshold, direction)
    assert low <= threshold <= high
    for value in np.arange(-5.05, 12, 0.1):
        assert (at(value) == at(threshold)) == (low < value < high), value


@pytest.mark.parametrize(
    ("parts", "threshold", "expected"),
    [
        ({}, 0.5, 0.02),  # supported
        ({"conditions": (MET,)}, 0.5, 0.02),  # both must hold: the larger
        ({"conditions": (UNMET,)}, 0.5, 0.002),  # one of two refutes: twice the smaller
        ({"conditions": (MET,)}, 9.0, 0.04),
        ({"conditions": (OPEN,)}, 0.5, 0.5),
        ({"premises": (UNMET,)}, 0.5, np.nan),
    ],
)
def test_p_value_of_a_verdict(parts, threshold, expected):
    found = p_value(finding(**parts), threshold, "at_least")
    np.testing.assert_allclose(found, expected)


def test_a_part_without_a_p_value_leaves_none_to_support():
    unknown = Condition("a", Interval(2.0, 1.5, 2.5), 1.0, "at_least")
    for conditions in ((unknown, MET), (MET, unknown)):
        assert np.isnan(p_value(finding(conditions=conditions), 0.5, "at_least"))


def test_failed_premises_and_conditions_are_told():
    table = information("full", "e", planes(6, FLAT, RISE, FLAT))
    tables = evidence(table, table.assign(run="mini"))
    judged_on = [{"pairs": [{"run": "full", "reference": "mini"}], "estimators": ["e"]}]
    (row,) = judge(claim("C09", judged_on=judged_on, overall=False), tables)
    assert row["verdict"] == "inconclusive"
    assert row["failed"].startswith("premise refuted: share of the peak that mini loses, mean, 0")
    assert np.isnan(row["p_value"])


def test_readings_are_rows_of_their_own():
    names = ["a", "b", "c"]
    table = pd.concat(
        [information("r", name, planes(8, FLAT, RISE_AND_FALL, RISE)) for name in names]
    )
    asked = read_claim("C01", CLAIMS["C01"] | {"judged_on": on(["r"], names)})
    rows = judge(asked, evidence(table))
    told = [(row["estimator"], row["reading"]) for row in rows]
    readings = list(CLAIMS["C01"]["readings"])
    assert told == [(n, r) for n in names for r in readings] + [("all", r) for r in readings]
    by_reading = {row["reading"]: row for row in rows}
    # 4 of 9 bits are lost; at the end 1 bit more is there than at the start.
    assert by_reading["bits"]["threshold"] == 1.0
    estimates = {row["reading"]: row["estimate"] for row in rows if row["estimator"] == "a"}
    assert estimates["bits"] == pytest.approx(4.0, abs=0.1)
    assert estimates["share"] == pytest.approx(4 / 9, abs=0.02)
    assert estimates["from_start"] == pytest.approx(-1.0, abs=0.1)
    assert by_reading["bits"]["verdict"] == "supported"
    assert by_reading["from_start"]["verdict"] == "refuted"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": 1.0}, "give either a threshold or readings"),
        ({"readings": {}}, "readings names nothing"),
        ({"readings": {"bits": {"quantity": "drop_bits"}}}, "reading 'bits' must be .* threshold"),
        ({"readings": {"bits": 1.0}}, "reading 'bits' must be a mapping"),
        ({"readings": {"bits": {"threshold": "1"}}}, "threshold '1' has the wrong type"),
        ({"readings": {"bits": {"threshold": 1.0, "bits": 3}}}, r"unknown \['bits'\]"),
        (
            {"judged_on": on(["r"], readings=["nats"])},
            r"readings \['nats'\] are not of the claim, which has: bits, share, from_start",
        ),
    ],
)
def test_readings_without_meaning_are_refused(change, message):
    with pytest.raises(ClaimError, match=f"claim C01: .*{message}"):
        read_claim("C01", CLAIMS["C01"] | change)


def seen(inputs, ceiling=12.0, finest=None, name="C10", reading=None, networks=8):
    """Judge a claim on a run whose estimates have a ceiling, and whose distinct rows are known."""
    tables = [
        information("r", "e", planes(networks, *inputs, spread=0.01)).assign(ceiling_bits=ceiling)
    ]
    if finest is not None:
        fine = information(
            "r", "machine_precision", planes(networks, *([[finest] * 6] * 3), spread=0)
        )
        tables.append(fine.assign(ceiling_bits=12.0))
    asked = claim(name, reading, judged_on=on(["r"]), overall=False)
    tables = evidence(pd.concat(tables).assign(samples=4096), known={"r": {"label_bits": 1.0}})
    (row,) = judge(asked, tables, Background(Resolution()))
    return row


def test_a_layer_that_stays_at_the_ceiling_supports_no_absence_of_a_drop():
    assert seen((RISE, RISE, RISE))["verdict"] == "supported"
    row = seen((FLAT, RISE, RISE))
    assert row["verdict"] == "inconclusive"
    assert row["failed"] == "T1 is at its ceiling in 8 of 8 networks"
    assert np.isnan(row["p_value"])


def test_a_drop_from_the_ceiling_is_one_all_the_same():
    falling = [12.0, 12.0, 12.0, 10.0, 9.0, 8.0]
    assert seen((falling, RISE, RISE))["verdict"] == "refuted"
    assert seen((FLAT, falling, RISE))["verdict"] == "refuted"


def test_a_layer_below_its_floor_supports_no_absence_of_a_drop():
    low = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert seen((low, RISE, RISE))["verdict"] == "supported"
    row = seen((low, RISE, RISE), finest=12.0)
    assert row["verdict"] == "inconclusive"
    assert row["failed"] == "T1 is too coarse to see, below its floor, in 8 of 8 networks"
    # Where the rows themselves hold little the estimate sees all there is.
    assert seen((low, RISE, RISE), finest=3.0)["verdict"] == "supported"


def test_labels_in_cells_of_their_own_support_nothing():
    """At the ceiling every pattern has a cell of its own, and with it its label."""
    labels = planes(8, *([[0.1, 0.5, 0.9, 1.0, 1.0, 1.0]] * 3), spread=0)
    known = {"r": {"label_bits": 1.0}}
    for hidden, expected in ((FLAT, "inconclusive"), (RISE, "supported")):
        table = information("r", "e", planes(8, FLAT, hidden, RISE), labels)
        table = table.assign(ceiling_bits=12.0, samples=4096)
        asked = claim("C03", judged_on=on(["r"]), overall=False)
        (row,) = judge(asked, evidence(table, known=known))
        assert row["verdict"] == expected


def test_null_control_of_a_drop_is_what_noise_gives():
    paths = planes(20, FLAT, RISE_AND_FALL, RISE, spread=0)
    table = information("r", "e", paths)
    noise = np.random.default_rng(0).normal(scale=0.05, size=len(table))
    table["mi_input_bits"] += noise
    (row,) = judge(claim("C01", judged_on=on(["r"]), overall=False), evidence(table))
    estimate = float(row["null"].split(" ")[0])
    assert abs(estimate) < 0.05
    assert row["estimate"] == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize(
    ("drop", "expected"),
    [
        (0.0, "inconclusive"),  # what is found is what noise gives that begins late
        (4.0, "refuted"),
    ],
)
def test_an_effect_that_its_null_control_has_too_is_not_found(drop, expected):
    paths = planes(20, RISE, RISE, RISE, spread=0)
    table = information("r", "e", paths)
    late, last = table["epoch"] > 500, table["epoch"] == table["epoch"].max()
    noise = np.random.default_rng(0).normal(scale=1.0, size=len(table))
    table["mi_input_bits"] += np.where(late, noise, 0.0) - drop * last
    (row,) = judge(claim("C10", judged_on=on(["r"]), overall=False), evidence(table))
    assert row["estimate"] > row["threshold"]
    assert row["verdict"] == expected
    failed = ": what it is beyond its null control, " in row["failed"]
    assert failed == (expected == "inconclusive")
    (premise,) = row["details"]["premises"]
    assert premise["text"] == "what it is beyond its null control,"
    assert (premise["verdict"] == "supported") == (expected == "refuted")


def test_no_effect_needs_no_null_control():
    found = finding(0.1, 0.3, beyond_null=Interval(0.0, -0.1, 0.1))
    assert told_from_null(found, 1.0, "at_least") is found
    assert told_from_null(found, 1.0, "below") is found
    assert told_from_null(found, 0.05, "at_least").premises
    assert told_from_null(found, 0.05, "below").premises


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([0.0, 0.5, 1.0, 1.5, 2.0, 2.5], "inconclusive"),  # had nothing to lose
        ([value / 4 for value in RISE_AND_FALL], "supported"),  # loses a part of what it had
    ],
)
def test_what_is_too_coarse_and_sees_no_drop_has_none_to_compare(path, expected):
    """A run whose drop is small beside that of the reference, or unseen."""
    paths = {"full": path, "mini": [4.0, 8.0, 12.0, 9.0, 6.0, 2.0]}
    tables = [information(run, "e", planes(6, FLAT, one, FLAT)) for run, one in paths.items()]
    judged_on = [{"pairs": [{"run": "full", "reference": "mini"}], "estimators": ["e"]}]
    asked = claim("C09", judged_on=judged_on, overall=False)
    (row,) = judge(asked, evidence(*tables))
    assert row["verdict"] == "supported"
    fine = information("full", "machine_precision", planes(6, FLAT, FLAT, FLAT, spread=0))
    (row,) = judge(asked, evidence(*tables, fine))
    assert row["verdict"] == expected
    blind = "T2 is too coarse to see, below its floor, in 6 of 6 networks (full)"
    assert (blind in row["failed"]) == (expected == "inconclusive")


def test_rows_name_the_protocols_of_their_runs():
    table = information("r", "e", planes(6, FLAT, RISE_AND_FALL, FLAT))
    tables = evidence(table, table.assign(run="s"))
    judged_on = [{"pairs": [{"run": "r", "reference": "s"}], "estimators": ["e"]}]
    asked = claim("C09", judged_on=judged_on, overall=False)
    for protocols, expected in (
        ({"r": "szt", "s": "szt"}, "szt"),
        ({"r": "szt", "s": "saxe"}, "szt vs saxe"),
        ({}, ""),
    ):
        (row,) = judge(asked, tables, Background(protocols=protocols))
        assert row["protocol"] == expected
        assert row["condition"] == "r vs s"


def test_a_verdict_that_turns_in_other_units_is_warned_of():
    """In its own units the layer drops by 4 bits; ten times as large it drops by none."""
    of_run = information("r", "e", planes(6, FLAT, RISE_AND_FALL, RISE, spread=0))
    flat = information("r", "e", planes(6, FLAT, RISE, RISE, spread=0))
    scaled = pd.concat(
        [
            table.assign(change="scaled", scale=scale)
            for table, scale in ((of_run, 1.0), (flat, 10.0))
        ]
    )
    asked = claim("C01", judged_on=on(["r"]), overall=False)
    for rescaled, expected in (
        (scaled, "turns when a layer is rescaled without changing a prediction: from 0.0 to 4.0"),
        (scaled.assign(estimator="f"), ""),
        (None, ""),
    ):
        (row,) = judge(asked, evidence(of_run), Background(rescaled=rescaled))
        assert row["warning"] == expected
