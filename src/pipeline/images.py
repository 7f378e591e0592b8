"""Public image sets: where their files may be, what they must be, and how they are read."""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from infoplane.tasks.image_formats import read_cifar, read_idx, read_members
from infoplane.tasks.images import ImageSet
from pipeline.downloads import ResumingDownloader

log = logging.getLogger("infoplane")

CHUNK_BYTES = 2**20
PACKAGE_SECONDS = 1800
"""Until a package has arrived and is unpacked."""


class NoImagesError(Exception):
    """Say that a set's files are nowhere, or not what they should be, and what to do."""


def fetch_files(
    name: str, source: Mapping, folder: str | Path, retries: int = 2
) -> dict[str, Path]:
    """Find a set's files, each with the right digest.

    They are looked for where the user may have put them, in the folder of an installed package, in
    the package itself, which is unpacked without installing it, and at the public address. What
    arrives is put into the user's folder under its own name once it is checked, so that it arrives
    once. What a download that breaks has brought stays there under another name, for the next one
    to go on from.

    Parameters
    ----------
    name : str
        Of the set.
    source : mapping
        Its entry in ``image_sets``: ``files`` by name, each with ``sha256`` and possibly
        ``unpacked_sha256``, ``url``, and possibly ``package`` and ``package_folder``.
    folder : path
        Of the user's files; the set's are in the folder of its name in there.
    retries : int
        How often a download that breaks is tried again.

    Returns
    -------
    files : dict of str to pathlib.Path

    Raises
    ------
    NoImagesError
        If a file is nowhere, or the user's own is another one; it says what to put where.
    """
    own = Path(folder) / name
    found, tried = {}, {}
    for file, digests in source["files"].items():
        if (path := _given(own, file)) is not None:
            if not is_right(path, digests):
                raise NoImagesError(
                    f"{path} is not the published {file}: its SHA-256 is {sha256_of(path)}, not "
                    f"{digests['sha256']}; put the right one there, or take it away and run again"
                )
            found[file] = path
    for step in (_from_package_folder, _from_package, _from_web):
        missing = {file: it for file, it in source["files"].items() if file not in found}
        if missing and step is _from_web:
            found |= step(source, missing, own, tried, retries)
        elif missing and "package" in source:
            found |= step(source, missing, own, tried)
    missing = [file for file in source["files"] if file not in found]
    if missing:
        raise NoImagesError(_what_to_do(name, source, own, missing, tried))
    return {file: found[file] for file in source["files"]}


def _given(own: Path, file: str) -> Path | None:
    """Return where the user has put a file, packed or unpacked."""
    unpacked = [own / file.removesuffix(".gz")] if file.endswith(".gz") else []
    return next((path for path in (own / file, *unpacked) if path.is_file()), None)


def is_right(path: Path, digests: Mapping[str, str]) -> bool:
    """Say whether a file is the published one, or holds the same packed otherwise.

    Parameters
    ----------
    path : pathlib.Path
    digests : mapping
        ``sha256`` of the file as published, and possibly ``unpacked_sha256``.
    """
    if sha256_of(path) == digests["sha256"]:
        return True
    if "unpacked_sha256" not in digests:
        return False
    try:
        return sha256_of(path, unpacked=True) == digests["unpacked_sha256"]
    except (OSError, EOFError, zlib.error):
        return False


def sha256_of(path: Path, unpacked: bool = False) -> str:
    """Return the SHA-256 of a file, or of what it unpacks to if its name ends in .gz."""
    opener = gzip.open if unpacked and path.suffix == ".gz" else open
    digest = hashlib.sha256()
    with opener(path, "rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _from_package_folder(source: Mapping, missing: Mapping, own: Path, tried: dict) -> dict:
    """Find files where a system package has installed them."""
    return _right_ones(Path(source["package_folder"]), missing, tried)


def _right_ones(folder: Path, missing: Mapping, tried: dict, said: str | None = None) -> dict:
    """Return the files of a folder that are the published ones."""
    found = {}
    for file, digests in missing.items():
        path = folder / file
        # A link could lead out of an unpacked package.
        if path.is_symlink() or not path.is_file():
            tried[said or str(folder)] = f"has no {file}"
        elif not is_right(path, digests):
            tried[said or str(folder)] = f"has another {file}: SHA-256 {sha256_of(path)}"
        else:
            found[file] = path
    return found


def _from_package(source: Mapping, missing: Mapping, own: Path, tried: dict) -> dict:
    """Get a package of the system's own archive, unpack it, keep the files."""
    package, what = source["package"], f"apt-get download {source['package']}"
    if not all(map(shutil.which, ("apt-get", "dpkg"))):
        tried[what] = "this system has no apt-get"
        return {}
    own.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".package.", dir=own) as temporary:
        try:
            _run(["apt-get", "download", package], temporary)
            (archive,) = Path(temporary).glob("*.deb")
            _run(["dpkg", "-x", archive.name, "unpacked"], temporary)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            tried[what] = f"failed: {_reason(error)}"
            return {}
        inside = source["package_folder"].lstrip("/")
        found = _right_ones(Path(temporary) / "unpacked" / inside, missing, tried, what)
        for file, path in found.items():
            os.replace(path, own / file)
    if found:
        log.info("%s gave %s", what, ", ".join(found))
    return {file: own / file for file in found}


def _run(command: list[str], folder: str) -> None:
    subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True, timeout=PACKAGE_SECONDS
    )


def _reason(error: Exception) -> str:
    """Say in a line why a program or a download failed."""
    lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
    return lines[-1] if lines else type(error).__name__


def _from_web(source: Mapping, missing: Mapping, own: Path, tried: dict, retries: int) -> dict:
    """Download files under temporary names, and rename those with the right digest."""
    import pooch
    from requests import RequestException

    registry = {file: f"sha256:{digests['sha256']}" for file, digests in missing.items()}
    store = pooch.create(
        path=own, base_url=source["url"], registry=registry, retry_if_failed=retries
    )
    found = {}
    own.mkdir(parents=True, exist_ok=True)
    for file in missing:
        load = ResumingDownloader(own / f".{file}.part")
        try:
            found[file] = Path(store.fetch(file, downloader=load))
        except (RequestException, OSError, ValueError) as error:
            kept = (
                f"; the next run goes on after {size} bytes" if (size := load.bytes_arrived) else ""
            )
            tried[store.get_url(file)] = f"failed: {_reason(error)}{kept}"
            break  # The others are at the same address.
    return found


def _what_to_do(name: str, source: Mapping, own: Path, missing: list[str], tried: Mapping) -> str:
    files = "\n".join(f"    {file}  SHA-256 {source['files'][file]['sha256']}" for file in missing)
    places = "\n".join(f"    {place}: {why}" for place, why in tried.items())
    return (
        f"the images of {name!r} are not there. Put into {own}/\n{files}\n"
        f"from {source['url']} and run again; until then whatever needs no such images goes on. "
        f"Looked for in vain in\n    {own}: has no {missing[0]}\n{places}"
    )


def read_set(name: str, form: str, files: Mapping[str, Path]) -> ImageSet:
    """Read a set from its files.

    Parameters
    ----------
    name : str
    form : str
        One of `FORMS`.
    files : mapping of str to pathlib.Path
        As from `fetch_files`.

    Returns
    -------
    ImageSet

    Raises
    ------
    NoImagesError
        If a file is not of that form.
    """
    try:
        return FORMS[form](files)
    except ValueError as error:
        raise NoImagesError(f"a file of {name!r} cannot be read: {error}") from error


def _of_idx(files: Mapping[str, Path]) -> ImageSet:
    """Read four idx files: images and labels of training and of test."""
    arrays = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        for kind, axes in (("images", 3), ("labels", 1)):
            path = files[f"{prefix}-{kind}-idx{axes}-ubyte.gz"]
            with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as stream:
                values = _named(path, read_idx, stream.read())
            if values.ndim != axes:
                raise ValueError(f"{path} has {values.ndim} axes, not {axes}")
            arrays[f"{part}_{kind}"] = values[:, None] if kind == "images" else values
    return ImageSet(**arrays)


def _of_cifar(members: Mapping[str, list[str]], label_bytes: int) -> Callable:
    """Return what reads an archive of CIFAR's binary version."""

    def read(files: Mapping[str, Path]) -> ImageSet:
        (path,) = files.values()
        names = [name for those in members.values() for name in those]
        with open(path, "rb") as archive:
            contents = dict(zip(names, _named(path, read_members, archive, names), strict=True))
        arrays = {}
        for part, those in members.items():
            both = [_named(path, read_cifar, contents[name], label_bytes) for name in those]
            images, labels = zip(*both, strict=True)
            arrays |= {
                f"{part}_images": np.concatenate(images),
                f"{part}_labels": np.concatenate(labels),
            }
        return ImageSet(**arrays)

    return read


def _named(path: Path, read: Callable, *arguments):
    """Begin a refusal with the file that it is about."""
    try:
        return read(*arguments)
    except ValueError as error:
        raise ValueError(f"{path} {error}") from error


_BATCHES = "cifar-10-batches-bin"
FORMS = {
    "idx": _of_idx,
    "cifar10": _of_cifar(
        {
            "train": [f"{_BATCHES}/data_batch_{number}.bin" for number in range(1, 6)],
            "test": [f"{_BATCHES}/test_batch.bin"],
        },
        label_bytes=1,
    ),
    "cifar100": _of_cifar(
        {"train": ["cifar-100-binary/train.bin"], "test": ["cifar-100-binary/test.bin"]},
        label_bytes=2,
    ),
}
