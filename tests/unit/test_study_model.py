"""The model of the whole study's time on other numbers of cores."""

import re

import pytest

from benchmarks.study import NEEDS, PRIORITIES, main, model_seconds, read_jobs
from tests.workflow.conftest import REPOSITORY

# Seconds of a small study: two chunks, one of whose estimates takes long.
SECONDS = {
    "generate_data/szt_hard": 1,
    "audit_estimators/256": 20,
    "train_networks/szt_tanh/000-009": 10,
    "train_networks/szt_tanh/010-019": 10,
    "dump_activations/szt_tanh/000-009": 4,
    "dump_activations/szt_tanh/010-019": 4,
    "compute_gradient_snr/szt_tanh/000-009": 2,
    "compute_gradient_snr/szt_tanh/010-019": 2,
    "estimate_information/szt_tanh/binned_width_0.07/000-009": 7,
    "estimate_information/szt_tanh/binned_width_0.07/010-019": 5,
    "estimate_multi_network_information/szt_tanh/binned_30": 3,
    "summarise_metrics": 1,
    "summarise_information": 2,
    "summarise_gradients": 1,
    "judge_claims": 4,
    "plot_audit": 2,
    "plot_szt_2": 3,
}


@pytest.fixture
def results(tmp_path):
    for name, seconds in SECONDS.items():
        path = tmp_path / "benchmarks" / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tmax_rss\n{seconds}\t1.0\n")
    return tmp_path


def test_jobs_know_their_run_and_chunk(results):
    jobs = {(job.stage, job.run, job.chunk) for job in read_jobs(results / "benchmarks")}
    assert len(jobs) == len(SECONDS)
    assert ("estimate_information", "szt_tanh", "010-019") in jobs
    assert ("estimate_multi_network_information", "szt_tanh", None) in jobs
    assert ("generate_data", None, None) in jobs
    assert ("audit_estimators", None, None) in jobs


def test_one_core_takes_the_sum_and_many_take_the_longest_chain(results):
    jobs = read_jobs(results / "benchmarks")
    assert model_seconds(jobs, 1) == sum(SECONDS.values())
    # Data, training, activations, estimates, their table, claims: 1 + 10 + 4 + 7 + 2 + 4.
    assert model_seconds(jobs, 100) == 28
    between = model_seconds(jobs, 2)
    assert sum(SECONDS.values()) / 2 <= between < sum(SECONDS.values())


def test_table_is_printed(results, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["study", str(results)])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "| 1 | 1.4 | 100% |"
    assert len(lines) == 8


def test_stages_of_the_model_are_those_of_the_workflow():
    stages = {path.stem for path in (REPOSITORY / "src").glob("*.py")}
    assert set(NEEDS) | set(PRIORITIES) <= stages
    assert {need for needs in NEEDS.values() for need in needs} <= stages
    assert {stage for stage in stages if not stage.startswith("plot_")} <= set(NEEDS)


def test_priorities_are_those_of_the_rules():
    text = "".join(path.read_text() for path in (REPOSITORY / "workflow/rules").glob("*.smk"))
    found = {}
    for rule in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]:
        if priority := re.search(r"^    priority: (\d+)$", rule, flags=re.MULTILINE):
            found[rule.split(":")[0]] = int(priority[1])
    assert found == PRIORITIES
