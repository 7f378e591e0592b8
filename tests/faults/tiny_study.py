"""A study of two chunks and one table, small enough to be run again after every fault."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import yaml

from pipeline.recipes import SEALED
from tests.workflow.conftest import copy_repository, snakemake
from tests.workflow.test_determinism import cut_configuration

RESULTS = "results/smoke"
TABLE = f"{RESULTS}/tables/metrics/szt_tanh/training.parquet"
PART = f"{RESULTS}/metrics/szt_tanh/training/000-001.parquet"
TRAINING = f"{RESULTS}/training/szt_tanh/000-001.h5"
CALL = ("--cores", "2", "--configfile", "tiny.yaml", "--replace-workflow-config", "--")


def make(folder: Path, **changes) -> Path:
    """Copy the repository, with the configuration of the tiny study; return the folder."""
    copy_repository(folder)
    config = cut_configuration() | {"inits_per_chunk": 2}
    config["defaults"] |= {"initialisations": 4, **changes}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(config))
    return folder


def run(folder: Path, *targets: str) -> subprocess.CompletedProcess:
    """Run the tiny study, by default for its table."""
    return snakemake(folder, *CALL, *(targets or (TABLE,)))


def begin(folder: Path, said: str = "said.txt") -> subprocess.Popen:
    """Begin the tiny study in a session of its own; return the scheduler's process."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    with open(folder / said, "w") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *CALL, TABLE],
            cwd=folder,
            env=environment,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            # Where the tests run in the background, interrupts are ignored and would stay so.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def jobs_of(folder: Path) -> list[psutil.Process]:
    """Return the jobs that run in a folder, those of a killed scheduler among them."""
    script = f"{folder}/.snakemake/scripts/"
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            command = process.cmdline()
            # The shell that started it has the script in a longer word.
            if len(command) > 1 and command[1].startswith(script):
                found.append(process)
    return found


def results(folder: Path) -> dict[str, bytes]:
    """Return every result with a seal, and what killed jobs have left, by its name."""
    files = (path for path in (folder / RESULTS).rglob("*") if path.suffix in SEALED)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def copy(finished: Path, folder: Path) -> Path:
    """Copy a finished study with what Snakemake knows of it, times included."""
    return Path(shutil.copytree(finished, folder, symlinks=True))


def copy_without_results(finished: Path, folder: Path) -> Path:
    """Copy the study as it was before its first run."""
    left = shutil.ignore_patterns("results", ".snakemake")
    return Path(shutil.copytree(finished, folder, symlinks=True, ignore=left))


def seconds(finished: Path) -> float:
    """Return how long the jobs of the finished study took, from the first to the last."""
    times = [path.stat().st_mtime for path in (finished / RESULTS).rglob("*") if path.is_file()]
    return max(times) - min(times)
