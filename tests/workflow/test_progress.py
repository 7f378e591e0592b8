"""The progress of a run: what is left, how long, and what failed."""

import os
import pty
import subprocess
import sys

import pytest

from snakemake_logger_plugin_infoplane.course import (
    Course,
    RunningJob,
    in_words,
    last_lines,
    read_costs,
)
from snakemake_logger_plugin_infoplane.unreadable import configuration_files
from tests.workflow.conftest import REPOSITORY

SNAKEFILE = """
rule all:
    input: expand("made/{number}.txt", number=range(12)), "made/bad.txt"
rule good:
    output: "made/{number}.txt"
    wildcard_constraints: number="[0-9]+"
    shell: "echo > {output}"
rule bad:
    output: "made/bad.txt"
    log: "bad.log"
    shell: "printf 'a line\\nwhat [went] wrong\\n' > {log}; exit 1"
"""


def job(rule: str, started: float = 0.0) -> RunningJob:
    return RunningJob(rule, "run chunk", (), started)


def test_time_left_is_the_pace_of_what_has_ended_times_what_the_rest_costs():
    course = Course({"train": 60.0, "judge": 6.0}, cores=2)
    course.plan({"train": 8, "judge": 10, "total": 18})
    assert course.seconds_left() is None
    for number in range(5):
        course.start(number, job("train"))
        course.finish(number, now=30.0)
    # Half of the known cost: 3 jobs of 30 seconds and 10 of 3, on two cores.
    assert course.seconds_left() == pytest.approx((3 * 30 + 10 * 3) / 2)


def test_a_rule_without_a_known_cost_is_as_long_as_its_own_ended_jobs():
    course = Course({})
    course.plan({"draw": 7, "audit": 1})
    for number in range(6):
        course.start(number, job("draw", started=number))
        course.finish(number, now=number + 4.0)
    assert course.seconds_left() == pytest.approx(4.0 + 4.0)


def test_a_failure_is_told_once_and_forgotten_if_the_job_ends_well():
    course = Course({})
    course.plan({"draw": 2})
    course.start(1, job("draw"))
    assert str(course.fail(1)) == "draw run chunk"
    course.start(1, job("draw"))
    assert course.fail(1) is None
    assert list(course.failed) == [1]
    course.start(1, job("draw"))
    course.finish(1, now=2.0)
    assert not course.failed
    assert course.done == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "time left unknown yet"),
        (20, "less than a minute left"),
        (200, "about 3 min left"),
        (7300, "about 2 h 2 min left"),
    ],
)
def test_time_is_said_in_words(seconds, words):
    assert in_words(seconds) == words


def test_costs_are_read_from_the_table_of_stages(tmp_path):
    page = tmp_path / "costs.md"
    page.write_text(
        "| figure | `snakemake plot_x` | 3 | 1 |\n| `train_networks` | 30 | 10.0 | 2 |\n"
    )
    assert read_costs(page) == {"train_networks": 20.0}
    assert read_costs(tmp_path / "missing.md") == {}


def test_the_last_line_of_a_log_is_the_last_that_says_something(tmp_path):
    log = tmp_path / "a.log"
    log.write_text("first\nlast\n\n")
    assert last_lines((str(tmp_path / "missing.log"), str(log))) == ["last"]
    assert last_lines((str(log),), 5) == ["first", "last"]
    assert last_lines(()) == []


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", *arguments, "--cores", "2", "--logger", "infoplane"]


@pytest.fixture
def workflow(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    return {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}}


def test_without_a_terminal_there_are_few_lines_and_failures_are_named(workflow):
    said = subprocess.run(
        command("--keep-going", "--retries", "1"), **workflow, capture_output=True, text=True
    )
    lines = said.stderr.splitlines()
    assert said.returncode == 1
    assert len(lines) < 20
    assert lines.count("FAILED bad: what [went] wrong") == 1
    assert "       | a line" in lines
    assert lines[-2].startswith("12 of 14 jobs done in ")
    assert lines[-1] == "failed: bad  bad.log"
    dry = subprocess.run(command("--dry-run"), **workflow, capture_output=True, text=True)
    assert "rule bad:" in dry.stdout + dry.stderr


def test_the_files_of_a_command_line_are_found():
    line = "-n --configfile a.yaml b.yaml --cores 2 c --configfiles=d.yaml e --configfile f -- g"
    assert list(configuration_files(line.split())) == ["a.yaml", "b.yaml", "d.yaml", "f"]


@pytest.mark.parametrize("mode", ["--dry-run", "--cores=1"])
def test_a_file_that_snakemake_cannot_read_is_named_with_its_line(workflow, mode):
    (workflow["cwd"] / "mine.yaml").write_text("a: 1\nb: [1, 2\nc: 3\n")
    said = subprocess.run(
        command(mode, "--configfile", "mine.yaml"), **workflow, capture_output=True, text=True
    )
    assert said.returncode == 1
    told = said.stdout + said.stderr
    assert "ConfigurationError: the configuration is wrong\n  mine.yaml:3: no YAML: " in told
    assert "WorkflowError" not in told
    assert "Traceback" not in told


def test_on_a_terminal_a_bar_moves(workflow):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("made/3.txt", "made/4.txt"), **workflow, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(ours)
    assert process.wait(timeout=60) == 0
    text = said.decode()
    assert "\u2501" in text  # the bar
    assert "2 of 2 jobs, time left unknown yet" in text
    assert "2 of 2 jobs done in" in text
