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
        Claim, condition, estimator and reading, between bars; the last may be left out. A fifth
        part is the definition of the gradients' ratio, where rows differ in that.

    Raises
    ------
    UntrueAnswerError
        If there is no such row.
    """
    wanted = [part.strip() for part in place.split("|")]
    wanted += [""] * (len(KEYS) - len(wanted))
    wanted, definition = wanted[: len(KEYS)], wanted[len(KEYS) :]
    found = [row for row in rows if [row[key] for key in KEYS] == wanted]
    found = [row for row in found if all(f"({name})" in row["statistic"] for name in definition)]
    if len(found) != 1:
        raise UntrueAnswerError(f"the table of claims has {len(found)} rows {place!r}, not one")
    return found[0]


def number(text: str) -> str:
    """Write a number with two digits, or as many as a whole number has."""
    value = float(text)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.2g}".rstrip(".")


def filled(entry: dict, rows: list[dict]) -> str:
    """Return a text with its numbers filled in.

    Parameters
    ----------
    entry : dict
        ``text``, and in ``verdicts`` what it rests on.
    rows : list of dict
        The rows of claims.tsv.

    Raises
    ------
    UntrueAnswerError
        If a verdict that it rests on is another in the table.
    """
    for place, verdict in entry["verdicts"].items():
        found = row_of(rows, place)["verdict"]
        if found != verdict:
            raise UntrueAnswerError(
                f"the text rests on {place!r} being {verdict}, the table says {found}: write "
                f"it anew: {entry['text']!r}"
            )
    text = PLACE.sub(lambda place: number(row_of(rows, place[1])["estimate"]), entry["text"])
    return " ".join(text.split())


def check_correction(entry: dict, rows: list[dict]) -> None:
    """Demand that a text tells of verdicts that correction for their number leaves open.

    Parameters
    ----------
    entry : dict
        As for `filled`.
    rows : list of dict

    Raises
    ------
    UntrueAnswerError
        If there are any and the text has no word of a correction.
    """
    named = {place: row_of(rows, place) for place in entry["verdicts"]}
    left = [
        place
        for place, row in named.items()
        if row["corrected_verdict"] not in ("", row["verdict"])
    ]
    if left and "correction" not in entry["text"]:
        raise UntrueAnswerError(
            f"correction for the number of verdicts leaves {', '.join(map(repr, left))} open, and "
            f"the text does not say so: {entry['text']!r}"
        )


def sentence(entry: dict, rows: list[dict]) -> str:
    """Return one sentence of the answer, with the claims that it rests on."""
    check_correction(entry, rows)
    claims = sorted({place.split("|")[0].strip() for place in entry["verdicts"]})
    links = ", ".join(f"[{claim}](docs/findings.md#{claim.lower()})" for claim in claims)
    return f"- {filled(entry, rows)} ({links})"


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
