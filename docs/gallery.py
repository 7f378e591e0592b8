"""Publish a full run: copy its figures and tables to docs/gallery, and its numbers to the pages.

Usage: python docs/gallery.py [results] [--configfile config/images.yaml ...] [--only C64 ...]

Of a run with further configuration files only what these add is published, beside what is there. It
is enough that their figures, their claims and `results/config.yaml` have been made: verdicts are
corrected for the number of all that are published, and the scorecard is drawn of the study's among
them. So it is of figures and claims that are named.
"""

from __future__ import annotations

import argparse
import csv
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import yaml
from ablations import ablations
from answer import answer
from captions import write_page
from costs import add_arguments, write_costs
from findings import findings
from PIL import Image

from collect_verdicts import TEXTS, corrected, read_verdicts
from figures import scorecard
from figures.reading import read_text_table
from figures.style import figure_style
from infoplane.claims.entries import units_of
from pipeline.tables import save_text_table

DOCS = Path(__file__).parent
GALLERY = DOCS / "gallery"
# Sections of pages: what is between which marks, of which table, and what writes it.
MADE = (
    (DOCS.parent / "README.md", "answer", "claims", answer),
    (DOCS / "findings.md", "claims", "claims", findings),
    (DOCS / "ablations.md", "ablations", "ablations", ablations),
)
KINDS = ("figures", "claims")
ABLATIONS = "infoplane_ablations"


def read_rows(path: Path) -> list[dict]:
    """Read a table of text separated by tabs."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


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


def add_rows(source: Path, target: Path, claims: set[str]) -> None:
    """Replace the rows of some claims in a table, by those of another; the others stay."""
    header, *rows = source.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = target.read_text(encoding="utf-8").splitlines(keepends=True)[1:]
    kept = [row for row in kept if row.partition("\t")[0] not in claims]
    kept += [row for row in rows if row.partition("\t")[0] in claims]
    target.write_text(header + "".join(kept), encoding="utf-8")


def corrected_among(published: Path, parts: Iterable[Path], confidence: float) -> pd.DataFrame:
    """Return the rows of some claims, corrected for the number of all that are then published.

    Parameters
    ----------
    published : Path
        The table that is there; its own rows of these claims do not count.
    parts : iterable of Path
        The claims' tables, as `src/judge_claims.py` writes them.
    confidence : float
        What a corrected verdict is held to.
    """
    new = pd.concat([read_verdicts(part) for part in parts], ignore_index=True)
    others = pd.read_csv(published, sep="\t", dtype=TEXTS)
    others = others[~others["claim"].isin(new["claim"])]
    return corrected(pd.concat([others[list(new)], new], ignore_index=True), confidence)


def draw_scorecards(results: Path, config: dict, claims: set[str]) -> None:
    """Draw the scorecards of some of the claims that are published, and publish them.

    Parameters
    ----------
    results : Path
        The folder of a run, which holds the large picture.
    config : dict
        The configuration that the run has recorded.
    claims : set of str
    """
    table = read_text_table([GALLERY / "claims.tsv"], scorecard.COLUMNS, {})
    units, drawn = units_of(config["claims"]), results / "figures/scorecard_of_published.png"
    for name, entry in config["figures"].items():
        if entry["drawing"] == "scorecard":
            shown = table[table["claim"].isin(claims.intersection(entry.get("claims", claims)))]
            with figure_style():
                scorecard.scorecard_figure(shown, entry["conditions"], units).savefig(drawn)
            shrink(drawn, GALLERY / f"{name}.png")


def main() -> None:
    """Copy the figures and the claims, write the gallery's page and the sections of the others."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument(
        "--only", nargs="+", default=[], help="figures and claims to publish, the costs left alone"
    )
    given = parser.parse_args()
    results, files = given.results, given.configfile
    added = {file: yaml.safe_load(Path(file).read_text(encoding="utf-8")) for file in files}
    config = yaml.safe_load((results / "config.yaml").read_text(encoding="utf-8"))
    named = {kind: set(given.only) & set(config[kind]) for kind in KINDS}
    if unknown := set(given.only) - named["figures"] - named["claims"]:
        parser.error(f"no figure or claim of this run: {', '.join(sorted(unknown))}")
    of_files = {
        kind: {name for one in added.values() for name in one.get(kind, {})} for kind in KINDS
    }
    new = named if given.only else of_files
    partly = bool(files or given.only)
    figures = new["figures"] if partly else set(config["figures"])
    for name in figures:
        shrink(results / f"figures/{name}.png", GALLERY / f"{name}.png")
    if ABLATIONS in figures:
        shutil.copyfile(results / "tables/ablations.tsv", GALLERY / "ablations.tsv")
    # Rows that a larger run has added stay when the study is published anew.
    claims, table = new["claims"] if partly else set(config["claims"]), results / "claims.tsv"
    if partly and claims:
        parts = [results / f"claims/{name}.tsv" for name in sorted(claims)]
        confidence = config["statistics"]["confidence"]
        table = results / "claims_among_published.tsv"
        save_text_table(table, corrected_among(GALLERY / "claims.tsv", parts, confidence))
    if claims:
        add_rows(table, GALLERY / "claims.tsv", claims)
    if partly and claims:
        draw_scorecards(results, config, set(config["claims"]) - of_files["claims"])
    write_page(*files)
    for page, section, table, content in MADE:
        rows = read_rows(GALLERY / f"{table}.tsv")
        text = fill(page.read_text(encoding="utf-8"), section, content(rows))
        page.write_text(text, encoding="utf-8")
    if not given.only:
        write_costs(results, files)


if __name__ == "__main__":
    main()
