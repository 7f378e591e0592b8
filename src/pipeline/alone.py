"""One scheduler at a time makes a results folder, and its jobs do not outlive it."""

from __future__ import annotations

import fcntl
import os
import platform
import signal
import threading
import time
from collections.abc import Iterable
from pathlib import Path

LOCKS = Path(".snakemake/schedulers")
SCHEDULER = "INFOPLANE_SCHEDULER"
"""The variable that tells a job on the same machine its scheduler's process."""
SECONDS_BETWEEN_LOOKS = 1.0
LONGEST_NAME = 200
"""Characters; file systems take 255."""


class OccupiedError(RuntimeError):
    """Report that another scheduler makes the same results."""


def occupy(results: str, folder: Path = LOCKS) -> int:
    """Take a results folder for this process, until it ends however it ends.

    The kernel gives the lock back with the process, so that a crash leaves none behind. It stands
    beside Snakemake's own notes, as the results may be on a disk that is full or read-only.

    Parameters
    ----------
    results : str
        The results folder.
    folder : path
        Where the locks are.

    Returns
    -------
    lock : int
        An open file of the kernel's; the folder is free again when it is closed.

    Raises
    ------
    OccupiedError
        Names the process that has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Two paths to the same folder are one lock.
    name = os.path.realpath(results).replace(os.sep, "%")[-LONGEST_NAME:]
    lock = os.open(folder / name, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, LONGEST_NAME).decode() or "which has just begun"
        os.close(lock)
        raise OccupiedError(
            f"another snakemake ({holder}) makes {results}/; wait until it has ended, or end it"
        ) from None
    os.truncate(lock, 0)
    os.write(lock, f"process {os.getpid()} on {platform.node()}".encode())
    return lock


def end_with(*processes: int) -> threading.Thread:
    """End this job when its scheduler has been killed: the next one would not use its results.

    Parameters
    ----------
    *processes : int
        Of this machine: the scheduler, and any other without which nobody waits for this job.

    Returns
    -------
    watch : threading.Thread
    """

    def watch() -> None:
        while all(map(is_alive, processes)):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        # A job has nothing to tidy up that the next writer of its files does not.
        os.kill(os.getpid(), signal.SIGKILL)

    thread = threading.Thread(target=watch, name="end with the scheduler", daemon=True)
    thread.start()
    return thread


def is_alive(process: int) -> bool:
    """Return whether a process of this machine is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def bring_back_from_the_future(paths: Iterable[str]) -> list[str]:
    """Give files that a wrong clock has dated later than now the present time.

    Snakemake would take each job's outputs, made now, for older than such an input, and fail it.

    Parameters
    ----------
    paths : iterable of str
        Files that jobs read; those that are not there are left out.

    Returns
    -------
    changed : list of str
    """
    changed = []
    for path in dict.fromkeys(paths):
        now = time.time()
        try:
            if os.stat(path).st_mtime > now:
                os.utime(path, (now, now))
                changed.append(path)
        except FileNotFoundError:
            continue
    return changed
