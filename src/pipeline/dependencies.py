"""Which files of the code a result depends on, found by walking the imports of its script."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[1]
PACKAGES = tuple(sorted(path.parent.name for path in SOURCE.glob("*/__init__.py")))


def code_of(script: str, *modules: str) -> list[str]:
    """Name the files of a script and of all that it imports, however deep.

    Parameters
    ----------
    script : str
        A file below ``src/``, such as ``"train_networks.py"``.
    *modules : str
        Modules that the script imports by a name of the configuration, such as
        ``"infoplane.estimators.binned"``.

    Returns
    -------
    files : list of str
        Sorted, relative to the repository, without the script itself: Snakemake knows it.
        Imports within functions count, and the ``__init__`` of every package on the way.

    Raises
    ------
    FileNotFoundError
        If there is no such script or module.
    """
    return list(_closure(script, *modules))


# Snakemake asks for a job's inputs several times.
@cache
def _closure(script: str, *modules: str) -> tuple[str, ...]:
    found: set[str] = set()
    waiting = [script, *(file for module in modules for file in _needed(module))]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imported_files(file)
    return tuple(sorted(f"src/{file}" for file in found - {script}))


def _needed(module: str) -> list[str]:
    whole = module.replace(".", "/")
    if not any((SOURCE / path).is_file() for path in (f"{whole}.py", f"{whole}/__init__.py")):
        raise FileNotFoundError(f"there is no module {module} below {SOURCE}")
    return list(_file_of(module))


@cache
def _imported_files(file: str) -> tuple[str, ...]:
    tree = ast.parse((SOURCE / file).read_text(encoding="utf-8"))
    return tuple(dict.fromkeys(path for name in _imported_names(tree) for path in _file_of(name)))


def _imported_names(tree: ast.Module) -> Iterator[str]:
    """Yield ``package.module`` or ``package.module.name`` of every import of our own."""
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] in PACKAGES)


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every statement, however deep; imports stand in no expression, which most nodes are."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, name, ()):
            yield node
            yield from _statements(node)


def _file_of(name: str) -> Iterator[str]:
    """Yield the file of a dotted name, a module or what stands in one, and of packages above."""
    whole = name.replace(".", "/")
    above = whole.rpartition("/")[0]
    for path in (f"{whole}.py", f"{whole}/__init__.py", f"{above}.py", f"{above}/__init__.py"):
        if (SOURCE / path).is_file():
            yield path
            folders = Path(path).parents
            packages = (f"{folder.as_posix()}/__init__.py" for folder in folders)
            yield from (package for package in packages if (SOURCE / package).is_file())
            return
