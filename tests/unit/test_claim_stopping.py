"""Claim C32: rules that stop training, on made-up learning curves."""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.entries import read_claim
from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import judge
from infoplane.claims.stopping import check_places, information_stop, patient_stop
from tests.unit.claim_tables import CLAIMS, claim, evidence, on, tidy

EPOCHS = np.arange(0, 310, 5)
CHECKS = 31
INITS = 8


def test_checks_are_far_enough_apart():
    places = check_places(np.array([0, 1, 2, 9, 10, 19, 21, 40, 45, 60]), 10)
    # 0, 10, 21, 40, 60: 19 is 9 after 10, 45 is 5 after 40.
    assert places.tolist() == [0, 4, 6, 7, 9]
    # A training that ends before the first check is looked at when it ends.
    assert check_places(np.array([0, 1, 3, 6]), 10).tolist() == [0, 3]
    assert check_places(np.array([0]), 10).tolist() == [0]


@pytest.mark.parametrize(
    ("rule", "criterion", "stop"),
    [
        ("published", [-4, -3, -2, -1], 1),
        # Each step is at least a tenth of the size before, but the last.
        ("of_its_size", [-4, -3, -2, -1.0, -0.95], 4),
        # What falls stops at once, whatever comes.
        ("of_its_size", [-1, -2, -1, -0.5], 1),
        ("of_its_size", [-4, -3, -2], 2),
        # The best is at 1, and three checks later there is none above it.
        ("patient", [-2, -1, -1.5, -1.2, -0.95, -0.1], 4),
        ("patient", [-2, -1, -0.5, -0.2], 3),
    ],
)
def test_where_rules_stop(rule, criterion, stop):
    assert information_stop(np.array(criterion, float), rule, 0.1, 3) == stop


def test_patience_goes_back_to_the_best():
    assert patient_stop(np.array([0.0, 3, 5, 4, 4, 6]), 0.0, 2) == (2, 4)
    assert patient_stop(np.array([0.0, 3, 5, 4, 6, 7]), 0.0, 2) == (5, 5)


def judged(criterion, accuracy, loss, reading="of_its_size", **changes):
    """Judge networks that all have these curves, a value a check; between checks the same."""
    curves = {
        name: np.repeat(values, 2)[: EPOCHS.size]
        for name, values in (("c", criterion), ("test_accuracy", accuracy), ("test_loss", loss))
    }
    noise = np.random.default_rng(0).normal(scale=1e-4, size=(INITS, 1))
    bits = np.tile(curves.pop("c"), (INITS, 1))[:, :, None] * [1.0, 1.0]
    # The criterion is I(T;Y) - I(X;T).
    planes = tidy("r", "e", 10 - bits, np.full(bits.shape, 10.0), EPOCHS)
    init, place = np.indices((INITS, EPOCHS.size)).reshape(2, -1)
    rows = {"run": "r", "init": init, "epoch": EPOCHS[place], "status": "ok"}
    rows |= {name: (values + noise)[init, place] for name, values in curves.items()}
    return judge(
        claim("C32", reading, judged_on=on(["r"]), **changes),
        evidence(planes, metrics=pd.DataFrame(rows)),
    )[0]


CHECK = np.arange(CHECKS)
LEARNS = np.minimum(0.5 + 0.05 * CHECK, 0.9)
OVERFITS = np.abs(CHECK - 8) / 10.0


def test_a_rule_that_stops_when_all_is_learnt_is_useful():
    row = judged(-(0.5 ** np.minimum(CHECK, 9)), LEARNS, OVERFITS)
    assert row["verdict"] == "supported"
    # Grows until check 9, stops at 10; early stopping waits ten checks after its best, the 8th.
    assert row["details"]["values"][0][0] == 100
    assert row["details"]["values"][0][2] == 180
    assert row["estimate"] == pytest.approx(0, abs=1e-9)


def test_the_published_rule_stops_before_anything_is_learnt():
    row = judged(-(0.5 ** np.minimum(CHECK, 9)), LEARNS, OVERFITS, "published")
    assert row["verdict"] == "refuted"
    assert row["estimate"] == pytest.approx(0.55 - 0.9)
    # At random: the mean over all checks after the first.
    assert float(row["null"].split()[0]) == pytest.approx(LEARNS[1:].mean() - 0.9, abs=1e-4)


def test_a_rule_that_trains_longer_is_not_useful():
    row = judged(-(0.8**CHECK), LEARNS, OVERFITS, "patient")
    assert row["details"]["values"][0][0] == 300
    assert row["verdict"] == "refuted"


def test_networks_that_learn_nothing_say_nothing():
    assert judged(-(0.5**CHECK), np.full(CHECKS, 0.5), OVERFITS)["verdict"] == "inconclusive"


def test_another_rule_is_refused():
    parameters = CLAIMS["C32"]["parameters"] | {"rule": "sometimes"}
    with pytest.raises(ClaimError, match="claim C32: rule 'sometimes' is not one of: published"):
        judged(-1.0 - CHECK, LEARNS, OVERFITS, "published", parameters=parameters)


@pytest.mark.parametrize("beta", [0, -1.0, float("inf"), float("nan")])
def test_a_price_that_is_none_is_refused(beta):
    changed = CLAIMS["C32"] | {"parameters": CLAIMS["C32"]["parameters"] | {"beta": beta}}
    with pytest.raises(ClaimError, match="claim C32: parameter beta must be"):
        read_claim("C32", changed)
