import copy
import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from infoplane.claims import (
    STATISTICS,
    Case,
    ClaimError,
    Condition,
    Evidence,
    Finding,
    TableError,
    check_available,
    judge,
    read_claim,
    trajectory_statistics,
)
from infoplane.claims.gradient_noise import crossing_epochs, fall_factors
from infoplane.claims.judging import finding_verdict
from infoplane.claims.registry import claim_statistic
from infoplane.statistics import Interval, Resampling

CLAIMS = yaml.safe_load(
    (Path(__file__).parents[2] / "config" / "claims.yaml").read_text(encoding="utf-8")
)["claims"]
EPOCHS = np.array([0, 1, 10, 100, 1000, 10000])


def information(run, estimator, inputs, labels=None, epochs=EPOCHS, diverged=()):
    """Lay out arrays of shape (inits, epochs, layers) as a tidy table."""
    inputs = np.asarray(inputs, float)
    labels = np.full(inputs.shape, 0.5) if labels is None else np.asarray(labels, float)
    init, epoch, layer = np.indices(inputs.shape)
    table = pd.DataFrame(
        {
            "run": run,
            "init": init.ravel(),
            "epoch": np.asarray(epochs)[epoch.ravel()],
            "layer": layer.ravel() + 1,
            "estimator": estimator,
            "mi_input_bits": inputs.ravel(),
            "mi_label_bits": labels.ravel(),
        }
    )
    return table.assign(status=np.where(table["init"].isin(diverged), "diverged", "ok"))


def gradients(run, definition, snr, epochs=EPOCHS):
    table = information(run, "", snr, epochs=epochs)
    return table.rename(columns={"mi_input_bits": "snr"}).assign(definition=definition)[
        ["run", "init", "epoch", "layer", "definition", "snr", "status"]
    ]


NO_GRADIENTS = gradients("none", "none", np.ones((1, 1, 1)), epochs=[0])


def evidence(*tables, snr=(NO_GRADIENTS,)):
    return Evidence(pd.concat(tables), pd.concat(snr), Resampling(400))


def planes(inits, *layers, spread=0.05, seed=0):
    """Repeat one path of I(X;T) a layer over initialisations, shifted by noise."""
    paths = np.array(layers, float).T[None]
    shift = np.random.default_rng(seed).normal(scale=spread, size=(inits, 1, len(layers)))
    rising = np.linspace(0, 1, paths.shape[1])[None, :, None]
    return paths + shift * rising


FLAT = [12.0] * 6
RISE_AND_FALL = [4.0, 6.0, 9.0, 8.0, 6.0, 5.0]
RISE = [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]


def claim(name, **changes):
    entry = copy.deepcopy(CLAIMS[name])
    for key, value in changes.items():
        entry[key] = value
    return {name: entry}


def on(runs, estimators=("e",), **more):
    return [{"runs": list(runs), "estimators": list(estimators), **more}]


def test_trajectory_statistics_by_brute_force():
    generator = np.random.default_rng(0)
    tables = [
        information(run, estimator, *generator.normal(size=(2, 3, 6, 4)))
        for run in ("a", "b")
        for estimator in ("e", "f")
    ]
    table = pd.concat(tables).sample(frac=1, random_state=1)
    found = trajectory_statistics(table).set_index(["run", "estimator", "init", "layer"])
    assert len(found) == 2 * 2 * 3 * 4
    for key, rows in table.groupby(["run", "estimator", "init", "layer"]):
        rows = rows.sort_values("epoch")
        inputs, labels = list(rows["mi_input_bits"]), list(rows["mi_label_bits"])
        assert dict(found.loc[key]) == {
            "initial_input_bits": inputs[0],
            "peak_input_bits": max(inputs),
            "peak_epoch": EPOCHS[inputs.index(max(inputs))],
            "final_input_bits": inputs[-1],
            "drop_bits": max(inputs) - inputs[-1],
            "rise_bits": max(inputs) - inputs[0],
            "initial_label_bits": labels[0],
            "peak_label_bits": max(labels),
            "final_label_bits": labels[-1],
            "label_loss_bits": max(labels) - labels[-1],
        }


def test_trajectories_of_text_columns_and_categories_agree():
    table = information("a", "e", np.random.default_rng(1).normal(size=(2, 6, 3)))
    categories = table.astype({"run": "category", "estimator": "category", "status": "category"})
    pd.testing.assert_frame_equal(trajectory_statistics(table), trajectory_statistics(categories))


def test_first_of_equal_peaks_counts():
    found = trajectory_statistics(information("a", "e", np.full((1, 6, 1), 12.0)))
    assert found["peak_epoch"].item() == 0
    assert found["drop_bits"].item() == 0


def test_diverged_networks_are_left_out_even_with_half_a_trajectory():
    table = information("a", "e", planes(4, FLAT, RISE_AND_FALL), diverged=[2])
    table = table[(table["init"] != 2) | (table["epoch"] < 100)]
    assert set(trajectory_statistics(table)["init"]) == {0, 1, 3}


def test_all_diverged_gives_no_trajectory():
    table = information("a", "e", planes(2, FLAT), diverged=[0, 1])
    assert trajectory_statistics(table).empty


def test_holes_and_doubles_are_refused():
    table = information("a", "e", planes(2, FLAT, RISE))
    with pytest.raises(TableError, match="a, e: initialisation 0, epoch 1, layer 2 has 0 rows"):
        trajectory_statistics(table.drop(index=3))
    with pytest.raises(TableError, match="initialisation 0, epoch 1, layer 2 has 2 rows"):
        trajectory_statistics(pd.concat([table, table.loc[[3]]]))


@pytest.mark.parametrize("name", ["C01", "C02", "C03", "C04", "C06", "C07", "C08", "C09", "C10"])
def test_the_study_has_every_claim(name):
    assert read_claim(name, CLAIMS[name]).cases


def test_every_claim_on_compression_has_three_estimators_in_every_condition():
    for name, entry in CLAIMS.items():
        if entry.get("overall"):
            cases = read_claim(name, entry).cases
            for protocol in {case.protocol for case in cases}:
                assert len({c.estimator for c in cases if c.protocol == protocol}) >= 3, name


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
    (row,) = judge(claim("C03", judged_on=on(["r"])), evidence(table))
    assert row["verdict"] == expected
    assert row["estimate"] == pytest.approx(final / 0.99916, abs=0.01)


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


def test_crossing_epochs_by_hand():
    snr = np.array([[0.5, 2.0, 0.5], [0.5, 0.4, 0.3], [2.0, 1.0, np.nan], [2.0, np.nan, 0.9]])
    found = crossing_epochs(snr[:, :, None], np.array([0, 3, 7]))
    np.testing.assert_array_equal(found[:, 0], [7, np.inf, np.inf, 7])


def test_fall_factors_by_hand():
    epochs = np.array([0, 1, 5, 10])
    snr = np.array(
        [[2.0, 8.0, 4.0, 2.0], [1.0, np.nan, np.nan, np.nan], [1.0, 6.0, np.nan, 2.0], [1, 1, 0, 0]]
    )
    found = fall_factors(snr[:, :, None], epochs)
    np.testing.assert_allclose(found[:, 0], [8 / 3, np.nan, 3.0, np.inf])


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
        evidence(information("r", "e", planes(1, FLAT)), snr=snr),
    )
    assert row["verdict"] == expected
    assert row["estimate"] == pytest.approx(share)
    assert row["estimator"] == "d"
    assert "T1 " + ("never" if share == 0 else "1000") in row["statistic"]


def correlated_runs(inits, delay, order):
    """Peaks at epoch 10 + init; the SNR falls below 1 `delay` times later, in that order."""
    epochs = np.arange(0, 400)
    peaks = 10 + np.arange(inits)
    crossings = np.rint(delay * peaks[order]).astype(int)
    inputs = np.where(epochs[None] == peaks[:, None], 9.0, 5.0)[:, :, None].repeat(3, axis=2)
    snr = np.where(epochs[None] < crossings[:, None], 3.0, 0.3)[:, :, None].repeat(3, axis=2)
    return evidence(
        information("r", "e", inputs, epochs=epochs), snr=[gradients("r", "d", snr, epochs=epochs)]
    )


@pytest.mark.parametrize(
    ("delay", "order", "expected"),
    [
        (1.5, slice(None), "supported"),
        (5.0, slice(None), "refuted"),  # correlated, but a factor of 5 apart
        (1.0, slice(None, None, -1), "refuted"),  # near, but in the wrong order
        (100.0, slice(None), "refuted"),  # never within the run
    ],
)
def test_c07_transition_starts_compression(delay, order, expected):
    tables = correlated_runs(12, delay, order)
    judged_on = on(["r"], definitions=["d"])
    (row,) = judge(claim("C07", judged_on=judged_on, overall=False), tables)
    assert row["verdict"] == expected
    assert row["threshold"] == 0.5
    assert "median factor between the two epochs" in row["statistic"]
    if delay == 1.5:
        assert row["estimate"] == pytest.approx(1.0)


def test_c07_uses_the_networks_that_both_tables_have():
    tables = correlated_runs(12, 1.5, slice(None))
    tables = Evidence(
        tables.information[tables.information["init"] >= 3],
        tables.gradients[tables.gradients["init"] < 11],
        tables.resampling,
    )
    (row,) = judge(claim("C07", judged_on=on(["r"], definitions=["d"]), overall=False), tables)
    assert row["details"]["initialisations"] == list(range(3, 11))
    assert row["estimate"] == pytest.approx(1.0)


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


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ((RISE_AND_FALL, RISE_AND_FALL, RISE_AND_FALL), "supported"),
        ((RISE, RISE, RISE), "refuted"),
        ((RISE_AND_FALL, RISE_AND_FALL, RISE), "inconclusive"),
        ((RISE_AND_FALL, RISE_AND_FALL), "inconclusive"),
    ],
)
def test_overall_verdict_needs_three_estimators_that_agree(paths, expected):
    names = [f"e{index}" for index in range(len(paths))]
    tables = [
        information(run, name, planes(6, FLAT, path, RISE))
        for run in ("r", "s")
        for name, path in zip(names, paths, strict=True)
    ]
    rows = judge(claim("C01", judged_on=on(["r", "s"], names)), evidence(*tables))
    assert [(row["protocol"], row["estimator"]) for row in rows] == [
        *(("r", name) for name in [*names, "all"]),
        *(("s", name) for name in [*names, "all"]),
    ]
    overall = rows[len(names)]
    assert overall["verdict"] == expected
    assert overall["inits"] == 6
    assert np.isnan(overall["estimate"])


def test_diverged_networks_are_counted_and_named(caplog):
    table = information("r", "e", planes(6, FLAT, RISE_AND_FALL, RISE), diverged=[1, 4])
    (row,) = judge(claim("C01", judged_on=on(["r"]), overall=False), evidence(table))
    assert row["inits"] == 4
    assert row["details"]["diverged"] == [1, 4]
    assert "C01, r, e: 2 diverged initialisations are left out: 1, 4" in caplog.text


@pytest.mark.parametrize("name", ["C01", "C02", "C03", "C04", "C10", "C25"])
def test_a_run_that_diverged_altogether_is_inconclusive(name):
    table = information("r", "e", planes(2, FLAT, FLAT, RISE, RISE), diverged=[0, 1])
    (row,) = judge(claim(name, judged_on=on(["r"]), overall=False), evidence(table))
    assert row["verdict"] == "inconclusive"
    assert row["inits"] == 0
    assert np.isnan(row["estimate"])


@pytest.mark.parametrize("name", ["C06", "C07", "C08"])
def test_gradients_of_a_run_that_diverged_altogether(name):
    lost = {"status": "diverged"}
    tables = Evidence(
        information("r", "e", planes(2, FLAT, RISE, RISE)).assign(**lost),
        gradients("r", "d", planes(2, FLAT, RISE, RISE)).assign(**lost),
        Resampling(50),
    )
    needs = STATISTICS[CLAIMS[name]["statistic"]].needs
    judged_on = [{"runs": ["r"], **{f"{need}s": [need[0]] for need in needs}}]
    (row,) = judge(claim(name, judged_on=judged_on, overall=False), tables)
    assert row["verdict"] == "inconclusive"
    assert row["inits"] == 0


def test_missing_estimates_of_a_sound_network_are_refused():
    paths = planes(3, FLAT, RISE_AND_FALL, RISE)
    paths[1, 2, 1] = np.nan
    with pytest.raises(TableError, match=r"r, e: initialisation 1 .* epoch 10, layer 2"):
        judge(
            claim("C01", judged_on=on(["r"]), overall=False), evidence(information("r", "e", paths))
        )


@pytest.mark.parametrize(
    ("runs", "estimators", "message"),
    [
        (["s"], ["e"], "claim C01: .* no estimator 'e' of run 's'; it has nothing of that run"),
        (["r"], ["f"], "claim C01: the table has no estimator 'f' of run 'r'; it has e"),
    ],
)
def test_absent_evidence_is_named(runs, estimators, message):
    tables = evidence(information("r", "e", planes(2, FLAT, RISE, RISE)))
    with pytest.raises(ClaimError, match=message):
        judge(claim("C01", judged_on=on(runs, estimators)), tables)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"statistic": "drops"}, "claim C01: statistic 'drops' is not one of: .*trajectory"),
        ({"direction": "more"}, "claim C01: direction 'more' is not one of: at_least"),
        ({"threshold": "1"}, "claim C01: threshold '1' has the wrong type"),
        ({"threshold": True}, "claim C01: threshold True has the wrong type"),
        ({"threshold": float("nan")}, "claim C01: threshold must be finite"),
        ({"treshold": 1.0}, r"claim C01 has the keys .*; unknown \['treshold'\]"),
        ({"parameters": {"quantity": "drop_bits"}}, r"missing \['layers'\]"),
        ({"parameters": {"quantity": "x", "layers": "all", "n": 1}}, r"unknown \['n'\]"),
        ({"judged_on": []}, "claim C01: judged_on names nothing"),
        ({"judged_on": [{"runs": ["r"]}]}, r"missing \['estimators'\]"),
        ({"judged_on": [{"pairs": [], "estimators": ["e"]}]}, r"unknown \['pairs'\]"),
        ({"judged_on": on(["r"], definitions=["d"])}, r"unknown \['definitions'\]"),
        ({"judged_on": on(["r", "r"])}, r"judged_on names \['C01, r, e'\] twice"),
        ({"judged_on": ["r"]}, "must be a mapping, not 'r'"),
    ],
)
def test_malformed_claims_are_refused(change, message):
    with pytest.raises(ClaimError, match=message):
        read_claim("C01", CLAIMS["C01"] | change)


def test_a_missing_key_is_refused():
    entry = {key: value for key, value in CLAIMS["C01"].items() if key != "source"}
    with pytest.raises(ClaimError, match=r"missing \['source'\]"):
        read_claim("C01", entry)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"quantity": "drop", "layers": "all"}, "quantity 'drop' is not one of: initial_input"),
        ({"quantity": "drop_bits", "layers": "deep"}, "layers 'deep' is neither a list .* hidden"),
        ({"quantity": "drop_bits", "layers": [2, 9]}, r"has the layers \[1, 2, 3\], not \[9\]"),
        ({"quantity": "drop_bits", "layers": "all", "across": "sum"}, "across 'sum' is not one"),
    ],
)
def test_parameters_without_meaning_are_refused(parameters, message):
    tables = evidence(information("r", "e", planes(2, FLAT, RISE, RISE)))
    with pytest.raises(ClaimError, match=f"claim C01: .*{message}"):
        judge(claim("C01", judged_on=on(["r"]), parameters=parameters), tables)


@pytest.mark.parametrize(
    ("estimators", "definitions", "message"),
    [
        ({}, {"r": ["d"]}, "claim C07: run 'r' is not in the study"),
        ({"r": ["f"]}, {"r": ["d"]}, "claim C07: run 'r' has no estimator 'e'; it has f"),
        ({"r": ["e"]}, {}, "claim C07: run 'r' has no definition 'd'; it has none"),
    ],
)
def test_claims_beyond_the_study_are_refused(estimators, definitions, message):
    claims = claim("C07", judged_on=on(["r"], definitions=["d"]))
    check_available(claims, {"r": ["e"]}, {"r": ["d"]})
    with pytest.raises(ClaimError, match=message):
        check_available(claims, estimators, definitions)


def test_reference_runs_are_checked_as_well():
    judged_on = [{"pairs": [{"run": "r", "reference": "s"}], "estimators": ["e"]}]
    with pytest.raises(ClaimError, match="run 's' is not in the study"):
        check_available(claim("C09", judged_on=judged_on), {"r": ["e"]}, {})


def test_finding_with_conditions_and_premises():
    high, low = Interval(2.0, 1.5, 2.5), Interval(0.1, 0.0, 0.2)
    met, unmet = Condition("a", high, 1.0, "at_least"), Condition("a", low, 1.0, "at_least")
    for conditions, premises, expected in (
        ((met,), (met,), "supported"),
        ((unmet,), (met,), "refuted"),
        ((met,), (unmet,), "inconclusive"),
        ((unmet,), (unmet,), "inconclusive"),
    ):
        finding = Finding(
            "x", high, np.arange(3), np.ones(3), conditions=conditions, premises=premises
        )
        assert finding_verdict(finding, 1.0, "at_least") == expected
    assert str(finding) == ("x; and a 0.1 [0, 0.2] at least 1; given a 0.1 [0, 0.2] at least 1")


def test_case_names_what_a_row_is_about():
    assert str(Case("C09", "a", "b", "e")) == "C09, a vs b, e"
    assert Case("C06", "a", definition="d").measure == "d"


def test_a_new_statistic_is_one_function(monkeypatch):
    def last_epoch(evidence, case, *, factor):
        found = evidence.planes(case)
        last = np.full(found.inits.size, factor * found.epochs[-1], float)
        return Finding("last epoch", evidence.resampling.mean(last), found.inits, last)

    monkeypatch.setitem(STATISTICS, "last_epoch", None)
    del STATISTICS["last_epoch"]
    claim_statistic(needs=("estimator",))(last_epoch)
    entry = claim("C01", statistic="last_epoch", parameters={"factor": 2}, judged_on=on(["r"]))
    row, _ = judge(entry, evidence(information("r", "e", planes(2, FLAT))))
    assert row["estimate"] == 20000
    assert row["verdict"] == "supported"


def test_a_statistic_cannot_be_registered_twice():
    def trajectory(evidence, case):
        raise AssertionError

    with pytest.raises(ValueError, match="trajectory is registered twice"):
        claim_statistic(needs=("estimator",))(trajectory)


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_statistics_name_their_parameters(name):
    """What a claim's parameters mean must stand in the docstring of its statistic."""
    for parameter in inspect.signature(STATISTICS[name].function).parameters:
        assert parameter in inspect.getdoc(STATISTICS[name].function)


def test_judging_is_deterministic_and_independent_of_other_claims():
    table = information("r", "e", planes(7, FLAT, RISE_AND_FALL, RISE, spread=1.0))
    one = claim("C01", judged_on=on(["r"]), overall=False)
    other = claim("C10", judged_on=on(["r"]), overall=False)
    alone = judge(one, evidence(table))
    assert alone == judge(one, evidence(table.sample(frac=1, random_state=0)))
    assert alone[0] == judge(other | one, evidence(table))[1]
