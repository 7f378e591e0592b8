"""Write what was found on each claim: its texts from findings.yaml, its rows from the table.

An entry of findings.yaml has ``said`` (what the paper says), ``text`` with its ``verdicts`` (what
we find; places for numbers as in answer.yaml), ``doubt`` (what would change our mind) and
``figures``; and ``differs``, with places too, where our numbers differ from the paper's figure.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from answer import UntrueAnswerError, check_correction, filled

FINDINGS = Path(__file__).parent / "findings.yaml"
VERDICTS = ("supported", "refuted", "inconclusive")
SIGNS = {"at_least": "≥", "above": ">", "at_most": "≤", "below": "<"}


def number(text: str) -> str:
    """Write a number with three digits; a statistic that does not exist is n/a."""
    return f"{float(text):.3g}" if text else "n/a"


def rows_of_claim(rows: list[dict]) -> str:
    """Return a claim's table: a row a condition, its verdicts counted.

    Parameters
    ----------
    rows : list of dict
        The claim's rows of claims.tsv.

    Returns
    -------
    markdown : str
        Verdicts are counted over estimators and readings, as judged and, in brackets, as corrected
        for their number; and how many rows have a failed premise or condition, and a warning.
    """
    lines = [
        "| condition | first effect [95 % interval] | holds if "
        "| supported | refuted | inconclusive | failed | warned |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for condition in dict.fromkeys(row["condition"] for row in rows):
        judged = [r for r in rows if r["condition"] == condition and r["estimator"] != "all"]
        first = judged[0]
        measured_by = ", ".join(filter(None, (first["estimator"], first["reading"])))
        effect = (
            f"{number(first['estimate'])} [{number(first['ci_low'])}, {number(first['ci_high'])}] "
            f"`{measured_by}`"
        )
        cells = [condition, effect, f"{SIGNS[first['direction']]} {number(first['threshold'])}"]
        cells += [counted(judged, verdict) for verdict in VERDICTS]
        cells += [
            str(sum(bool(row[kind]) for row in judged) or "") for kind in ("failed", "warning")
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def counted(rows: list[dict], verdict: str) -> str:
    """Return how many rows have a verdict, and in brackets how many still have it corrected."""
    count, corrected = (
        sum(row[column] == verdict for row in rows) for column in ("verdict", "corrected_verdict")
    )
    return f"{count} ({corrected})" if count or corrected else ""


def finding(claim: str, entry: dict, rows: list[dict]) -> str:
    """Return the section of a claim.

    Parameters
    ----------
    claim : str
    entry : dict
        Of findings.yaml.
    rows : list of dict
        All rows of claims.tsv.
    """
    own = [row for row in rows if row["claim"] == claim]
    if not own:
        raise UntrueAnswerError(f"the table of claims has no row of {claim!r}")
    check_correction(entry, rows)
    figures = ", ".join(f"[{name}](gallery/{name}.png)" for name in entry["figures"])
    told = " ".join(entry["said"].split())
    differs = entry | {"text": entry.get("differs", "")}
    return "\n\n".join(
        [
            f"### {claim}",
            f"**{own[0]['statement']}** ({own[0]['source']}; side: {own[0]['side']})",
            f"*Said.* {told}",
            f"*Found.* {filled(entry, rows)}",
            *([f"*Differs.* {filled(differs, rows)}"] if "differs" in entry else []),
            f"*Would change our mind.* {' '.join(entry['doubt'].split())}",
            f"Figures: {figures}.",
            rows_of_claim(own),
        ]
    )


def findings(rows: list[dict], path: Path = FINDINGS) -> str:
    """Return the findings on all claims as Markdown.

    Parameters
    ----------
    rows : list of dict
        The rows of claims.tsv.
    path : path
        The texts.

    Raises
    ------
    UntrueAnswerError
        If a claim of the table has no text, or a text says what the table denies.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    if silent := sorted({row["claim"] for row in rows} - set(entries)):
        raise UntrueAnswerError(f"findings.yaml says nothing of {', '.join(silent)}")
    return "\n\n".join(finding(claim, entry, rows) for claim, entry in entries.items())
