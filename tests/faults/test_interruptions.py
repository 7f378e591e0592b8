"""Whatever interrupts a run, the next call of snakemake finishes it with the same bits."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.faults import tiny_study
from tests.faults.extent import EVERYTHING, KILLS
from tests.faults.tiny_study import PART, RESULTS, TABLE, TRAINING

# One process runs the tiny study for all faults.
pytestmark = pytest.mark.xdist_group("tiny")

# Some ten seconds each.
only_in_full = pytest.mark.skipif(not EVERYTHING, reason="tried by `make faults`")


def until(condition, seconds: float = 300):
    """Wait for a condition; return what it gives."""
    deadline = time.monotonic() + seconds
    while not (given := condition()):
        assert time.monotonic() < deadline, f"{condition} for {seconds} s"
        time.sleep(0.02)
    return given


def finishes_alike(folder, finished) -> None:
    """Run the study again; expect every bit of the one that nothing has interrupted."""
    said = tiny_study.run(folder)
    assert said.returncode == 0, said.stdout[-2000:] + said.stderr[-5000:]
    expected, found = tiny_study.results(finished), tiny_study.results(folder)
    assert [name for name in expected if found.get(name) != expected[name]] == []
    # Of the files that killed jobs were writing.
    assert [name for name in found if Path(name).name.startswith(".")] == []


def kill_the_scheduler(scheduler, moment):
    scheduler.kill()


def kill_all(scheduler, moment):
    """Stop as a machine does that loses its power."""
    os.killpg(scheduler.pid, signal.SIGKILL)


def kill_a_job(scheduler, moment):
    """Kill a job, as the kernel does when memory runs out."""
    children = psutil.Process(scheduler.pid).children(recursive=True)
    if children:
        moment.choice(children).kill()


def interrupt(scheduler, moment):
    """Press Ctrl-C, which a terminal sends to all of a session."""
    os.killpg(scheduler.pid, signal.SIGINT)


def terminate(scheduler, moment):
    scheduler.terminate()


BLOWS = (kill_the_scheduler, kill_all, kill_a_job, interrupt, terminate)
QUICK_BLOWS = (kill_the_scheduler, interrupt)


@pytest.mark.parametrize("number", range(KILLS))
@pytest.mark.parametrize("blow", BLOWS if EVERYTHING else QUICK_BLOWS)
def test_a_blow_at_a_random_moment_costs_nothing(finished, tmp_path, blow, number):
    moment = random.Random(f"{blow.__name__} {number}")
    folder = tiny_study.copy_without_results(finished, tmp_path / "study")
    scheduler = tiny_study.begin(folder)
    # From before the first job to after the last: a first result, then a random part of the rest.
    until(lambda: (folder / RESULTS).exists() or scheduler.poll() is not None)
    time.sleep(moment.uniform(0, tiny_study.seconds(finished)))
    if scheduler.poll() is None:
        blow(scheduler, moment)
    scheduler.wait(timeout=600)
    finishes_alike(folder, finished)


@only_in_full
def test_a_job_that_outlives_its_scheduler_and_writes_late_changes_nothing(finished, tmp_path):
    folder = tiny_study.copy_without_results(finished, tmp_path / "study")
    scheduler = tiny_study.begin(folder)
    until(lambda: (folder / RESULTS / "logs/train_networks").exists())
    # Stopped, it neither sees that its scheduler is gone nor ends.
    orphans = until(lambda: tiny_study.jobs_of(folder))
    for job in orphans:
        job.suspend()
    scheduler.kill()
    scheduler.wait()
    finishes_alike(folder, finished)
    before = tiny_study.results(folder)
    for job in orphans:
        job.resume()
    psutil.wait_procs(orphans, timeout=300)
    assert tiny_study.jobs_of(folder) == []
    found = tiny_study.results(folder)
    assert {name: found[name] for name in before} == before


def test_of_two_schedulers_at_once_one_works_and_the_other_says_so(finished, tmp_path):
    folder = tiny_study.copy(finished, tmp_path / "study")
    (folder / TABLE).unlink()
    both = [tiny_study.begin(folder, said) for said in ("first.txt", "second.txt")]
    ended = [process.wait(timeout=600) for process in both]
    assert sorted(ended) == [0, 1]
    told = (folder / ("first.txt" if ended[0] else "second.txt")).read_text()
    holder = both[ended.index(0)].pid
    assert f"OccupiedError: another snakemake (process {holder} on " in told
    assert f"makes {RESULTS}/; wait until it has ended, or end it" in told
    assert "Traceback" not in told
    finishes_alike(folder, finished)


@pytest.mark.parametrize("year", [1990, 2090])
@only_in_full
def test_a_clock_that_was_wrong_costs_nothing(finished, tmp_path, year):
    folder = tiny_study.copy(finished, tmp_path / "study")
    moment = (year - 1970) * 365.25 * 86_400
    for path in (*(folder / RESULTS).rglob("*"), folder / "src/pipeline/files.py"):
        os.utime(path, (moment, moment))
    (folder / TABLE).unlink()
    (folder / PART).unlink()
    finishes_alike(folder, finished)


@only_in_full
def test_a_job_without_memory_fails_by_name_and_is_run_again_by_the_next_call(finished, tmp_path):
    folder = tiny_study.copy_without_results(finished, tmp_path / "study")
    scheduler = tiny_study.begin(folder)
    (job, *_) = until(lambda: tiny_study.jobs_of(folder))
    job.rlimit(psutil.RLIMIT_AS, (64 * 2**20, 64 * 2**20))
    assert scheduler.wait(timeout=600) == 1
    told = (folder / "said.txt").read_text()
    assert "FAILED " in told
    finishes_alike(folder, finished)


@only_in_full
def test_deleted_networks_are_trained_again_and_measured_alike(finished, tmp_path):
    folder = tiny_study.copy(finished, tmp_path / "study")
    shutil.rmtree((folder / TRAINING).parent)
    said = tiny_study.run(folder, "networks")
    assert said.returncode == 0, said.stderr[-3000:]
    finishes_alike(folder, finished)


@only_in_full
def test_other_pins_make_nothing_anew_and_are_told(finished, tmp_path):
    folder = tiny_study.copy(finished, tmp_path / "study")
    (folder / "constraints.txt").write_text("numpy==1.0\n")
    said = tiny_study.run(folder)
    assert "constraints.txt: installed is numpy" in said.stderr
    assert "Nothing to be done" in said.stderr
    finishes_alike(folder, finished)


@pytest.fixture
def disk(tmp_path):
    """Return what mounts a file system of some size in memory; it is gone after the test."""
    mounted = []

    def mount(folder, size: str) -> None:
        folder.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (subprocess.CalledProcessError, FileNotFoundError):
            pytest.skip("only root can mount a small file system")
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def remount(folder, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


@pytest.mark.parametrize("size", ["64k", "256k"])
@only_in_full
def test_a_full_disk_is_named_and_nothing_is_lost(finished, tmp_path, disk, size):
    folder = tiny_study.copy_without_results(finished, tmp_path / "study")
    disk(folder / RESULTS, size)
    failed = tiny_study.run(folder)
    assert failed.returncode == 1
    assert "No space left on device" in failed.stdout + failed.stderr
    remount(folder / RESULTS, "size=64m")
    finishes_alike(folder, finished)


@only_in_full
def test_a_read_only_results_folder_is_named_and_nothing_is_lost(finished, tmp_path, disk):
    folder = tiny_study.copy_without_results(finished, tmp_path / "study")
    disk(folder / RESULTS, "64m")
    assert tiny_study.run(folder, f"{RESULTS}/data/szt_hard.npz").returncode == 0
    remount(folder / RESULTS, "ro")
    failed = tiny_study.run(folder)
    assert failed.returncode == 1
    assert "Read-only file system" in failed.stdout + failed.stderr
    remount(folder / RESULTS, "rw")
    finishes_alike(folder, finished)
