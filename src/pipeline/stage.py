"""What every stage does first: log to its file, fix the threads, say what it runs on."""

from __future__ import annotations

import ast
import gc
import hashlib
import logging
import os
import platform
import re
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from pipeline.alone import SCHEDULER, end_with
from pipeline.seals import DamagedFileError, declare, set_aside

log = logging.getLogger("infoplane")

# What `begin` logs of a job, and what is read of it again.
JOB = re.compile(r"INFO threads \d+, versions (\{.*\}), commit (\S+)$", re.MULTILINE)
# Those that compute or write numbers.
PACKAGES = ("numpy", "scipy", "numba", "torch", "scikit-learn", "pandas", "h5py", "pyarrow")


def begin(snakemake, script: str) -> None:
    """Send the log, uncaught errors included, to the rule's log file and name the versions.

    Parameters
    ----------
    snakemake
        The object that Snakemake gives to scripts.
    script : str
        The script's own path.
    """
    logging.basicConfig(
        filename=str(snakemake.log[0]),
        filemode="w",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    if scheduler := os.environ.get(SCHEDULER):
        end_with(int(scheduler))
    log.info("rule %s, wildcards %s", snakemake.rule, dict(snakemake.wildcards.items()))
    nothing = {"inputs": {}, "outputs": {}, "versions": versions()}
    made = snakemake.params.get("made_from", nothing)
    about = {"versions": made["versions"], "commit": commit()}
    declare(made["inputs"], made["outputs"], about | {"code": code_behind(snakemake, script)})
    log.info("params %s", parameters(snakemake))
    log.info("threads %s, versions %s, commit %s", snakemake.threads, *about.values())


def made_by(text: str) -> list[tuple[dict[str, str], str]]:
    """Return the versions and the commit of each job that a log tells of."""
    return [(ast.literal_eval(versions), commit) for versions, commit in JOB.findall(text)]


def parameters(snakemake) -> dict:
    """Return a job's parameters, without what its files are made from."""
    return {key: value for key, value in snakemake.params.items() if key != "made_from"}


def _log_uncaught(kind, error, traceback) -> None:
    log.critical("failed: %s", error, exc_info=(kind, error, traceback))
    sys.__excepthook__(kind, error, traceback)


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def code_behind(snakemake, script: str) -> dict[str, str]:
    """Return the files of the code that a job runs, each with its digest."""
    files = [os.path.relpath(os.path.realpath(script)), *snakemake.input.get("code", ())]
    return {file: digest_of_code(file) for file in files}


def digest_of_code(file: str) -> str:
    """Return a short digest of a file of the code; of none if it is gone."""
    path = Path(file)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else "gone"


def commit() -> str:
    """Return the commit of the working tree, ``unknown`` outside of one."""
    answer = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() or "unknown"


def repository() -> str | None:
    """Return the web address of the repository, None where git knows none."""
    answer = subprocess.run(
        ["git", "remote", "get-url", "origin"], capture_output=True, text=True, check=False
    )
    address = answer.stdout.strip().removesuffix(".git")
    if address.startswith("git@"):
        address = "https://" + address.removeprefix("git@").replace(":", "/", 1)
    return address if address.startswith("https://") and "@" not in address else None


class Heartbeat:
    """Log how far long work is, at most every few seconds.

    Parameters
    ----------
    total : int
        Amount of work.
    unit : str
        What is counted.
    seconds : float
        Least time between two lines.
    """

    def __init__(self, total: int, unit: str, seconds: float = 5.0):
        self._total, self._unit, self._seconds = total, unit, seconds
        self._start = self._last = time.monotonic()

    def __call__(self, done: int) -> None:
        """Say that `done` of the total is done."""
        now = time.monotonic()
        if now - self._last < self._seconds and done < self._total:
            return
        self._last = now
        elapsed = now - self._start
        left = elapsed / done * (self._total - done) if done else float("nan")
        log.info(
            "%d of %d %s (%.0f %%), %.0f s so far, about %.0f s left",
            done,
            self._total,
            self._unit,
            100 * done / self._total,
            elapsed,
            left,
        )


def run_as_script(main, scope: dict) -> None:
    """Run a stage's main function when Snakemake executes its script.

    Parameters
    ----------
    main : callable
    scope : dict
        The script's globals, in which Snakemake puts its object.
    """
    if "snakemake" not in scope:
        raise SystemExit(
            f"{os.path.basename(scope['__file__'])} is a stage of the workflow; "
            "run it with snakemake, see the README"
        )
    begin(scope["snakemake"], scope["__file__"])
    try:
        main(scope["snakemake"])
    except DamagedFileError as error:
        if error.path is None:
            raise
        what = str(error).removesuffix("; delete it and run again")
        aside = set_aside(error.path)
        raise DamagedFileError(
            f"{what}; it is moved to {aside}, and the next call of snakemake makes it anew"
        ) from error
    # Python ends with a search for cycles among all that the process holds, a fifth of the time of
    # a short job.
    gc.freeze()
