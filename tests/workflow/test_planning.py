"""What a product plans: its own runs and measurements, and nothing else."""

import re

import pytest
import yaml

from tests.workflow.conftest import SMOKE, snakemake


def planned(said) -> dict[str, int]:
    """Return the jobs of a dry run, by rule."""
    assert said.returncode == 0, said.stderr[-3000:]
    table = re.search(r"^job +count\n[- ]+\n((?:.+\n)+)", said.stdout + said.stderr, re.MULTILINE)
    rows = (line.split() for line in table[1].splitlines()) if table else ()
    return {rule: int(count) for rule, count in rows}


@pytest.mark.parametrize(
    ("target", "most"), [("plot_saxe_1b", 12), ("plot_saxe_5", 40), ("plot_saxe_7", 10)]
)
def test_a_figure_plans_its_own_runs_alone(clone, target, most):
    jobs = planned(snakemake(clone, "--cores", "1", "--dry-run", target))
    assert jobs["total"] <= most
    assert jobs[target] == 1


def test_a_table_of_one_run_plans_its_training_dump_estimate_and_merge(clone):
    target = "results/tables/information/szt_tanh/binned_30.parquet"
    jobs = planned(snakemake(clone, "--cores", "1", "--dry-run", target))
    assert set(jobs) == {
        *("generate_data", "train_networks", "dump_activations", "estimate_information"),
        *("merge_table", "total"),
    }
    assert jobs["train_networks"] == jobs["dump_activations"] == jobs["estimate_information"]
    assert jobs["merge_table"] == 1


def test_a_run_of_which_something_else_is_measured_is_not_trained_again(clone):
    target = "results/tables/metrics/digits_convolutional_mean/training.parquet"
    jobs = planned(snakemake(clone, "--cores", "1", "--dry-run", target))
    assert set(jobs) == {
        *("generate_data", "train_networks", "share_training", "merge_table", "total"),
    }
    assert jobs["share_training"] == jobs["train_networks"]


def test_a_run_and_an_estimator_of_a_file_of_ones_own_are_a_target(clone):
    mine = {
        "runs": {"mine": {"protocol": "szt", "activation": "softsign"}},
        "estimators": {"binned_64": {"method": "binned", "bins": 64, "range": [-1.0, 1.0]}},
        "measurements": {"mine_64": {"estimators": ["binned_64"], "runs": ["mine"]}},
    }
    (clone / "mine.yaml").write_text(yaml.safe_dump(mine))
    target = "results/tables/information/mine/mine_64.parquet"
    files = ("--configfile", "mine.yaml")
    jobs = planned(snakemake(clone, "--cores", "1", "--dry-run", target, *files))
    assert jobs["merge_table"] == 1
    assert jobs["total"] <= 8


@pytest.mark.xdist_group("study")
def test_a_run_that_is_added_redraws_and_rejudges_nothing_that_does_not_name_it(study, tmp_path):
    clone, mine = study.parents[1], tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump({"runs": {"mine": {"protocol": "szt", "seed": 1}}}))
    said = snakemake(clone, "--cores", "1", "--dry-run", *SMOKE, str(mine))
    jobs = planned(said)
    # It is trained and measured, and the tables of the whole study, that no rule reads, grow.
    assert jobs["train_networks"] == 1
    again = set(jobs) - {
        *("train_networks", "dump_activations", "estimate_information", "measure_networks"),
        *("compute_gradient_snr", "merge_table", "merge_study", "record_configuration"),
        *("all", "total"),
    }
    assert again == set()
