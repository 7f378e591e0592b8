"""The scorecard: claims, their conditions, and a verdict for each estimator and reading."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from page.tables import MissingTableError

KEYS = ("claim", "condition", "estimator", "reading")
NEEDED = (
    *(*KEYS, "source", "statement", "side", "protocol", "statistic", "estimate", "ci_low"),
    *("ci_high", "threshold", "direction", "inits", "verdict", "failed", "null", "warning"),
    *("holds_from", "holds_to", "p_value", "q_value", "corrected_verdict"),
)
SIGNS = {"supported": "✓", "refuted": "✗", "inconclusive": "?"}
SIDES = {
    "szt": "Shwartz-Ziv & Tishby",
    "saxe": "Saxe et al.",
    "chelombiev": "Chelombiev et al.",
    "lorenzen": "Lorenzen et al.",
    "goldfeld": "Goldfeld et al.",
    "skoltech": "Skoltech",
    "achille": "Achille & Soatto",
    "jacobsen": "Jacobsen et al.",
    "orhan": "Orhan",
    "adilova": "Adilova et al.",
    "butakov": "Butakov et al.",
    "papyan": "Papyan et al.",
    "planspace": "Schumacher",
}
DIRECTIONS = {"at_least": "at least", "above": "above", "at_most": "at most", "below": "below"}
DECIDED = ("premise ", "condition ")


def short(text: str) -> str:
    """Return a number of a table with three digits, or nothing where there is none."""
    if not text or math.isnan(float(text)):
        return ""
    return f"{float(text):.3g}".replace("-", "\N{MINUS SIGN}").replace("inf", "∞")


def scorecard(table: pd.DataFrame, units: Mapping[str, Mapping[str, str]]) -> list[dict]:
    """Group verdicts by claim and condition.

    Parameters
    ----------
    table : pandas.DataFrame
        Of text, with the columns `NEEDED`; see `page.tables.read_text_table`.
    units : mapping of str to mapping
        Of each claim the unit of its effects, by reading.

    Returns
    -------
    claims : list of dict
        ``name, statement, source, side, tally`` (verdicts by name), ``units`` (in words, "" if not
        known) and ``conditions``, each with
        ``name`` and ``rows``: ``number`` (of the table's row), ``verdict, effect, estimator,
        reading`` and ``warned``.

    Raises
    ------
    MissingTableError
        If a verdict or a number is none.
    """
    claims = []
    for name, own in table.groupby("claim", sort=False):
        first = own.iloc[0]
        conditions = [
            {"name": condition, "rows": [_cell(row) for row in rows.itertuples()]}
            for condition, rows in own.groupby("condition", sort=False)
        ]
        claims.append(
            {"name": name, "conditions": conditions, "tally": tally(own)}
            | {"units": units_in_words(units.get(name, {}))}
            | {key: first[key] for key in ("statement", "source", "side")}
        )
    return claims


def units_in_words(units: Mapping[str, str]) -> str:
    """Return a claim's unit, or each of them with its readings, as in ``bits (drop), share``."""
    readings: dict[str, list[str]] = {}
    for reading, unit in units.items():
        readings.setdefault(unit, []).append(reading)
    if len(readings) <= 1:
        return "".join(readings)
    return ", ".join(
        unit if named == [unit] else f"{unit} ({', '.join(named)})"
        for unit, named in readings.items()
    )


def _cell(row) -> dict:
    if row.verdict not in SIGNS:
        raise MissingTableError(f"claims.tsv has the verdict {row.verdict!r} of {row.claim}")
    try:
        effect = short(row.estimate)
    except ValueError as error:
        raise MissingTableError(f"claims.tsv has no number for {row.claim} ({error})") from error
    return {
        "number": row.Index,
        "verdict": row.verdict,
        "effect": effect,
        "estimator": row.estimator,
        "reading": row.reading,
        "warned": bool(row.warning),
    }


def tally(table: pd.DataFrame) -> dict[str, int]:
    """Count the verdicts by name; those on which all estimators agree are no further ones."""
    own = table[table["estimator"] != "all"]
    return {name: int((own["verdict"] == name).sum()) for name in SIGNS}


def evidence(table: pd.DataFrame, details: list) -> list[dict]:
    """Return of each verdict what its claim opens to.

    Parameters
    ----------
    table : pandas.DataFrame
        See `scorecard`.
    details : list of dict
        The content of ``claims.json``; a row that it lacks, or has twice, is shown without it.

    Returns
    -------
    rows : list of dict
        The columns `NEEDED` as text, ``blind`` (whether the estimate could not have shown it) and
        ``details``, None where there are none.
    """
    known = {_key(one): one["details"] for one in details if isinstance(one.get("details"), dict)}
    rows = table[list(NEEDED)].to_dict("records")
    return [
        row
        | {"blind": bool(row["failed"]) and not row["failed"].startswith(DECIDED)}
        | {"details": _rounded(known.get(_key(row)))}
        for row in rows
    ]


def _key(row: Mapping) -> tuple:
    return tuple(row.get(key) or "" for key in KEYS)


def _rounded(value):
    """Return data with numbers of four digits, more than a dot on a screen can show."""
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    if isinstance(value, float):
        return float(np.format_float_positional(value, 4, fractional=False)) if value else 0
    return value
