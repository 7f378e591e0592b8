"""The claim on the extended estimator: its error by hand, groups, the theorem, divergence."""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.judging import judge
from tests.unit.claim_tables import claim, evidence, information, on

LAYERS, EPOCHS = 3, (0, 10, 100)


def groups(left_out, margin=0.0, lost=(), count=6):
    """Return groups of 5 networks in three layers: I(X;T) 6, and the single ones `margin` above.

    `left_out` is H(T|X) of each layer at the end, from a start of 9 bits; groups differ by 0.01.
    """
    init, epoch, layer = np.indices((count, len(EPOCHS), LAYERS)).reshape(3, -1)
    missing = np.where(epoch == len(EPOCHS) - 1, np.array(left_out)[layer] + 0.01 * init, 9.0)
    return pd.DataFrame(
        {
            "run": "r",
            "init": 5 * init,
            "networks": 5,
            "epoch": np.array(EPOCHS)[epoch],
            "layer": layer + 1,
            "estimator": "e",
            "mi_input_bits": 6.0,
            "conditional_entropy_bits": missing,
            "published_mi_input_bits": 6.0 + missing,
            "single_mi_input_bits": 6.0 + margin,
            "status": np.where(np.isin(5 * init, lost), "diverged", "ok"),
        }
    )


def judged(table):
    plane = information("r", "e", np.full((30, 3, LAYERS), 12.0), epochs=EPOCHS)
    found = evidence(plane, several_networks=table)
    (row,) = judge(claim("C31", judged_on=on(["r"])), found)
    return row


def test_error_of_the_published_version_by_hand():
    row = judged(groups([2.0, 1.5, 0.0], margin=0.25))
    # Of the two hidden layers the one with less: 1.5 and 0.00, 0.01 .. 0.05 more.
    assert row["estimate"] == pytest.approx(1.525)
    assert row["ci_low"] >= 1.5
    assert row["ci_high"] <= 1.55
    excess, theorem = row["details"]["conditions"]
    assert excess["estimate"] == pytest.approx(1.525 - 0.25)
    assert theorem["estimate"] == 0.25
    assert row["verdict"] == "supported"
    assert row["details"]["initialisations"] == [0, 5, 10, 15, 20, 25]
    assert "6 groups of 5 networks" in row["statistic"]
    assert row["details"]["values"][1] == pytest.approx([2.01, 1.51])


@pytest.mark.parametrize(
    ("left_out", "margin"),
    [
        # Almost nothing is left out of one hidden layer.
        ([2.0, 0.1, 2.0], 0.0),
        # Published and single are alike.
        ([2.0, 2.0, 2.0], 2.0),
        # The theorem does not hold.
        ([2.0, 2.0, 2.0], -1e-6),
    ],
)
def test_every_condition_refutes(left_out, margin):
    assert judged(groups(left_out, margin))["verdict"] == "refuted"


def test_rounding_does_not_refute_the_theorem():
    assert judged(groups([2.0] * 3, margin=-1e-14))["verdict"] == "supported"


def test_one_epoch_of_one_layer_can_refute_the_theorem():
    table = groups([2.0] * 3)
    wrong = (table["epoch"] == 10) & (table["layer"] == 3)
    table.loc[wrong, "single_mi_input_bits"] = 5.9
    row = judged(table)
    assert row["details"]["conditions"][1]["estimate"] == pytest.approx(-0.1)
    assert row["verdict"] == "refuted"


def test_groups_with_a_diverged_network_are_left_out_by_name():
    row = judged(groups([2.0] * 3, lost=(10,)))
    assert row["details"]["diverged"] == [10]
    assert row["inits"] == 5
    everyone = judged(groups([2.0] * 3, lost=(0, 5, 10, 15, 20, 25)))
    assert everyone["verdict"] == "inconclusive"
    assert everyone["inits"] == 0
