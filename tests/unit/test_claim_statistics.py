import numpy as np
import pandas as pd
import pytest

from infoplane.claims.evidence import ClaimError
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
    assert row["condition"] == "r"
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


def losing(run, loss, hidden, spread):
    """Return a run whose output loses label information, by network as far as it compresses."""
    inputs = planes(12, FLAT, hidden, RISE, spread=0)
    extent = spread * np.linspace(-1, 1, 12)[:, None]
    inputs[:, -1, 1:2] -= extent
    labels = planes(12, *([[0.1, 0.8, 0.8, 0.8, 0.8, 0.8 - loss]] * 3), spread=0)
    labels[:, -1] -= extent * loss / 4
    return information(run, "e", inputs, labels)


def judged_pair(name, run, reference, *tables):
    judged_on = [{"pairs": [{"run": run, "reference": reference}], "estimators": ["e"]}]
    (row,) = judge(claim(name, judged_on=judged_on, overall=False), evidence(*tables))
    return row


@pytest.mark.parametrize(
    ("small", "large", "hidden", "spread", "expected"),
    [
        (0.3, 0.0, RISE_AND_FALL, 1.0, "supported"),
        (0.3, 0.3, RISE_AND_FALL, 1.0, "refuted"),  # lost with enough data too
        (0.0, 0.0, RISE_AND_FALL, 1.0, "refuted"),  # nothing lost
        (0.3, 0.0, RISE, 0.001, "refuted"),  # lost without compression
        (0.3, 0.0, RISE_AND_FALL, -1.0, "supported"),
    ],
)
def test_c05_needs_the_loss_and_the_compression(small, large, hidden, spread, expected):
    few = losing("few", small, hidden, spread)
    row = judged_pair("C05", "few", "many", few, losing("many", large, hidden, spread))
    assert row["verdict"] == expected
    assert row["condition"] == "few vs many"
    assert row["details"]["conditions"][0]["estimate"] == pytest.approx(large, abs=0.01)
    assert len(row["details"]["conditions"]) == 3


def test_c05_networks_that_compress_more_must_lose_more():
    few = losing("few", 0.3, RISE_AND_FALL, 1.0)
    # The drops of other networks, so that the loss no longer goes with them.
    shuffled = np.random.default_rng(0).permutation(12)
    last = few["epoch"] == few["epoch"].max()
    for init in range(12):
        at = last & (few["init"] == init) & (few["layer"] == 2)
        few.loc[at, "mi_input_bits"] = 5.0 - np.linspace(-1, 1, 12)[shuffled[init]]
    row = judged_pair("C05", "few", "many", few, losing("many", 0.0, RISE_AND_FALL, 1.0))
    assert row["details"]["conditions"][2]["estimate"] < 0.3
    assert row["verdict"] != "supported"
    assert "rank correlation over networks" in row["failed"]


@pytest.mark.parametrize(
    ("loss", "reference_loss", "reference", "expected"),
    [
        (0.3, 0.0, RISE, "supported"),
        (0.3, 0.3, RISE, "refuted"),  # lost as much without compression
        (0.3, 0.0, RISE_AND_FALL, "inconclusive"),  # the other arm compresses too
    ],
)
def test_c40_compares_with_the_arm_that_does_not_compress(
    loss, reference_loss, reference, expected
):
    tables = losing("tanh", loss, RISE_AND_FALL, 0.1), losing("relu", reference_loss, reference, 0)
    row = judged_pair("C40", "tanh", "relu", *tables)
    assert row["estimate"] == pytest.approx(loss - reference_loss, abs=0.01)
    assert row["verdict"] == expected


@pytest.mark.parametrize(("same", "expected"), [(True, "supported"), (False, "refuted")])
def test_c39_asks_whether_the_initialisation_decides(same, expected):
    """Drops of 30 networks from 3 to 5 bits, in the other run the same or those of others."""
    generator = np.random.default_rng(4)
    drops = generator.uniform(3, 5, 30)
    tables = []
    for run, own in (("full", drops), ("mini", drops if same else generator.permutation(drops))):
        paths = planes(30, FLAT, RISE_AND_FALL, FLAT, spread=0)
        paths[:, -1, 1] = 9.0 - own + generator.normal(scale=0.05, size=30)
        tables.append(information(run, "e", paths))
    row = judged_pair("C39", "full", "mini", *tables)
    assert row["verdict"] == expected
    (spread,) = row["details"]["conditions"]
    # Standard deviations of differences: 0.07 of 0.82 within, as much as between if shuffled.
    assert spread["estimate"] == pytest.approx(0.09 if same else 1.0, abs=0.2)
    assert row["null"].startswith(("0.", "-0."))


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
    premise, *beyond_null = row["details"]["premises"]
    assert premise["estimate"] == pytest.approx(fall)
    # A drop that is found is held against its null control as well.
    assert len(beyond_null) == (expected == "supported")


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
    assert row["condition"] == "full vs mini"


def test_c09_pairs_the_initialisations_that_both_runs_have():
    paths = planes(5, FLAT, RISE_AND_FALL, FLAT)
    tables = [information("full", "e", paths, diverged=[1]), information("mini", "e", paths)]
    judged_on = [{"pairs": [{"run": "full", "reference": "mini"}], "estimators": ["e"]}]
    (row,) = judge(claim("C09", judged_on=judged_on, overall=False), evidence(*tables))
    assert row["details"]["initialisations"] == [0, 2, 3, 4]
    assert row["details"]["diverged"] == [1]
    assert row["estimate"] == pytest.approx(1.0)


def curves(run, losses, inits=6):
    """Return learning curves, one for all networks of a run."""
    table = information(run, "e", np.tile(np.array(losses)[None, :, None], (inits, 1, 1)))
    columns = ["run", "init", "epoch", "layer", "status"]
    return table[columns].assign(train_loss=table["mi_input_bits"])


def test_c09_at_equal_loss_paths_end_where_the_slower_one_has_got():
    """The faster path rises to 9, then falls; at the loss that the other ends with it is at 8."""
    tables = [
        information("full", "e", planes(6, FLAT, RISE, FLAT, spread=0)),
        information("mini", "e", planes(6, FLAT, RISE_AND_FALL, FLAT, spread=0)),
    ]
    metrics = pd.concat(
        [
            curves("full", [1.0, 0.9, 0.8, 0.6, 0.4, 0.3]),
            curves("mini", [1.0, 0.8, 0.5, 0.3, 0.2, 0.1]),
        ]
    )
    judged_on = [{"pairs": [{"run": "full", "reference": "mini"}], "estimators": ["e"]}]
    asked = claim("C09", "loss", judged_on=judged_on, overall=False)
    (row,) = judge(asked, evidence(*tables, metrics=metrics))
    values = np.array(row["details"]["values"])
    np.testing.assert_allclose(values, np.tile([0.0, 1.0], (6, 1)), atol=1e-9)
    assert "at equal training loss" in row["statistic"]


def test_c09_knows_two_ends_of_a_path():
    parameters = {"layers": "hidden", "least_reference_lost_share": 0.05, "until": "later"}
    judged_on = [{"pairs": [{"run": "r", "reference": "s"}], "estimators": ["e"]}]
    asked = claim("C09", judged_on=judged_on, parameters=parameters)
    with pytest.raises(ClaimError, match="until 'later' is not one of: end, equal_training_loss"):
        judge(asked, evidence(information("r", "e", planes(2, FLAT, RISE))))


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
