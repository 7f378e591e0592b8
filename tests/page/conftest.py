"""A real browser, and pages opened in it that may neither fail nor ask for anything."""

import shutil

import pytest

from tests.page.made_study import build
from tests.workflow.conftest import REPOSITORY

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = "no browser: `apt-get install chromium` or `python -m playwright install chromium` brings one"
# For a person to look at; git ignores it.
SCREENSHOTS = REPOSITORY / "screenshots"
# A busy machine is no fault of the page.
PATIENCE_MILLISECONDS = 60_000


@pytest.fixture(scope="session")
def browser():
    """Start a headless browser, the machine's or Playwright's own."""
    api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with api.sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, NAMES)), playwright.chromium.executable_path)
        if shutil.which(program) is None:
            pytest.skip(HOW)
        started = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu"],
            timeout=PATIENCE_MILLISECONDS,
        )
        yield started
        started.close()


@pytest.fixture
def opened(browser):
    """Return a function that opens a page; in the end none may have failed or asked for more."""
    contexts, faults, asked, addresses = [], [], [], set()

    def open_page(path, link="", wait="#plane-panels svg", **settings):
        settings = {"viewport": {"width": 1280, "height": 900}} | settings
        context = browser.new_context(**settings)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url.partition("#")[0]))
        addresses.add(path.as_uri())
        page.goto(f"{path.as_uri()}{link}")
        page.wait_for_selector(wait, state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []
    # What a page holds in itself, such as a drawing, is asked for by a data address.
    assert {url for url in asked if not url.startswith(("data:", "blob:"))} <= addresses


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Return the page of the made-up study, with its tables beside it."""
    folder = tmp_path_factory.mktemp("made")
    build(folder)
    return folder / "report/index.html"
