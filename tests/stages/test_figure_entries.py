"""The entries of figures: they fit their drawings, and make captions."""

import ast
import re
from pathlib import Path

import docutils.core
import jinja2
import pytest
import yaml

from pipeline.captions import methods_of_figure
from pipeline.drawings import how_to_read as told
from pipeline.planning import Study
from tests.support import stand_in
from tests.workflow.test_configuration import CONFIG as CONFIGURATION

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


@pytest.fixture(scope="module")
def study():
    return Study(CONFIGURATION)


@pytest.mark.parametrize(
    ("name", "estimator", "method"),
    [
        ("szt_2", "binned_30", "binned: bins 30, range -1 to 1"),
        ("saxe_1b", "binned_100_global", "binned: bins 100, range global"),
        ("saxe_1c", "kde_0.1_upper", "kde: noise variance 0.1, bound upper"),
        # A measurement's own, beside an estimator.
        ("infoplane_dependence", "hsic_400", "dependence: samples 400"),
        # The figure's entry names none; its comparison does.
        ("infoplane_ablations", "binned_30_global", "binned: bins 30, range global"),
    ],
)
def test_captions_name_methods_and_parameters(study, name, estimator, method):
    assert methods_of_figure(study, name)[estimator] == method


@pytest.mark.parametrize("name", FIGURES)
def test_captions_are_filled_in_and_valid(name, study):
    entry = FIGURES[name]
    text = (REPOSITORY / "workflow/report/figure.rst").read_text(encoding="utf-8")
    how_to_read = told(entry["drawing"], 0.9)
    paper_name = CONFIG["papers"][entry["paper"]]["name"]
    methods = methods_of_figure(study, name)
    params = entry | {"how_to_read": how_to_read, "paper_name": paper_name, "methods": methods}
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
    # Bands hold 95 % of the networks, whatever is asked of intervals.
    assert not re.search(r"95 % (bootstrap )?(interval|of the shuffles)", how_to_read)
    assert entry["expects"] in caption
    for estimator, method in methods.items():
        assert not {"{", "}"} & set(method)
        assert f"``{estimator}`` ({method})" in caption
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
