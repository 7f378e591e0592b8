"""C65 and C66, the claims on images, where a layer stands at its ceiling and others do not."""

import pytest

from infoplane.claims.judging import judge
from tests.unit.claim_tables import (
    RISE,
    RISE_AND_FALL,
    claim,
    evidence,
    information,
    on,
    planes,
)

CEILING = 10.8
"""About the logarithm of 1797 images."""
AT_CEILING = [CEILING] * 6


def judged(name, reading, *layers):
    """Judge a claim on eight networks with these hidden layers and an output, by one estimator."""
    found = information("r", "e", planes(8, *layers, RISE, spread=0.02))
    found["mi_input_bits"] = found["mi_input_bits"].clip(upper=CEILING)
    found = evidence(found.assign(ceiling_bits=CEILING))
    (row, *_) = judge(claim(name, reading, judged_on=on(["r"])), found)
    return row


@pytest.mark.parametrize("reading", ["bits", "share"])
def test_a_relu_layer_at_its_ceiling_leaves_open_whether_none_drops(reading):
    row = judged("C66", reading, AT_CEILING, RISE)
    assert row["verdict"] == "inconclusive"
    assert "T1 is at its ceiling in" in row["failed"]


def test_the_last_hidden_relu_layer_is_judged_where_it_can_be_seen():
    assert judged("C66", "last_hidden", AT_CEILING, RISE)["verdict"] == "supported"
    assert judged("C66", "last_hidden", AT_CEILING, RISE_AND_FALL)["verdict"] == "refuted"
    assert judged("C66", "last_hidden", RISE, AT_CEILING)["verdict"] == "inconclusive"


def test_a_drop_that_is_seen_decides_whatever_stands_at_its_ceiling():
    assert judged("C66", "share", AT_CEILING, RISE_AND_FALL)["verdict"] == "refuted"
    assert judged("C65", "any_layer", AT_CEILING, RISE_AND_FALL)["verdict"] == "supported"


@pytest.mark.parametrize("reading", ["bits", "share"])
def test_the_last_hidden_tanh_layer_is_that_of_c01(reading):
    assert judged("C65", reading, RISE, RISE_AND_FALL)["verdict"] == "supported"
    assert judged("C65", reading, RISE_AND_FALL, RISE)["verdict"] == "refuted"


def test_no_tanh_layer_that_drops_is_no_finding_below_a_ceiling():
    assert judged("C65", "any_layer", RISE, RISE)["verdict"] == "refuted"
    assert judged("C65", "any_layer", AT_CEILING, RISE)["verdict"] == "inconclusive"
