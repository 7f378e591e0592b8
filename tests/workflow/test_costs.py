"""The page of costs: jobs of a dry run, their benchmarks, what each target needs of them."""

import importlib

import pytest

from tests.workflow.conftest import REPOSITORY

SAID = """\
[Thu Nov 26 04:22:37 2026]
rule train:
    input: config.yaml
    output: out/training.h5, out/metrics.parquet
    log: out/logs/train.log
    benchmark: out/benchmarks/train.tsv
    wildcards: run=a
rule estimate:
    input: out/training.h5, src/code.py
    output: out/estimates.parquet
    benchmark: out/benchmarks/estimate.tsv
rule snr:
    input: out/training.h5
    output: out/snr.parquet
    benchmark: out/benchmarks/snr.tsv
localrule plot_one:
    input: out/estimates.parquet
    output: out/one.svg, out/one.png
    benchmark: out/benchmarks/plot_one.tsv
localrule all:
    input: out/one.svg, out/snr.parquet
"""
SECONDS = {"train": 60.0, "estimate": 30.0, "snr": 10.0, "plot_one": 6.0}


@pytest.fixture
def costs(monkeypatch):
    monkeypatch.syspath_prepend(str(REPOSITORY / "docs"))
    return importlib.import_module("costs")


@pytest.fixture
def told(costs, tmp_path):
    """Write benchmarks as Snakemake does; read them."""
    (tmp_path / "benchmarks").mkdir()
    for number, (name, seconds) in enumerate(SECONDS.items()):
        memory = "-" if name == "snr" else 100 * number
        text = f"s\th:m:s\tmax_rss\tcpu_time\n{seconds}\t0:00:01\t{memory}\t0.0\n"
        (tmp_path / f"benchmarks/{name}.tsv").write_text(text)
    return costs.read_benchmarks(tmp_path)


def test_a_target_needs_what_its_inputs_are_made_from_and_no_more(costs):
    jobs = costs.read_jobs(SAID)
    assert [job.rule for job in costs.needed(jobs, "plot_one")] == ["train", "estimate", "plot_one"]
    assert [job.rule for job in costs.needed(jobs, "out/snr.parquet")] == ["train", "snr"]
    assert {job.rule for job in costs.needed(jobs, "all")} == {job.rule for job in jobs}


def test_shared_jobs_are_counted_once_and_the_chain_is_the_longest(costs, told):
    jobs = costs.read_jobs(SAID)
    one = costs.cost(costs.needed(jobs, "plot_one"), told, "out")
    assert one == costs.Cost(jobs=3, seconds=96.0, chain=96.0, memory=300.0)
    whole = costs.cost(costs.needed(jobs, "all"), told, "out")
    assert whole == costs.Cost(jobs=4, seconds=106.0, chain=96.0, memory=300.0)


@pytest.mark.parametrize(("cores", "seconds"), [(1, 106.0), (2, 96.0), (64, 96.0)])
def test_cores_take_the_next_job_that_is_ready(costs, told, cores, seconds):
    """On two cores the ratio is computed beside the estimate."""
    assert costs.seconds_on(cores, costs.read_jobs(SAID), told, "out") == seconds


@pytest.mark.parametrize(("priority", "seconds"), [(0, 12.0), (1, 10.0)])
def test_of_jobs_that_are_ready_the_one_with_the_larger_priority_starts(costs, priority, seconds):
    """Two long jobs, and a short one that another long one waits for, on two cores."""
    jobs = [
        costs.Job("long", outputs=("a",), benchmark="5"),
        costs.Job("long", outputs=("b",), benchmark="5"),
        costs.Job("short", outputs=("c",), benchmark="2", priority=priority),
        costs.Job("after", inputs=("c",), outputs=("d",), benchmark="5"),
    ]
    told = {"5": (5.0, 0.0), "2": (2.0, 0.0)}
    assert costs.seconds_on(2, jobs, told, "out") == seconds


def test_priorities_are_read(costs):
    (job,) = costs.read_jobs("rule a:\n    output: x\n    priority: 3\n")
    assert job == costs.Job("a", outputs=("x",), priority=3)


def test_an_unfinished_run_is_refused(costs, told):
    del told["benchmarks/estimate.tsv"]
    with pytest.raises(costs.UnfinishedRunError, match=r"no benchmark out/benchmarks/estimate.tsv"):
        costs.cost(costs.needed(costs.read_jobs(SAID), "all"), told, "out")


def test_the_page_names_each_figure_and_claim_with_its_command(costs, told):
    config = {
        "pathvars": {"results": "out"},
        "figures": {"one": {"shows": "a plane"}},
        "claims": {},
    }
    page = costs.page(costs.read_jobs(SAID), told, config)
    assert "| [a plane](gallery/one.png) | `snakemake plot_one` | 3 | 1.6 | 1.6 | 300 |" in page
    assert "the whole study is 4 jobs,\n2 core minutes" in page


def test_what_another_file_adds_has_a_cost_of_its_own(costs, told):
    config = {
        "pathvars": {"results": "out"},
        "figures": {"one": {"shows": "a plane"}, "two": {"shows": "another"}},
        "claims": {},
    }
    added = "localrule plot_two:\n    input: out/estimates.parquet, out/more.h5\n"
    added += "    output: out/two.png\n    benchmark: out/benchmarks/plot_one.tsv\n"
    jobs, further = costs.read_jobs(SAID), costs.read_jobs(SAID + added)
    page = costs.page(jobs, told, config)
    assert "plot_one" in page
    assert "plot_two" not in page
    found = costs.heavier(jobs, further, told, config, "more.yaml")
    assert found == {
        "[another](gallery/two.png) | `snakemake --configfile more.yaml -- plot_two`": costs.Cost(
            3, 96.0, 96.0, 300.0
        ),
        "all that it adds | ": costs.Cost(1, 6.0, 6.0, 300.0),
    }
