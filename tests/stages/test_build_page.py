"""The page: what it shows, that it needs no network, that no table can take it over."""

import base64
import gzip
import html
import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

import build_page
from infoplane.statistics import DIRECTIONS, verdict
from page.packing import packed, thousandths
from page.planes import plane, thinned
from page.scorecard import NEEDED, short
from pipeline.files import save_table
from tests.stages import synthetic_study
from tests.support import stand_in
from tests.workflow.conftest import REPOSITORY

TEMPLATE = REPOSITORY / "workflow/report/page/index.html.j2"
ROWS = {
    "claim": ["C01", "C01", "C01", "C02"],
    "statement": ["Layers compress"] * 3 + ["<script>alert('taken')</script>"],
    "side": ["szt"] * 3 + ["saxe"],
    "condition": ["tanh", "tanh", "<b>relu</b>", "tanh"],
    "estimator": ["first", "all", "first", "first"],
    "estimate": ["1.23456", "", "-0.5", "inf"],
    "ci_low": ["1.1", "", "-0.75", "10"],
    "ci_high": ["1.4", "", "-0.25", "inf"],
    "threshold": ["1", "1", "1", "20"],
    "direction": ["at_least"] * 3 + ["above"],
    "inits": ["3", "3", "3", "3"],
    "verdict": ["supported", "inconclusive", "refuted", "inconclusive"],
    "warning": ["at its ceiling", "", "", ""],
    "holds_from": ["-inf", "", "-0.25", "10"],
    "holds_to": ["1.1", "", "inf", "inf"],
    "q_value": ["0.01", "", "0.02", ""],
}


def save_tables(folder):
    """Write a study's verdicts, details, planes and audit; return what the stage is given."""
    synthetic_study.save_study(folder)
    table = pd.DataFrame(ROWS).reindex(columns=list(NEEDED), fill_value="")
    table.to_csv(folder / "claims.tsv", sep="\t", index=False, lineterminator="\n")
    details = [
        {key: row[key] for key in ("claim", "condition", "estimator", "reading")}
        | {
            "details": {
                "initialisations": [0, 1, 2],
                "values": [[1.1], [1.2], [None]],
                "diverged": [],
                "conditions": [],
                "premises": [],
            }
        }
        for row in table.to_dict("records")
    ]
    (folder / "claims.json").write_text(json.dumps(details))
    audit = pd.read_csv(folder / "audit.tsv", sep="\t").assign(task="some <i>task</i>")
    audit.to_csv(folder / "audit.tsv", sep="\t", index=False)
    return {
        "claims": str(folder / "claims.tsv"),
        "details": str(folder / "claims.json"),
        "information": synthetic_study.paths_of(folder, "information"),
        "metrics": [save_curves(folder)],
        "audit": str(folder / "audit.tsv"),
        "method": str(REPOSITORY / "docs/method.md"),
        "template": [str(TEMPLATE)],
    }


def save_curves(folder):
    """Write learning curves of two networks that finished and one that diverged."""
    epochs = np.tile([0, 1, 10], 3)
    rows = {
        "run": ["tanh"] * 9,
        "init": np.repeat([0, 1, 2], 3),
        "epoch": epochs,
        "status": ["ok"] * 6 + ["diverged"] * 3,
        "train_loss": np.repeat([0.25, 0.5, np.nan], 3),
        "test_loss": np.repeat([0.5, 0.75, np.nan], 3),
        "train_accuracy": np.repeat([0.75, 1.0, 0.0], 3) - 0.01 * epochs,
        "test_accuracy": np.repeat([0.5, 1.0, 0.0], 3),
    }
    save_table(folder / "metrics.parquet", rows)
    return str(folder / "metrics.parquet")


def build(folder, **changes):
    """Build the page of tables, some of them changed; return its text."""
    tables = save_tables(folder) | changes
    page = folder / "report/index.html"
    build_page.main(
        stand_in(
            input=tables,
            output={"page": str(page)},
            params={
                "planes": {"tanh": ["first", "third"], "relu": ["first"]},
                "statistics": {"C01": "trajectory"},
                "figures": {"szt_3": {"paper": "SZT", "number": "3", "shows": "paths"}},
                "configuration": [],
            },
        )
    )
    return page.read_text(encoding="utf-8")


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


def test_verdicts_are_counted_without_those_on_all_estimators(page):
    counted = re.findall(r'data-verdict="(\w+)">(\d+)</span>', page)
    assert counted == [("supported", "1"), ("refuted", "1"), ("inconclusive", "1")]


def test_html_in_names_is_text(page):
    assert "alert('taken')" not in page
    assert html.escape("<script>alert('taken')</script>", quote=False).split("(")[0] in page
    for tag in ("<b>relu", "<i>task"):
        assert tag not in page


def test_the_page_asks_for_nothing(page):
    """No element loads, and addresses stand only in comments and names of XML."""
    assert not re.search(r"<(link|img|iframe|object|embed)\b|\bsrc=|@import|url\((?!#)", page)
    assert "default-src 'none'" in page
    addresses = set(re.findall(r"https?://[\w.]+", page))
    texts = (TEMPLATE.parent / "vendor/licences.txt", REPOSITORY / "docs/method.md")
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
        changes = {table: [str(other)] if table == "metrics" else str(other)}
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


def test_epochs_are_thinned_but_keep_their_ends():
    epochs = thinned(np.arange(0, 1000, 2), most=100)
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


NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)

# Runs in the page, and leaves what it saw in an element of its own.
SCRIPT = """
<script>
const seen = { errors: [] };
addEventListener("error", (event) => seen.errors.push(event.message));
addEventListener("unhandledrejection", (event) => seen.errors.push(String(event.reason)));
const until = async (test) => {
  for (let left = 200; left && !test(); left -= 1) {
    await new Promise((done) => setTimeout(done, 25));
  }
};
addEventListener("load", async () => {
  const find = (it) => document.querySelector(it), all = (it) => [...document.querySelectorAll(it)];
  const turn = (it, value, kind) => {
    it.value = value;
    it.dispatchEvent(new Event(kind, { bubbles: true }));
  };
  await until(() => find(".evidence .says"));
  seen.opened = find(".evidence")?.textContent;
  const slider = find(".evidence input");
  seen.verdicts = [-1, 1, 1.25, 1.5].map((threshold) => {
    turn(slider, threshold, "input");
    return [Number(slider.value), find(".evidence .says").textContent.split(" ")[1]];
  });
  await until(() => find("#plane-panels svg"));
  const circles = "#plane-panels .panel:first-child svg circle";
  const dots = () => all(circles).map((it) => it.getAttribute("cx"));
  turn(find("#epoch"), 0, "input");
  const first = dots();
  turn(find("#epoch"), 3, "input");
  seen.moved = first.length > 0 && first.join() !== dots().join();
  seen.hash = location.hash;
  turn(find("#filters [name=side]"), "saxe", "change");
  seen.left = all(".claim:not([hidden])").map((it) => it.dataset.claim);
  seen.audited = all("#audit-table td").length;
  seen.requests = performance.getEntriesByType("resource").length;
  const told = document.createElement("pre");
  told.id = "seen";
  told.textContent = JSON.stringify(seen);
  document.body.append(told);
});
</script>
"""


@pytest.mark.skipif(BROWSER is None, reason="no Chromium: `apt-get install chromium` brings it")
def test_the_page_works_in_a_browser(page, folder, tmp_path):
    """The evidence opens by its link, threshold and epoch move it, and nothing is asked for."""
    path = tmp_path / "page.html"
    path.write_text(page.replace("</head>", SCRIPT + "</head>", 1), encoding="utf-8")
    said = subprocess.run(
        [
            *(BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--virtual-time-budget=20000", f"--user-data-dir={tmp_path / 'profile'}"),
            f"{path.as_uri()}#claim=C01,tanh,first",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    (text,) = re.findall(r'<pre id="seen">(.*?)</pre>', said.stdout, re.DOTALL)
    seen = json.loads(html.unescape(text))
    assert seen["errors"] == []
    assert seen["requests"] == 0
    for part in ("Layers compress", "1.23456 [1.1, 1.4], 3 networks", "at its ceiling"):
        assert part in seen["opened"]
    # Its own range is clipped at the ends of the slider, hence the thresholds that it says.
    expected = [verdict(1.1, 1.4, threshold, "at_least") for threshold, _ in seen["verdicts"]]
    assert [found for _, found in seen["verdicts"]] == expected
    assert set(expected) >= {"supported", "inconclusive"}
    assert seen["moved"]
    assert seen["hash"].startswith("#plane=tanh,first,tanh,third,epoch=")
    assert seen["left"] == ["C02"]
    assert seen["audited"] > 0
    assert set(DIRECTIONS) == set(re.findall(r"^  (\w+): \(value, threshold\)", page, re.MULTILINE))
