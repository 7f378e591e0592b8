"""C26 on made-up networks whose events are known, and the fits behind it."""

import re

import numpy as np
import pytest
from scipy.stats import linregress

from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import judge
from infoplane.claims.statistics.batch_sizes import line_fits
from tests.unit.claim_tables import claim, evidence, gradients, tidy
from tests.unit.event_tables import EPOCHS, noisy

INITS = 8
BATCHES = (64, 128, 256, 512, None)


def test_fits_are_those_of_a_regression_row_by_row():
    first, second = np.random.default_rng(0).uniform(1, 100, (2, 6, 5))
    squares, slopes = line_fits(first, second)
    for row in range(6):
        expected = linregress(np.log(first[row]), np.log(second[row]))
        assert squares[row] == pytest.approx(expected.rvalue**2, abs=1e-12)
        assert slopes[row] == pytest.approx(expected.slope, abs=1e-12)


def test_what_has_no_line_is_undefined_and_a_level_one_explains_nothing():
    first = np.array([[1.0, 2.0, np.inf], [2.0, 2.0, 2.0], [1.0, 2.0, 3.0]])
    second = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [5.0, 5.0, 5.0]])
    squares, _ = line_fits(first, second)
    assert np.isnan(squares[:2]).all()
    assert squares[2] == 0


def study(falls, peaks, drop=4.0):
    """Make a run a batch size whose SNR falls and whose I(X;T) peaks around given epochs."""
    tables, snr, known = [], [], {}
    later = np.maximum(EPOCHS, 0.5)
    for place, (batch, fall, peak) in enumerate(zip(BATCHES, falls, peaks, strict=True)):
        run = f"batch_{batch or 'full'}"
        course = -1.5 * np.tanh(4 * np.log10(later / fall))
        path = 8 - drop * np.abs(np.log10(later / peak)) / 3
        noise = noisy(0 * course, INITS, 0.01, seed=place)
        ratio = np.exp(course[None, :, None] + noise)
        bits = path[None, :, None] + noise
        # The last hidden layer is the first of two.
        tables.append(tidy(run, "e", np.repeat(bits, 2, 2), epochs=EPOCHS).assign(samples=4096))
        snr.append(gradients(run, "d", np.repeat(ratio, 2, 2), epochs=EPOCHS))
        known[run] = {"training_fraction": 0.8, "batch_size": batch}
    return evidence(*tables, snr=snr, known=known)


def judged(found, reading="epochs", **changes):
    runs = list(found.known)
    group = {"pools": [runs], "estimators": ["e"], "definitions": ["d"]}
    (row,) = judge(claim("C26", reading, judged_on=[group], **changes), found)
    return row


LATER = (100, 200, 400, 800, 1600)


def test_falls_in_proportion_to_peaks_support_it_and_shuffled_peaks_do_not():
    row = judged(study(LATER, [2 * epoch for epoch in LATER]))
    assert row["verdict"] == "supported"
    assert row["estimate"] > 0.95
    middle, low, high = map(float, re.findall(r"[\d.]+", row["null"]))
    assert 0 <= low < middle < high < 0.95


def test_peaks_in_another_order_refute_it():
    assert judged(study(LATER, (400, 1600, 100, 800, 200)))["verdict"] == "refuted"


def test_falls_that_come_earlier_with_larger_batches_refute_it():
    row = judged(study(LATER[::-1], LATER[::-1]))
    assert row["verdict"] == "refuted"
    assert "batch size and fall" in row["failed"]


def test_a_later_epoch_may_be_an_earlier_step():
    # 52, 26, 13, 7 and 1 steps an epoch: as many times later in epochs, at one time in steps.
    epochs = [3000 / steps for steps in (52, 26, 13, 7, 1)]
    found = study(epochs, epochs)
    assert judged(found)["verdict"] == "supported"
    assert judged(found, "steps")["verdict"] != "supported"


def test_without_events_there_is_no_law():
    row = judged(study(LATER, LATER, drop=0.0))
    assert row["verdict"] == "inconclusive"
    assert "I(X;T) falls after its peak" in row["failed"]


def test_an_unknown_axis_and_unknown_steps_are_refused():
    found = study(LATER, LATER)
    parameters = claim("C26").readings[None].parameters | {"axis": "hours"}
    with pytest.raises(ClaimError, match="axis 'hours' is not one of: epochs, steps"):
        judged(found, parameters=parameters)
    del found.known["batch_64"]["batch_size"]
    with pytest.raises(ClaimError, match="what steps run 'batch_64' takes"):
        judged(found)
