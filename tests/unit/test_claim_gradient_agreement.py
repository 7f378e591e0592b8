"""C68 on made-up gradients: do networks from different initial weights take one course?"""

import numpy as np
import pytest

from infoplane.claims.evidence import ClaimError, Evidence
from infoplane.claims.judging import judge
from infoplane.claims.statistics.gradient_agreement import concordances, over_pairs
from infoplane.claims.transitions import log_epochs
from infoplane.statistics import Resampling
from tests.unit.claim_tables import arranged, claim, gradients

EPOCHS = np.unique(np.concatenate([[0], np.rint(np.geomspace(1, 1000, 120)).astype(int)]))
TIME = np.log10(np.maximum(EPOCHS, 1))
INITS = 6


def judged(courses, noise=0.0, seed=0, **changes):
    """Judge the claim on a course of the logarithm a network, with noise of its own."""
    drawn = np.random.default_rng(seed).normal(scale=noise, size=(INITS, EPOCHS.size))
    values = 10 ** (np.broadcast_to(courses, drawn.shape) + drawn)[:, :, None]
    frame = gradients("r", "d", values, EPOCHS).assign(mean_norm=np.ravel(values))
    found = Evidence({"gradients": arranged(frame, "definition")}, Resampling(400))
    entry = claim("C68", judged_on=[{"runs": ["r"], "definitions": ["d"]}], **changes)
    (row,) = judge(entry, found)
    return row


def null_of(row):
    return float(row["null"].split()[0])


def test_concordance_is_lins():
    axis = log_epochs(EPOCHS)
    curves = np.random.default_rng(0).normal(size=(3, axis.epochs.size, 2))
    found = concordances(curves, axis)
    weights = axis.cells / axis.cells.sum()
    for first in range(3):
        for second in range(3):
            expected = []
            for layer in range(2):
                a, b = curves[first, :, layer], curves[second, :, layer]
                spread = np.cov(a, b, aweights=weights, ddof=0)
                gap = weights @ a - weights @ b
                expected.append(2 * spread[0, 1] / (np.trace(spread) + gap**2))
            assert found[first, second] == pytest.approx(np.mean(expected), abs=1e-12)


def test_pairs_are_counted_as_often_as_a_resample_holds_them():
    values = np.random.default_rng(1).uniform(size=(4, 4))
    values = values + values.T
    drawn = np.array([0, 0, 1, 3])
    pairs = [(a, b) for a in drawn for b in drawn if a != b]
    shares = np.bincount(drawn, minlength=4)[None] / 4
    assert over_pairs(values, shares)[0] == pytest.approx(np.mean([values[p] for p in pairs]))
    assert np.isnan(over_pairs(values, np.eye(4)[:1])[0])


def test_networks_on_one_course_agree_but_for_their_noise():
    row = judged(-TIME, noise=0.1)
    assert row["estimate"] > 0.95
    assert row["estimate"] == pytest.approx(null_of(row), abs=0.02)
    assert row["verdict"] == "refuted"
    assert judged(-TIME)["estimate"] == pytest.approx(1)


def test_events_at_other_epochs_are_other_courses():
    places = np.linspace(0.3, 2.7, INITS)[:, None]
    row = judged(-np.tanh(5 * (TIME - places)), noise=0.05)
    assert row["verdict"] == "supported"
    assert row["estimate"] < 0.7
    assert null_of(row) > 0.95


def test_levels_that_differ_are_no_agreement():
    # Var 3/4 in all (uniform over three decades); two levels a decade apart have a pair of 0.6.
    row = judged(-TIME + np.arange(INITS)[:, None] % 2)
    pairs = 2 * 0.75 / (2 * 0.75 + 1)
    expected = (9 * pairs + 6) / 15
    assert row["estimate"] == pytest.approx(expected, abs=0.04)


def test_noise_that_hides_any_course_leaves_it_open():
    row = judged(np.zeros(EPOCHS.size), noise=0.3)
    assert row["verdict"] == "inconclusive"
    assert "differ in their noise alone" in row["failed"]


def test_dead_layers_are_left_out_and_unknown_quantities_refused():
    courses = np.broadcast_to(-TIME, (INITS, EPOCHS.size)).copy()
    courses[2] = -np.inf
    assert judged(courses)["inits"] == INITS - 1
    courses[:] = -np.inf
    assert judged(courses)["inits"] == 0
    parameters = claim("C68").readings[None].parameters | {"quantity": "std_norm"}
    with pytest.raises(ClaimError, match="quantity 'std_norm' is not one of: mean_norm, snr"):
        judged(-TIME, parameters=parameters)
