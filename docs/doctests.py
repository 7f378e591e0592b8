"""Let the API show the interpreter's lines of a docstring as code, wherever they stand in it."""

import re

import griffe

# From a prompt to the next empty line, as indented.
SESSION = re.compile(r"^(?P<indent> *)>>> .*(?:\n(?P=indent).+)*", re.MULTILINE)


def fenced(text: str) -> str:
    """Return a docstring whose interpreter's lines are in a fence of Markdown."""
    return SESSION.sub(_fence, text)


def _fence(found: re.Match) -> str:
    fence = f"{found['indent']}```"
    return f"{fence}pycon\n{found[0]}\n{fence}"


class Doctests(griffe.Extension):
    """Fence the interpreter's lines outside of sections of examples, which Griffe does itself."""

    def on_instance(self, *, obj, **options) -> None:
        """Change the docstring of a module, class or function."""
        if obj.docstring and "Examples\n---" not in obj.docstring.value:
            obj.docstring.value = fenced(obj.docstring.value)
