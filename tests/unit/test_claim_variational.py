"""Claims on networks with noise on their weights, on made-up tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.evidence import ClaimError, Evidence
from infoplane.claims.judging import judge
from infoplane.statistics import Resampling
from tests.unit.claim_tables import claim

BETAS = np.array([0.01, 0.1, 1.0, 10.0, 100.0])
INITS = 10


def networks(training, test=None, bound=None, null=None, diverged=()):
    """Lay out training accuracies by beta, with random labels, and what they are with true ones."""
    parts = []
    for share, course in ((1.0, training), (0.0, training if null is None else null)):
        init, place = np.indices((INITS, len(BETAS))).reshape(2, -1)
        columns = {"init": init, "beta": BETAS[place], "corrupted_share": share}
        columns["train_accuracy"] = np.asarray(course, float)[place]
        columns["test_accuracy"] = np.asarray(course if test is None else test, float)[place]
        columns["bound"] = np.asarray(np.ones(5) if bound is None else bound, float)[place]
        columns["bound"] += share
        columns["bound_at_beta"] = np.where(columns["beta"] > 0.5, columns["bound"] + 0.1, np.nan)
        columns["status"] = np.where(np.isin(init, diverged), "diverged", "ok")
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def judged(name, table, reading=None, **changes):
    models = {"m": {key: table[key].to_numpy() for key in table}}
    entry = claim(name, reading, judged_on=[{"models": ["m"]}], **changes)
    (row,) = judge(entry, Evidence({}, Resampling(200), models=models))
    return row


SHARP = [1.0, 1.0, 1.0, 0.1, 0.1]
SLOW = [1.0, 0.9, 0.75, 0.6, 0.1]


@pytest.mark.parametrize(
    ("course", "width", "verdict"),
    [(SHARP, 0.3 / 0.9, "supported"), (SLOW, 2.0, "refuted")],
)
def test_width_of_the_jump_is_interpolated_in_decades(course, width, verdict):
    row = judged("C34", networks(course, null=SLOW), "width")
    assert row["estimate"] == pytest.approx(width)
    assert row["verdict"] == verdict
    assert float(row["null"].split()[0]) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("course", "middle", "verdict"),
    [(SHARP, 0.25 / 0.9, "supported"), ([1.0, 1.0, 1.0, 1.0, 0.1], 1 + 0.25 / 0.9, "refuted")],
)
def test_the_jump_must_lie_at_beta_1(course, middle, verdict):
    row = judged("C34", networks(course), "distance")
    assert row["estimate"] == pytest.approx(middle)
    assert row["verdict"] == verdict
    assert f"beta = {10**middle:.3g}" in row["statistic"]


def test_networks_that_never_fall_have_no_width():
    assert judged("C34", networks([1.0] * 5), "width")["estimate"] == np.inf
    assert judged("C34", networks([0.5] * 5), "width")["estimate"] == np.inf


@pytest.mark.parametrize("reading", ["width", "distance"])
def test_random_labels_that_are_never_learnt_have_no_jump_to_be_found(reading):
    row = judged("C34", networks([0.8, 0.7, 0.3, 0.1, 0.1], null=SHARP), reading)
    assert row["verdict"] == "inconclusive"
    premise = "training accuracy at beta = 0.01, median, 0.8 [0.8, 0.8] at least 0.9"
    assert premise in row["failed"]


def test_a_dip_is_no_fall():
    row = judged("C34", networks([1.0, 0.1, 1.0, 1.0, 0.1]), "width")
    assert row["estimate"] == pytest.approx(0.3 / 0.9)


@pytest.mark.parametrize(
    ("test", "estimate", "verdict"),
    [
        ([0.80, 0.85, 0.90, 0.85, 0.1], 0.1, "supported"),
        ([0.90, 0.85, 0.80, 0.70, 0.1], -0.05, "refuted"),
    ],
)
def test_a_valley_is_lower_than_both_ends(test, estimate, verdict):
    row = judged("C81", networks(SHARP, test=test))
    assert row["estimate"] == pytest.approx(estimate)
    assert row["verdict"] == verdict


def test_betas_that_do_not_reach_far_say_nothing_on_valleys():
    row = judged("C81", networks([1.0, 1.0, 1.0, 1.0, 0.99], test=[0.8, 0.85, 0.9, 0.85, 0.8]))
    assert row["verdict"] == "inconclusive"


def test_the_smallest_bound_is_told_with_its_test_error_and_that_of_random_labels():
    table = networks(SHARP, bound=[3.0, 2.0, 0.5, 0.4, 0.9], test=[0.9, 0.9, 0.9, 0.8, 0.1])
    best, at_beta = (judged("C83", table, reading) for reading in ("best_lambda", "at_beta"))
    assert (best["estimate"], best["verdict"]) == (pytest.approx(0.4), "supported")
    assert at_beta["estimate"] == pytest.approx(0.5)
    assert "beta = 10, where the test error is 0.200" in best["statistic"]
    assert float(best["null"].split()[0]) == pytest.approx(1.4)


def test_initialisations_with_a_network_that_diverged_are_left_out():
    row = judged("C81", networks(SHARP, diverged=(2, 5)))
    assert row["inits"] == INITS - 2


def test_what_is_not_there_is_refused():
    table = networks(SHARP)
    share = claim("C81").readings[None].parameters | {"corrupted_share": 0.5}
    with pytest.raises(ClaimError, match=r"no share 0\.5 of random labels; it has 0, 1"):
        judged("C81", table, parameters=share)
    quantity = claim("C34", "width").readings[None].parameters | {"quantity": "height"}
    with pytest.raises(ClaimError, match="quantity 'height'"):
        judged("C34", table, "width", parameters=quantity)
    with pytest.raises(ClaimError, match="at least three betas"):
        judged("C81", table[table["beta"] > 5])
    with pytest.raises(ClaimError, match="no corrupted_share"):
        judged("C81", table.drop(columns="corrupted_share"))
