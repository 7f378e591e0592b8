"""README and pages: texts are the published run's, links lead somewhere, commands exist."""

import importlib
import re
import shutil

import pandas as pd
import pytest
import yaml

from infoplane.claims.entries import units_of
from infoplane.claims.judging import COLUMNS
from tests.workflow.conftest import REPOSITORY
from tests.workflow.test_configuration import FILES, merged

# What a published run may have besides the study.
ALSO_PUBLISHED = ("config/images.yaml", "config/transformers.yaml", "config/weights.yaml")
README = (REPOSITORY / "README.md").read_text()
PAGES = sorted(path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("docs/*.md"))


@pytest.fixture
def docs(monkeypatch):
    """Return a function that imports a module of docs/."""
    monkeypatch.syspath_prepend(str(REPOSITORY / "docs"))
    return importlib.import_module


def published(docs) -> list[dict]:
    return docs("gallery").read_rows(REPOSITORY / "docs/gallery/claims.tsv")


@pytest.mark.parametrize("page", ["README.md", "docs/findings.md", "docs/ablations.md"])
def test_a_page_says_what_the_published_table_says(docs, page):
    gallery, path = docs("gallery"), REPOSITORY / page
    ((section, table, content),) = [of for written, *of in gallery.MADE if written == path]
    written = content(gallery.read_rows(gallery.GALLERY / f"{table}.tsv"))
    assert gallery.fill(path.read_text(), section, written) == path.read_text()
    assert written.count("\n") >= 5


@pytest.mark.parametrize("name", ["answer", "findings", "ablations"])
def test_texts_give_no_number_that_the_table_does_not(docs, name):
    """Years, sizes of the study and names are no findings."""
    answer = docs("answer")
    entries = yaml.safe_load((REPOSITORY / f"docs/{name}.yaml").read_text())
    for entry in entries.values() if name == "findings" else entries:
        bare = answer.PLACE.sub("", f"{entry['text']} {entry.get('differs', '')}")
        assert not re.search(r"\d\.\d|\d+ bits?", bare), bare
        assert entry["expects" if name == "ablations" else "verdicts"]


def test_every_claim_has_a_finding_and_its_figures_are_there(docs):
    findings = docs("findings")
    entries = yaml.safe_load(findings.FINDINGS.read_text())
    assert set(entries) <= set(merged(*FILES, *ALSO_PUBLISHED)["claims"])
    for entry in entries.values():
        assert entry["figures"]
        for figure in entry["figures"]:
            assert (REPOSITORY / f"docs/gallery/{figure}.png").exists(), figure
    rows = [*published(docs), {"claim": "C99"}]
    with pytest.raises(docs("answer").UntrueAnswerError, match="says nothing of C99"):
        findings.findings(rows)


def test_a_finding_says_where_it_differs_from_the_paper(docs):
    row = dict.fromkeys(("source", "reading", "ci_low", "ci_high", "failed", "warning"), "") | {
        "claim": "C01",
        "condition": "r",
        "estimator": "e",
        "estimate": "2.345",
        "side": "szt",
    }
    row |= {"statement": "A", "verdict": "refuted", "direction": "above", "threshold": "1"}
    rows = [row | {"corrected_verdict": "refuted"}]
    entry = {"said": "s", "text": "t", "doubt": "d", "figures": ["f"]}
    entry["verdicts"] = {"C01|r|e": "refuted"}
    finding = docs("findings").finding
    assert "Differs" not in finding("C01", entry, rows)
    written = finding("C01", entry | {"differs": "Theirs is 1, ours\n{C01|r|e}."}, rows)
    assert "*Found.* t\n\n*Differs.* Theirs is 1, ours 2.3.\n\n*Would change" in written
    # What correction leaves open must be told.
    rows = [row | {"corrected_verdict": "inconclusive"}]
    with pytest.raises(docs("answer").UntrueAnswerError, match=r"leaves 'C01\|r\|e' open"):
        finding("C01", entry, rows)
    assert "correction" in finding("C01", entry | {"text": "t, open after correction"}, rows)


def test_every_figure_of_both_papers_belongs_to_a_finding(docs):
    entries = yaml.safe_load(docs("findings").FINDINGS.read_text())
    shown = {figure for entry in entries.values() for figure in entry["figures"]}
    papers = {
        name
        for name, entry in merged("config/figures.yaml")["figures"].items()
        if entry["paper"] in ("szt", "saxe")
    }
    assert len(papers) > 20
    assert papers <= shown


def test_an_answer_that_the_table_denies_is_refused(docs):
    answer = docs("answer")
    row = {"claim": "C01", "condition": "r", "estimator": "e", "reading": "", "estimate": "2.345"}
    rows = [row | {"verdict": "refuted", "corrected_verdict": "refuted"}]
    entry = {"text": "It loses {C01|r|e} bits.", "verdicts": {"C01|r|e": "refuted"}}
    assert answer.sentence(entry, rows) == "- It loses 2.3 bits. ([C01](docs/findings.md#c01))"
    with pytest.raises(answer.UntrueAnswerError, match="being supported, the table says refuted"):
        answer.sentence(entry | {"verdicts": {"C01|r|e": "supported"}}, rows)
    with pytest.raises(answer.UntrueAnswerError, match=r"0 rows 'C02\|r\|e', not one"):
        answer.sentence(entry | {"verdicts": {"C02|r|e": "supported"}}, rows)


def test_a_text_on_a_difference_that_the_table_denies_is_refused(docs):
    ablations = docs("ablations")
    rows = [
        {"shows": "SGD", "estimator": estimator, "layer": str(layer), "inits": "20"}
        | {"difference_bits": str(middle), "ci_low": str(middle - 0.5), "ci_high": str(middle + 1)}
        for layer, middle in ((1, 2.346), (2, 0.25), (3, -3.0))
        for estimator in ("binned_30", "binned_30_global")
    ]
    entry = {"text": "T1 {SGD|T1} more,\n{SGD|OUT} less, {SGD|T2}."}
    entry["expects"] = {"SGD|T1": "more", "SGD|OUT": "less", "SGD|T2": "open"}
    told = "T1 2.35 [1.85, 3.35] more, 3.00 [2.00, 3.50] less, 0.25 [\N{MINUS SIGN}0.25, 1.25]."
    assert ablations.filled(entry, rows) == told
    for wrong, said in (
        ({"SGD|all": "more"}, r"being more, the table says .* open of T2 under binned_30:"),
        ({"SGD|hidden": 2.0}, "being 2.0, the table says .* more of T1 under binned_30:"),
        ({"SGD|OUT": "less"}, r"nothing is expected of SGD\|T1, SGD\|T2"),
        ({"Adam|T1": "more"}, r"no row 'Adam\|T1' under binned_30"),
    ):
        with pytest.raises(docs("answer").UntrueAnswerError, match=said):
            ablations.filled(entry | {"expects": wrong}, rows)
    bounded = {"text": "Within {SGD|all} bits.", "expects": {"SGD|all": 3.5}}
    assert ablations.filled(bounded, rows) == "Within 3.50 bits."
    # What is said must hold under the other estimator as well.
    rows[1] |= {"ci_low": "-0.1"}
    with pytest.raises(docs("answer").UntrueAnswerError, match="open of T1 under binned_30_global"):
        ablations.filled(entry, rows)


def test_every_difference_of_the_table_is_told(docs):
    gallery = docs("gallery")
    rows = gallery.read_rows(gallery.GALLERY / "ablations.tsv")
    with pytest.raises(docs("answer").UntrueAnswerError, match="says nothing of another"):
        gallery.ablations([*rows, rows[0] | {"shows": "another"}])
    few = [row | {"inits": "7"} if row["shows"] == rows[-1]["shows"] else row for row in rows]
    assert f"7 for {rows[-1]['shows']}" in docs("ablations").networks(few)


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


@pytest.mark.parametrize("page", ["README.md", "config/README.md", *PAGES])
def test_links_and_pictures_are_there(page):
    text = (REPOSITORY / page).read_text()
    for link in re.findall(r"\]\((?!https?:)([^)#\s]+)[^)]*\)", text):
        assert ((REPOSITORY / page).parent / link).exists(), link


def test_commands_of_make_exist():
    makefile = (REPOSITORY / "Makefile").read_text()
    commands = re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)
    assert len(commands) > 3
    for command in commands:
        assert f"\n{command}:" in makefile, command


def test_published_claims_are_those_of_the_configuration(docs):
    rows = published(docs)
    known = merged(*FILES, *ALSO_PUBLISHED)["claims"]
    assert {row["claim"] for row in rows} <= set(known)


def test_units_are_those_that_the_published_texts_name(docs):
    units, seen = units_of(merged(*FILES, *ALSO_PUBLISHED)["claims"]), set()
    words = {"R²": "R squared", "exponent": "^power", "share": "share| over "}
    words |= {"ratio": "ratio| over "}
    for row in published(docs):
        if row["estimator"] != "all":
            unit, text = units[row["claim"]][row["reading"]], row["statistic"].partition("; ")[0]
            assert re.search(words.get(unit, unit), text), (row["claim"], unit, text)
            for told in ("bits", "share"):
                assert not text.endswith(f", {told}") or unit == told, (row["claim"], unit, text)
            assert not text.startswith("rank correlation") or unit == "correlation", text
            seen.add((row["claim"], row["reading"]))
    assert len(seen) > 100


def test_a_run_with_further_files_adds_rows_and_leaves_the_others(docs, tmp_path):
    published, run = tmp_path / "published.tsv", tmp_path / "run.tsv"
    published.write_text("claim\tverdict\nC01\tsupported\nC67\told\n")
    run.write_text("claim\tverdict\nC01\trefuted\nC67\tnew\nC69\tnew\n")
    docs("gallery").add_rows(run, published, {"C67", "C69"})
    assert published.read_text() == "claim\tverdict\nC01\tsupported\nC67\tnew\nC69\tnew\n"


def test_the_study_published_anew_leaves_the_rows_that_a_larger_run_added(docs, tmp_path):
    published, run = tmp_path / "published.tsv", tmp_path / "run.tsv"
    published.write_text("claim\tverdict\nC01\told\nC67\tadded\n")
    run.write_text("claim\tverdict\nC01\tnew\n")
    docs("gallery").add_rows(run, published, {"C01"})
    assert published.read_text() == "claim\tverdict\nC67\tadded\nC01\tnew\n"


def test_verdicts_of_a_further_file_are_corrected_for_all_that_are_published(docs, tmp_path):
    gallery, collect = docs("gallery"), importlib.import_module("collect_verdicts")

    def rows(claim, p_values):
        table = pd.DataFrame({name: [""] * len(p_values) for name in COLUMNS})
        return table.assign(claim=claim, estimator="e", verdict="supported", p_value=p_values)

    study, old, new = rows("C01", [0.5, 0.6, 0.7]), rows("C67", [0.9] * 9), rows("C67", [0.02])
    collect.save_text_table(
        tmp_path / "published.tsv", collect.corrected(pd.concat([study, old]), 0.95)
    )
    collect.save_text_table(tmp_path / "C67.tsv", new)
    found = gallery.corrected_among(tmp_path / "published.tsv", [tmp_path / "C67.tsv"], 0.95)
    # Benjamini & Hochberg: the smallest of four.
    assert found["q_value"].iloc[-1] == pytest.approx(4 * 0.02)
    assert found["corrected_verdict"].tolist() == ["inconclusive"] * 4
    alone = collect.corrected(new, 0.95)
    assert alone["corrected_verdict"].tolist() == ["supported"]


def test_scorecards_are_drawn_of_the_claims_of_the_study_alone(docs, tmp_path, monkeypatch):
    gallery, drawn = docs("gallery"), []
    monkeypatch.setattr(gallery, "shrink", lambda source, target: drawn.append((source, target)))
    shown, real = [], gallery.scorecard.scorecard_figure
    monkeypatch.setattr(
        gallery.scorecard,
        "scorecard_figure",
        lambda table, *of: shown.append(set(table["claim"])) or real(table, *of),
    )
    (tmp_path / "figures").mkdir()
    gallery.draw_scorecards(tmp_path, merged(*FILES), {"C01", "C10"})
    assert shown == [{"C01", "C10"}] * 2
    names = ("infoplane_scorecard", "infoplane_scorecard_papers")
    assert [target for _, target in drawn] == [
        REPOSITORY / f"docs/gallery/{name}.png" for name in names
    ]
    assert all(source.stat().st_size > 10_000 for source, _ in drawn)


def test_sections_of_files_that_are_not_published_stay(docs):
    costs = docs("costs")
    section = "## With `--configfile {}`\n\n{}\n"
    page = "\n".join(["# Study\n", section.format("b.yaml", "old"), section.format("c.yaml", "c")])
    added = {name: section.format(name, "new") for name in ("a.yaml", "b.yaml")}
    assert costs.with_parts(page, None, added) == "\n".join(
        ["# Study\n", added["a.yaml"], added["b.yaml"], section.format("c.yaml", "c")]
    )
    assert costs.with_parts(page, "# New\n", {}) == page.replace("# Study", "# New")
    assert costs.with_parts("# Study\n", None, {}) == "# Study\n"


def test_the_gallery_has_the_captions_of_the_report(docs):
    """After a change of an entry, a text or a template: `python docs/captions.py`."""
    text = (REPOSITORY / "docs/gallery.md").read_text()
    assert docs("captions").page(ALSO_PUBLISHED) == text
    assert text.count("\n## ") == len(merged(*FILES, *ALSO_PUBLISHED)["figures"])


@pytest.mark.parametrize("page", ["gallery", "costs"])
def test_published_pages_are_made_of_their_parts(docs, page):
    text = (REPOSITORY / f"docs/{page}.md").read_text()
    assert docs("costs").with_parts(text, None, {}) == text
    assert {match[1] for match in docs("costs").SECTION.finditer(text)} == set(ALSO_PUBLISHED)
