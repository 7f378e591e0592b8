"""The documentation as a site: navigation, links between pages, snippets that run."""

import importlib
import re

import pytest
import torch
import yaml

from tests.workflow.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
MKDOCS = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text())
TUTORIAL = (DOCS / "tutorial.md").read_text()
# Which test runs the Python of a page.
RUN_BY = {
    "extending.md": "workflow/test_extending.py",
    "library.md": "unit/test_plane.py",
    "tutorial.md": "workflow/test_website.py",
}


@pytest.fixture
def website(monkeypatch):
    """Return the module of docs/ that MkDocs calls."""
    pytest.importorskip("mkdocs", reason="make docs installs MkDocs")
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module("website")


def in_navigation():
    return re.findall(r"'([\w/]+\.md)'", repr(MKDOCS["nav"]))


def test_the_navigation_names_pages_once_and_they_are_there():
    made = re.findall(r'"(\w+\.md)"', (DOCS / "website.py").read_text())
    named = in_navigation()
    assert len(named) == len(set(named)) > 10
    for page in named:
        assert (DOCS / page).is_file() or page in made, page


def test_a_test_runs_the_python_of_every_page():
    with_python = {path.name for path in DOCS.glob("*.md") if "```python" in path.read_text()}
    assert with_python == set(RUN_BY)
    for page, test in RUN_BY.items():
        assert page in (REPOSITORY / "tests" / test).read_text()


@pytest.fixture(scope="module")
def tutorial():
    """Run the blocks of the tutorial as the site does; return what each printed, and the names."""
    blocks = re.findall(r"^```python (exec=.*)\n((?:.*\n)*?)^```", TUTORIAL, re.MULTILINE)
    assert TUTORIAL.count("```python") == len(blocks) > 5
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    printed = []
    names = {"print": lambda *said: printed[-1].append(" ".join(map(str, said)))}
    for options, block in blocks:
        assert 'session="tutorial"' in options
        printed.append([])
        exec(compile(block, "docs/tutorial.md", "exec"), names)
    torch.set_num_threads(threads)
    return printed, names


def test_the_tutorial_says_what_its_text_says(tutorial):
    printed, names = tutorial
    assert printed[0] == ["H(X) = 10 bits, H(Y) = 0.956 bits"]
    assert printed[1] == ["['1', '3', '5']"]
    table = names["table"].set_index(["epoch", "layer"])
    assert set(names["layers"]) == set(table.index.unique("layer"))
    up, across = table["mi_label_bits"], table["mi_input_bits"]
    assert up[0, "5"] < 0.5
    assert f"{up[30, '5']:.3f}" == "0.956"
    assert 2.5 < across[30, "5"] - across[200, "5"] < 3.5
    # "Same network, same layer, same samples: three numbers."
    assert len({line.split("= ")[1] for line in printed[-1]}) == 3


def test_the_tutorial_ends_in_a_picture(tutorial):
    (picture,) = (text for said in tutorial[0] for text in said if text.startswith("<svg"))
    assert picture.rstrip().endswith("</svg>")
    assert len(picture) > 10_000


def test_links_between_files_become_links_between_pages(website):
    assert website._on_site(website._in_repository("index.md", "docs/faq.md")) == "faq.md"
    assert website._on_site(website._in_repository("extending.md", "../config/README.md")) == (
        "configuration.md"
    )
    assert website._on_site(website._in_repository("configuration.md", "../src/stage.py")) == (
        "repository/src/stage.py"
    )
    found = website.LINK.findall("[a](b.md#c) [d](https://e.f/g.md) [h](#i) ![j](k.png)")
    assert [link for _, link in found] == ["b.md", "k.png"]


def test_the_api_has_every_module_and_top_level_name(website):
    page = website.api()
    assert "::: infoplane.live\n" in page
    assert "[`infoplane.LivePlane`][infoplane.live.LivePlane]" in page
    assert "::: infoplane\n" in page
    assert not re.search(r"::: .*\._", page)


def test_the_interpreters_lines_are_code(monkeypatch):
    pytest.importorskip("griffe", reason="make docs installs MkDocs")
    monkeypatch.syspath_prepend(str(DOCS))
    doctests = importlib.import_module("doctests")
    text = "One line.\n\n>>> f(\n...     1\n... )\n2\n\nText."
    told = "One line.\n\n```pycon\n>>> f(\n...     1\n... )\n2\n```\n\nText."
    assert doctests.fenced(text) == told
