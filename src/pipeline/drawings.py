"""What the modules that draw figures say of themselves, without importing what draws."""

from __future__ import annotations

import ast
from functools import cache

from pipeline.dependencies import SOURCE


def drawing_names() -> list[str]:
    """Return the names of the drawings, the modules of ``src/figures`` that have `TABLES`."""
    modules = sorted((SOURCE / "figures").glob("*.py"))
    return [path.stem for path in modules if "TABLES" in _constants(path.stem)]


def drawing_constant(drawing: str, name: str):
    """Return a constant of a drawing's module."""
    return _constants(drawing)[name]


def how_to_read(drawing: str, confidence: float) -> str:
    """Say how a drawing is read; its intervals hold the true value with this probability."""
    told = drawing_constant(drawing, "HOW_TO_READ")
    return told.replace("{confidence}", f"{100 * confidence:g} %")


# A plan asks hundreds of times.
@cache
def _constants(drawing: str) -> dict:
    tree = ast.parse((SOURCE / f"figures/{drawing}.py").read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found
