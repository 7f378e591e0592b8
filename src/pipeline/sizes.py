"""Refuse results files that declare more than they hold: read, they would exhaust the memory."""

from __future__ import annotations

import math
import os
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import h5py
import numpy as np
import pyarrow.parquet as pq

from pipeline.seals import DamagedFileError

BYTES_A_VALUE = 8
"""The widest number of a table."""


def memory_bytes() -> int:
    """Return how much memory this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_hdf5(path: str | Path, file: h5py.File) -> None:
    """Refuse an HDF5 file whose arrays are larger than it is.

    The study writes arrays as they are in memory. A foreign file may declare terabytes that were
    never written, pack zeros, or take its arrays from other files.

    Parameters
    ----------
    path : path
    file : h5py.File

    Raises
    ------
    DamagedFileError
    """
    declared = 0

    def add(name, one):
        nonlocal declared
        if isinstance(one, h5py.Dataset):
            declared += one.nbytes
            if one.chunks or one.external or one.is_virtual:
                raise _too_large(path, f"array {name} is not stored as the study writes it")

    file.visititems(add)
    _compare(path, declared, os.path.getsize(path), "it has")


def check_arrays(path: str | Path, archive: ZipFile) -> None:
    """Refuse an archive of arrays that are packed, or larger than it is.

    Parameters
    ----------
    path : path
    archive : zipfile.ZipFile
        As `numpy.savez` writes it.

    Raises
    ------
    DamagedFileError
    ValueError
        If a member is no array.
    """
    declared = 0
    for member in archive.infolist():
        if member.compress_type != ZIP_STORED:
            raise _too_large(path, f"array {member.filename} is not stored as the study writes it")
        with archive.open(member) as stream:
            np.lib.format.read_magic(stream)
            shape, _, kind = np.lib.format.read_array_header_1_0(stream)
        declared += math.prod(shape) * kind.itemsize
    _compare(path, declared, os.path.getsize(path), "it has")


def check_table(path: str | Path, metadata: pq.FileMetaData, columns: int | None) -> None:
    """Refuse a table that takes more than this machine's memory.

    Equal rows take next to no room in a Parquet file, so its own size tells nothing.

    Parameters
    ----------
    path : path
    metadata : pyarrow.parquet.FileMetaData
    columns : int or None
        How many are read, None for all.

    Raises
    ------
    DamagedFileError
    """
    columns = metadata.num_columns if columns is None else columns
    declared = metadata.num_rows * columns * BYTES_A_VALUE
    _compare(path, declared, memory_bytes(), "this machine has")


def _compare(path: str | Path, declared: int, limit: int, whose: str) -> None:
    if declared > limit:
        raise _too_large(path, f"declares {declared:.3g} bytes where {whose} {limit:.3g}")


def _too_large(path: str | Path, why: str) -> DamagedFileError:
    return DamagedFileError(
        f"{path} is no file of this study: {why}; delete it and run again", path
    )
