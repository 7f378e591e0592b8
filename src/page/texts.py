"""Markdown of the documentation as HTML of the page."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

# Headings of the page's parts are of the second rank; those of a document stand below them.
LOWERED = 2


def rendered(text: str, address: str | None = None) -> Markup:
    """Turn Markdown into HTML; HTML in it is shown as text.

    Parameters
    ----------
    text : str
        Markdown with tables. Comments are left out.
    address : str, optional
        Where files of the same folder can be read; without it, links to them are plain text, for a
        page in a mail has no files beside it.

    Returns
    -------
    markupsafe.Markup
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL))
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1:]) + LOWERED)}"
        token.children = token.children and _linked(token.children, address)
    html = reader.renderer.render(tokens, reader.options, {})
    # Wide tables scroll by themselves, with the keyboard too.
    opened = '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>'
    return Markup(html.replace("<table>", opened).replace("</table>", "</table></div>"))


def _linked(tokens: list[Token], address: str | None) -> list[Token]:
    """Point links to other files to where they can be read, or take the links away."""
    kept, inside = [], False
    for token in tokens:
        if token.type == "link_open":
            target = str(token.attrs["href"])
            inside = not target.startswith(("http:", "https:"))
            if inside and address:
                token.attrs["href"] = f"{address}/{target}"
                inside = False
        if inside and token.type in ("link_open", "link_close"):
            inside = token.type == "link_open"
            continue
        kept.append(token)
    return kept
