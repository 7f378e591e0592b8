"""One scheduler at a time, jobs that end with it, what killed ones leave, and wrong clocks."""

import os
import platform
import subprocess
import sys
import time

import pytest

from pipeline import alone
from pipeline.files import save_text
from tests.workflow.conftest import REPOSITORY


@pytest.fixture
def gone():
    """Return the number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_results_folder_is_occupied_once_and_others_are_free(tmp_path):
    first = alone.occupy(str(tmp_path / "results"), tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "results")
    for same in ("results", "other/../results", "link"):
        with pytest.raises(alone.OccupiedError, match=rf"process {os.getpid()} on .* makes"):
            alone.occupy(str(tmp_path / same), tmp_path)
    os.close(alone.occupy(str(tmp_path / "results/smoke"), tmp_path))
    os.close(first)
    os.close(alone.occupy(str(tmp_path / "results"), tmp_path))


def test_a_killed_scheduler_leaves_its_folder_free_and_its_jobs_end(tmp_path):
    job = "from pipeline import alone; import time; alone.end_with({}); time.sleep(60)"
    scheduler = f"""
import subprocess, sys, os, time
from pipeline import alone
alone.occupy("results")
job = [sys.executable, "-c", {job!r}.format(os.getpid())]
print(subprocess.Popen(job, start_new_session=True, stdout=subprocess.DEVNULL).pid, flush=True)
time.sleep(60)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", scheduler],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        stdout=subprocess.PIPE,
        text=True,
    )
    orphan = int(process.stdout.readline())
    process.kill()
    process.communicate()
    results, locks = str(tmp_path / "results"), tmp_path / alone.LOCKS
    os.close(alone.occupy(results, locks))
    deadline = time.monotonic() + 60
    while is_running(orphan):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_running(process: int) -> bool:
    """Return whether a process runs; one that nobody has waited for is still listed."""
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True)
    return bool(said.stdout.strip()) and not said.stdout.startswith("Z")


def test_a_writer_removes_what_killed_writers_of_its_file_left(tmp_path, gone):
    here = platform.node()
    theirs = [
        tmp_path / f".a.{here}.{os.getppid()}.txt",  # alive
        tmp_path / f".a.elsewhere.{gone}.txt",
        tmp_path / f".ab.{here}.{gone}.txt",
        tmp_path / f".a.{here}.{gone}.json",
        tmp_path / f".a.{here}.{gone}.b.txt",
    ]
    left = tmp_path / f".a.{here}.{gone}.txt"
    for path in (*theirs, left):
        path.write_text("half")
    save_text(tmp_path / "a.txt", "whole")
    assert {*tmp_path.iterdir()} == {*theirs, tmp_path / "a.txt"}


def test_only_files_of_the_future_are_dated_now(tmp_path):
    old, new, gone = (tmp_path / name for name in ("old", "new", "gone"))
    old.touch()
    os.utime(old, (1e9, 1e9))
    new.touch()
    os.utime(new, (4e9, 4e9))
    before = time.time()
    assert alone.bring_back_from_the_future(map(str, [old, new, gone, new])) == [str(new)]
    assert old.stat().st_mtime == 1e9
    assert before - 1 < new.stat().st_mtime <= time.time()
