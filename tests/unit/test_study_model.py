"""The model of the whole study's time on other numbers of cores."""

import re

import pytest
import yaml

from benchmarks.study import NO_PART, STAGES, main, model_seconds, read_jobs, stage_of
from pipeline.drawings import drawing_constant
from pipeline.planning import STUDY_TABLES
from tests.workflow.conftest import REPOSITORY

# Seconds of a small study: two chunks, one of whose estimates takes long, and another run.
SECONDS = {
    "generate_data/szt_hard": 1,
    "record_configuration": 1,
    "audit_estimators/256": 20,
    "merge_audit": 1,
    "audit_drops/binned": 3,
    "merge_drops": 1,
    "solve_models/saxe_2": 2,
    "train_networks/szt_tanh/000-009": 10,
    "train_networks/szt_tanh/010-019": 10,
    "train_networks/szt_noisy_tanh/000-009": 2,
    "dump_activations/szt_tanh/binned_30/000-009": 4,
    "dump_activations/szt_tanh/binned_30/010-019": 4,
    "estimate_information/szt_tanh/binned_30/000-009": 7,
    "estimate_information/szt_tanh/binned_30/010-019": 5,
    "measure_networks/information/szt_noisy_tanh/propagated/000-009": 6,
    "measure_groups/several_networks/szt_tanh/multi_network_30": 3,
    "compute_gradient_snr/szt_tanh/gradients/000-009": 2,
    "compute_gradient_snr/szt_tanh/gradients/010-019": 2,
    "merge_table/metrics/szt_tanh/training": 1,
    "merge_table/information/szt_tanh/binned_30": 2,
    "merge_table/information/szt_noisy_tanh/propagated": 1,
    "merge_table/gradients/szt_tanh/gradients": 1,
    "merge_study/information": 1,
    "merge_study/several_networks": 1,
    "compare_estimators": 1,
    "compare_gradients": 1,
    "judge_claims/C01": 4,
    "judge_claims/C02": 3,
    "collect_verdicts": 1,
    "collect_details": 1,
    "plot_infoplane_audit": 2,
    "plot_infoplane_audit_drops": 2,
    "plot_szt_2": 3,
    "plot_szt_4": 1,
}


@pytest.fixture
def results(tmp_path):
    for name, seconds in SECONDS.items():
        save_benchmark(tmp_path, name, seconds)
    return tmp_path


def save_benchmark(results, name, seconds):
    """Write a job's benchmark as Snakemake does."""
    path = results / "benchmarks" / f"{name}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\tmax_rss\n{seconds}\t1.0\n")


@pytest.fixture
def waits(results):
    """Tell by names whether a job waits for another."""
    jobs = {
        "/".join((job.stage, *job.wildcards.values())): job
        for job in read_jobs(results / "benchmarks")
    }
    return lambda name, other: jobs[name].waits_for(jobs[other])


def rules():
    """Return the text of each rule of the workflow by its name; figures' rules have none."""
    text = "".join(path.read_text() for path in (REPOSITORY / "workflow/rules").glob("*.smk"))
    named = re.compile(r"^(?:use rule \w+ as (\w+) with|rule (\w+)):$", flags=re.MULTILINE)
    _, *parts = named.split(text)
    return {
        used or own: body
        for used, own, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    }


def test_jobs_know_their_wildcards(results):
    jobs = {job.stage: job.wildcards for job in read_jobs(results / "benchmarks")}
    assert len(read_jobs(results / "benchmarks")) == len(SECONDS)
    assert jobs["estimate_information"] == {
        "run": "szt_tanh",
        "measurement": "binned_30",
        "chunk": "010-019",
    }
    assert jobs["measure_groups"] == {
        "table": "several_networks",
        "run": "szt_tanh",
        "measurement": "multi_network_30",
    }
    assert jobs["audit_estimators"] == {"samples": "256"}
    assert jobs["plot_szt_2"] == {}


@pytest.mark.parametrize("name", ["summarise_metrics", "train_networks/szt_tanh"])
def test_benchmarks_of_no_stage_are_refused(name, results):
    save_benchmark(results, name, 1)
    with pytest.raises(ValueError, match=rf"{name}\.tsv is of no stage"):
        read_jobs(results / "benchmarks")


def test_the_report_is_left_out(results):
    save_benchmark(results, "report", 100)
    assert len(read_jobs(results / "benchmarks")) == len(SECONDS)


@pytest.mark.parametrize(
    ("name", "needed", "other"),
    [
        (
            "dump_activations/szt_tanh/binned_30/000-009",
            "train_networks/szt_tanh/000-009",
            "train_networks/szt_tanh/010-019",
        ),
        (
            "merge_table/information/szt_tanh/binned_30",
            "estimate_information/szt_tanh/binned_30/010-019",
            "measure_networks/information/szt_noisy_tanh/propagated/000-009",
        ),
        (
            "measure_groups/several_networks/szt_tanh/multi_network_30",
            "train_networks/szt_tanh/010-019",
            "train_networks/szt_noisy_tanh/000-009",
        ),
        (
            "merge_study/several_networks",
            "measure_groups/several_networks/szt_tanh/multi_network_30",
            "merge_table/information/szt_tanh/binned_30",
        ),
        (
            "compare_gradients",
            "merge_table/gradients/szt_tanh/gradients",
            "merge_table/information/szt_tanh/binned_30",
        ),
        ("judge_claims/C01", "merge_audit", "judge_claims/C02"),
        ("plot_szt_2", "merge_table/information/szt_tanh/binned_30", "merge_audit"),
    ],
)
def test_jobs_wait_for_what_their_paths_tell(name, needed, other, waits):
    assert waits(name, needed)
    assert not waits(name, other)


def test_one_core_takes_the_sum_and_many_take_the_longest_chain(results):
    jobs = read_jobs(results / "benchmarks")
    assert model_seconds(jobs, 1) == sum(SECONDS.values())
    # Data, training, activations, estimates, their table, a claim, all: 1 + 10 + 4 + 7 + 2 + 4 + 1.
    assert model_seconds(jobs, 100) == 29
    between = model_seconds(jobs, 2)
    assert sum(SECONDS.values()) / 2 <= between < sum(SECONDS.values())


def test_table_is_printed(results, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["study", str(results)])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == f"| 1 | {sum(SECONDS.values()) / 60:.1f} | 100% |"
    assert len(lines) == 8


def test_stages_of_the_model_are_those_of_the_workflow():
    assert {name for name in STAGES if not name.startswith("plot_")} == set(rules()) - set(NO_PART)
    needs = {need.split("/")[0] for stage in STAGES.values() for need in stage.needs}
    assert needs <= set(STAGES)


def test_wildcards_are_those_of_the_benchmarks():
    for name, body in rules().items():
        if name not in NO_PART:
            wildcards = "".join(f"/{{{wildcard}}}" for wildcard in STAGES[name].wildcards)
            assert f'"<results>/benchmarks/{name}{wildcards}.tsv"' in body


def test_priorities_are_those_of_the_rules():
    found = {}
    for name, body in rules().items():
        if priority := re.search(r"^    priority: (\d+)$", body, flags=re.MULTILINE):
            found[name] = int(priority[1])
    assert found == {name: stage.priority for name, stage in STAGES.items() if stage.priority}


def test_figures_wait_for_the_tables_they_are_drawn_from():
    made = {
        file: name
        for name, body in rules().items()
        for file in re.findall(r'table=(?:report\(\s*)?"<results>/([\w/]+\.tsv)",', body)
    }
    figures = yaml.safe_load((REPOSITORY / "config/figures.yaml").read_text())["figures"]
    for figure, entry in figures.items():
        needs = {need.split("/")[0] for need in stage_of(f"plot_{figure}").needs}
        for table in drawing_constant(entry["drawing"], "TABLES"):
            maker = made[STUDY_TABLES[table]] if table in STUDY_TABLES else "merge_table"
            assert maker in needs
    specific = {name for name in STAGES if name.startswith("plot_")}
    assert specific <= {f"plot_{figure}" for figure in figures}
