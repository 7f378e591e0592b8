"""Where the keys of the configuration stand, and what no file may hold though YAML allows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

Key = tuple[str | int, ...]
COMMAND_LINE = "--config"
DEEPEST = 30
"""Levels of keys; the study's own files have seven."""
MOST_VALUES = 100_000
"""Keys and values of one file, aliases written out; the study's own files have 7,000 in all."""
# The parser in C is ten times as fast; it is read once more at every start.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TEMPLATE = "__use_yte__"
"""By this key Snakemake runs what a file has behind question marks as Python."""
DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
STANDARD = "tag:yaml.org,2002:"
INTEGER = f"{STANDARD}int"
PLAIN_TAGS = {
    f"{STANDARD}{kind}"
    for kind in ("null", "bool", "int", "float", "str", "timestamp", "seq", "map", "merge")
}
"""What stands for itself; other tags ask for objects of a programme."""


class FileError(ValueError):
    """Report a file of the configuration that cannot be read, by file and line."""


class Places:
    """Know at which line of which file each key of the merged configuration stands.

    Parameters
    ----------
    files : sequence of str
        Later files win.
    given : mapping
        What the command line gave by ``--config``, which wins over all files.
    of_study : int
        How many of the files, the first ones, are the study's own and right by themselves.

    Raises
    ------
    FileError
        If a file cannot be read.
    """

    def __init__(self, files: Sequence[str], given: Mapping | None = None, of_study: int = 0):
        self._lines: dict[Key, tuple[int, str]] = {}
        self._of_study = of_study
        for rank, file in enumerate(files):
            for key, line in key_lines(file):
                self._lines[key] = rank, f"{file}:{line}"
        for key in _keys(given or {}, ()):
            self._lines[key] = len(files), COMMAND_LINE

    def has(self, part: str, name: str) -> bool:
        """Return whether a file says anything of an entry but that it is taken away."""
        return any(key[:2] == (part, name) and len(key) > 2 for key in self._lines)

    def of(self, key: Key, related: Sequence[Key] = ()) -> str:
        """Return where a mistake stands.

        Parameters
        ----------
        key : tuple
            What is wrong.
        related : sequence of tuple
            Keys whose values it hangs on too.

        Returns
        -------
        place : str
            ``file:line`` of the key, or of the nearest key above it that a file has. The study's
            own files are right by themselves: where a value below the key, or a related one, was
            given by the user's file or by ``--config``, that is the place.
        """
        nearest = key
        while nearest and nearest not in self._lines:
            nearest = nearest[:-1]
        rank, place = self._lines.get(nearest, (-1, "the command line"))
        if rank >= self._of_study:
            return place
        for above in (key, *related):
            below = [(k, it) for k, it in self._lines.items() if k[: len(above)] == above]
            # The deepest key of the last file is nearest to the value that was given.
            own = [(it[0], len(k), it[1]) for k, it in below if it[0] >= self._of_study]
            if own:
                return max(own, key=lambda one: one[:2])[2]
        return place


def related_keys(config: Mapping, key: Key) -> list[Key]:
    """Return the keys whose values the check of another key depends on."""
    match key:
        case ("runs", name):
            own = config.get("runs", {}).get(name)
            protocol = own.get("protocol") if isinstance(own, Mapping) else None
            return [("protocols", protocol), ("defaults",), ("tasks",)]
        case ("measurements" | "figures" | "claims" | "comparisons", *_):
            return [("measurements",), ("estimators",), ("models",), ("comparisons",), ("runs",)]
    return []


def key_lines(file: str) -> list[tuple[Key, int]]:
    """Read a file of the configuration; return every key with its line.

    Parameters
    ----------
    file : str

    Returns
    -------
    lines : list of (tuple, int)

    Raises
    ------
    FileError
        If it is missing, no text, no YAML, nests or repeats itself without end, has a key twice,
        a tag or an integer that YAML does not read as it is written.
    """
    try:
        text = Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(
            f"{file}: is not UTF-8 text ({error.reason} at byte {error.start})"
        ) from error
    try:
        root = yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        what = getattr(error, "problem", None) or "no YAML"
        raise FileError(f"{file}:{line}: no YAML: {what}") from error
    except RecursionError as error:
        raise FileError(f"{file}: nests more than {DEEPEST} levels") from error
    return list(_lines(file, root)) if root is not None else []


def _lines(file: str, root: yaml.Node) -> Iterator[tuple[Key, int]]:
    waiting, seen = [(root, ())], 0
    while waiting:
        node, path = waiting.pop()
        seen += 1
        if len(path) > DEEPEST:
            raise FileError(f"{file}:{_line(node)}: nests more than {DEEPEST} levels")
        if seen > MOST_VALUES:
            raise FileError(
                f"{file}: holds more than {MOST_VALUES} values when its aliases are written out"
            )
        if node.tag not in PLAIN_TAGS:
            raise FileError(
                f"{file}:{_line(node)}: tag {node.tag} is not allowed; write plain values"
            )
        if isinstance(node, yaml.ScalarNode):
            if node.tag == INTEGER and not DECIMAL.fullmatch(node.value):
                raise FileError(
                    f"{file}:{_line(node)}: {node.value} is not read as it is written; "
                    "write it as a decimal number, or as text in quotes"
                )
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(below, (*path, number)) for number, below in enumerate(node.value)]
        else:
            found = set()
            for name, below in node.value:
                key = (*path, name.value if isinstance(name, yaml.ScalarNode) else str(name.tag))
                if key == (TEMPLATE,):
                    raise FileError(
                        f"{file}:{_line(name)}: templates are not read; write plain values"
                    )
                if key in found:
                    raise FileError(f"{file}:{_line(name)}: {key[-1]!r} is there twice")
                found.add(key)
                yield key, _line(name)
                waiting.append((below, key))


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _keys(part: object, path: Key) -> Iterator[Key]:
    if isinstance(part, Mapping) and len(path) <= DEEPEST:
        for name, below in part.items():
            yield (*path, name)
            yield from _keys(below, (*path, name))
