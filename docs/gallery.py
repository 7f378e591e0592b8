"""Publish a full run: copy its figures and claims to docs/gallery, and its numbers to the pages.

Usage: python docs/gallery.py [results]
"""

from __future__ import annotations

import argparse
import csv
import re
import shutil
from pathlib import Path

import yaml
from answer import answer
from PIL import Image

DOCS = Path(__file__).parent
GALLERY = DOCS / "gallery"
README = DOCS.parent / "README.md"
PERFORMANCE = DOCS / "performance.md"
VERDICTS = ("supported", "refuted", "inconclusive")


def read_rows(path: Path) -> list[dict]:
    """Read a table of text separated by tabs."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def number(text: str) -> str:
    """Write a number with three digits; a statistic that does not exist is n/a."""
    return f"{float(text):.3g}" if text else "n/a"


SIGNS = {"at_least": "≥", "above": ">", "at_most": "≤", "below": "<"}


def claims_table(rows: list[dict]) -> str:
    """Return the README's table: a row a claim and condition, its verdicts counted.

    Parameters
    ----------
    rows : list of dict
        The rows of claims.tsv.

    Returns
    -------
    markdown : str
        Verdicts are counted over estimators and readings, as judged and, in brackets, as corrected
        for their number; and how many rows have a failed premise or condition, and a warning.
    """
    lines = [
        "| claim | side | condition | first effect [95 % interval] | holds if "
        "| supported | refuted | inconclusive | failed | warned |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    told = None
    for claim, condition in dict.fromkeys((row["claim"], row["condition"]) for row in rows):
        own = [row for row in rows if (row["claim"], row["condition"]) == (claim, condition)]
        judged = [row for row in own if row["estimator"] != "all"]
        first = judged[0]
        told_by = ["", ""]
        if claim != told:
            told_by = [f"**{claim}** {first['statement']} ({first['source']})", first["side"]]
        measured_by = ", ".join(filter(None, (first["estimator"], first["reading"])))
        effect = (
            f"{number(first['estimate'])} [{number(first['ci_low'])}, {number(first['ci_high'])}] "
            f"`{measured_by}`"
        )
        holds = f"{SIGNS[first['direction']]} {number(first['threshold'])}"
        cells = [*told_by, condition, effect, holds]
        cells += [counted(judged, verdict) for verdict in VERDICTS]
        cells += [
            str(sum(bool(row[kind]) for row in judged) or "") for kind in ("failed", "warning")
        ]
        lines.append(f"| {' | '.join(cells)} |")
        told = claim
    return "\n".join(lines)


def counted(rows: list[dict], verdict: str) -> str:
    """Return how many rows have a verdict, and in brackets how many still have it corrected."""
    count, corrected = (
        sum(row[column] == verdict for row in rows) for column in ("verdict", "corrected_verdict")
    )
    if not any(row["corrected_verdict"] for row in rows):
        return str(count or "")
    return f"{count} ({corrected})" if count or corrected else ""


def cost_table(benchmarks: Path) -> str:
    """Return what the full run costs, stage by stage, from its benchmark files.

    Parameters
    ----------
    benchmarks : path
        Snakemake's benchmark files.

    Returns
    -------
    markdown : str
    """
    seconds: dict[str, list[float]] = {}
    memory: dict[str, float] = {}
    for path in sorted(benchmarks.rglob("*.tsv")):
        stage = path.relative_to(benchmarks).parts[0].removesuffix(".tsv")
        (row,) = read_rows(path)
        processor = row["cpu_time"] if row["cpu_time"] not in ("NA", "-") else row["s"]
        seconds.setdefault(stage, []).append(float(processor))
        used = row["max_rss"] if row["max_rss"] not in ("NA", "-") else "0"
        memory[stage] = max(memory.get(stage, 0.0), float(used))
    lines = ["| stage | jobs | processor time | peak memory of a job |", "|---|---|---|---|"]
    for stage in sorted(seconds, key=lambda stage: -sum(seconds[stage]))[:8]:
        total = sum(seconds[stage])
        lines.append(
            f"| `{stage}` | {len(seconds[stage])} | {total / 60:.1f} min | {memory[stage]:.0f} MB |"
        )
    jobs = sum(map(len, seconds.values()))
    total = sum(map(sum, seconds.values()))
    lines.append(f"| all stages | {jobs} | {total / 60:.1f} min | {max(memory.values()):.0f} MB |")
    return "\n".join(lines)


def shrink(source: Path, target: Path) -> None:
    """Write a picture at half its size in 256 colours: enough for a page, and small to clone."""
    with Image.open(source) as picture:
        half = picture.convert("RGB").resize(
            (picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS
        )
    half.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        target, optimize=True
    )


def fill(text: str, name: str, content: str) -> str:
    """Replace what stands between a section's two marks."""
    pattern = rf"(<!-- {name}: [^>]*-->\n).*?(<!-- end of {name} -->)"
    filled, count = re.subn(
        pattern, lambda marks: f"{marks[1]}{content}\n{marks[2]}", text, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"the text has no section {name!r} between its marks")
    return filled


def figure_titles(config: dict) -> dict[str, str]:
    """Name the figures of a run as their entries do: paper, number and what is shown.

    Parameters
    ----------
    config : dict
        The configuration that the run has recorded.

    Returns
    -------
    titles : dict of str to str
        By figure.
    """
    titles = {}
    for name, entry in config["figures"].items():
        paper = config["papers"][entry["paper"]]["name"]
        titles[name] = f"{paper}, figure {entry['number']}: {entry['shows']}"
    return titles


def gallery_page(titles: dict[str, str]) -> str:
    """Return the page that shows the figures."""
    parts = ["# Gallery\n\nThe figures of the full run, as `make figures` draws them.\n"]
    parts += [f"## {title}\n\n![{title}](gallery/{name}.png)\n" for name, title in titles.items()]
    return "\n".join(parts)


def main() -> None:
    """Copy the figures and the claims, write the gallery's page and the sections of the others."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="?", type=Path, default=DOCS.parent / "results")
    results = parser.parse_args().results
    GALLERY.mkdir(exist_ok=True)
    config = yaml.safe_load((results / "config.yaml").read_text(encoding="utf-8"))
    titles = figure_titles(config)
    for name in titles:
        shrink(results / f"figures/{name}.png", GALLERY / f"{name}.png")
    shutil.copy(results / "claims.tsv", GALLERY)
    (DOCS / "gallery.md").write_text(gallery_page(titles), encoding="utf-8")
    rows = read_rows(GALLERY / "claims.tsv")
    text = fill(README.read_text(encoding="utf-8"), "claims", claims_table(rows))
    text = fill(text, "answer", answer(rows))
    README.write_text(text, encoding="utf-8")
    cost = cost_table(results / "benchmarks")
    text = fill(PERFORMANCE.read_text(encoding="utf-8"), "whole study", cost)
    PERFORMANCE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
