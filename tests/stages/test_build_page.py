"""The page: what it shows, that it needs no network, that no table can take it over."""

import base64
import gzip
import html
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from page.argument import figures_of, papers_of
from page.costs import OF_STUDY, Costs, told
from page.packing import packed, thousandths
from page.planes import plane, signal, thinned
from page.scorecard import SIDES, short, units_in_words
from page.sources import entries_of, functions_of
from page.texts import rendered
from pipeline.planning import STUDY_TABLES
from tests.page.made_study import REPOSITORY, ROWS, TEMPLATE, build, save_tables
from tests.stages import synthetic_study
from tests.unit.claim_tables import CLAIMS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def page(folder):
    return build(folder)


def data_of(page, name):
    """Return what is packed in a page, as the browser unpacks it."""
    (letters,) = re.findall(rf'id="{name}">([A-Za-z0-9+/=]+)</script>', page)
    return json.loads(gzip.decompress(base64.b64decode(letters)))


def test_every_side_of_the_debate_has_a_name():
    assert {entry["side"] for entry in CLAIMS.values()} <= set(SIDES)


def buttons(page):
    """Return row, verdict and effect of every verdict that the page shows."""
    pattern = r'data-row="(\d+)".*?data-verdict="(\w+)".*?<b>(.*?)</b>'
    return re.findall(pattern, page, re.DOTALL)


def test_numbers_shown_equal_the_table(page):
    shown = buttons(page)
    assert [int(row) for row, _, _ in shown] == [0, 1, 2, 3]
    assert [found for _, found, _ in shown] == ROWS["verdict"]
    assert [effect for _, _, effect in shown] == ["1.23", "", "\N{MINUS SIGN}0.5", "∞"]
    rows = data_of(page, "evidence-data")["rows"]
    for name, column in ROWS.items():
        assert [row[name] for row in rows] == column
    assert rows[0]["details"]["values"] == [[1.1], [1.2], [None]]


def test_a_claim_says_in_which_units_its_effects_are(page):
    # Of C02 no unit is known.
    assert re.findall("Effects in .*?\\.", page) == ["Effects in bits, share."]
    assert units_in_words({"drop": "bits", "share": "share"}) == "bits (drop), share"
    assert units_in_words({"": "bits"}) == units_in_words({"a": "bits", "b": "bits"}) == "bits"


def test_verdicts_are_counted_without_those_on_all_estimators(page):
    counted = re.findall(r'data-verdict="(\w+)">(\d+)</span>', page)
    assert counted == [("supported", "1"), ("refuted", "1"), ("inconclusive", "1")]


def test_claims_and_figures_say_how_to_make_them_again_and_what_that_costs(page):
    claim = data_of(page, "evidence-data")["claims"]["C01"]
    # Judging, training and estimating: 3 s, 120 s, 60 s.
    assert (claim["command"].split(" -- ")[0], claim["cost"]) == (
        "snakemake --cores all",
        "3.0 min",
    )
    (entry,) = claim["entry"]
    assert (entry["first"], entry["last"]) == (2, 5)
    assert entry["text"].startswith("  # The reason")
    assert entry["text"].endswith("threshold: 1")
    assert "def drop_and_share(" in claim["code"]["text"]
    assert claim["code"]["text"].startswith("@claim_statistic(")
    lines = (REPOSITORY / claim["code"]["file"]).read_text().splitlines()
    own = lines[claim["code"]["first"] - 1 : claim["code"]["last"]]
    assert "\n".join(own) == claim["code"]["text"]
    assert claim["figures"] == {"named": ["szt_3"], "alike": ["saxe_1"]}
    text = html.unescape(page)
    assert "plot_szt_3</code>" in text
    assert "Cost: 3.1 min" in text
    assert "Cost: not measured" in text  # of saxe_1, whose training has no benchmark


def test_documentation_is_rendered(page):
    assert "<h3>How a claim becomes a verdict</h3>" in page
    assert "<strong>Null control.</strong>" in page
    assert "coverage: made by" not in page
    assert "<h4>Where not to trust it</h4>" in page


def test_html_in_documentation_is_text_and_links_to_files_need_a_repository():
    text = "# T\n<b>x</b> [a](b.md) [c](https://d.org) <!-- e -->\n\n[f](javascript:g)"
    bare = rendered(text)
    assert "<h3>T</h3>" in bare
    assert "&lt;b&gt;x" in bare
    assert re.findall('href="(.*?)"', bare) == ["https://d.org"]
    assert "-- e" not in bare
    linked = rendered(text, "https://h.org/blob/1/docs")
    assert re.findall('href="(.*?)"', linked) == ["https://h.org/blob/1/docs/b.md", "https://d.org"]


def test_papers_and_figures_of_a_source():
    assert papers_of("SZT's code; SAXE section 2; the intervention is ours") == ["SZT", "SAXE"]
    figures = {
        "szt_3": {"paper": "szt", "number": "3", "runs": ["one"]},
        "saxe_1b": {"paper": "saxe", "number": "1b", "runs": []},
        "saxe_5": {"paper": "saxe", "number": "5, 5B", "runs": ["one", "two"]},
    }
    for source, named in (
        ("SZT fig. 3, section 5", ["szt_3"]),
        ("SAXE fig. 1B", ["saxe_1b"]),
        ("SZT; SAXE fig. 5", ["saxe_5"]),
        ("SAXE section 3", []),
    ):
        assert figures_of(source, ["one", "two"], figures)["named"] == named
    assert figures_of("SZT", ["one", "two"], figures)["alike"] == ["saxe_5", "szt_3"]


def test_costs_are_of_all_jobs_behind_a_product_each_once(tmp_path):
    seconds = {
        **{"plot_a": 1, "judge_claims/C01": 2, "compare_estimators": 4},
        **{"train_networks/r/000-024": 8, "train_networks/r/025-049": 16},
        **{"estimate_information/r/m/000-024": 32, "merge_table/information/r/m": 64},
        **{"solve_models/x": 128, "generate_data/t": 256, "audit_drops/b": 512},
        **{"share_training/s/000-024": 1024, "merge_table/information/s/m": 2048},
    }
    for name, value in seconds.items():
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\th:m:s\n{value}\t0\n")
    (tmp_path / "train_networks/r/050-074.tsv").write_text("s\n")  # cut off
    costs, of_run = Costs(tmp_path, {"s": "r"}), "tables/information/r/m.parquet"
    assert costs.of(("plot_a",), [of_run, of_run]) == 1 + 8 + 16 + 32 + 64
    # Networks that another run has trained.
    assert costs.of(("plot_a",), ["tables/information/s/m.parquet"]) == 1 + 8 + 16 + 1024 + 2048
    assert costs.of(("judge_claims", "C01"), ["tables/models/x.parquet", "data/t.npz"]) == 386
    assert costs.of(("plot_a",), ["tables/robustness.tsv", "audit/drops/b.tsv"]) == 517
    assert costs.of(("plot_a",), ["claims.tsv"]) == 1 + 2
    assert costs.of(("plot_a",), ["tables/information/r/other.parquet"]) is None
    assert costs.of(("plot_b",), []) is None
    assert list(map(told, (None, 89, 90, 5400))) == ["not measured", "89 s", "1.5 min", "1.5 h"]


def test_lines_of_entries_and_functions(tmp_path):
    text = "claims:\n  A: 1\n  # Why.\n  B:\n    c: 2\n\n  # Next.\n  C: {d: 1}\nother: {B: 3}\n"
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text("claims: {B: {c: 3}}")
    (tmp_path / "empty.yaml").write_text("")
    files = [tmp_path / name for name in ("a.yaml", "b.yaml", "empty.yaml")]
    entries = entries_of(files, "claims")
    assert [(one["first"], one["last"]) for one in entries["B"]] == [(3, 5), (1, 1)]
    assert entries["B"][0]["text"] == "  # Why.\n  B:\n    c: 2"
    assert entries["A"][0]["text"] == "  A: 1"
    assert entries["C"][0]["text"] == "  # Next.\n  C: {d: 1}"
    code = "import x\n\n@other\ndef f():\n    pass\n\n@mark(1)\ndef g():\n    pass\n"
    (tmp_path / "code.py").write_text(code)
    assert functions_of([tmp_path / "code.py"], "mark") == {
        "g": {
            "file": str(tmp_path / "code.py"),
            "first": 7,
            "last": 9,
            "text": "@mark(1)\ndef g():\n    pass",
        }
    }


def test_signal_to_noise_is_a_median_over_the_networks_that_did_not_diverge():
    rows = pd.DataFrame(
        {
            "init": [0, 1, 2, 3] * 2,
            "epoch": [0] * 4 + [10] * 4,
            "layer": 1,
            "definition": "szt_first",
            "snr": [1.0, 2.0, 30.0, 1000.0, np.nan, np.nan, np.nan, 5.0],
            "status": ["ok", "ok", "ok", "diverged"] * 2,
        }
    )
    assert signal(rows) == {"epochs": [0, 10], "layers": [1], "snr": {"szt_first": [[2.0, None]]}}


def test_html_in_names_is_text(page):
    assert "alert('taken')" not in page
    assert html.escape("<script>alert('taken')</script>", quote=False).split("(")[0] in page
    for tag in ("<b>relu", "<i>task", "<b>layers"):
        assert tag not in page


def test_the_page_asks_for_nothing(page):
    """No element loads, and addresses stand only in comments and names of XML."""
    assert not re.search(r"<(link|img|iframe|object|embed)\b|\bsrc=|@import|url\((?!#)", page)
    assert "default-src 'none'" in page
    addresses = set(re.findall(r"https?://[\w.]+", page))
    docs = [REPOSITORY / f"docs/{name}.md" for name in ("method", "glossary")]
    texts = (TEMPLATE.parent / "vendor/licences.txt", *docs)
    told = {found for it in texts for found in re.findall(r"https?://[\w.]+", it.read_text())}
    assert addresses <= {"http://www.w3.org"} | told
    assert len(page.encode()) < 500_000


@pytest.mark.parametrize(
    ("table", "content", "said"),
    [
        ("claims", "claim\tverdict\nC01\tsupported\n", "claims.tsv is of another version"),
        ("claims", "claim\tver", "claims.tsv is cut off"),
        ("details", '[{"claim":', "claims.json is cut off"),
        ("details", "{}", "claims.json holds no list"),
        ("audit", None, "audit.tsv cannot be read"),
        ("information", None, "no information of relu by first"),
        ("metrics", None, "is missing"),
        ("gradients", None, "is missing"),
        ("figures", None, "szt_3.svg cannot be read"),
        ("method", None, "method.md cannot be read"),
    ],
)
def test_a_missing_table_is_named_and_the_rest_is_shown(tmp_path, table, content, said):
    tables = save_tables(tmp_path)
    if table == "information":
        changes = {table: [path for path in tables[table] if "relu" not in path]}
    else:
        (path,) = [tables[table]] if isinstance(tables[table], str) else tables[table]
        other = tmp_path / "other" / path.rpartition("/")[2]
        other.parent.mkdir()
        if content is not None:
            other.write_text(content)
        changes = {table: str(other) if isinstance(tables[table], str) else [str(other)]}
    page = build(tmp_path, **changes)
    lacks = page.partition("What this page lacks")[2].partition("</section>")[0]
    assert said in html.unescape(lacks)
    assert len(buttons(page)) == (0 if table == "claims" else 4)
    assert len(data_of(page, "plane-data")["planes"]) == (2 if table == "information" else 3)


def test_a_verdict_that_is_none_is_named(tmp_path):
    save_tables(tmp_path)
    other = tmp_path / "other.tsv"
    other.write_text((tmp_path / "claims.tsv").read_text().replace("supported", "certain"))
    page = build(tmp_path, claims=str(other))
    assert "claims.tsv has the verdict 'certain' of C01" in html.unescape(page)
    assert "There is no audit to show" not in page


def test_a_run_without_a_finished_network_is_named(tmp_path):
    save_tables(tmp_path)
    lost = synthetic_study.plane("tanh", "first", synthetic_study.PATHS["tanh"], np.ones(8))
    lost |= {"status": np.full(len(lost["run"]), "diverged")}
    path = synthetic_study.save(tmp_path / "lost", "information", "tanh", "bins", lost)
    page = build(tmp_path, information=[str(path)])
    assert "no network of tanh finished" in html.unescape(page)
    assert "There is no information to show" in page


def test_planes_are_means_and_bands_of_the_networks_that_did_not_diverge(page, folder):
    shown = {(one["run"], one["estimator"]): one for one in data_of(page, "plane-data")["planes"]}
    relu = shown["relu", "first"]
    assert (relu["networks"], relu["diverged"]) == (7, 1)
    table = pd.read_parquet(folder / "information/relu/bins.parquet")
    own = table[(table["estimator"] == "first") & (table["layer"] == 2) & (table["status"] == "ok")]
    values = own.pivot(index="epoch", columns="init", values="mi_input_bits")  # noqa: PD010
    # Half a thousandth of a bit is what rounding may take.
    for name, expected in (
        ("mean", values.mean(axis=1)),
        ("low", values.quantile(0.05, axis=1)),
        ("high", values.quantile(0.95, axis=1)),
    ):
        np.testing.assert_allclose(np.array(relu[name][0][1]) / 1000, expected, atol=5.01e-4)
    assert len(relu["sample"]) == 5


def test_learning_curves_are_means_of_the_networks_that_did_not_diverge(page):
    assert data_of(page, "plane-data")["courses"]["tanh"] == {
        "epochs": [0, 1, 10],
        "train_accuracy": [875, 865, 775],
        "test_accuracy": [750] * 3,
        "train_loss": [375] * 3,
        "test_loss": [625] * 3,
    }


def test_every_table_of_the_whole_study_has_a_cost():
    assert set(OF_STUDY) == {Path(file).stem for file in STUDY_TABLES.values()}


def test_epochs_are_thinned_but_keep_their_ends():
    epochs = thinned(np.arange(0, 1000, 2))
    assert (len(epochs), epochs[0], epochs[-1]) == (100, 0, 998)
    np.testing.assert_array_equal(thinned(np.arange(5)), np.arange(5))


def test_a_plane_without_networks_is_empty():
    rows = synthetic_study.plane("tanh", "first", synthetic_study.PATHS["tanh"], np.ones(8))
    frame = pd.DataFrame(rows).assign(status="diverged")
    found = plane(frame)
    assert (found["networks"], found["diverged"], found["epochs"]) == (0, 8, [])


def test_packing_is_reversible_and_the_same_each_time():
    data = {"name": "<é>", "values": thousandths(np.array([[0.12345, np.nan], [np.inf, -2]]))}
    assert data["values"] == [[123, None], [None, -2000]]
    assert packed(data) == packed(data)
    assert json.loads(gzip.decompress(base64.b64decode(packed(data)))) == data


def test_numbers_are_short():
    texts = ("", "nan", "0.000123456", "-12.345", "inf", "350")
    assert [short(text) for text in texts] == ["", "", "0.000123", "\N{MINUS SIGN}12.3", "∞", "350"]


def test_another_commit_is_named(tmp_path):
    log = tmp_path / "logs/collect_verdicts.log"
    log.parent.mkdir()
    log.write_text("x INFO threads 1, versions {}, commit 0123456789ab\nx INFO more\n")
    assert "the verdicts are of commit 0123456789ab, this page" in build(tmp_path)
