"""A download that goes on where an earlier one broke off."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

BLOCK_BYTES = 2**12
"""Written at a time; of a block that does not arrive whole nothing is kept."""
TIMEOUT_SECONDS = 30
"""Until a server answers, or sends the next bytes."""


@dataclass(frozen=True)
class ResumingDownloader:
    """Get a file for pooch, which has no downloader that resumes.

    pooch gives each try an empty file of its own and takes it away when the try fails. What arrives
    is therefore kept beside it, whatever ends the process, and asked for from there on (RFC 9110,
    section 14). Whether the parts are of one file is for pooch to see, by the digest: when it is
    wrong, nothing is left of them, and the next try begins anew.

    Attributes
    ----------
    part : pathlib.Path
        Where to keep what has arrived; in the folder of the file.
    """

    part: Path

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Download a file, or the rest of it.

        Parameters
        ----------
        url : str
        output_file : str
            Where to put it once all of it is there.
        pooch : pooch.Pooch
            Not used.

        Raises
        ------
        requests.RequestException
            If the server has no such file, or the connection breaks; what has arrived stays.
        """
        import requests

        with self._arrived() as stream:
            # As it is on the server: bytes of a file that is packed on the way cannot be counted.
            headers = {"Accept-Encoding": "identity"}
            if size := stream.tell():
                headers["Range"] = f"bytes={size}-"
            with requests.get(
                url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS
            ) as response:
                # After the last byte there is nothing to ask for.
                if response.status_code != requests.codes.requested_range_not_satisfiable:
                    response.raise_for_status()
                    if response.status_code != requests.codes.partial_content:
                        stream.truncate(0)
                    for block in response.iter_content(BLOCK_BYTES):
                        stream.write(block)
                        stream.flush()
            os.replace(self.part, output_file)

    @property
    def bytes_arrived(self) -> int:
        """Return how much of the file is there."""
        return self.part.stat().st_size if self.part.exists() else 0

    @contextmanager
    def _arrived(self) -> Iterator[BinaryIO]:
        """Open what has arrived at its end, when no other process is at it any more."""
        while True:
            with open(self.part, "ab") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                # Who was at it may have completed the file meanwhile and moved it away.
                if self.part.exists() and os.path.samestat(
                    os.fstat(stream.fileno()), os.stat(self.part)
                ):
                    stream.seek(0, os.SEEK_END)
                    try:
                        yield stream
                    except BaseException:
                        if not self.bytes_arrived:
                            self.part.unlink()
                        raise
                    return
