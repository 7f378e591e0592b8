"""Read the tables of the page, or say what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

import pandas as pd


class MissingTableError(ValueError):
    """Report a table that is not there, or that is none the page can show."""


def read_text(path: str) -> str:
    """Read a file of text.

    Raises
    ------
    MissingTableError
        If it cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MissingTableError(f"{Path(path).name} cannot be read ({error})") from error


def read_text_table(path: str, columns: Iterable[str]) -> pd.DataFrame:
    """Read a table of text separated by tabs, every cell as it stands there.

    Parameters
    ----------
    path : path
    columns : iterable of str
        What must be among its columns.

    Returns
    -------
    table : pandas.DataFrame
        Of text; an empty cell is an empty text.

    Raises
    ------
    MissingTableError
        If it cannot be read, is cut off, or lacks a column.
    """
    text, name = read_text(path), Path(path).name
    if not text.endswith("\n"):
        raise MissingTableError(f"{name} is cut off")
    table = pd.read_csv(StringIO(text), sep="\t", dtype=str, keep_default_na=False)
    missing = [column for column in columns if column not in table]
    if missing:
        raise MissingTableError(
            f"{name} is of another version: it lacks the columns {', '.join(missing)}"
        )
    return table


def read_list(path: str) -> list:
    """Read a list from a JSON file.

    Raises
    ------
    MissingTableError
        If it cannot be read or holds no list.
    """
    try:
        data = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise MissingTableError(f"{Path(path).name} is cut off ({error})") from error
    if not isinstance(data, list):
        raise MissingTableError(f"{Path(path).name} holds no list")
    return data
