import numpy as np
import pytest

from infoplane.claims.judging import judge
from infoplane.claims.statistics.gradient_noise import fall_factors
from tests.unit.claim_tables import (
    EPOCHS,
    FLAT,
    RISE,
    RISE_AND_FALL,
    claim,
    evidence,
    gradients,
    information,
    on,
    planes,
)


@pytest.mark.parametrize(
    ("last_hidden", "expected"), [(RISE_AND_FALL, "supported"), (RISE, "refuted")]
)
def test_c01_compression_of_the_last_hidden_layer(last_hidden, expected):
    tables = evidence(information("r", "e", planes(6, FLAT, last_hidden, RISE)))
    (row,) = judge(claim("C01", judged_on=on(["r"]), overall=False), tables)
    assert row["verdict"] == expected
    assert row["protocol"] == "r"
    assert row["estimator"] == "e"
    assert row["inits"] == 6
    assert row["threshold"] == 1.0
    assert row["estimate"] == pytest.approx(4.0 if expected == "supported" else 0.0, abs=0.2)
    assert row["statistic"] == "drop of I(X;T) after its peak, mean, T2, bits"


def test_c01_between_is_inconclusive():
    paths = np.concatenate([planes(3, FLAT, RISE_AND_FALL, FLAT), planes(3, FLAT, FLAT, FLAT)])
    (row,) = judge(
        claim("C01", judged_on=on(["r"]), overall=False, threshold=2.0),
        evidence(information("r", "e", paths)),
    )
    assert row["verdict"] == "inconclusive"
    assert row["estimate"] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    ("hidden", "epochs", "expected"),
    [
        (RISE_AND_FALL, EPOCHS, "supported"),
        (RISE, EPOCHS, "refuted"),  # the peak is the end
        (RISE_AND_FALL, EPOCHS * 100, "refuted"),  # the peak is at epoch 1000
        (RISE_AND_FALL[::-1], EPOCHS, "inconclusive"),  # only 2 of 6 networks rise to an early peak
        ([9.0, 8.0, 7.0, 6.0, 5.0, 4.0], EPOCHS, "refuted"),  # falls from the start
    ],
)
def test_c02_rise_to_an_early_peak(hidden, epochs, expected):
    paths = planes(6, FLAT, hidden, FLAT, spread=0.001)
    if expected == "inconclusive":
        paths[:4] = planes(4, FLAT, RISE, FLAT)
    (row,) = judge(
        claim("C02", judged_on=on(["r"]), overall=False, threshold=0.5),
        evidence(information("r", "e", paths, epochs=epochs)),
    )
    assert row["verdict"] == expected


@pytest.mark.parametrize(("final", "expected"), [(0.97, "supported"), (0.5, "refuted")])
def test_c03_label_information_of_the_last_hidden_layer(final, expected):
    labels = planes(6, FLAT, [0.1, 0.2, 0.5, 0.9, 0.9, final], FLAT, spread=0.001)
    table = information("r", "e", planes(6, FLAT, RISE, RISE), labels)
    found = evidence(table, known={"r": {"label_bits": 0.98}, "s": {"label_bits": 0.1}})
    (row,) = judge(claim("C03", judged_on=on(["r"])), found)
    assert row["verdict"] == expected
    assert row["estimate"] == pytest.approx(final / 0.98, abs=0.01)
    assert row["statistic"] == "final I(T;Y), mean, T2, share of H(Y), 0.98 bits"


@pytest.mark.parametrize(("second", "expected"), [(RISE, "supported"), (RISE_AND_FALL, "refuted")])
def test_c04_needs_both_first_layers(second, expected):
    table = information("r", "e", planes(6, FLAT, second, RISE_AND_FALL, RISE_AND_FALL))
    (row,) = judge(claim("C04", judged_on=on(["r"]), overall=False), evidence(table))
    assert row["verdict"] == expected
    assert "largest of T1, T2" in row["statistic"]


@pytest.mark.parametrize(
    ("small", "large", "expected"),
    [(0.3, 0.0, "supported"), (0.3, 0.3, "refuted"), (0.0, 0.0, "refuted")],
)
def test_c05_needs_both_fractions(small, large, expected):
    tables = [
        information(
            run,
            "e",
            planes(6, FLAT, RISE),
            planes(6, [0.8] * 6, [0.1, 0.8, 0.8, 0.8, 0.8, 0.8 - loss], spread=0),
        )
        for run, loss in (("few", small), ("many", large))
    ]
    judged_on = [{"pairs": [{"run": "few", "reference": "many"}], "estimators": ["e"]}]
    (row,) = judge(claim("C05", judged_on=judged_on, overall=False), evidence(*tables))
    assert row["verdict"] == expected
    assert row["protocol"] == "few vs many"
    assert row["details"]["conditions"][0]["estimate"] == pytest.approx(large)


def test_fall_factors_by_hand():
    epochs = np.array([0, 1, 5, 10])
    snr = np.array(
        [[2.0, 8.0, 4.0, 2.0], [1.0, np.nan, np.nan, np.nan], [1.0, 6.0, np.nan, 2.0], [1, 1, 0, 0]]
    )
    found = fall_factors(snr[:, :, None], epochs)
    np.testing.assert_allclose(found[:, 0], [8 / 3, np.nan, 3.0, np.inf])


@pytest.mark.parametrize(
    ("fall", "hidden", "expected"),
    [
        (100.0, RISE_AND_FALL, "supported"),
        (100.0, RISE, "refuted"),
        (2.0, RISE, "inconclusive"),
        (2.0, RISE_AND_FALL, "inconclusive"),
    ],
)
def test_c08_needs_its_premise(fall, hidden, expected):
    snr = [5.0, 5.0, 4.0, 3.0, 2.0, 5.0 / fall]
    tables = evidence(
        information("r", "e", planes(6, FLAT, hidden, RISE_AND_FALL)),
        snr=[gradients("r", "d", planes(6, snr, snr, snr, spread=0.0))],
    )
    (row,) = judge(claim("C08", judged_on=on(["r"], definitions=["d"]), overall=False), tables)
    assert row["verdict"] == expected
    (premise,) = row["details"]["premises"]
    assert premise["estimate"] == pytest.approx(fall)


def test_c08_names_networks_without_an_snr(caplog):
    values = planes(6, *(([5.0, 5.0, 4.0, 3.0, 2.0, 0.01],) * 3), spread=0.0)
    values[4] = np.nan
    tables = evidence(
        information("r", "e", planes(6, FLAT, RISE, RISE)), snr=[gradients("r", "d", values)]
    )
    (row,) = judge(claim("C08", judged_on=on(["r"], definitions=["d"]), overall=False), tables)
    assert row["verdict"] == "refuted"
    assert "undefined and left out for initialisations 4" in caplog.text


@pytest.mark.parametrize(
    ("full_batch", "mini_batch", "expected"),
    [
        (3.8, 4.0, "refuted"),
        (0.1, 4.0, "supported"),
        (2.8, 4.0, "inconclusive"),
        (0.01, 0.01, "inconclusive"),  # no compression whose cause to look for
    ],
)
def test_c09_ratio_of_drops(full_batch, mini_batch, expected):
    generator = np.random.default_rng(3)
    tables = []
    for run, drop in (("full", full_batch), ("mini", mini_batch)):
        paths = planes(8, FLAT, [4.0, 6.0, 9.0, 9.0, 9.0, 9.0 - drop], FLAT, spread=0)
        paths[:, -1] += generator.normal(scale=0.05 * drop, size=(8, 1))
        tables.append(information(run, "e", paths))
    judged_on = [{"pairs": [{"run": "full", "reference": "mini"}], "estimators": ["e"]}]
    (row,) = judge(claim("C09", judged_on=judged_on, overall=False), evidence(*tables))
    assert row["verdict"] == expected
    assert row["protocol"] == "full vs mini"


def test_c09_pairs_the_initialisations_that_both_runs_have():
    paths = planes(5, FLAT, RISE_AND_FALL, FLAT)
    tables = [information("full", "e", paths, diverged=[1]), information("mini", "e", paths)]
    judged_on = [{"pairs": [{"run": "full", "reference": "mini"}], "estimators": ["e"]}]
    (row,) = judge(claim("C09", judged_on=judged_on, overall=False), evidence(*tables))
    assert row["details"]["initialisations"] == [0, 2, 3, 4]
    assert row["details"]["diverged"] == [1]
    assert row["estimate"] == pytest.approx(1.0)


@pytest.mark.parametrize(("hidden", "expected"), [(RISE, "supported"), (RISE_AND_FALL, "refuted")])
def test_c10_no_hidden_layer_drops(hidden, expected):
    table = information("r", "e", planes(6, FLAT, RISE, hidden, RISE_AND_FALL))
    (row,) = judge(claim("C10", judged_on=on(["r"]), overall=False), evidence(table))
    assert row["verdict"] == expected


@pytest.mark.parametrize(
    ("layers", "share", "expected"),
    [((FLAT, RISE, [3] * 6), 0.0, "supported"), (([3] * 6, RISE, RISE), 0.5, "refuted")],
)
def test_c25_order_along_layers(layers, share, expected):
    table = information("r", "e", planes(4, *layers, spread=0))
    (row,) = judge(claim("C25", judged_on=on(["r"])), evidence(table))
    assert row["verdict"] == expected
    assert row["estimate"] == share
