"""Collecting verdicts: the correction for their number, readings side by side."""

import numpy as np
import pandas as pd
import pytest

import collect_verdicts
from infoplane.claims.judging import COLUMNS
from tests.support import stand_in


def rows(claim, estimators, verdicts, p_values, readings=None):
    count = len(estimators)
    table = pd.DataFrame({name: [""] * count for name in COLUMNS})
    return table.assign(
        claim=claim,
        condition="r",
        estimator=estimators,
        reading=readings or [""] * count,
        verdict=verdicts,
        p_value=p_values,
    )


def collected(folder, *parts):
    paths = []
    for part in parts:
        paths.append(str(folder / f"{part['claim'].iloc[0]}.tsv"))
        part.to_csv(paths[-1], sep="\t", index=False)
    outputs = {"table": folder / "claims.tsv", "readings": folder / "readings.tsv"}
    collect_verdicts.main(
        stand_in(
            input={"parts": paths}, output=outputs, params={"statistics": {"confidence": 0.95}}
        )
    )
    return [pd.read_csv(path, sep="\t", keep_default_na=False) for path in outputs.values()]


def test_verdicts_are_corrected_for_their_number(tmp_path):
    """Benjamini & Hochberg by hand: the q of rank k is the least p m / k of it and those above."""
    p_values = [0.001, 0.012, 0.04, np.nan]
    first = rows("C01", ["a", "b", "c", "all"], ["supported"] * 3 + ["inconclusive"], p_values)
    second = rows("C02", ["a"], ["refuted"], [0.9])
    table, _ = collected(tmp_path, first, second)
    assert list(table) == [*COLUMNS, "q_value", "corrected_verdict"]
    q_values = pd.to_numeric(table["q_value"], errors="coerce")
    expected = [0.004, 0.024, 4 * 0.04 / 3, np.nan, 0.9]
    np.testing.assert_allclose(q_values, expected, rtol=1e-5)
    assert table["corrected_verdict"].tolist() == [
        *("supported", "supported", "inconclusive"),
        "",
        "inconclusive",
    ]
    assert table["verdict"].tolist() == [*first["verdict"], "refuted"]


def test_readings_stand_side_by_side(tmp_path):
    read = rows(
        "C01",
        ["a", "a", "b", "b", "c"],
        ["supported", "refuted", "supported", "supported", "refuted"],
        [0.1] * 5,
        ["bits", "share", "bits", "share", "share"],
    )
    _, readings = collected(tmp_path, read, rows("C02", ["a"], ["refuted"], [0.9]))
    assert list(readings) == ["claim", "condition", "estimator", "verdicts", "alike"]
    assert readings["verdicts"].tolist() == [
        "bits supported, share refuted",
        "bits supported, share supported",
    ]
    assert readings["alike"].tolist() == ["no", "yes"]


def test_an_exact_verdict_is_kept(tmp_path):
    """A model with exact information samples nothing, so that its rows have no p-value."""
    table, _ = collected(tmp_path, rows("C15", ["exact"], ["supported"], [np.nan]))
    assert table["corrected_verdict"].tolist() == ["supported"]


def test_a_study_without_p_values_is_collected_all_the_same(tmp_path):
    table, readings = collected(tmp_path, rows("C01", ["a"], ["inconclusive"], [np.nan]))
    assert table["corrected_verdict"].tolist() == ["inconclusive"]
    assert readings.empty


def test_a_truncated_part_is_named(tmp_path):
    part = rows("C01", ["a"], ["refuted"], [0.5])
    part.to_csv(tmp_path / "whole.tsv", sep="\t", index=False)
    text = (tmp_path / "whole.tsv").read_text()
    (tmp_path / "cut.tsv").write_text(text[: len(text) // 2])
    snakemake = stand_in(
        input={"parts": [str(tmp_path / "cut.tsv")]},
        output={"table": tmp_path / "t.tsv", "readings": tmp_path / "r.tsv"},
        params={"statistics": {"confidence": 0.95}},
    )
    with pytest.raises(Exception, match=r"cut\.tsv is truncated, or no table of verdicts"):
        collect_verdicts.main(snakemake)
