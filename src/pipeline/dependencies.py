"""Which files of the library a result depends on, by what they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[1]
LIBRARY = "infoplane"


def library_files(*modules: str) -> list[str]:
    """Name the files of some library modules and of all that they import, however deep.

    Parameters
    ----------
    *modules : str
        Paths below the library without ending, such as ``"training/__init__"``.

    Returns
    -------
    files : list of str
        Sorted, relative to the repository. Imports within functions count; a package's
        ``__init__`` does only where something is imported from the package itself.

    Raises
    ------
    FileNotFoundError
        If there is no such module.
    """
    found: set[str] = set()
    waiting = [f"{LIBRARY}/{module}.py" for module in modules]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imported_files(file)
    return sorted(f"src/{file}" for file in found)


@cache
def _imported_files(file: str) -> tuple[str, ...]:
    tree = ast.parse((SOURCE / file).read_text(encoding="utf-8"))
    return tuple(dict.fromkeys(path for name in _imported_names(tree) for path in _file_of(name)))


def _imported_names(tree: ast.Module) -> Iterator[str]:
    """Yield ``package.module`` or ``package.module.name`` of every import of the library."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == LIBRARY)


def _file_of(name: str) -> Iterator[str]:
    """Yield the file of a dotted name: the module itself, or the one that a name stands in."""
    whole = name.replace(".", "/")
    above = whole.rpartition("/")[0]
    for path in (f"{whole}.py", f"{whole}/__init__.py", f"{above}.py", f"{above}/__init__.py"):
        if (SOURCE / path).is_file():
            yield path
            return
