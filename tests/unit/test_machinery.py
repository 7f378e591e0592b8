"""The benchmarks of the machinery at their smallest; no time is asserted."""

import ast
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from benchmarks import machinery, scaling
from pipeline.dependencies import _imported_names
from pipeline.stage import versions
from pipeline.validation import check_configuration
from tests.workflow.conftest import REPOSITORY
from verify import verify

SCHEMA = str(REPOSITORY / "workflow/schemas/config.schema.yaml")


@pytest.fixture(scope="module")
def config():
    return machinery.tiny(2, networks=4, per_chunk=2)


def test_a_synthetic_study_of_any_size_is_one_that_could_be_run(config):
    study = check_configuration(config, [], SCHEMA)
    assert [run.chunks() for run in study.runs.values()] == 2 * [["000-001", "002-003"]]
    assert set(scaling.TABLES) <= set(study.tables())
    rates = {run.optimizer.learning_rate for run in study.runs.values()}
    assert len(rates) == 2


def test_files_in_place_of_results_pass_verification(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # What their code's digests are compared with.
    (tmp_path / "src").symlink_to(REPOSITORY / "src")
    count = machinery.make_files(tmp_path, config)
    results = tmp_path / config["pathvars"]["results"]
    study = check_configuration(config, [], SCHEMA)
    assert verify(study, results, versions()) == (count, {})
    assert len(machinery.digests(results)) == count
    # Of each chunk its training, its curves and its estimates, and their tables.
    assert count > 4 * 3 + 2 * 2 + 2


@pytest.mark.parametrize("stage", machinery.STAGES)
def test_a_stage_that_does_nothing_ends_well_and_imports_what_it_did(stage, tmp_path):
    script = (REPOSITORY / f"src/{stage}.py").read_text()
    made, log = tmp_path / "made.h5", tmp_path / "log.txt"
    given = {"snakemake": SimpleNamespace(output=[made], log=[log])}
    nothing = machinery.doing_nothing(script)
    with pytest.raises(SystemExit) as ended:
        exec(compile(nothing, stage, "exec"), given)
    assert ended.value.code is None
    assert made.exists()
    assert log.exists()
    before, after = (set(_imported_names(ast.parse(text))) for text in (script, nothing))
    assert before == after


def test_shares_are_of_all_cores_and_of_all_processes(tmp_path):
    for name, seconds in {"a": 3.0, "deep/b": 5.0}.items():
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"s\th:m:s\n{seconds}\t0:00:0{seconds:.0f}\n")
    working = sum(machinery.job_seconds(tmp_path))
    assert working == 8.0
    course = machinery.Course(2, 2, 5.0, working, scheduler=1.0, others=3.0, gigabytes=0.1)
    assert course.idle == pytest.approx(0.2)
    assert course.share == 0.25
    assert "500 ms a job" in str(course)
    assert str(machinery.Course(0, 2, 5.0, 0.0, 1.0, 3.0, 0.1)) == (
        "5 s on 2 cores; the scheduler 1.0 s of the processor; 0.10 GB"
    )


def test_calls_on_results_and_notes_wait_and_others_do_not(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(machinery.SLOW)
    (tmp_path / "results").mkdir()
    script = """
import os, pathlib, time
waits = []
time.sleep = waits.append
for call in (lambda: open("results/a", "w").close(), lambda: os.stat("results/a"),
             lambda: os.replace("results/a", "results/b"), lambda: os.path.exists("results/b"),
             lambda: pathlib.Path("results/b").stat(), lambda: os.stat("elsewhere.py")):
    before = len(waits)
    call()
    print(len(waits) - before, end=" ")
assert set(waits) == {0.25}
"""
    (tmp_path / "elsewhere.py").touch()
    said = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "ROUND_TRIP_SECONDS": "0.25"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["1", "1", "1", "1", "1", "0"]
