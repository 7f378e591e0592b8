"""What is asked of every page: that anyone can read it, and that nothing sticks out."""

from axe_playwright_python.sync_playwright import Axe


def faults_of(page) -> list[str]:
    """Return what axe calls a serious or critical fault of a page as it is shown now."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def wide_elements(page) -> list[str]:
    """Return what sticks out to the right, but for what scrolls by itself."""
    return page.evaluate(
        """() => [...document.querySelectorAll("main *, header *")].filter((it) =>
          it.getBoundingClientRect().right > innerWidth + 1 && !it.closest(".scroll, svg, pre")
          && getComputedStyle(it).clipPath === "none")
          .map((it) => `${it.tagName} ${it.className}`)"""
    )


def number_of(text: str) -> float:
    """Read a number that the page shows."""
    return float(text.replace("\N{MINUS SIGN}", "-").replace("\N{INFINITY}", "inf"))
