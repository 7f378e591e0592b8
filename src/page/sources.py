"""The very lines of configuration and code that a claim or figure rests on."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml


def entries_of(files: Iterable[str], section: str) -> dict[str, list[dict]]:
    """Find the entries of a section of the configuration.

    Parameters
    ----------
    files : iterable of path
        Files of YAML; later ones add to earlier ones.
    section : str
        Such as ``claims``.

    Returns
    -------
    entries : dict of str to list of dict
        By name, where each stands: ``file``, ``first`` and ``last`` line and ``text``, with the
        comment right above it, which has the reasons.
    """
    found: dict[str, list[dict]] = {}
    for file in files:
        text = Path(file).read_text(encoding="utf-8")
        root = yaml.compose(text)
        lines = text.splitlines()
        for name, value in _pairs(_pairs_of(root).get(section)):
            first = name.start_mark.line
            while first and lines[first - 1].lstrip().startswith("#"):
                first -= 1
            found.setdefault(name.value, []).append(_part(file, lines, first, _end(value, lines)))
    return found


def functions_of(files: Iterable[str], decorator: str) -> dict[str, dict]:
    """Find the functions that a decorator registers.

    Parameters
    ----------
    files : iterable of path
        Files of Python.
    decorator : str

    Returns
    -------
    functions : dict of str to dict
        By name: ``file``, ``first`` and ``last`` line and ``text``.
    """
    found = {}
    for file in files:
        text = Path(file).read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            called = [one.func for one in getattr(node, "decorator_list", ()) if _is_call(one)]
            if any(isinstance(one, ast.Name) and one.id == decorator for one in called):
                first = node.decorator_list[0].lineno - 1
                found[node.name] = _part(file, text.splitlines(), first, node.end_lineno)
    return found


def _end(node: yaml.Node, lines: Sequence[str]) -> int:
    """Return the line after the last one of a node.

    A block ends where the next key begins, whose comments are not its own.
    """
    if not isinstance(node, yaml.CollectionNode) or node.flow_style:
        return node.end_mark.line + bool(node.end_mark.column)
    end = node.end_mark.line
    while not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#"):
        end -= 1
    return end


def _is_call(node: ast.expr) -> bool:
    return isinstance(node, ast.Call)


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []


def _pairs_of(node: yaml.Node | None) -> dict[str, yaml.Node]:
    return {name.value: value for name, value in _pairs(node)}


def _part(file: str, lines: Sequence[str], first: int, last: int) -> dict:
    text = "\n".join(lines[first:last])
    return {"file": str(file), "first": first + 1, "last": last, "text": text}
