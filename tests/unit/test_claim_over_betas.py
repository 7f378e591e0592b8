"""Claims on representations that are paid for, on made-up tables whose answer is known."""

import numpy as np
import pytest

from infoplane.claims.evidence import ClaimError, Evidence
from infoplane.claims.judging import judge
from infoplane.statistics import Resampling
from tests.unit.claim_tables import claim

BETAS = np.array([0.01, 0.1, 1.0, 10.0])
INITS = 10


def networks(diverged=(), **courses):
    """Lay out columns, each a course over betas that all initialisations share."""
    init, place = np.indices((INITS, len(BETAS))).reshape(2, -1)
    table = {name: np.asarray(course, float)[place] for name, course in courses.items()}
    status = np.where(np.isin(init, diverged), "diverged", "ok")
    return {"init": init, "beta": BETAS[place], **table, "status": status}


def judged(name, table, reading=None, **changes):
    entry = claim(name, reading, judged_on=[{"models": ["m"]}], **changes)
    (row,) = judge(entry, Evidence({}, Resampling(200), models={"m": table}))
    return row


def occluded(nuisance, label=(3.0, 3.0, 2.9, 1.0), shuffled=(0.0, 0.0, 0.1, 0.0), **more):
    return networks(nuisance_bits=nuisance, label_bits=label, shuffled_bits=shuffled, **more)


@pytest.mark.parametrize(
    ("nuisance", "lost", "verdict"),
    [((2.0, 2.0, 0.5, 0.0), 0.75, "supported"), ((2.0, 2.0, 1.8, 0.0), 0.1, "refuted")],
)
def test_nuisance_counts_up_to_where_the_label_is_lost(nuisance, lost, verdict):
    row = judged("C94", occluded(nuisance))
    assert row["estimate"] == pytest.approx(lost)
    assert row["verdict"] == verdict
    assert "from beta = 0.01 to 1," in row["statistic"]
    assert float(row["null"].split()[0]) == pytest.approx(-0.05)


def test_a_price_beyond_one_that_loses_the_label_does_not_count():
    row = judged("C94", occluded((2.0, 1.8, 0.5, 0.0), label=(3.0, 2.0, 3.0, 3.0)))
    assert row["estimate"] == pytest.approx(0)


def test_a_nuisance_that_is_not_there_cannot_be_lost():
    assert judged("C94", occluded((0.02, 0.0, 0.0, 0.0)))["verdict"] == "inconclusive"


def test_initialisations_that_diverged_are_left_out():
    assert judged("C94", occluded((2.0, 2.0, 0.5, 0.0), diverged=(1, 4)))["inits"] == INITS - 2


def test_models_of_another_kind_are_refused():
    with pytest.raises(ClaimError, match="has no nuisance_bits"):
        judged("C94", networks(label_bits=(1, 1, 1, 1)))
    table = occluded((2.0, 2.0, 0.5, 0.0))
    one = {name: values[table["beta"] == 1.0] for name, values in table.items()}
    with pytest.raises(ClaimError, match="a single beta"):
        judged("C94", one)


def codes(correlation, turned=(2.0, 2.0, 2.0, 2.0), information=(9.0, 6.0, 3.0, 0.0)):
    return networks(
        information_bits=information,
        correlation_bits=correlation,
        rotated_bits=turned,
        rotated_again_bits=(2.0, 2.0, 2.0, 2.0),
        ceiling_bits=(10.0,) * 4,
    )


@pytest.mark.parametrize(
    ("correlation", "estimate", "verdict"),
    [((3.0, 2.0, 1.0, 9.0), 1.0, "supported"), ((1.0, 2.0, 3.0, 0.0), -1.0, "refuted")],
)
def test_information_and_correlation_fall_together_where_there_is_information(
    correlation, estimate, verdict
):
    row = judged("C95", codes(correlation), "together")
    assert row["estimate"] == pytest.approx(estimate)
    assert row["verdict"] == verdict
    # The last price leaves nothing to tell.
    assert "beta = 0.01 to 1" in row["statistic"]
    assert abs(float(row["null"].split()[0])) < 0.6


@pytest.mark.parametrize(("gain", "verdict"), [(0.5, "supported"), (0.0, "refuted")])
def test_axes_are_found_where_others_hang_together_more(gain, verdict):
    row = judged("C95", codes((2.0 - gain,) * 4), "axes")
    assert row["estimate"] == pytest.approx(gain)
    assert row["verdict"] == verdict
    assert float(row["null"].split()[0]) == 0


def test_prices_at_the_ceiling_say_nothing():
    table = codes((3.0, 2.0, 1.0, 0.0), information=(10.0, 6.0, 3.0, 1.0))
    assert "beta = 0.1 to 10" in judged("C95", table, "together")["statistic"]
    few = codes((3.0, 2.0, 1.0, 0.0), information=(10.0, 10.0, 3.0, 1.0))
    assert judged("C95", few, "together")["verdict"] == "inconclusive"


def test_codes_that_always_tell_as_much_are_inconclusive():
    row = judged("C95", codes((3.0, 2.0, 1.0, 0.0), information=(5.3, 5.2, 5.1, 5.0)), "together")
    assert row["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("told", "excess", "verdict"),
    [((3.0, 2.5, 1.0, 0.5), -0.5, "supported"), ((3.0, 3.2, 1.0, 0.5), 0.2, "refuted")],
)
def test_a_bound_must_hold_at_every_price(told, excess, verdict):
    table = networks(
        sum_bits=told,
        upper_bits=(4.0, 3.0, 2.0, 1.0),
        printed_upper_bits=(0.0, 0.0, 0.0, 0.0),
        lower_bits=(2.0, 2.0, 1.0, 0.5),
    )
    row = judged("C96", table, "upper")
    assert row["estimate"] == pytest.approx(excess)
    assert row["verdict"] == verdict
    # The first is held against the last one's bound.
    assert float(row["null"].split()[0]) == pytest.approx(2.0)
    assert judged("C96", table, "printed")["verdict"] == "refuted"
    assert judged("C96", table, "lower")["estimate"] == pytest.approx(0.0)
