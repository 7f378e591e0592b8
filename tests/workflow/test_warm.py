"""Jobs that begin in a copy of one warm process are jobs like any other."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipeline import warm

SOURCE = Path(warm.__file__).parents[1]
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere jobs begin in new interpreters"
)

SNAKEFILE = f"""
import sys
sys.path.insert(0, {str(SOURCE)!r})
from snakemake.benchmark import benchmarked
from snakemake.script import PythonScript
from pipeline import warm

onstart:
    warm.PRELOADED = ("json", "snakemake.cli")
    assert warm.start_jobs_warm(PythonScript, benchmarked)

rule all:
    input: expand("{{name}}.json", name=config["names"].split("+"))

rule job:
    output: "{{name}}.json"
    log: "{{name}}.log"
    benchmark: "{{name}}.tsv"
    params: what=lambda wildcards: wildcards.name.split("_")[0]
    threads: 1
    script: "job.py"

use rule job as wide with:
    output: "wide_{{name}}.json"
    log: "wide_{{name}}.log"
    benchmark: "wide_{{name}}.tsv"
    threads: 2

ruleorder: wide > job
"""

JOB = """
import sys
imported = "snakemake.cli" in sys.modules

import json, os, time

what = snakemake.params.what
def say_it(kind, error, traceback):
    open(snakemake.log[0], "w").write(f"failed: {error}")
sys.excepthook = say_it
if what == "fail":
    raise ValueError("as it should")
if what == "exit":
    sys.exit(3)
with open(snakemake.log[0], "w") as log:
    print(os.getpid(), file=log)
if what == "wait":
    time.sleep(60)
found = {
    "imported": imported,
    "name": __name__,
    "file": os.path.basename(__file__),
    "process": os.getpid(),
    "threads": os.environ["OMP_NUM_THREADS"],
    "temporary": os.environ["TMPDIR"],
    "seen": getattr(json, "seen", False),
}
# What a job leaves in a module that it shares is no other's.
json.seen = True
with open(snakemake.output[0], "w") as file:
    json.dump(found, file)
"""


def begin(folder: Path, *names: str) -> subprocess.Popen:
    """Begin jobs of these names in a folder."""
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "job.py").write_text(JOB)
    call = ["--cores", "2", "--keep-going", "--nolock", "--config", f"names={'+'.join(names)}"]
    with open(folder / "said.txt", "w") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *call],
            cwd=folder,
            stdout=said,
            stderr=said,
            start_new_session=True,
            # Where the tests run in the background, interrupts are ignored and would stay so.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def run(folder: Path, *names: str) -> tuple[int, str]:
    """Run jobs of these names to their end; return the status and what was said."""
    status = begin(folder, *names).wait(timeout=120)
    return status, (folder / "said.txt").read_text()


def process_of(folder: Path, name: str) -> psutil.Process:
    """Wait until a job runs; return its process."""
    log = folder / f"{name}.log"
    deadline = time.monotonic() + 60
    while not (log.exists() and log.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return psutil.Process(int(log.read_text()))


def found(folder: Path, name: str) -> dict:
    """Return what a job has written."""
    return json.loads((folder / f"{name}.json").read_text())


def test_jobs_are_processes_of_their_own_with_libraries_imported_unless_they_take_threads(tmp_path):
    status, said = run(tmp_path, "a", "b", "c", "wide_a")
    assert status == 0, said
    told = [found(tmp_path, name) for name in "abc"]
    assert len({each["process"] for each in told}) == 3
    for each in told:
        assert each["imported"]
        assert not each["seen"]
        assert (each["name"], each["file"]) == ("__main__", "job.py")
        assert each["threads"] == "1"
        assert os.path.isdir(each["temporary"])
    # With more threads a library would have to be told so before it is imported.
    wide = found(tmp_path, "wide_a")
    assert not wide["imported"]
    assert wide["threads"] == "2"
    for name in "abc":
        benchmark = (tmp_path / f"{name}.tsv").read_text().split("\n")[1]
        assert 0 < float(benchmark.split("\t")[0]) < 60


def test_snakemake_in_another_program_starts_its_jobs_as_ever():
    """A copy would run that program's main module, and with it Snakemake, once more."""

    class Scripts:
        execute_script = "as it was"

    assert not warm.start_jobs_warm(Scripts, None)
    assert Scripts.execute_script == "as it was"


def test_a_job_that_fails_says_why_and_fails_alone(tmp_path):
    status, said = run(tmp_path, "fail", "exit", "a")
    assert status == 1
    assert (tmp_path / "fail.log").read_text() == "failed: as it should"
    assert not (tmp_path / "fail.json").exists()
    assert not (tmp_path / "exit.json").exists()
    assert found(tmp_path, "a")["imported"]
    assert "status 3" in said


def test_a_killed_job_fails_and_the_others_go_on(tmp_path):
    scheduler = begin(tmp_path, "wait", "a")
    process_of(tmp_path, "wait").kill()
    assert scheduler.wait(timeout=60) == 1
    assert "SIGKILL" in (tmp_path / "said.txt").read_text()
    assert found(tmp_path, "a")["imported"]


@pytest.mark.parametrize("victim", ["scheduler", "original"])
def test_no_job_outlives_the_process_that_waits_for_it(tmp_path, victim):
    scheduler = begin(tmp_path, "wait")
    job = process_of(tmp_path, "wait")
    (scheduler if victim == "scheduler" else psutil.Process(job.ppid())).kill()
    assert scheduler.wait(timeout=60) != 0
    job.wait(timeout=10)
    assert not (tmp_path / "wait.json").exists()


def test_an_interrupt_ends_the_jobs_too(tmp_path):
    scheduler = begin(tmp_path, "wait")
    job = process_of(tmp_path, "wait")
    os.killpg(scheduler.pid, signal.SIGINT)
    assert scheduler.wait(timeout=60) != 0
    job.wait(timeout=10)
    assert not (tmp_path / "wait.json").exists()
    assert (tmp_path / "wait.log").read_text().startswith("failed: ")
    assert "SIGINT" in (tmp_path / "said.txt").read_text()
