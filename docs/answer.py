"""Write the answer of the README from the table of claims, so that neither can contradict it.

A sentence of answer.yaml has places for numbers, such as {C01|szt_tanh|binned_30|bits}: claim,
condition, estimator and reading, which is empty for a claim that is read in one way. Its
``verdicts`` name what must stand in the table for the sentence to be true.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ANSWER = Path(__file__).parent / "answer.yaml"
KEYS = ("claim", "condition", "estimator", "reading")
PLACE = re.compile(r"\{([^{}]+)\}")


class UntrueAnswerError(ValueError):
    """Report a sentence that says something else than the table of claims."""


def row_of(rows: list[dict], place: str) -> dict:
    """Return the row that a place names.

    Parameters
    ----------
    rows : list of dict
        The rows of claims.tsv.
    place : str
        Claim, condition, estimator and reading, between bars; the last may be left out.

    Raises
    ------
    UntrueAnswerError
        If there is no such row.
    """
    wanted = [part.strip() for part in place.split("|")]
    wanted += [""] * (len(KEYS) - len(wanted))
    found = [row for row in rows if [row[key] for key in KEYS] == wanted]
    if len(found) != 1:
        raise UntrueAnswerError(f"the table of claims has {len(found)} rows {place!r}, not one")
    return found[0]


def number(text: str) -> str:
    """Write a number with two digits, or as many as a whole number has."""
    value = float(text)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}"


def sentence(entry: dict, rows: list[dict]) -> str:
    """Return one sentence with its numbers filled in.

    Raises
    ------
    UntrueAnswerError
        If a verdict that it rests on is another in the table.
    """
    for place, verdict in entry["verdicts"].items():
        found = row_of(rows, place)["verdict"]
        if found != verdict:
            raise UntrueAnswerError(
                f"the answer rests on {place!r} being {verdict}, the table says {found}: write "
                f"the sentence anew: {entry['text']!r}"
            )
    text = PLACE.sub(lambda place: number(row_of(rows, place[1])["estimate"]), entry["text"])
    claims = sorted({place.split("|")[0].strip() for place in entry["verdicts"]})
    return f"- {' '.join(text.split())} ({', '.join(claims)})"


def answer(rows: list[dict], path: Path = ANSWER) -> str:
    """Return the answer as a Markdown list.

    Parameters
    ----------
    rows : list of dict
        The rows of claims.tsv.
    path : path
        The sentences.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return "\n".join(sentence(entry, rows) for entry in entries)
