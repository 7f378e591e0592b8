"""Write the page from its template."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

SCRIPTS = ("basics.js", "scorecard.js", "planes.js", "audit.js", "figures.js", "links.js")
BUNDLE, LICENCES = "vendor/plot.min.js", "vendor/licences.txt"
FILES = ("index.html.j2", "page.css", *SCRIPTS, BUNDLE, LICENCES)


def inlined(path: Path) -> Markup:
    """Return a script or style sheet of ours, to stand in the page as it is.

    Raises
    ------
    ValueError
        If it would end the element that it stands in.
    """
    text = path.read_text(encoding="utf-8")
    if "</script" in text.lower() or "</style" in text.lower():
        raise ValueError(f"{path.name} would end its own element in the page")
    return Markup(text)


def written(folder: Path, context: dict) -> str:
    """Fill in the template.

    Parameters
    ----------
    folder : pathlib.Path
        With `FILES`.
    context : dict
        What the template shows. All of it is text: HTML in it is shown, not obeyed.

    Returns
    -------
    str
        The page.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    ours = {
        "style": inlined(folder / "page.css"),
        "bundle": inlined(folder / BUNDLE),
        "scripts": [inlined(folder / name) for name in SCRIPTS],
        "licences": (folder / LICENCES).read_text(encoding="utf-8"),
    }
    return environment.get_template("index.html.j2").render(**context, **ours)
