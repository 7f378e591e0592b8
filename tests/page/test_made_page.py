"""The page of a made-up study in a real browser: what a person does with it, by mouse and keys."""

import csv
import re

import pytest

from infoplane.statistics import DIRECTIONS, verdict
from tests.page.checks import faults_of, number_of, wide_elements
from tests.page.made_study import ROWS

EVIDENCE = "#claim=C01,tanh,first"


def slide(page, selector, value):
    """Move a slider; return where it stands."""
    page.locator(selector).first.evaluate(
        "(it, to) => { it.value = to; it.dispatchEvent(new Event('input', { bubbles: true })); }",
        value,
    )
    return float(page.locator(selector).first.input_value())


def press_until(page, selector, key="Tab", most=80):
    """Press a key until what has the focus fits a selector."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate("(it) => document.activeElement.matches(it)", selector):
            return
    raise AssertionError(f"{selector} is not reached by {key}")


def test_the_verdicts_are_painted_within_two_seconds(made, opened):
    page = opened(made)
    paints = page.evaluate("performance.getEntriesByType('paint').map((it) => it.startTime)")
    assert max(paints) < 2000
    assert page.locator(".verdict").count() == 4


def test_a_moved_threshold_turns_the_verdict(made, opened):
    page = opened(made, EVIDENCE, ".evidence .says")
    line = ".evidence .chart svg [stroke-dasharray]"
    found, places = [], set()
    for threshold in (-1, 1, 1.25, 1.5):
        at = slide(page, ".evidence input", threshold)
        said = page.locator(".evidence .says").inner_text()
        assert said.split()[1] == verdict(1.1, 1.4, at, "at_least"), f"at {at}"
        found.append(said.split()[1])
        places.add(page.locator(line).first.evaluate("(it) => it.getBoundingClientRect().x"))
    assert {"supported", "inconclusive"} <= set(found)
    assert len(places) >= 3
    page.get_by_role("button", name="Back to the claim's").click()
    assert "at least 1" in page.locator(".evidence .says").inner_text()


def test_the_rule_of_verdicts_has_all_directions(made):
    known = re.findall(r"^  (\w+): \(value, threshold\)", made.read_text(), re.MULTILINE)
    assert set(known) == set(DIRECTIONS)


def test_evidence_has_what_a_claim_rests_on(made, opened):
    page = opened(made, EVIDENCE, ".evidence .says")
    text = page.locator(".evidence").inner_text()
    for part in (
        *("Layers compress", "1.23456 [1.1, 1.4], 3 networks", "at its ceiling", "0.01 [0, 0.02]"),
        *("at least 1", "1 of 3 values are not finite", "Cost: 3.0 min", "claims/C01.tsv"),
    ):
        assert part in text
    page.locator(".evidence summary", has_text="lines 2 to 5").click()
    assert "The reason for the threshold" in page.locator(".evidence").inner_text()
    page.locator(".evidence summary", has_text="The figure").click()
    assert page.locator(".evidence .drawing img").evaluate(
        "(it) => it.decode().then(() => it.width)"
    )


def test_slider_and_play_button_move_the_layers(made, opened):
    page = opened(made)

    def dots():
        circles = page.locator("#plane-panels .panel").first.locator("svg circle").all()
        return [(it.get_attribute("cx"), it.get_attribute("cy")) for it in circles]

    slide(page, "#epoch", 0)
    first = dots()
    assert len(first) == 4
    slide(page, "#epoch", 3)
    assert dots() != first
    assert page.locator("#epoch-shown").inner_text() == "100"
    page.locator("#play").click()
    page.wait_for_selector("#epoch[aria-valuetext='epoch 1000']")
    page.wait_for_selector("#play[aria-pressed=false]")
    assert page.url.endswith("#plane=tanh,first,tanh,third,epoch=1000")


def test_planes_layers_and_networks_are_chosen(made, opened):
    page = opened(made)
    circles = page.locator("#plane-panels .panel").first.locator("svg circle")
    page.get_by_label("T2", exact=True).uncheck()
    assert circles.count() == 3
    page.locator("#mode").select_option("single")
    assert circles.count() == 3 * 5
    page.get_by_role("button", name="Add a plane").click()
    assert page.locator("#plane-panels .panel").count() == 3
    page.get_by_label("Run of plane 3").select_option("relu")
    third = page.locator("#plane-panels .panel").nth(2)
    assert "7 networks, 1 diverged left out" in third.inner_text()
    assert "not measured" in third.inner_text()  # its gradients
    page.get_by_role("button", name="Take plane 1 away").click()
    assert page.locator("#plane-panels .panel").count() == 2


def test_everything_is_reached_with_the_keyboard_alone(made, opened):
    page = opened(made)
    press_until(page, ".skip")
    page.keyboard.press("Enter")
    press_until(page, ".opener")
    page.keyboard.press("Enter")
    press_until(page, ".verdict")
    page.keyboard.press("Enter")
    page.wait_for_selector(".evidence .says")
    press_until(page, ".evidence input")
    before = page.locator(".evidence .says").inner_text()
    for _ in range(60):
        page.keyboard.press("ArrowRight")
    assert page.locator(".evidence .says").inner_text() != before
    press_until(page, "#plane-panels .chart")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    said = page.locator("#plane-panels .says").first.inner_text()
    assert re.fullmatch(
        r"T1 at epoch 10: I\(X;T\) .* bits, I\(T;Y\) .* bits, gradients' SNR 20\.", said
    )
    press_until(page, "#audit-samples")
    press_until(page, "details.figure summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("details.figure[open] .drawing img")


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("side", "saxe", ["C02"]),
        ("paper", "SAXE", ["C01"]),
        ("verdict", "refuted", ["C01"]),
        ("condition", "<b>relu</b>", ["C01"]),
        ("estimator", "first", ["C01", "C02"]),
    ],
)
def test_filters(made, opened, name, value, left):
    page = opened(made)
    page.locator(f"#filters [name={name}]").select_option(value)
    shown = page.locator(".claim:not([hidden])")
    assert [it.get_attribute("data-claim") for it in shown.all()] == left
    count = sum(
        value in (row[0], row[1]) for row in zip(ROWS["verdict"], ROWS["condition"], strict=True)
    )
    if name in ("verdict", "condition"):
        assert page.locator("#shown").inner_text() == f"{count} verdicts fit."


def test_html_in_names_is_shown_as_text(made, opened):
    page = opened(made, "#claim=C02,tanh,first", ".evidence")
    assert page.title() == "infoplane: the information-bottleneck debate, judged"
    assert "<script>alert('taken')</script>" in page.locator(".evidence").inner_text()
    assert "<b>relu</b>" in page.locator(".condition h4").all_inner_texts()[0:2][1]
    assert page.locator("main i:not(.barcode i), .condition b b").count() == 0
    page.locator("#audit-samples").scroll_into_view_if_needed()
    page.locator("#audit-dimension").select_option("any")
    page.locator("#audit-family").select_option("any")
    assert "some <i>task</i>" in page.locator("#audit-table").inner_text()
    page.locator("#figure-szt_3 summary").first.click()
    page.wait_for_selector(".drawing img")
    assert page.title().startswith("infoplane")


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("#claim=C02", "[data-claim=C02] .conditions:not([hidden])"),
        ("#plane=relu,first,tanh,second,epoch=10", "#epoch[aria-valuetext='epoch 10']"),
        ("#plane=tanh,first,tanh,third,relu,first", "#plane-panels .panel:nth-child(3)"),
        ("#figure=szt_3", "#figure-szt_3[open] img"),
        ("#claim=%E0%A4%A", "#planes svg"),
        ("#claim=C99,x,y", "#planes svg"),
        ("#plane=nothing,of_the_kind,epoch=x", "#planes svg"),
        ("#figure=none", "#planes svg"),
    ],
)
def test_links_lead_to_their_place_and_wrong_ones_to_no_fault(made, opened, link, shown):
    opened(made, link, shown)


def test_tables_can_be_read_and_saved(made, opened, tmp_path):
    page = opened(made, EVIDENCE, ".evidence .says")

    def saved(button):
        with page.expect_download() as download:
            button.click()
        download.value.save_as(tmp_path / "saved.csv")
        with open(tmp_path / "saved.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    rows = saved(page.locator("#save-claims"))
    for name, column in ROWS.items():
        assert [row[name] for row in rows] == column
    page.locator(".evidence summary", has_text="Values as a table").click()
    rows = saved(page.locator(".evidence details button").first)
    assert [row["value"] for row in rows] == ["1.1", "1.2", "NaN"]
    panel = page.locator("#plane-panels .panel").first
    panel.get_by_text("Means and bands as a table").click()
    rows = saved(panel.get_by_role("button", name="Save as CSV").first)
    assert len(rows) == 4 * 5
    assert panel.locator("details table tbody tr").count() == len(rows)
    assert len(saved(page.locator("#audit-save"))) == 2
    page.locator("#figure-szt_3 summary").first.click()
    with page.expect_download() as download:
        page.locator("#figure-szt_3 .save-drawing").click()
    assert download.value.suggested_filename == "szt_3.svg"


def test_the_audit_ranks_estimators(made, opened):
    page = opened(made, wait="#audit-table td")
    page.locator("#audit-family").select_option("half_dead_layer")
    names = page.locator("#audit-table tbody th").all_inner_texts()
    assert names == ["right", "wrong"]
    assert page.locator("#audit-says").inner_text().startswith("1 of 2 estimators")
    cells = page.locator("#audit-table tbody tr").first.locator("td").all_inner_texts()
    assert number_of(cells[1]) == pytest.approx(0.051, abs=0.005)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_anyone_can_read_it(made, opened, scheme, width):
    size = {"width": width, "height": 800}
    page = opened(made, EVIDENCE, "#audit-table td", color_scheme=scheme, viewport=size)
    page.locator("#figure-szt_3 summary").first.click()
    page.locator("#method summary").first.click()
    assert faults_of(page) == []
    assert wide_elements(page) == []


def test_paper_shows_verdicts_and_no_buttons_to_press(made, opened):
    page = opened(made)
    page.emulate_media(media="print")
    assert page.locator("[data-claim=C02] .conditions").is_visible()
    assert not page.locator("#filters").is_visible()
    assert page.pdf().startswith(b"%PDF")
