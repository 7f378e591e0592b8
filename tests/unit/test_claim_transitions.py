"""C06 and C07 on made-up networks with known events."""

import dataclasses

import numpy as np
import pytest

from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import judge
from tests.unit.claim_tables import (
    CLAIMS,
    EPOCHS,
    FLAT,
    claim,
    evidence,
    gradients,
    on,
    planes,
    tidy,
)
from tests.unit.event_tables import EPOCHS as DENSE
from tests.unit.event_tables import SEARCH, noisy


@pytest.mark.parametrize(
    ("layers", "expected", "share"),
    [
        (([2, 2, 2, 2, 0.5, 0.1],) * 3, "supported", 1.0),
        (([2, 2, 2, 2, 0.5, 0.1], FLAT, FLAT), "refuted", 1 / 3),
        ((FLAT,) * 3, "refuted", 0.0),
    ],
)
def test_c06_crossing_of_one(layers, expected, share):
    snr = [gradients("r", "d", planes(5, *layers, spread=0))]
    judged_on = [{"runs": ["r"], "definitions": ["d"]}]
    (row,) = judge(
        claim("C06", judged_on=judged_on),
        evidence(tidy("r", "e", planes(1, FLAT)), snr=snr),
    )
    assert row["verdict"] == expected
    assert row["estimate"] == pytest.approx(share)
    assert row["estimator"] == "d"
    assert "T1 " + ("never" if share == 0 else "1000") in row["statistic"]


def judged_crossing(snr, epochs=EPOCHS):
    tables = evidence(tidy("r", "e", planes(1, FLAT)), snr=[gradients("r", "d", snr, epochs)])
    (row,) = judge(claim("C06", judged_on=[{"runs": ["r"], "definitions": ["d"]}]), tables)
    return row


def test_c06_dips_of_a_stationary_ratio_are_no_transition():
    row = judged_crossing(np.exp(noisy(np.log(1.5), 12, 0.3)), DENSE)
    assert row["estimate"] == 0
    assert row["verdict"] == "refuted"
    (premise,) = row["details"]["premises"]
    assert premise["estimate"] < 0.05
    assert premise["threshold"] == SEARCH.most_false


def test_c06_a_ratio_that_hovers_at_one_says_nothing():
    row = judged_crossing(np.exp(noisy(0.0, 12, 0.5, seed=4)), DENSE)
    (premise,) = row["details"]["premises"]
    assert premise["estimate"] > SEARCH.most_false
    assert row["verdict"] == "inconclusive"


def test_c06_a_step_in_noise_is_a_transition():
    step = np.where(DENSE < 350, np.log(3.0), np.log(0.3))
    row = judged_crossing(np.exp(noisy(step, 12, 0.3)), DENSE)
    assert row["estimate"] == 1
    assert row["verdict"] == "supported"
    assert "rate of false finds" in row["statistic"]


def correlated_runs(inits, delay, order):
    """I(X;T) peaks at epoch 10 + init; the SNR falls below 1 `delay` times later, in that order.

    Returns the table of information and that of gradients.
    """
    epochs = np.arange(0, 400)
    peaks = 10 + np.arange(inits)
    apart = np.log10(np.maximum(epochs, 0.5) / peaks[:, None])
    crossings = np.rint(delay * peaks[order]).astype(int)
    inputs = (5 + 4 * np.exp(-((apart / 0.6) ** 2)))[:, :, None].repeat(3, axis=2)
    snr = np.where(epochs[None] < crossings[:, None], 3.0, 0.3)[:, :, None].repeat(3, axis=2)
    return (
        tidy("r", "e", inputs, epochs=epochs),
        gradients("r", "d", snr, epochs=epochs),
    )


def judged_timing(found, noise, **changes):
    judged_on = on(["r"], definitions=["d"])
    tables = evidence(found, snr=[noise])
    (row,) = judge(claim("C07", judged_on=judged_on, overall=False, **changes), tables)
    return row


@pytest.mark.parametrize(
    ("delay", "order", "expected"),
    [
        (1.5, slice(None), "supported"),
        (5.0, slice(None), "refuted"),  # correlated, but a factor of 5 apart
        (1.0, slice(None, None, -1), "refuted"),  # near, but in the wrong order
        (100.0, slice(None), "inconclusive"),  # never within the run: there is nothing to order
    ],
)
def test_c07_transition_starts_compression(delay, order, expected):
    row = judged_timing(*correlated_runs(12, delay, order))
    assert row["verdict"] == expected
    assert row["threshold"] == 0.5
    assert "median factor between the two epochs" in row["statistic"]
    crossing, _, peak = row["details"]["premises"]
    assert crossing["verdict"] == ("refuted" if delay == 100 else "supported")
    assert peak["verdict"] == "supported"
    if delay == 100:
        assert "12 of 12 networks never crossing" in row["statistic"]
        assert "all alike, without an order" in row["statistic"]
    if delay == 1.5:
        # Smoothing may move two crossings to one snapshot.
        assert row["estimate"] > 0.99
        assert "0 of 12 networks never crossing" in row["statistic"]
        assert "as large in a share of 0.0025 of random pairings" in row["statistic"]
        assert "of the steepest fall instead: 0.98" in row["statistic"]


def test_c07_networks_that_never_cross_rank_last_and_are_counted():
    found, noise = correlated_runs(12, 1.5, slice(None))
    # The two with the earliest peaks.
    noise.loc[noise["init"] < 2, "snr"] = 3.0
    row = judged_timing(found, noise)
    assert "2 of 12 networks never crossing and ranked last" in row["statistic"]
    values = np.array(row["details"]["values"])
    assert np.isinf(values[:2, 0]).all()
    assert row["estimate"] < 0.5
    assert row["details"]["premises"][0]["estimate"] == pytest.approx(10 / 12)


def test_c07_a_peak_that_noise_makes_is_none():
    _, noise = correlated_runs(12, 1.5, slice(None))
    flat = noisy(8.0, 12, 0.3, epochs=np.arange(400)).repeat(3, axis=2)
    row = judged_timing(tidy("r", "e", flat, epochs=np.arange(400)), noise)
    assert row["verdict"] == "inconclusive"
    assert row["details"]["premises"][2]["estimate"] <= 0.25


def test_c07_uses_the_networks_that_both_tables_have():
    found, noise = correlated_runs(12, 1.5, slice(None))
    row = judged_timing(found[found["init"] >= 3], noise[noise["init"] < 11])
    assert row["details"]["initialisations"] == list(range(3, 11))
    assert row["estimate"] > 0.99


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ({"window_decades": 0}, "claim C07: events: window_decades must be above 0"),
        ({"windows": 1}, "claim C07: events: .*windows"),
    ],
)
def test_a_search_that_means_nothing_is_refused(events, message):
    parameters = CLAIMS["C07"]["parameters"]
    changed = parameters | {"events": dataclasses.asdict(SEARCH) | events}
    with pytest.raises(ClaimError, match=message):
        judged_timing(*correlated_runs(4, 1.5, slice(None)), parameters=changed)


def test_c07_is_about_one_layer():
    changed = CLAIMS["C07"]["parameters"] | {"layer": "hidden"}
    with pytest.raises(ClaimError, match="claim C07: layer 'hidden' must be one layer"):
        judged_timing(*correlated_runs(4, 1.5, slice(None)), parameters=changed)
