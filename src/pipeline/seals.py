"""Seal files: a checksum over every bit of a file, and what it was made from, both within it."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

MARK = b"infoplane sha256 "
BLANK = b"0" * 64
"""What stands in the place of the digest while it is computed, so that it covers the other bit."""
LARGE_BYTES = 64 * 2**20
"""Larger files, activations that live for a minute, are summed first: four times as fast."""
BLOCK_WORDS = 512
SUMMED_BLOCKS = 4096
"""Blocks that are summed at a time, 16 MiB."""


class DamagedFileError(ValueError):
    """Report a results file that must not be read: damaged, foreign, or made otherwise.

    Parameters
    ----------
    message : str
    path : path, optional
        The file, where a stage may set it aside so that Snakemake makes it anew.
    """

    def __init__(self, message: str, path: str | Path | None = None):
        super().__init__(message)
        self.path = path


class _Declared:
    """Hold what the running job declared of its files; nothing outside of a job."""

    inputs: Mapping[str, Mapping] = {}
    outputs: Mapping[str, Mapping] = {}
    about: Mapping = {}


def declare(inputs: Mapping, outputs: Mapping, about: Mapping) -> None:
    """Say what a job's files are made from: written into its outputs, demanded of its inputs.

    Parameters
    ----------
    inputs : mapping of str to mapping
        By path: ``file``, its name below the results folder, and ``digest`` of its settings.
    outputs : mapping of str to mapping
        By path: ``file`` and ``settings``.
    about : mapping
        ``versions``, which an input must share, and whatever else is worth writing down.
    """
    _Declared.inputs, _Declared.outputs, _Declared.about = inputs, outputs, about


def digest_of(settings: Mapping) -> str:
    """Return a digest of settings, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def record_of(path: str | Path) -> str:
    """Return, as JSON, what an output of the running job is made from."""
    declared = _Declared.outputs.get(str(path))
    return json.dumps({**declared, **_Declared.about}) if declared else "{}"


def demand(path: str | Path, record: str) -> None:
    """Refuse an input of the running job that was made from something else than it needs.

    Parameters
    ----------
    path : path
    record : str
        What `record_of` gave when the file was written.

    Raises
    ------
    DamagedFileError
        If it is another file's copy, or was made under other settings or by other versions.
    """
    wanted = _Declared.inputs.get(str(path))
    if wanted is None:
        return
    if reason := mismatch(json.loads(record), wanted, _Declared.about.get("versions", {})):
        raise DamagedFileError(f"{path} {reason}; delete it and run again", path)


def mismatch(record: Mapping, wanted: Mapping, versions: Mapping) -> str:
    """Say why a file is not the one that is wanted, nothing if it is.

    Parameters
    ----------
    record : mapping
        ``file``, ``settings`` and ``versions`` that it was made with; empty if nobody knows.
    wanted : mapping
        ``file`` and the ``digest`` of its settings.
    versions : mapping of str to str
        Those in force.

    Returns
    -------
    reason : str
    """
    if not record:
        return "does not say what it was made from"
    if record["file"] != wanted["file"]:
        return f"is a copy of {record['file']}"
    if digest_of(record["settings"]) != wanted["digest"]:
        return "was made under other settings; `snakemake verify` says which"
    others = record.get("versions", {})
    changed = [
        f"{name} {others.get(name)} (now {version})"
        for name, version in versions.items()
        if others.get(name) != version
    ]
    return f"was made by other versions: {', '.join(changed)}" if changed else ""


def seal(path: str | Path) -> None:
    """Write the digest of a file over the blank that stands in it after the mark."""
    place, digest = _place_and_digest(path)
    with open(path, "r+b") as stream:
        stream.seek(place)
        stream.write(digest)


def check_seal(path: str | Path) -> None:
    """Compare a file with the digest that it holds.

    Parameters
    ----------
    path : path

    Raises
    ------
    DamagedFileError
        If any bit has changed since the file was sealed, or if it never was.
    """
    try:
        place, digest = _place_and_digest(path)
        with open(path, "rb") as stream:
            stream.seek(place)
            found = stream.read(len(BLANK))
    except FileNotFoundError as error:
        raise DamagedFileError(f"{path} is missing; run again") from error
    except (OSError, ValueError) as error:
        raise DamagedFileError(
            f"{path} is truncated or no file of this study ({error}); delete it and run again", path
        ) from error
    if found != digest:
        raise DamagedFileError(
            f"{path} is truncated or damaged: its bytes are not those that were written; "
            "delete it and run again",
            path,
        )


def _place_and_digest(path: str | Path) -> tuple[int, bytes]:
    """Return where a file's digest stands, and what it must be."""
    with open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if not size:
            raise ValueError("it is empty")
        # Copy on write: the blank is put into the memory of this process alone.
        with mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_COPY) as memory:
            place = _place(memory)
            memory[place : place + len(BLANK)] = BLANK
            return place, _digest(memory).encode()


def _place(memory: mmap.mmap) -> int:
    """Find the digest: at the beginning of HDF5 files, near the end of others."""
    start = memory.find(MARK, 0, len(MARK))
    start = memory.rfind(MARK) if start < 0 else start
    if start < 0 or start + len(MARK) + len(BLANK) > len(memory):
        raise ValueError("it holds no checksum")
    return start + len(MARK)


def _digest(memory: mmap.mmap) -> str:
    found = hashlib.sha256()
    with memoryview(memory) as view:
        if len(view) <= LARGE_BYTES:
            found.update(view)
            return found.hexdigest()
        block = BLOCK_WORDS * 8
        whole = len(view) // block * block
        for start in range(0, whole, SUMMED_BLOCKS * block):
            size = min(SUMMED_BLOCKS * block, whole - start)
            words = np.frombuffer(view, np.uint64, size // 8, start).reshape(-1, BLOCK_WORDS)
            # Any one bit that flips changes the sum of its block.
            found.update(words.sum(axis=1).tobytes())
            del words
            # What is summed need not stay: a file may be larger than the memory of its job.
            memory.madvise(mmap.MADV_DONTNEED, start, size)
        found.update(view[whole:])
    return found.hexdigest()


def set_aside(path: str | Path) -> Path:
    """Move a refused file out of the way, so that Snakemake makes it anew.

    Parameters
    ----------
    path : path
        Another job that reads it may have moved it meanwhile.

    Returns
    -------
    path : pathlib.Path
        Where it is now, in place of what was refused there before.
    """
    aside = Path(f"{path}.refused")
    with suppress(FileNotFoundError):
        os.replace(path, aside)
    return aside
