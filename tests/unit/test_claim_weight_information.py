"""Claims on information in the weights, on made-up networks whose course is known."""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import judge
from tests.unit.claim_tables import claim, evidence, information, tidy
from tests.unit.test_claim_generalisation import curves, planes_dropping

EPOCHS = np.unique(np.geomspace(1, 10_000, 40).round().astype(int))
EPOCHS = np.concatenate([[0], EPOCHS])
NETWORKS = 30


def traces(courses, noise=0.02, seed=0):
    """Make the trace of two layers along training, and their sum as layer 0."""
    draws = np.random.default_rng(seed)
    course = np.asarray(courses, float)[None] * np.exp(noise * draws.normal(size=(10, len(EPOCHS))))
    table = tidy("r", "e", np.stack([course * 2, course, course], axis=2), epochs=EPOCHS)
    table["fisher_trace"] = table.pop("mi_input_bits")
    table["layer"] -= 1
    return table.drop(columns=["estimator", "mi_label_bits"])


def judged_on_traces(table, **changes):
    plane = information("r", "e", np.zeros((2, 3, 3)))
    found = evidence(plane, fisher=table)
    (row,) = judge(claim("C33", judged_on=[{"runs": ["r"]}], **changes), found)
    return row


TIME = np.log10(EPOCHS + 1) / 4
HUMP = 1 + 20 * np.exp(-((TIME - 0.5) ** 2) / 0.02)


@pytest.mark.parametrize(
    ("course", "verdict"),
    [
        (HUMP, "supported"),
        (1 + 10 * TIME, "refuted"),  # rises alone
        (10 - 8 * TIME, "refuted"),  # falls alone
        (np.full(len(EPOCHS), 3.0), "refuted"),
    ],
)
def test_only_what_rises_and_falls_supports_the_claim(course, verdict):
    row = judged_on_traces(traces(course))
    assert row["verdict"] == verdict
    assert row["estimate"] == pytest.approx(course[-1] / course.max(), abs=0.1)


def test_noise_on_a_trace_that_stays_is_told_beside_and_is_no_fall():
    row = judged_on_traces(traces(np.full(len(EPOCHS), 3.0), noise=0.5))
    # The noise alone makes the last value a half of the largest or less.
    assert row["estimate"] < 0.6
    assert float(row["null"].split()[0]) == pytest.approx(row["estimate"], abs=0.2)
    assert row["verdict"] != "supported"
    assert "more than noise explains" in row["failed"]


def test_dead_networks_have_an_end_of_nothing():
    course = np.where(EPOCHS > 100, 0.0, HUMP)
    row = judged_on_traces(traces(course))
    assert row["estimate"] == 0.0


def test_a_table_without_all_weights_is_refused():
    table = traces(HUMP)
    with pytest.raises(ClaimError, match="has the layers"):
        judged_on_traces(table[table["layer"] > 0])


def held_by_weights(run, nats):
    init, epoch, layer = np.indices((len(nats), 2, 3)).reshape(3, -1)
    values = np.where((epoch == 1) & (layer == 0), np.asarray(nats)[init], -1.0)
    keys = {"run": run, "init": init, "epoch": 10_000 * epoch, "layer": layer, "status": "ok"}
    return pd.DataFrame(keys | {"information_nats": values, "squared_norm": -values})


def told(nats, drops, accuracy, reading="information"):
    group = {"runs": ["r"], "estimators": ["e"]}
    tables = {"metrics": curves("r", accuracy), "weight_information": held_by_weights("r", nats)}
    found = evidence(planes_dropping("r", drops), **tables)
    entry = claim("C80", reading, judged_on=[group], overall=False)
    (row,) = judge(entry, found)
    return row


DRAWS = np.random.default_rng(5)
GOOD, OTHER = np.linspace(0, 1, NETWORKS), DRAWS.random(NETWORKS)


def test_weights_that_tell_more_than_activations_support_the_claim():
    row = told(nats=-GOOD, drops=3 * OTHER, accuracy=0.9 + 0.1 * GOOD)
    assert row["verdict"] == "supported"
    assert row["estimate"] > 0.5
    assert "(1.00)" in row["statistic"]
    low, high = (float(n) for n in row["null"].split("[")[1].rstrip("]").split(", "))
    assert low < 0 < high


def test_activations_that_tell_more_refute_it():
    row = told(nats=OTHER, drops=3 * GOOD, accuracy=0.9 + 0.1 * GOOD)
    assert row["verdict"] == "refuted"


def test_more_information_where_networks_generalise_counts_against_weights():
    row = told(nats=GOOD, drops=3 * GOOD, accuracy=0.9 + 0.1 * GOOD)
    assert row["estimate"] == pytest.approx(-2)


def test_the_norm_is_another_reading():
    row = told(nats=GOOD, drops=3 * GOOD, accuracy=0.9 + 0.1 * GOOD, reading="norm")
    assert row["estimate"] == pytest.approx(0)
    assert row["verdict"] in ("refuted", "inconclusive")


def test_few_networks_have_no_interval_and_missing_ones_are_refused():
    few = told(nats=-GOOD[:5], drops=OTHER[:5], accuracy=0.9 + 0.1 * GOOD[:5])
    assert (few["ci_low"], few["ci_high"]) == (-2, 2)
    with pytest.raises(ClaimError, match="lacks networks"):
        told(nats=-GOOD[:20], drops=OTHER, accuracy=0.9 + 0.1 * GOOD)
