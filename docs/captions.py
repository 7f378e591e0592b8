"""Write docs/gallery.md: below each figure what the report says of it, and the claims it shows.

Usage: python docs/captions.py [config/images.yaml ...]

Of further configuration files what they add is written too, beside those that the page has already.
Nothing is read but config/ and the texts of the claims; pictures are copied by gallery.py.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path

import jinja2
import yaml
from costs import SECTION
from snakemake.utils import update_config

from pipeline.captions import methods_of_figure
from pipeline.drawings import how_to_read
from pipeline.planning import Study

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PAGE = DOCS / "gallery.md"
CLAIMS = DOCS / "findings.yaml"
CAPTION = ROOT / "workflow/report/figure.rst"
SNAKEFILE = ROOT / "workflow/Snakefile"
HEAD = """# Gallery

The figures of the full run. `make figures` draws those of the study; those that a further
configuration file adds stand below it, each with its [command](costs.md).
"""


def configuration(*files: str) -> dict:
    """Merge the study's configuration files and further ones, as Snakemake does."""
    own = re.findall(r'^configfile: "(.+)"$', SNAKEFILE.read_text(encoding="utf-8"), re.MULTILINE)
    config: dict = {}
    for file in (*own, *files):
        update_config(config, yaml.safe_load((ROOT / file).read_text(encoding="utf-8")))
    return config


def parts_of_page(config: dict) -> dict[str, str]:
    """Return each figure's part of the page.

    Parameters
    ----------
    config : dict
        All files merged.

    Returns
    -------
    parts : dict of str to str
        By figure: its title, the picture, the report's caption, the claims that it shows.
    """
    study, template = Study(config), jinja2.Template(CAPTION.read_text(encoding="utf-8"))
    claims = yaml.safe_load(CLAIMS.read_text(encoding="utf-8"))
    confidence = config["statistics"]["confidence"]
    parts = {}
    for name, entry in config["figures"].items():
        paper = config["papers"][entry["paper"]]["name"]
        title = f"{paper}, figure {entry['number']}: {entry['shows']}"
        params = entry | {
            "paper_name": paper,
            "methods": methods_of_figure(study, name),
            "how_to_read": how_to_read(entry["drawing"], confidence),
        }
        caption = template.render(snakemake={"params": params})
        part = [f"## {title}", f"![{title}](gallery/{name}.png)", caption.strip()]
        if shown := sorted(claim for claim, text in claims.items() if name in text["figures"]):
            part.append(f"Claims: {', '.join(shown)} ([findings](findings.md)).")
        parts[name] = re.sub(r"\n{3,}", "\n\n", "\n\n".join(part)) + "\n"
    return parts


def page(files: Iterable[str]) -> str:
    """Write the page of the study and of what further configuration files add."""
    written = [HEAD, *parts_of_page(configuration()).values()]
    for file in sorted(files):
        parts = parts_of_page(configuration(file))
        added = yaml.safe_load((ROOT / file).read_text(encoding="utf-8")).get("figures", {})
        written += [f"Those that `--configfile {file}` adds:\n", *(parts[name] for name in added)]
    return "\n".join(written)


def write_page(*files: str) -> None:
    """Write the page anew, with the sections that it has and those of some files."""
    known = SECTION.findall(PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(page({*known, *files}), encoding="utf-8")


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="configuration files whose figures are added")
    write_page(*parser.parse_args().files)


if __name__ == "__main__":
    main()
