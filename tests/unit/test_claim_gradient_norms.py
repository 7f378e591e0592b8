"""Claims C27, C60 and C73 on made-up gradients: is the mean ever larger, does it fall, or rise?"""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.evidence import ClaimError, Evidence
from infoplane.claims.judging import judge
from infoplane.statistics import Resampling
from tests.unit.claim_tables import arranged, claim, gradients
from tests.unit.event_tables import EPOCHS

TIME = np.log10(np.maximum(EPOCHS, 1))
INITS = 6


def judged(name, snr, reading=None, definition="szt_second", mean_norm=None, accuracy=None):
    """Judge a claim on arrays of shape (inits, epochs, 1), and learning curves a network."""
    frame = gradients("r", definition, snr, EPOCHS)
    frame["mean_norm"] = np.ravel(snr if mean_norm is None else mean_norm)
    tables = {"gradients": arranged(frame, "definition")}
    if accuracy is not None:
        init, place = np.indices((len(snr), EPOCHS.size)).reshape(2, -1)
        rows = {"run": "r", "init": init, "epoch": EPOCHS[place], "status": "ok"}
        curves = pd.DataFrame(rows | {"train_accuracy": accuracy[place]})
        tables["metrics"] = arranged(curves, None)
    on = [{"runs": ["r"], "definitions": [definition]}]
    (row,) = judge(claim(name, reading, judged_on=on), Evidence(tables, Resampling(400)))
    return row


def null_of(row):
    return float(row["null"].split()[0])


def around(course, deviation, seed=0):
    """Return networks with multiplicative noise about a course."""
    noise = np.random.default_rng(seed).normal(scale=deviation, size=(INITS, EPOCHS.size))
    return (course * np.exp(noise))[:, :, None]


def test_c27_a_mean_that_is_larger_once_refutes():
    course = np.where(EPOCHS == 0, 3.0, 0.2) * np.ones(EPOCHS.size)
    row = judged("C27", around(course, 0.01))
    assert row["verdict"] == "refuted"
    assert row["estimate"] == pytest.approx(3.0, rel=0.05)
    assert "reached at epoch (median) 0" in row["statistic"]
    assert judged("C27", around(np.full(EPOCHS.size, 0.2), 0.01))["verdict"] == "supported"


def test_c27_the_null_is_what_noise_makes_of_a_ratio_that_stays():
    still = judged("C27", np.full((INITS, EPOCHS.size, 1), 0.5))
    assert still["estimate"] == null_of(still) == pytest.approx(0.5)
    noisy = judged("C27", around(np.full(EPOCHS.size, 0.5), 0.3))
    # The largest of 274 normal values is about 2.8 deviations above their middle.
    assert noisy["estimate"] == pytest.approx(0.5 * np.exp(0.3 * 2.8), rel=0.15)
    assert null_of(noisy) == pytest.approx(noisy["estimate"], rel=0.25)


def test_c27_a_ratio_over_samples_grows_with_the_root_of_the_batch():
    still = np.full((INITS, EPOCHS.size, 1), 0.01)
    row = judged("C27", still, "of_his_batch", definition="saxe_sample")
    assert row["estimate"] == pytest.approx(0.01 * np.sqrt(500))
    with pytest.raises(ClaimError, match="not for szt_first"):
        judged("C27", still, "of_his_batch", definition="szt_first")


def test_c27_dead_layers_are_left_out():
    snr = np.full((INITS, EPOCHS.size, 1), 0.5)
    snr[2] = np.nan
    row = judged("C27", snr)
    assert row["details"]["initialisations"] == [0, 1, 3, 4, 5]


# The error is gone at epoch 100, two decades before the end.
LEARNT = np.clip(0.5 + 0.25 * TIME, 0, 1)


@pytest.mark.parametrize(
    ("decades_after", "verdict"), [(1.0, "supported"), (0.0, "refuted"), (-0.5, "refuted")]
)
def test_c60_counts_from_the_saturation_on(decades_after, verdict):
    # Flat before: what comes after is no going on.
    level = -decades_after * np.clip((TIME - 2) / 2, 0, 1)
    norms = around(10.0**level, 0.02)
    row = judged("C60", norms, accuracy=LEARNT)
    assert row["verdict"] == verdict
    # A window of half a decade moves the end and the corner by less than an eighth each.
    assert row["estimate"] == pytest.approx(decades_after, abs=0.15)
    assert null_of(row) == pytest.approx(0.0, abs=0.05)


def test_c60_a_fall_that_was_there_before_is_told_beside():
    row = judged("C60", around(10.0 ** (-TIME / 2), 0.02), accuracy=LEARNT)
    assert null_of(row) == pytest.approx(1.0, abs=0.15)


def test_c60_an_error_that_never_falls_or_falls_to_the_end_says_nothing():
    falling = around(10.0**-TIME, 0.02)
    for accuracy in (np.full(EPOCHS.size, 0.5), np.clip(0.5 + 0.125 * TIME, 0, 1)):
        assert judged("C60", falling, accuracy=accuracy)["verdict"] == "inconclusive"


@pytest.mark.parametrize(("slope", "verdict"), [(0.3, "supported"), (-0.3, "refuted")])
def test_c73_a_mean_that_rises_in_the_end_supports_it(slope, verdict):
    row = judged("C73", around(10 ** (slope * TIME), 0.05))
    # Four decades, less half a window of 0.5 decades at either end, whose mean is its middle.
    assert row["estimate"] == pytest.approx(slope * (TIME[-1] - 0.25), abs=0.05)
    assert row["verdict"] == verdict
    assert null_of(row) < 0.05


def test_c73_noise_alone_is_no_rise_and_dead_layers_are_left_out():
    snr = around(np.ones(EPOCHS.size), 0.3)
    row = judged("C73", snr)
    assert row["verdict"] == "refuted"
    assert abs(row["estimate"]) < 2 * null_of(row)
    snr[2] = 0.0
    assert judged("C73", snr)["inits"] == INITS - 1
    assert judged("C73", 0.0 * snr)["inits"] == 0
