"""C13: net inputs do not drop, and activations lose nothing while the bins compress."""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.entries import check_available
from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import judge
from infoplane.claims.statistics.net_inputs import half_loss_epochs
from infoplane.claims.trajectories import arrange
from tests.unit.claim_tables import (
    CLAIMS,
    FLAT,
    RISE,
    RISE_AND_FALL,
    claim,
    evidence,
    on,
    planes,
    tidy,
)

FINE_EPOCHS = np.array([0, 5, 50, 500, 2000, 10000])


def asked():
    others = {"precision_estimator": "fine", "binned_estimator": "bins"}
    return claim(
        "C13", judged_on=on(["r"], ["net"]), parameters=CLAIMS["C13"]["parameters"] | others
    )


def judged(net=RISE, fine=FLAT, bins=RISE_AND_FALL, fine_inits=12):
    """Judge the last hidden layer of a run of 12 networks, measured three ways."""
    tables = [
        tidy("r", "net", planes(12, net, FLAT)),
        tidy("r", "fine", planes(fine_inits, fine, FLAT, spread=0), epochs=FINE_EPOCHS),
        tidy("r", "bins", planes(12, bins, FLAT)),
    ]
    (row,) = judge(asked(), evidence(pd.concat(tables)))
    return row


# The bins fall from 9 bits at epoch 10 to 5: 8 at 100 and 6, below the middle of 7, at 1000. The
# next snapshot at machine precision is 2000.
@pytest.mark.parametrize(
    ("fine", "bits", "verdict"),
    [
        (FLAT, 12.0, "supported"),
        ([12.0, 12.0, 12.0, 12.0, 11.95, 8.0], 11.95, "supported"),  # lost late
        ([12.0, 12.0, 12.0, 12.0, 11.0, 8.0], 11.0, "refuted"),
        ([9.0, 12.0, 11.0, 12.0, 12.0, 12.0], 12.0, "supported"),  # only then counts
    ],
)
def test_information_is_lost_late(fine, bits, verdict):
    row = judged(fine=fine)
    assert row["estimate"] == 0
    assert row["details"]["conditions"][0]["estimate"] == pytest.approx(bits)
    assert row["verdict"] == verdict


def test_net_inputs_that_drop_refute():
    row = judged(net=RISE_AND_FALL)
    assert row["estimate"] == pytest.approx(4, abs=0.1)
    assert row["verdict"] == "refuted"


def test_without_compression_under_bins_there_is_nothing_to_explain():
    row = judged(bins=RISE)
    assert row["details"]["premises"][0]["estimate"] == 0
    assert row["verdict"] == "inconclusive"


def test_estimators_that_measured_fewer_networks_are_paired():
    row = judged(fine_inits=5)
    assert row["details"]["conditions"][0]["estimate"] == 12
    assert row["inits"] == 12


def test_other_estimators_are_asked_for_before_any_job():
    assert asked().estimators(asked().cases[0]) == ["net", "fine", "bins"]
    check_available(asked(), {"r": {"information": ["net", "fine", "bins"]}})
    with pytest.raises(ClaimError, match=r"run 'r' has no estimator 'bins' .*; it has net, fine"):
        check_available(asked(), {"r": {"information": ["net", "fine"]}})


@pytest.mark.parametrize(
    ("bits", "epoch"),
    [
        (RISE_AND_FALL, 1000),
        (RISE, 10000),  # nothing is lost
        (FLAT, 10000),
        ([9.0, 1.0, 9.0, 8.0, 8.0, 5.0], 10000),  # a dip is no loss for good
        ([9.0, 7.0, 6.0, 5.0, 5.0, 5.0], 1),  # the middle itself is below
    ],
)
def test_half_of_the_loss_is_where_it_stays_below_the_middle(bits, epoch):
    table = tidy("r", "bins", planes(3, bits, FLAT, spread=0))
    found = arrange(table, ("mi_input_bits", "mi_label_bits"), "estimator")["r", "bins"]
    assert half_loss_epochs(found)[:, 0].tolist() == [epoch] * 3
