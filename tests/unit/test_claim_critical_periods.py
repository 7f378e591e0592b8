"""Claims on critical periods, on made-up tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.evidence import ClaimError, Evidence
from infoplane.claims.judging import judge
from infoplane.statistics import Resampling
from tests.unit.claim_tables import claim

INITS = 10
RATES = ("decayed", "constant", "rewarmed")
EPOCHS = 20
SPREAD = np.linspace(-0.004, 0.004, INITS)
WINDOWS = [(start, start + 4) for start in (0, 2, 4, 8, 12, 16)]


def courses(final, spans, traces=(1.0, 8.0, 1.0), diverged=()):
    """Lay out networks whose final accuracy is a function of deficit, span and rate."""
    parts = []
    named = [(deficit, *span) for deficit in ("blur", "flip", "permutation") for span in spans]
    for deficit, starts, ends in [*named, *(("none", *span) for span in spans), ("none", 0, 0)]:
        for rate in RATES:
            epochs = np.array([0, 3, ends + EPOCHS])
            init, place = np.indices((INITS, len(epochs))).reshape(2, -1)
            accuracy = final(deficit, starts, ends, rate) + SPREAD[init]
            columns = {
                "init": init,
                "deficit": deficit,
                "starts": starts,
                "ends": ends,
                "rate": rate,
                "epoch": epochs[place],
                "test_accuracy": np.where(place == 2, accuracy, 0.1),
                "fisher_trace": np.asarray(traces)[place],
                "status": np.where(np.isin(init, diverged), "diverged", "ok"),
            }
            parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def judged(name, table, reading=None, **changes):
    models = {"m": {key: table[key].to_numpy() for key in table}}
    entry = claim(name, reading, judged_on=[{"models": ["m"]}], **changes)
    (row,) = judge(entry, Evidence({}, Resampling(200), models=models))
    return row


def damage(costs, gained=0.002):
    """Return final accuracies: each deficit costs so much per epoch, more training gains."""

    def final(deficit, starts, ends, rate):
        cost = costs.get((deficit, rate), costs.get(deficit, 0.0))
        return 0.9 - cost * (ends - starts) / 12 + (gained if deficit == "none" and ends else 0)

    return final


SPANS = [(0, 4), (0, 12), (3, 20)]


@pytest.mark.parametrize(("cost", "verdict"), [(0.05, "supported"), (0.0, "refuted")])
def test_damage_is_that_of_the_longest_deficit_from_the_start(cost, verdict):
    row = judged("C90", courses(damage({"blur": cost}), SPANS))
    assert row["estimate"] == pytest.approx(cost)
    assert row["verdict"] == verdict
    assert float(row["null"].split()[0]) == pytest.approx(-0.002)
    assert "blur in the epochs before 12" in row["statistic"]


def test_damage_under_other_rates_is_judged_by_itself():
    table = courses(damage({("blur", "decayed"): 0.05, ("blur", "constant"): 0.04}), SPANS)
    verdicts = [judged("C92", table, reading)["verdict"] for reading in ("constant", "rewarmed")]
    assert verdicts == ["supported", "refuted"]


@pytest.mark.parametrize(
    ("costs", "estimate", "verdict"),
    [
        ({"blur": 0.05}, 0.05, "supported"),
        ({"blur": 0.05, "flip": 0.02, "permutation": 0.03}, 0.025, "supported"),
        ({"blur": 0.03, "flip": 0.05, "permutation": 0.03}, -0.01, "refuted"),
    ],
)
def test_damage_of_blur_is_told_from_that_of_other_deficits(costs, estimate, verdict):
    row = judged("C91", courses(damage(costs), SPANS))
    assert row["estimate"] == pytest.approx(estimate)
    assert row["verdict"] == verdict
    low, high = map(float, row["null"].split("[")[1].rstrip("]").split(", "))
    assert low < abs(estimate) + 0.02
    assert high > -abs(estimate) - 0.02


# In the order of the made-up trace, which is largest at epoch 3 and then falls slowly.
COSTS = {2: 0.09, 4: 0.08, 8: 0.06, 12: 0.04, 0: 0.03, 16: 0.01}


def valley(deficit, starts, ends, rate):
    return 0.9 - (COSTS[starts] if deficit == "blur" else 0.0)


def test_a_trace_that_rises_and_falls_tells_where_a_window_costs_most():
    row = judged("C93", courses(valley, WINDOWS))
    assert row["estimate"] == pytest.approx(1.0)
    assert row["verdict"] == "supported"
    assert "6 windows" in row["statistic"]


def test_a_trace_that_stays_up_tells_nothing():
    row = judged("C93", courses(valley, WINDOWS, traces=(1.0, 4.0, 3.9)))
    assert row["verdict"] == "refuted"
    assert "final over largest" in row["failed"]


def test_windows_that_cost_less_where_the_trace_is_large_refute():
    row = judged("C93", courses(lambda *course: 1.8 - valley(*course), WINDOWS))
    assert row["estimate"] == pytest.approx(-1.0)
    assert row["verdict"] == "refuted"


def test_initialisations_with_a_network_that_diverged_are_left_out():
    row = judged("C90", courses(damage({"blur": 0.05}), SPANS, diverged=(2, 5)))
    assert row["inits"] == INITS - 2


def test_what_is_not_there_is_refused():
    table = courses(damage({}), SPANS)
    with pytest.raises(ClaimError, match="no deficit 'fog' in the epochs 0 to 12"):
        judged("C90", table, parameters={"deficit": "fog", "rate": "decayed"})
    with pytest.raises(ClaimError, match="no rate 'rising'"):
        judged("C90", table, parameters={"deficit": "blur", "rate": "rising"})
    with pytest.raises(ClaimError, match="at least 5 windows of one length"):
        judged("C93", table)
    with pytest.raises(ClaimError, match="no span from epoch 0 on"):
        judged("C90", table[(table["starts"] > 0) | (table["ends"] == 0)])
    with pytest.raises(ClaimError, match="no deficits"):
        judged("C90", table.drop(columns="deficit"))
