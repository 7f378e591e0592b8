"""Write what each difference does from the table of ablations, which the page cannot contradict.

An entry of ablations.yaml is a row of the page: ``difference``, ``who`` says otherwise, whether
networks start ``alike``, and ``text``, with places for numbers such as {SGD for Adam|T4}: a
difference of the table and a layer. Its ``expects`` name for every place, and for what the text
says without a number, what must stand in the table: that the layer drops ``more`` or ``less`` by
the whole interval, that it is ``open``, its interval holding 0, or a number of bits that the
interval stays within either way. In place of a layer, ``hidden`` and ``all`` stand for each.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import yaml
from answer import PLACE, UntrueAnswerError

ABLATIONS = Path(__file__).parent / "ablations.yaml"
ESTIMATOR = "binned_30"
"""Whose numbers are written; what is expected must hold under every estimator of the table."""
HEAD = "| difference | who | networks start alike | what it does |\n|---|---|---|---|"


def names_of(row: dict, rows: list[dict]) -> tuple[str, ...]:
    """Return what places call a row's layer, its own name first; the last one is the output."""
    last = max(int(one["layer"]) for one in rows)
    return ("OUT", "all") if int(row["layer"]) == last else (f"T{row['layer']}", "hidden", "all")


def rows_of(rows: list[dict], place: str) -> list[dict]:
    """Return the rows that a place names, under every estimator.

    Raises
    ------
    UntrueAnswerError
        If there are none under `ESTIMATOR`.
    """
    shows, layer = (part.strip() for part in place.split("|"))
    found = [row for row in rows if row["shows"] == shows and layer in names_of(row, rows)]
    if ESTIMATOR not in {row["estimator"] for row in found}:
        raise UntrueAnswerError(f"the table of ablations has no row {place!r} under {ESTIMATOR}")
    return found


def direction(row: dict) -> str:
    """Return whether a layer drops ``more`` or ``less``, or is ``open``, by its interval."""
    if float(row["ci_low"]) > 0:
        return "more"
    return "less" if float(row["ci_high"]) < 0 else "open"


def holds(row: dict, expected: str | float) -> bool:
    """Return whether a row is as expected."""
    if isinstance(expected, float):
        return max(abs(float(row["ci_low"])), abs(float(row["ci_high"]))) <= expected
    return direction(row) == expected


def number(value: float) -> str:
    """Write a number of bits in hundredths."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")


def difference(row: dict) -> str:
    """Write a difference with its interval; where a layer drops less, by how much less."""
    values = [float(row[name]) for name in ("difference_bits", "ci_low", "ci_high")]
    if direction(row) == "less":
        values = [-values[0], -values[2], -values[1]]
    value, low, high = map(number, values)
    return f"{value} [{low}, {high}]"


def filled(entry: dict, rows: list[dict]) -> str:
    """Return an entry's text with its numbers filled in.

    Parameters
    ----------
    entry : dict
        Of ablations.yaml.
    rows : list of dict
        The rows of ablations.tsv.

    Raises
    ------
    UntrueAnswerError
        If the table says otherwise than the entry expects, or the entry expects nothing of a place.
    """
    for place, expected in entry["expects"].items():
        for row in rows_of(rows, place):
            if not holds(row, expected):
                raise UntrueAnswerError(
                    f"the text rests on {place!r} being {expected}, the table says "
                    f"{difference(row)} {direction(row)} of {names_of(row, rows)[0]} under "
                    f"{row['estimator']}: write it anew: {entry['text']!r}"
                )
    if free := set(PLACE.findall(entry["text"])) - set(entry["expects"]):
        raise UntrueAnswerError(f"nothing is expected of {', '.join(sorted(free))}")

    def one(place: str) -> str:
        if isinstance(bound := entry["expects"][place], float):
            return number(bound)
        (row,) = [row for row in rows_of(rows, place) if row["estimator"] == ESTIMATOR]
        return difference(row)

    return " ".join(PLACE.sub(lambda place: one(place[1]), entry["text"]).split())


def networks(rows: list[dict]) -> str:
    """Say over how many networks differences are, and which are over another number."""
    inits = {row["shows"]: row["inits"] for row in rows}
    usual = Counter(inits.values()).most_common(1)[0][0]
    others = "; ".join(f"{count} for {shows}" for shows, count in inits.items() if count != usual)
    return f"{usual} networks that start alike" + (f" ({others})" if others else "")


def reference_drops(rows: list[dict]) -> str:
    """Say how far each layer of the reference drops, by the table's first difference."""
    first = [r for r in rows if (r["shows"], r["estimator"]) == (rows[0]["shows"], ESTIMATOR)]
    drops = [f"{number(float(r['reference_drop_bits']))} in {names_of(r, rows)[0]}" for r in first]
    return f"{', '.join(drops[:-1])} and {drops[-1]}"


def ablations(rows: list[dict], path: Path = ABLATIONS) -> str:
    """Return the page's section as Markdown.

    Parameters
    ----------
    rows : list of dict
        The rows of ablations.tsv.
    path : path
        The texts.

    Raises
    ------
    UntrueAnswerError
        If a difference of the table has no text, or a text says what the table denies.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    told = {place.split("|")[0].strip() for entry in entries for place in entry["expects"]}
    if silent := sorted({row["shows"] for row in rows} - told):
        raise UntrueAnswerError(f"ablations.yaml says nothing of {', '.join(silent)}")
    lines = [
        [entry["difference"], " ".join(entry["who"].split()), entry["alike"], filled(entry, rows)]
        for entry in entries
    ]
    return "\n".join(
        [
            "The last column is the difference of the drop under SZT's 30 bins, in bits, with its "
            f"95 % interval, over {networks(rows)}. The reference drops by "
            f"{reference_drops(rows)}.\n",
            HEAD,
            *(f"| {' | '.join(line)} |" for line in lines),
        ]
    )
