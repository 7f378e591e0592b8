"""Refuse what no part of the configuration may hold, before anything else looks at it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from pipeline.places import DEEPEST, MOST_VALUES, Key

LARGEST = 2**63 - 1
"""The largest integer that files and seeds hold."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def plain_mistakes(config: Mapping) -> Iterator[tuple[Key, str]]:
    """Find values that are no plain finite data, and names that are no plain text.

    Parameters
    ----------
    config : mapping
        All files merged, not checked in any way.

    Yields
    ------
    key : tuple
    text : str
    """
    waiting: list[tuple[object, Key]] = [(config, ())]
    seen = 0
    while waiting:
        value, key = waiting.pop()
        seen += 1
        if len(key) > DEEPEST:
            yield key[:3], f"nests more than {DEEPEST} levels"
            return
        if seen > MOST_VALUES:
            yield key[:3], f"the configuration holds more than {MOST_VALUES} values"
            return
        if isinstance(value, Mapping):
            for name, below in value.items():
                if not isinstance(name, str):
                    yield (*key, str(name)), f"the name {name!r} is no text; put it in quotes"
                elif CONTROL.search(name) and not _is_label(key):
                    yield (*key, name), f"the name {name!r} holds a control character"
                else:
                    waiting.append((below, (*key, name)))
        elif isinstance(value, list | tuple):
            waiting += [(below, (*key, number)) for number, below in enumerate(value)]
        elif text := _not_plain(value):
            yield key, text


def _is_label(above: Key) -> bool:
    """Return whether keys below another one are labels of a figure, which may have lines."""
    return above[:1] == ("figures",) and len(above) > 2


def _not_plain(value: object) -> str:
    match value:
        case None | bool() | str():
            return ""
        case float():
            return "" if math.isfinite(value) else f"value {value!r}; allowed: finite numbers"
        case int():
            fits = abs(value) <= LARGEST
            return "" if fits else f"value {value}; allowed: integers of at most 64 bits"
    return f"value {value!r} is a {type(value).__name__}; allowed: numbers, text, true, false"
