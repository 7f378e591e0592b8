"""Stopping where I(T;Y) is largest, on made-up networks whose best epoch is known."""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import judge
from infoplane.claims.statistics.label_stop import (
    CHECK_EVERY,
    PATIENCE,
    compared_stops,
    last_of_the_largest,
)
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
    curves = {"test_accuracy": values.ravel(), "test_loss": 1 - values.ravel()}
    return pd.DataFrame({**keys, **curves, "status": "ok"})


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


def test_networks_contribute_four_stops_each():
    values = np.array(judged([1] * NETWORKS, PEAKS)["details"]["values"]).reshape(-1, 4, 2)
    assert len(values) == NETWORKS
    # A network is a tenth worse for each place between its best epoch and another.
    middle = np.median(PEAKS).astype(int)
    places = np.stack(np.broadcast_arrays(1, middle, PEAKS, len(EPOCHS) - 1), axis=1)
    np.testing.assert_array_equal(values[:, [0, 1, 3], 1], EPOCHS[places[:, [0, 1, 3]]])
    apart = np.abs(places - PEAKS[:, None])
    np.testing.assert_allclose(values[:, [0, 1, 3], 0], 0.9 - 0.1 * apart[:, [0, 1, 3]])


def test_early_stopping_goes_back_to_its_best_check_and_waits_for_no_other():
    epochs = CHECK_EVERY * np.arange(PATIENCE + 3)
    loss = np.full((2, len(epochs)), 0.5)
    loss[:, 1], loss[0, -1], loss[1, -2] = 0.4, 0.1, 0.1
    compared = compared_stops(epochs, np.array([0, 2]), 1 - loss, loss)
    # The second network is better again just before patience ends.
    np.testing.assert_allclose(compared[:, 4:6], [[0.6, epochs[1]], [0.9, epochs[-2]]])
    np.testing.assert_allclose(compared[:, :2], [[0.5, epochs[0]], [0.5, epochs[2]]])
    # Snapshots nearer than a check are not looked at.
    near = compared_stops(epochs // CHECK_EVERY, np.array([0, 2]), 1 - loss, loss)
    assert set(near[:, 5]) <= {0, CHECK_EVERY}


def test_early_stopping_is_that_of_the_claim_on_stopping_rules():
    own = claim("C32", "patient").readings[None].parameters
    assert (own["check_every"], own["patience"]) == (CHECK_EVERY, PATIENCE)


def test_several_layers_are_refused_and_no_network_gives_no_verdict():
    own = claim("C72", "output").readings[None].parameters
    with pytest.raises(ClaimError, match="one layer"):
        judged(PEAKS, PEAKS, parameters=own | {"layers": "hidden"})
    assert judged(PEAKS, PEAKS, diverged=range(NETWORKS))["verdict"] == "inconclusive"
