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
