"""Merge the parts of a table into one: tidy tables of Parquet, tables of text, or JSON lists.

Reads   parts    tables with the same columns, in the order of the result
Writes  table    the rows of all parts
"""

import json
from pathlib import Path

import pyarrow as pa

from pipeline.files import DamagedFileError, load_table, save_json, save_table, save_text
from pipeline.stage import log, run_as_script


def merged_table(paths: list[str]) -> pa.Table:
    """Return the rows of tidy tables; a column that a part lacks is empty there."""
    parts = [load_table(path) for path in paths]
    return pa.concat_tables(parts, promote_options="default").unify_dictionaries()


def merged_text(paths: list[str]) -> str:
    """Return the lines of tables of text, the header once.

    Parameters
    ----------
    paths : list of str

    Returns
    -------
    text : str

    Raises
    ------
    DamagedFileError
        If a table has another header than the first, or ends within a line.
    """
    tables = [Path(path).read_text(encoding="utf-8") for path in paths]
    header = tables[0].partition("\n")[0] + "\n"
    for path, text in zip(paths, tables, strict=True):
        if not text.startswith(header) or not text.endswith("\n"):
            raise DamagedFileError(
                f"{path} is truncated, or no table like {paths[0]}; delete it and run again", path
            )
    return header + "".join(text.removeprefix(header) for text in tables)


def merged_lists(paths: list[str]) -> list:
    """Return the entries of JSON lists."""
    found = []
    for path in paths:
        try:
            found += json.loads(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise DamagedFileError(
                f"{path} is truncated or no JSON ({error}); delete it and run again", path
            ) from error
    return found


def main(snakemake) -> None:
    """Read the parts, write the merged table."""
    paths, target = list(snakemake.input.parts), snakemake.output.table
    log.info("%d parts", len(paths))
    match Path(target).suffix:
        case ".parquet":
            save_table(target, merged_table(paths))
        case ".tsv":
            save_text(target, merged_text(paths))
        case ".json":
            save_json(target, merged_lists(paths))


if __name__ == "__main__":
    run_as_script(main, globals())
