"""Merge the audits of all numbers of samples into one table.

Reads   sizes    the tables of audit_estimators
Writes  table    the same rows and columns, as text
"""

from pathlib import Path

from pipeline.files import DamagedFileError, save_text
from pipeline.stage import run_as_script


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
                f"{path} is truncated, or no table like {paths[0]}; delete it and run again"
            )
    return header + "".join(text.removeprefix(header) for text in tables)


def main(snakemake) -> None:
    """Read the tables, write the merged one."""
    save_text(snakemake.output.table, merged_text(list(snakemake.input.sizes)))


if __name__ == "__main__":
    run_as_script(main, globals())
