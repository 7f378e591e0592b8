"""A study of two chunks and one table, small enough to be run again after every fault."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import yaml

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


def begin(folder: Path) -> subprocess.Popen:
    """Begin the tiny study in a session of its own; return the scheduler's process."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    with open(folder / "said.txt", "w") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *CALL, TABLE],
            cwd=folder,
            env=environment,
            stdout=said,
            stderr=said,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def copy(finished: Path, folder: Path) -> Path:
    """Copy a finished study with what Snakemake knows of it, times included."""
    return Path(shutil.copytree(finished, folder, symlinks=True))
