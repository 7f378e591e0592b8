"""The input-compression bound, on made-up networks whose gap is known."""

import math

import numpy as np
import pytest

from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import judge
from infoplane.claims.statistics.compression_bound import gap_bound
from tests.unit.claim_tables import EPOCHS, claim, evidence, tidy
from tests.unit.test_claim_generalisation import curves

NETWORKS = 50
KNOWN = {"r": {"training_fraction": 0.5, "label_bits": 1.0, "ceiling_bits": 12.0}}


def judged(bits, gap, reading, diverged=(), **changes):
    """Judge networks whose last hidden layer keeps so many bits of 4096 patterns."""
    inputs = np.full((NETWORKS, len(EPOCHS), 3), 11.0)
    inputs[:, -1, 1] = bits
    table = tidy("r", "e", inputs, diverged=diverged).assign(samples=4096.0, ceiling_bits=12.0)
    metrics = curves("r", np.full(NETWORKS, 1.0 - gap))
    entry = claim(
        "C71", reading, judged_on=[{"runs": ["r"], "estimators": ["e"]}], overall=False, **changes
    )
    (row,) = judge(entry, evidence(table, known=KNOWN, metrics=metrics))
    return row


def test_the_bound_is_that_of_the_formula():
    # 2^3 cells, failing once in e^2 times, 5 patterns: (8 + 2) / 10.
    assert gap_bound(np.array([3.0]), 5, math.exp(-2)) == pytest.approx([1.0], abs=1e-12)
    bounds = gap_bound(np.arange(13.0), 2048, 0.05)
    assert (np.diff(bounds) > 0).all()
    # One bit more is a factor of the root of 2, but for the term of the failures.
    assert bounds[12] / bounds[11] == pytest.approx(math.sqrt(2), rel=1e-3)


def test_a_bound_of_few_bits_says_something_and_one_of_many_does_not():
    bound = gap_bound(np.array([6.0]), 2048, 0.05)[0]
    row = judged(6.0, 0.05, "informative")
    assert row["verdict"] == "supported"
    assert row["estimate"] == pytest.approx(1 - bound / 0.5)
    assert judged(11.0, 0.05, "informative")["verdict"] == "refuted"


def test_a_bound_that_the_gap_exceeds_is_false():
    row = judged(2.0, 0.3, "informative")
    assert row["verdict"] == "refuted"
    assert "gap is at most the bound 0 " in row["statistic"]


@pytest.mark.parametrize(("gap", "verdict"), [(0.1, "supported"), (0.01, "refuted")])
def test_it_is_tight_if_the_gap_is_half_of_it(gap, verdict):
    row = judged(6.0, gap, "tight")
    bound = gap_bound(np.array([6.0]), 2048, 0.05)[0]
    assert row["estimate"] == pytest.approx(gap / bound)
    assert row["verdict"] == verdict


def test_no_network_gives_no_verdict():
    row = judged(6.0, 0.1, "tight", diverged=range(NETWORKS))
    assert row["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"shows": "nothing"}, "is not one of: taken_away, tightness"),
        ({"failure_probability": 0.0}, "between 0 and 1"),
        ({"layers": "all"}, "one layer"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(parameters, message):
    own = claim("C71", "tight").readings[None].parameters
    with pytest.raises(ClaimError, match=message):
        judged(6.0, 0.1, "tight", parameters=own | parameters)
