"""How claims, papers and figures hang together, as the claims' sources name them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

ALIKE = 4


def papers_of(source: str) -> list[str]:
    """Return the papers that a claim's source names, such as SZT, each once.

    A part of a source that begins in lower case names none: "the intervention is ours".
    """
    words = [re.match(r"[A-Z]\w*", part.strip()) for part in source.split(";")]
    return list(dict.fromkeys(word.group() for word in words if word))


def figures_of(source: str, runs: Iterable[str], figures: Mapping[str, dict]) -> dict:
    """Find the figures that a claim is about.

    Parameters
    ----------
    source : str
        Such as ``SZT fig. 2, 3; SAXE fig. 5``.
    runs : iterable of str
        What the claim is judged on.
    figures : mapping of str to dict
        ``paper``, ``number`` and ``runs`` of each figure.

    Returns
    -------
    figures : dict of str to list of str
        ``named`` by the source, and ``alike``: at most `ALIKE` others that show its networks.
    """
    wanted = set()
    for part in source.split(";"):
        paper, _, numbers = part.strip().partition(" fig. ")
        for number in re.findall(r"\d+[A-Z]?", numbers.partition("section")[0]):
            wanted.add((paper.casefold(), number.casefold()))
    named = [
        name
        for name, entry in figures.items()
        if wanted & {(entry["paper"], one.casefold()) for one in entry["number"].split(", ")}
    ]
    own = set(runs)
    shared = {name: len(own & set(entry["runs"])) for name, entry in figures.items()}
    alike = sorted(shared, key=shared.get, reverse=True)
    alike = [name for name in alike if shared[name] and name not in named]
    return {"named": named, "alike": alike[:ALIKE]}
