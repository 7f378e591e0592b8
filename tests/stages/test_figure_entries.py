"""The entries of figures: they fit their drawings, and make captions."""

import ast
from pathlib import Path

import docutils.core
import jinja2
import pytest
import yaml

from tests.support import stand_in

REPOSITORY = Path(__file__).parents[2]
CONFIG = yaml.safe_load((REPOSITORY / "config/figures.yaml").read_text(encoding="utf-8"))
FIGURES = CONFIG["figures"]
DRAWINGS = {path.stem: path for path in (REPOSITORY / "src/figures").glob("*.py")}


def constants(drawing):
    """Return the constants of a drawing's module without importing it, as the workflow does."""
    tree = ast.parse(DRAWINGS[drawing].read_text(encoding="utf-8"))
    found = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    names = ("TABLES", "NEEDS", "TAKES", "HOW_TO_READ")
    return {name: ast.literal_eval(found[name]) for name in names if name in found}


def test_every_drawing_is_drawn_and_says_what_it_needs():
    said = {drawing: constants(drawing) for drawing in DRAWINGS}
    drawings = {drawing for drawing, found in said.items() if len(found) == 4}
    assert drawings == {drawing for drawing, found in said.items() if found}
    assert drawings == {entry["drawing"] for entry in FIGURES.values()}
    common = {"paper", "number", "shows", "expects", "drawing"}
    for entry in FIGURES.values():
        needs, takes = (set(said[entry["drawing"]][name]) for name in ("NEEDS", "TAKES"))
        assert common | needs <= set(entry) <= common | needs | takes
        assert entry["paper"] in CONFIG["papers"]


@pytest.mark.parametrize("name", FIGURES)
def test_captions_are_filled_in_and_valid(name):
    entry = FIGURES[name]
    text = (REPOSITORY / "workflow/report/figure.rst").read_text(encoding="utf-8")
    how_to_read = constants(entry["drawing"])["HOW_TO_READ"]
    paper_name = CONFIG["papers"][entry["paper"]]["name"]
    params = entry | {"how_to_read": how_to_read, "paper_name": paper_name}
    # Snakemake would take what stands in braces for a wildcard.
    assert not {"{", "}"} & set("".join(word for word in params.values() if isinstance(word, str)))
    caption = (
        jinja2.Environment(undefined=jinja2.StrictUndefined)
        .from_string(text)
        .render(snakemake=stand_in(params=params))
    )
    strict = {"halt_level": 2, "report_level": 2}
    docutils.core.publish_string(caption, writer="null", settings_overrides=strict)
    assert f"{paper_name}, figure {entry['number']}." in caption
    assert how_to_read in caption
    assert entry["expects"] in caption
    for key in (
        "runs",
        "models",
        "estimator",
        "estimators",
        "dependence",
        "definition",
        "definitions",
    ):
        chosen = entry.get(key, {})
        for value in chosen.values() if isinstance(chosen, dict) else [chosen]:
            assert f"``{value}``" in caption
