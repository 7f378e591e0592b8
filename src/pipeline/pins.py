"""Compare what is installed with the versions that the published numbers were made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path


def other_versions(pins: str | Path, installed: Mapping[str, str]) -> Iterator[str]:
    """Say which packages are not those of a file of constraints.

    Parameters
    ----------
    pins : path
        Lines such as ``numpy==2.4.6``; without the file nothing is pinned.
    installed : mapping of str to str
        Version by name. What stands after a ``+``, such as ``cpu``, is the same version.

    Yields
    ------
    difference : str
        Such as ``numpy 2.3.0, pinned is 2.4.6``.
    """
    try:
        lines = Path(pins).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    pinned = dict(line.split()[0].split("==") for line in lines if "==" in line)
    for name, version in installed.items():
        if name in pinned and version.partition("+")[0] != pinned[name]:
            yield f"{name} {version}, pinned is {pinned[name]}"
