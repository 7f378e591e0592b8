"""Read and write the study's files: never half a file, never a pickle, never a foreign file."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from glob import escape
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from infoplane.tasks.base import Task
from infoplane.tasks.images import ImageSet
from pipeline.alone import is_alive
from pipeline.seals import BLANK, MARK, DamagedFileError, check_seal, demand, record_of, seal
from pipeline.sizes import check_arrays, check_hdf5, check_table

log = logging.getLogger("infoplane")

# In the log of a job that has written a text file.
WROTE = "wrote "
# What a task's file says of it besides its arrays.
KNOWN = ("ceiling_bits", "label_bits", "information_bits")


# Room for the seal before an HDF5 file proper, which the format leaves to its users.
USER_BLOCK_BYTES = 512
# Where a Parquet file says what it was made from.
MADE_FROM = "infoplane_made_from"


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside a path, and rename it when all went well.

    Parameters
    ----------
    path : path
        The final name. A job that is killed leaves it as it was.

    Yields
    ------
    temporary : pathlib.Path
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    temporary = path.with_name(f".{path.stem}.{platform.node()}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """Remove what killed writers of a path have left; those of other machines may be alive."""
    beginning = f".{path.stem}.{platform.node()}."
    for other in path.parent.glob(f"{escape(beginning)}*{escape(path.suffix)}"):
        process = other.name.removeprefix(beginning).removesuffix(path.suffix)
        if process.isdecimal() and not is_alive(int(process)):
            other.unlink(missing_ok=True)


@contextmanager
def writing_hdf5(path: str | Path, kind: str) -> Iterator[h5py.File]:
    """Write an HDF5 file of some kind, marked complete only at the end.

    Parameters
    ----------
    path : path
    kind : str
        What the file holds, such as ``"training"``.

    Yields
    ------
    file : h5py.File
    """
    form = {"track_order": True, "userblock_size": USER_BLOCK_BYTES}
    with replacing(path) as temporary:
        with h5py.File(temporary, "w", **form) as file:
            yield file
            file.attrs["made_from"] = record_of(path)
            file.attrs["infoplane"] = kind
        with open(temporary, "r+b") as stream:
            stream.write(MARK + BLANK)
        seal(temporary)


@contextmanager
def reading_hdf5(path: str | Path, kind: str) -> Iterator[h5py.File]:
    """Read an HDF5 file of some kind.

    Raises
    ------
    DamagedFileError
        If the file is damaged, holds something else or declares more than it can, or was made
        from something else.
    """
    check_seal(path)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise DamagedFileError(
            f"{path} is no HDF5 file ({error}); delete it and run again", path
        ) from error
    with file:
        found = file.attrs.get("infoplane")
        if found != kind:
            raise DamagedFileError(
                f"{path} holds {found or 'foreign'} data where {kind} data is expected; "
                "delete it and run again",
                path,
            )
        demand(path, file.attrs["made_from"])
        check_hdf5(path, file)
        yield file


def save_task(path: str | Path, task: Task) -> None:
    """Write a task's arrays, without ``label_probability`` where it is not known, and its bits."""
    arrays = {
        "inputs": task.inputs,
        "labels": task.labels,
        "label_probability": task.label_probability,
        **{name: getattr(task, name) for name in KNOWN},
    }
    _save_arrays(path, {name: it for name, it in arrays.items() if it is not None})


def save_images(path: str | Path, images: ImageSet) -> None:
    """Write a public image set."""
    _save_arrays(path, vars(images))


def _save_arrays(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    with replacing(path) as temporary:
        np.savez(temporary, **arrays)
        with ZipFile(temporary, "a") as archive:
            archive.comment = record_of(path).encode() + b"\n" + MARK + BLANK
        seal(temporary)


def load_task(path: str | Path) -> Task:
    """Read a task.

    Raises
    ------
    DamagedFileError
        If the file is truncated, lacks an array or its arrays are no task.
    """
    with _reading_arrays(path, "task") as arrays:
        return Task(arrays["inputs"], arrays["labels"], arrays.get("label_probability"))


def load_images(path: str | Path) -> ImageSet:
    """Read a public image set.

    Raises
    ------
    DamagedFileError
        If the file is truncated or lacks an array.
    """
    with _reading_arrays(path, "image") as arrays:
        return ImageSet(*(arrays[field.name] for field in fields(ImageSet)))


def load_known(path: str | Path) -> dict[str, float]:
    """Read what is known of a task without its patterns.

    Returns
    -------
    known : dict
        ``ceiling_bits``, ``label_bits`` and ``information_bits``, the last NaN where not known.

    Raises
    ------
    DamagedFileError
        If the file is truncated or no task.
    """
    with _reading_arrays(path, "task") as arrays:
        return {name: float(arrays[name]) for name in KNOWN}


@contextmanager
def _reading_arrays(path: str | Path, kind: str) -> Iterator[Mapping[str, np.ndarray]]:
    check_seal(path)
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            demand(path, arrays.zip.comment.split(b"\n")[0])
            check_arrays(path, arrays.zip)
            yield arrays
    except DamagedFileError:
        raise
    except (OSError, KeyError, ValueError, TypeError, EOFError, BadZipFile) as error:
        raise DamagedFileError(
            f"{path} is no {kind} file ({error}); delete it and run again", path
        ) from error


def record_in(path: str | Path) -> str:
    """Return what a file says that it was made from, after a check of its seal.

    Parameters
    ----------
    path : path
        Of an HDF5 file, a task or a Parquet table.

    Returns
    -------
    record : str
        JSON, as `pipeline.seals.record_of` gives it.

    Raises
    ------
    DamagedFileError
        If the file is missing, damaged or of another kind.
    """
    check_seal(path)
    try:
        match Path(path).suffix:
            case ".h5":
                with h5py.File(path, "r") as file:
                    return file.attrs["made_from"]
            case ".npz":
                with ZipFile(path) as archive:
                    return archive.comment.split(b"\n")[0].decode()
            case _:
                return pq.read_metadata(path).metadata[MADE_FROM.encode()].decode()
    except (OSError, KeyError, pa.ArrowInvalid, BadZipFile) as error:
        raise DamagedFileError(f"{path} is of another kind ({error})", path) from error


def save_table(path: str | Path, columns: dict | pa.Table) -> None:
    """Write a tidy table as Parquet.

    Parameters
    ----------
    path : path
    columns : dict of str to array of numbers or text, or pyarrow.Table
        Columns of equal length; text columns are stored as dictionaries.
    """
    if not isinstance(columns, pa.Table):
        columns = pa.table({name: _column(values) for name, values in columns.items()})
    with replacing(path) as temporary:
        with pq.ParquetWriter(temporary, columns.schema, compression="zstd") as writer:
            writer.write_table(columns)
            notes = {MADE_FROM: record_of(path), "infoplane_seal": (MARK + BLANK).decode()}
            writer.add_key_value_metadata(notes)
        seal(temporary)


def _column(values) -> pa.Array:
    """Make a column from its memory; `pyarrow.array` would load pandas, slowly, in every job."""
    values = np.ascontiguousarray(values)
    if values.dtype.kind in "OU":
        names, positions = np.unique(values, return_inverse=True)
        return pa.DictionaryArray.from_arrays(_column(positions.astype(np.int32)), _texts(names))
    kind = pa.from_numpy_dtype(values.dtype)
    # A truth value is a bit there, and a byte in numpy.
    held = np.packbits(values, bitorder="little") if values.dtype == bool else values
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(held)])


def _texts(names) -> pa.Array:
    encoded = [name.encode() for name in names]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def load_table(path: str | Path, columns: list[str] | None = None, filters=None) -> pa.Table:
    """Read a tidy table.

    Parameters
    ----------
    path : path
    columns : list of str, optional
    filters : list, optional
        Rows to keep, as `pyarrow.parquet.read_table` takes them.

    Raises
    ------
    DamagedFileError
        If the file is damaged, no Parquet, larger than memory, or made from something else.
    """
    check_seal(path)
    try:
        metadata = pq.read_metadata(path)
        demand(path, metadata.metadata[MADE_FROM.encode()])
        check_table(path, metadata, None if columns is None else len(columns))
        table = _read(path, columns, filters)
    except (pa.ArrowInvalid, OSError, KeyError) as error:
        raise DamagedFileError(
            f"{path} is no Parquet table of this study ({error}); delete it and run again", path
        ) from error
    # What a table is made of is not what the file was made from.
    return table.replace_schema_metadata(None)


def _read(path: str | Path, columns: list[str] | None, filters) -> pa.Table:
    """Read a table of Parquet; `pyarrow.parquet.read_table` would load pandas in every job."""
    if filters is not None:
        return pq.read_table(path, columns=columns, filters=filters)
    with pq.ParquetFile(path) as file:
        table = file.read(columns)
    return table if columns is None else table.select(columns)


def load_columns(path: str | Path) -> dict[str, np.ndarray]:
    """Read a whole table as arrays, text columns as text."""
    table = load_table(path)
    return {name: np.array(table[name].to_pylist()) for name in table.column_names}


def save_text(path: str | Path, text: str) -> None:
    """Write a text file, and its digest to the job's log: a text has no room for a seal."""
    content = text.encode("utf-8")
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    log.info("%s%s, sha256 %s", WROTE, path, hashlib.sha256(content).hexdigest())


def digests_in(log_text: str) -> dict[str, str]:
    """Return the digest of each text file that a job's log says was written, by path."""
    return dict(re.findall(rf"{WROTE}(\S+), sha256 ([0-9a-f]{{64}})$", log_text, re.MULTILINE))


def save_json(path: str | Path, data) -> None:
    """Write plain data as readable JSON."""
    save_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
