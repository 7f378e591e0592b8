"""Read tidy tables as trajectories, file by file, so that the rows of one at a time are held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from infoplane.claims.trajectories import TableError, Trajectories, arrange
from pipeline.files import load_table

AXES = ("run", "init", "epoch", "layer", "status")
INFORMATION = ("mi_input_bits", "mi_label_bits")


def load_trajectories(
    paths: Iterable[str],
    runs: Iterable[str],
    by: str = "estimator",
    names: Iterable[str] | None = None,
    columns: Sequence[str] | None = None,
) -> dict[tuple[str, str | None], Trajectories]:
    """Read what tables have measured of some runs.

    Parameters
    ----------
    paths : iterable of str
        Each a table of any runs, with columns `AXES`; without ``layer`` if it is about whole
        networks.
    runs : iterable of str
    by : str
        A column that tells measurements of a run apart; a table may be without it.
    names : iterable of str, optional
        Which of `by` to read; all by default.
    columns : sequence of str, optional
        Measurements to read; by default all columns of numbers.

    Returns
    -------
    found : dict of (str, str or None) to Trajectories
        By run, and by the name in the column `by`, None where the table has no such column.

    Raises
    ------
    TableError
        If a table makes no whole trajectories, or two tables have measured the same.
    DamagedFileError
        If a file is truncated or no table.
    """
    filters = [("run", "in", list(runs))]
    if names is not None:
        filters.append((by, "in", list(names)))
    read = None if columns is None else [*AXES, by, *columns]
    found = {}
    for path in paths:
        rows = load_table(path, read, filters).to_pandas()
        numbers = columns or [name for name in rows.select_dtypes("number") if name not in AXES]
        try:
            measured = arrange(rows, numbers, by if by in rows else None)
        except TableError as error:
            raise TableError(f"{path}: {error}") from error
        for key in measured.keys() & found.keys():
            raise TableError(f"{path}: {', '.join(filter(None, key))} is in another table too")
        found |= measured
    return found
