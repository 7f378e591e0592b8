import inspect
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.caution import AuditedRange, Background
from infoplane.claims.entries import Need, check_available, read_claim
from infoplane.claims.evidence import Case, ClaimError
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.judging import COLUMNS, judge
from infoplane.claims.registry import STATISTICS, claim_statistic
from infoplane.claims.sensitivity import finding_verdict
from infoplane.claims.trajectories import TableError
from infoplane.statistics import Interval
from tests.unit.claim_tables import (
    CLAIMS,
    FLAT,
    RISE,
    RISE_AND_FALL,
    claim,
    evidence,
    gradients,
    information,
    on,
    one_reading,
    planes,
    tidy,
)


@pytest.mark.parametrize("name", ["C01", "C02", "C03", "C04", "C06", "C07", "C08", "C09", "C10"])
def test_the_study_has_every_claim(name):
    assert read_claim(name, CLAIMS[name]).cases


def test_every_claim_on_compression_has_three_estimators_in_every_condition():
    for name, entry in CLAIMS.items():
        if entry.get("overall"):
            cases = read_claim(name, entry).cases
            found = {}
            for case in cases:
                found.setdefault((case.condition, case.reading), set()).add(case.estimator)
            assert min(map(len, found.values())) >= 3, name


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
    assert [(row["condition"], row["estimator"]) for row in rows] == [
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
    known = {"r": {"label_bits": 1.0}}
    (row,) = judge(claim(name, judged_on=on(["r"]), overall=False), evidence(table, known=known))
    assert row["verdict"] == "inconclusive"
    assert row["inits"] == 0
    assert np.isnan(row["estimate"])


@pytest.mark.parametrize("name", ["C06", "C07", "C08"])
def test_gradients_of_a_run_that_diverged_altogether(name):
    lost = {"status": "diverged"}
    tables = evidence(
        information("r", "e", planes(2, FLAT, RISE, RISE)).assign(**lost),
        snr=[gradients("r", "d", planes(2, FLAT, RISE, RISE)).assign(**lost)],
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
        judge(claim("C01", judged_on=on(["r"]), overall=False), evidence(tidy("r", "e", paths)))


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
        ({"side": 1}, "claim C01: side 1 has the wrong type"),
        ({"judged_on": ["r"]}, "must be a mapping, not 'r'"),
    ],
)
def test_malformed_claims_are_refused(change, message):
    with pytest.raises(ClaimError, match=message):
        read_claim("C01", one_reading("C01") | change)


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
    ("there", "message"),
    [
        ({}, "claim C07: run 'r' is not in the study; it has s"),
        (
            {"r": {"information": ["f"], "gradients": ["d"]}},
            "claim C07: run 'r' has no estimator 'e' in its table of information; it has f",
        ),
        (
            {"r": {"information": ["e"], "gradients": ["c"]}},
            "claim C07: run 'r' has no definition 'd' in its table of gradients; it has c",
        ),
        (
            {"r": {"information": ["e"]}},
            "claim C07: run 'r' has no table of gradients; it has information",
        ),
    ],
)
def test_claims_beyond_the_study_are_refused(there, message):
    asked = claim("C07", judged_on=on(["r"], definitions=["d"]))
    other = {"s": {}}
    check_available(asked, {"r": {"information": ["e"], "gradients": ["d"]}} | other)
    with pytest.raises(ClaimError, match=message):
        check_available(asked, there | other)


def test_reference_runs_are_checked_as_well():
    judged_on = [{"pairs": [{"run": "r", "reference": "s"}], "estimators": ["e"]}]
    there = {"r": {"information": ["e"], "metrics": []}}
    with pytest.raises(ClaimError, match="run 's' is not in the study"):
        check_available(claim("C09", judged_on=judged_on), there)


def test_what_a_claim_needs_is_named_without_reading_anything():
    pair = {"pairs": [{"run": "r", "reference": "s"}], "estimators": ["e", "f"]}
    assert list(read_claim("C09", one_reading("C09") | {"judged_on": [pair]}).needs) == [
        Need(table, run, estimator)
        for estimator in ("e", "f")
        for run in ("r", "s")
        for table in ("information", "metrics")
    ]
    both = on(["r"], definitions=["c", "d"])
    assert list(read_claim("C07", CLAIMS["C07"] | {"judged_on": both}).needs) == [
        Need("information", "r", "e"),
        Need("gradients", "r", definition="c"),
        Need("gradients", "r", definition="d"),
    ]
    assert list(read_claim("C29", CLAIMS["C29"] | {"judged_on": on(["r"])}).needs) == [
        Need("information", "r", "e"),
        Need("clustering", "r", "e"),
    ]
    # Its statistic needs no plane of that estimator.
    assert list(read_claim("C31", CLAIMS["C31"] | {"judged_on": on(["r"])}).needs) == [
        Need("several_networks", "r", "e")
    ]
    assert [need.estimator for need in read_claim("C13", CLAIMS["C13"]).needs][:2] == [
        "net_input_0.6",
        "machine_precision",
    ]


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
        assert finding_verdict(finding, "supported") == expected
    assert str(finding) == ("x; and a 0.1 [0, 0.2] at least 1; given a 0.1 [0, 0.2] at least 1")


def test_case_names_what_a_row_is_about():
    assert str(Case("C09", "a", "b", "e")) == "C09, a vs b, e"
    assert Case("C06", "a", definition="d").measure == "d"


def test_a_new_statistic_is_one_function(monkeypatch):
    def last_epoch(evidence, case, *, factor):
        found = evidence.planes(case)
        last = np.full(found.inits.size, factor * found.epochs[-1], float)
        return Finding("last epoch", evidence.resampling.mean(last), found.inits, last)

    monkeypatch.setattr(STATISTICS, "_found", dict(STATISTICS))
    claim_statistic(needs=("estimator",), unit="epochs")(last_epoch)
    asked = claim("C01", statistic="last_epoch", parameters={"factor": 2}, judged_on=on(["r"]))
    row, _ = judge(asked, evidence(information("r", "e", planes(2, FLAT))))
    assert row["estimate"] == 20000
    assert row["verdict"] == "supported"


def test_a_statistic_cannot_be_registered_twice():
    def trajectory(evidence, case):
        raise AssertionError

    with pytest.raises(ValueError, match="trajectory is registered twice"):
        claim_statistic(needs=("estimator",), unit="epochs")(trajectory)


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_statistics_name_their_parameters(name):
    """What a claim's parameters mean must stand in the docstring of its statistic."""
    for parameter in inspect.signature(STATISTICS[name].function).parameters:
        assert parameter in inspect.getdoc(STATISTICS[name].function)


def test_judging_is_deterministic_and_leaves_the_evidence_as_it_is():
    table = information("r", "e", planes(7, FLAT, RISE_AND_FALL, RISE, spread=1.0))
    one = claim("C01", judged_on=on(["r"]), overall=False)
    alone = judge(one, evidence(table))
    assert alone == judge(one, evidence(table.sample(frac=1, random_state=0)))
    tables = evidence(table)
    judge(claim("C10", judged_on=on(["r"]), overall=False), tables)
    assert alone == judge(one, tables)


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_a_statistic_names_the_module_it_stands_in(name):
    module = import_module(STATISTICS[name].module)
    assert STATISTICS[name].module.startswith("infoplane.claims.statistics.")
    assert getattr(module, name) is STATISTICS[name].function


def test_rows_say_whose_claim_it_is_and_what_would_support_it():
    table = information("r", "e", planes(3, FLAT, RISE_AND_FALL, RISE))
    (row,) = judge(claim("C10", judged_on=on(["r"]), overall=False), evidence(table))
    assert tuple(key for key in row if key != "details") == COLUMNS
    assert (row["side"], row["threshold"], row["direction"]) == ("saxe", 0.5, "below")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"relative_to": "label_entropy"}, "label_entropy of the task of run 'r' must be known"),
        ({"relative_to": "entropy"}, "entropy 'entropy' is not one of: label_entropy"),
    ],
)
def test_unknown_entropies_are_refused(parameters, message):
    tables = evidence(information("r", "e", planes(2, FLAT, RISE, RISE)))
    asked = claim("C03", judged_on=on(["r"]), parameters=CLAIMS["C03"]["parameters"] | parameters)
    with pytest.raises(ClaimError, match=f"claim C03: {message}"):
        judge(asked, tables)


def rows_at(bits, samples=100, **changes):
    table = information("r", "e", np.full((4, 6, 3), bits))
    return table.assign(ceiling_bits=12.0, samples=samples, **changes)


def test_warnings_follow_the_samples_and_units_of_the_layers_that_decide():
    audit = pd.DataFrame(
        {
            "family": "saturated_layer",
            "dimension": [3, 3, 20, 20],
            "samples": [100, 4000, 100, 4000],
            "estimator": "audited",
            "quantity": "input",
            "bias_bits": [0.05, -2.0, 0.0, 0.0],
            "spread_bits": 0.01,
        }
    )
    audited = AuditedRange(audit, {"e": "audited"}, {"r": (20, 4, 2)})
    asked = claim("C01", judged_on=on(["r"]), overall=False)
    warnings = [
        judge(asked, evidence(rows_at(9.0, samples)), Background(audited=audited))[0]["warning"]
        for samples in (90, 3000)
    ]
    assert warnings == ["", "outside its audited range"]
    first = claim(
        "C04",
        judged_on=on(["r"]),
        overall=False,
        parameters={"quantity": "net_drop_bits", "layers": [1]},
    )
    (row,) = judge(first, evidence(rows_at(11.99, 3000)), Background(audited=audited))
    assert row["warning"] == "at its ceiling in 4 of 4 networks"
    diverged = evidence(rows_at(11.99, 3000, status="diverged"))
    (row,) = judge(first, diverged, Background(audited=audited))
    assert row["warning"] == ""


def drops_audit():
    """Return known drops of one estimator: two bounded families, in 3 and 10 units."""
    rows = [
        ("saturating", "bounded", dimension, 0.5, True, 0.5 if dimension == 3 else 1.0)
        for dimension in (3, 10)
    ]
    rows += [
        (family, "bounded", 3, 0.5, False, share)
        for family, share in (("growing_tanh", 1.0), ("leaving_corners", 0.0))
    ]
    rows += [
        ("saturating", "bounded", 3, 1.0, True, 1.0),
        ("dying", "unbounded", 3, 0.5, True, 1.0),
    ]
    rows += [("growing", "unbounded", 3, 0.5, False, np.nan)]
    columns = ("family", "units", "dimension", "threshold_bits", "is_there", "found")
    return pd.DataFrame(rows, columns=columns).assign(estimator="e")


def test_errors_of_drops_are_those_of_layers_alike():
    units = {"tanh": (9, 3), "relu": (9, 3)}
    activations = {"tanh": "tanh", "relu": "relu"}
    audited = AuditedRange(pd.DataFrame(), {}, units, drops_audit(), activations)
    found = audited.drop_errors("e", "tanh", 2, 0.6)
    assert (found.power, found.false_finds) == (0.5, 0.5)
    assert (found.worst_family, found.worst_false_finds) == ("growing_tanh", 1.0)
    assert str(found) == (
        "misses 50% of known drops, finds drops that are not there (100%: growing tanh)"
    )
    # Nine units are nearest to ten, and 5 bits to 1.
    assert audited.drop_errors("e", "tanh", 1, 0.6).power == 1.0
    assert audited.drop_errors("e", "tanh", 2, 5.0).power == 1.0
    relu = audited.drop_errors("e", "relu", 2, 0.5)
    # What was refused does not count.
    assert (relu.power, str(relu)) == (1.0, "")
    assert audited.drop_errors("other", "tanh", 2, 0.5) is None
    assert audited.drop_errors("e", "elsewhere", 2, 0.5) is None
    assert AuditedRange(pd.DataFrame(), {}, units).drop_errors("e", "tanh", 2, 0.5) is None
