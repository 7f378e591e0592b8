"""Stopping where I(T;Y) is largest, on made-up networks whose best epoch is known."""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import judge
from infoplane.claims.statistics.label_stop import last_of_the_largest
from tests.unit.claim_tables import EPOCHS, claim, evidence, tidy

NETWORKS = 40
PEAKS = np.arange(NETWORKS) % 3 + 2


def planes(peaks, loss=0.1, diverged=()):
    """Make networks whose output has most label information at a position of the epochs."""
    labels = np.full((len(peaks), len(EPOCHS), 3), 0.9)
    apart = np.abs(np.arange(len(EPOCHS)) - np.asarray(peaks)[:, None])
    labels[:, :, -1] -= np.where(apart > 0, loss, 0) + 0.01 * apart * (loss > 0)
    return tidy("r", "e", np.full(labels.shape, 6.0), labels, diverged=diverged)


def accuracies(best, fall=0.1):
    """Make test accuracies that fall by so much from each network's best epoch to the next."""
    init, epoch = np.indices((len(best), len(EPOCHS)))
    values = 0.9 - fall * np.abs(epoch - np.asarray(best)[:, None])
    keys = {"run": "r", "init": init.ravel(), "epoch": EPOCHS[epoch.ravel()]}
    return pd.DataFrame({**keys, "test_accuracy": values.ravel(), "status": "ok"})


def judged(peaks, best, loss=0.1, diverged=(), **changes):
    entry = claim(
        "C72", "output", judged_on=[{"runs": ["r"], "estimators": ["e"]}], overall=False, **changes
    )
    (row,) = judge(entry, evidence(planes(peaks, loss, diverged), metrics=accuracies(best)))
    return row


def test_the_last_of_several_largest_counts():
    curves = np.random.default_rng(0).integers(0, 4, (30, 9))
    expected = [max(np.flatnonzero(row == row.max())) for row in curves]
    np.testing.assert_array_equal(last_of_the_largest(curves), expected)


def test_stops_at_each_networks_own_best_beat_one_epoch_for_all():
    row = judged(PEAKS, PEAKS)
    # At the middle one of three best epochs two thirds of the networks lose a tenth.
    shares = np.bincount(PEAKS)[2:] / NETWORKS
    assert row["estimate"] == pytest.approx(0.1 * (shares[0] + shares[2]))
    assert row["verdict"] == "supported"
    # Another network's stop is worth no more than any.
    assert float(row["null"].split()[0]) < -0.01


def test_stops_away_from_the_best_epoch_refute_it():
    row = judged([5] * NETWORKS, [2] * NETWORKS, loss=0.1)
    assert row["estimate"] == pytest.approx(-0.3)
    assert row["verdict"] == "inconclusive"  # I(T;Y) never falls: the premise fails
    assert judged([4] * NETWORKS, [2] * NETWORKS)["verdict"] == "refuted"


def test_a_stop_that_is_worse_than_the_end_refutes_it():
    row = judged([2] * NETWORKS, [5] * NETWORKS)
    assert row["verdict"] == "refuted"


def test_where_label_information_stays_there_is_nothing_to_judge():
    row = judged(PEAKS, PEAKS, loss=0.0)
    assert row["verdict"] == "inconclusive"
    assert "largest minus final I(T;Y)" in row["failed"]


def test_several_layers_are_refused_and_no_network_gives_no_verdict():
    own = claim("C72", "output").readings[None].parameters
    with pytest.raises(ClaimError, match="one layer"):
        judged(PEAKS, PEAKS, parameters=own | {"layers": "hidden"})
    assert judged(PEAKS, PEAKS, diverged=range(NETWORKS))["verdict"] == "inconclusive"
