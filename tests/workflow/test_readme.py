"""The README: its table is the published run's, its links lead somewhere, its commands exist."""

import importlib
import re
import shutil

import pytest
import yaml

from tests.workflow.conftest import REPOSITORY
from tests.workflow.test_configuration import CONFIG

README = (REPOSITORY / "README.md").read_text()


@pytest.fixture
def docs(monkeypatch):
    """Return a function that imports a module of docs/."""
    monkeypatch.syspath_prepend(str(REPOSITORY / "docs"))
    return importlib.import_module


def test_table_of_claims_is_that_of_the_published_run(docs):
    gallery = docs("gallery")
    rows = gallery.read_rows(REPOSITORY / "docs/gallery/claims.tsv")
    table = gallery.claims_table(rows)
    assert gallery.fill(README, "claims", table) == README
    assert table.count("\n") > 10


def test_the_answer_says_what_the_table_says(docs):
    gallery, answer = docs("gallery"), docs("answer")
    rows = gallery.read_rows(REPOSITORY / "docs/gallery/claims.tsv")
    text = answer.answer(rows)
    assert gallery.fill(README, "answer", text) == README
    for entry in yaml.safe_load(answer.ANSWER.read_text()):
        # No number that the table does not give, but years, sizes of the study and names.
        bare = answer.PLACE.sub("", entry["text"])
        assert not re.search(r"\d\.\d|\d+ bits?", bare), bare
        assert entry["verdicts"]


def test_an_answer_that_the_table_denies_is_refused(docs):
    answer = docs("answer")
    row = {"claim": "C01", "condition": "r", "estimator": "e", "reading": "", "estimate": "2.345"}
    rows = [row | {"verdict": "refuted"}]
    entry = {"text": "It loses {C01|r|e} bits.", "verdicts": {"C01|r|e": "refuted"}}
    assert answer.sentence(entry, rows) == "- It loses 2.3 bits. (C01)"
    with pytest.raises(answer.UntrueAnswerError, match="being supported, the table says refuted"):
        answer.sentence(entry | {"verdicts": {"C01|r|e": "supported"}}, rows)
    with pytest.raises(answer.UntrueAnswerError, match=r"0 rows 'C02\|r\|e', not one"):
        answer.sentence(entry | {"verdicts": {"C02|r|e": "supported"}}, rows)


def test_claims_are_as_they_were_frozen(docs):
    freeze = docs("freeze")
    last = freeze.PAGE.read_text().rstrip().splitlines()[-1]
    assert f"`{freeze.frozen()[:16]}`" in last, "run docs/freeze.py and say what was changed"


def test_another_threshold_is_another_digest(docs, tmp_path):
    freeze = docs("freeze")
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    assert freeze.frozen(tmp_path / "config") == freeze.frozen()
    path = tmp_path / "config/claims/szt.yaml"
    text = path.read_text()
    path.write_text(text + "# a comment\n")
    assert freeze.frozen(tmp_path / "config") == freeze.frozen()
    path.write_text(text.replace("threshold: 0.9 #", "threshold: 0.8 #", 1))
    assert freeze.frozen(tmp_path / "config") != freeze.frozen()


def test_snippets_of_the_library_run(capsys):
    for snippet in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(compile(snippet, "README.md", "exec"), {})
    first, second = map(float, capsys.readouterr().out.split())
    assert 0 < second < first < 12


def test_links_and_pictures_are_there():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 5
    for link in links:
        assert (REPOSITORY / link).exists(), link


def test_commands_of_make_exist():
    makefile = (REPOSITORY / "Makefile").read_text()
    commands = re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)
    assert len(commands) > 3
    for command in commands:
        assert f"\n{command}:" in makefile, command


def test_published_claims_are_those_of_the_configuration(docs):
    gallery = docs("gallery")
    rows = gallery.read_rows(REPOSITORY / "docs/gallery/claims.tsv")
    assert {row["claim"] for row in rows} <= set(CONFIG["claims"])
