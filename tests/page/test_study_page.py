"""The page of the small study in a real browser: its numbers, its links, and how it looks."""

import csv
import math
from urllib.parse import quote

import pytest

from tests.page.checks import faults_of, number_of, wide_elements
from tests.page.conftest import SCREENSHOTS

# One process runs the small study for all tests on it.
pytestmark = pytest.mark.xdist_group("study")
LARGEST_BYTES = 8_000_000
BUTTONS = """() => [...document.querySelectorAll(".verdict")].map((it) => ({
  row: Number(it.dataset.row), verdict: it.dataset.verdict, estimator: it.dataset.estimator,
  claim: it.closest(".claim").dataset.claim, condition: it.closest(".condition").dataset.condition,
  reading: it.dataset.reading, effect: it.querySelector("b").textContent,
  warned: it.querySelector("[title='has a warning']") !== null }))"""


@pytest.fixture(scope="module")
def path(study):
    return study / "report/index.html"


@pytest.fixture(scope="module")
def rows(study):
    with open(study / "claims.tsv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_numbers_shown_equal_the_table(path, rows, opened):
    page = opened(path)
    shown = page.evaluate(BUTTONS)
    assert sorted(one["row"] for one in shown) == list(range(len(rows)))
    for one in shown:
        row = rows[one["row"]]
        for key in ("claim", "condition", "estimator", "reading", "verdict"):
            assert one[key] == row[key]
        assert one["warned"] == bool(row["warning"])
        if row["estimate"] in ("", "nan"):
            assert one["effect"] == ""
        else:
            # Of three digits the last may be half a step off.
            estimate = float(row["estimate"])
            assert number_of(one["effect"]) == pytest.approx(estimate, rel=5.1e-3)
    for name in ("supported", "refuted", "inconclusive"):
        judged = sum(row["verdict"] == name for row in rows if row["estimator"] != "all")
        assert f"{judged} {name}" in page.locator(".tally").inner_text()


def test_evidence_of_every_claim_is_that_of_the_table(path, rows, opened):
    page = opened(path)
    for row in {row["claim"]: row for row in reversed(rows)}.values():
        keys = ("claim", "condition", "estimator", "reading")
        link = ",".join(quote(row[key], safe="") for key in keys)
        page.evaluate("(link) => { location.hash = link; }", f"claim={link}")
        part = page.locator(f".claim[data-claim='{row['claim']}'] .evidence")
        text = part.inner_text()
        for key in ("statement", "statistic", "failed", "warning", "null"):
            assert row[key] in text, f"{key} of {row['claim']}"
        assert f"claims/{row['claim']}.tsv" in text
        assert "Cost: not measured" not in text
        assert part.locator("summary", has_text="config/claims/").count() >= 1
        assert part.locator("summary", has_text="src/infoplane/claims/statistics/").count() == 1
        if row["estimate"] not in ("", "nan") and math.isfinite(float(row["threshold"])):
            assert row["estimate"] in text
            assert part.locator(".chart svg").count() == 1


def test_it_is_small_lacks_nothing_and_draws_every_figure(path, opened):
    assert path.stat().st_size < LARGEST_BYTES
    page = opened(path)
    assert page.locator(".missing:not(noscript .missing)").count() == 0
    for part in page.locator("details.figure").all():
        assert part.locator(".drawing").count() == 1


@pytest.mark.parametrize(
    ("look", "width", "scheme"),
    [("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 360, "light")],
)
def test_anyone_can_read_it_and_there_are_pictures_of_it(path, rows, opened, look, width, scheme):
    SCREENSHOTS.mkdir(exist_ok=True)
    size = {"width": width, "height": 900 if width > 400 else 740}
    row = rows[0]
    link = f"#claim={row['claim']},{row['condition']},{row['estimator']},{row['reading']}"
    page = opened(path, link, "#audit-table td", viewport=size, color_scheme=scheme)
    page.add_style_tag(content="html { scroll-behavior: auto !important; }")
    assert faults_of(page) == []
    assert wide_elements(page) == []
    page.locator("#figures summary").first.click()
    places = ("header", ".evidence", "#planes", "#plane-panels", "#audit", "#figures", "#reproduce")
    for number, place in enumerate(places):
        page.locator(place).first.evaluate("(it) => it.scrollIntoView()")
        name = f"{look}_{number}_{place.strip('#.')}.png"
        page.screenshot(path=SCREENSHOTS / name)
