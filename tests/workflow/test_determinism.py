"""The same numbers, bit for bit, whatever the cores, the chunks, the order and interruptions.

The small configuration, cut to two conditions that differ in all they can (activation, output,
initial weights, optimiser, batch size, estimator) and to short trainings.
"""

import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from pipeline.files import load_table
from tests.workflow.conftest import copy_repository, snakemake
from tests.workflow.test_configuration import FILES, merged

RUNS = ("szt_tanh", "saxe_full_batch_relu")
ESTIMATOR = "binned_100_global"
TABLES = ("metrics", "information", "gradients")


def cut_configuration() -> dict:
    """Return the small configuration with two runs, two estimators and one claim."""
    config = merged(*FILES, "config/smoke.yaml")
    config["defaults"] |= {"initialisations": 5, "epochs": 30, "snapshots": 10}
    config["runs"] = {run: config["runs"][run] for run in RUNS}
    config["estimators"] = {
        ESTIMATOR: config["estimators"][ESTIMATOR],
        "kde_0.1": config["estimators"]["kde_0.1"]
        | {"runs": list(RUNS), "initialisations": 4, "snapshots": 3},
    }
    config["multi_network"] = {}
    (group,) = config["claims"]["C01"]["judged_on"]
    cases = [group | {"runs": ["szt_tanh"], "estimators": [ESTIMATOR]}]
    config["claims"] = {"C01": config["claims"]["C01"] | {"judged_on": cases}}
    for figure in config["figures"].values():
        if "runs" in figure:
            figure["runs"] = {"tanh": "szt_tanh"}
        if "estimator" in figure:
            figure["estimator"] = ESTIMATOR
    for comparison in config["comparisons"].values():
        comparison |= {"runs": list(RUNS), "estimators": [ESTIMATOR]}
        if "pairs" in comparison:
            comparison["pairs"] = [{"run": RUNS[1], "reference": RUNS[0]}]
    return config


def arguments(folder, cores: int, **changes) -> list[str]:
    """Write the configuration with some keys changed, and return what to call Snakemake with."""
    (folder / "cut.yaml").write_text(yaml.safe_dump(cut_configuration() | changes))
    targets = [f"results/smoke/tables/{table}.parquet" for table in TABLES]
    return [
        *("--cores", str(cores), *targets, "results/smoke/claims.tsv"),
        *("--configfile", "cut.yaml", "--replace-workflow-config"),
    ]


def results(folder) -> dict:
    """Return every number of a finished run."""
    tables = {
        table: load_table(folder / f"results/smoke/tables/{table}.parquet").to_pydict()
        for table in TABLES
    }
    return tables | {"claims": (folder / "results/smoke/claims.tsv").read_text()}


def run(folder, cores: int, **changes) -> dict:
    said = snakemake(folder, *arguments(folder, cores, **changes))
    assert said.returncode == 0, said.stdout[-5000:] + said.stderr[-5000:]
    assert not list((folder / "results/smoke/activations").rglob("*.h5"))
    return results(folder)


def differing(first: dict, second: dict) -> list[str]:
    """Name the tables that differ in any bit; NaN equals NaN."""
    return [name for name in first if repr(first[name]) != repr(second[name])]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Return the numbers of one core and one chunk."""
    return run(copy_repository(tmp_path_factory.mktemp("one")), 1, inits_per_chunk=5)


@pytest.mark.parametrize(("cores", "inits_per_chunk"), [(2, 5), (2, 2), (1, 3)])
def test_cores_and_chunks_change_no_number(clone, reference, cores, inits_per_chunk):
    assert differing(run(clone, cores, inits_per_chunk=inits_per_chunk), reference) == []


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_goes_on_to_the_same_numbers(clone, reference, blow):
    command = [sys.executable, "-m", "snakemake", *arguments(clone, 2, inits_per_chunk=2)]
    environment = {**os.environ, "PYTHONPATH": str(clone / "src")}
    with open(clone / "said.txt", "w") as said:
        process = subprocess.Popen(
            command,
            cwd=clone,
            env=environment,
            stdout=said,
            stderr=said,
            start_new_session=True,
            # Where the tests run in the background, interrupts are ignored and would stay so.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        while not list((clone / "results/smoke/information").rglob("*.parquet")):
            assert process.poll() is None, (clone / "said.txt").read_text()[-5000:]
            time.sleep(0.1)
        process.send_signal(blow)
        process.wait(timeout=120)
    assert process.returncode != 0
    if blow == signal.SIGKILL:
        # As the README says: a killed Snakemake leaves its lock.
        unlocked = snakemake(clone, *arguments(clone, 2, inits_per_chunk=2), "--unlock")
        assert unlocked.returncode == 0, unlocked.stderr
    assert differing(run(clone, 2, inits_per_chunk=2), reference) == []


def test_an_edited_estimator_estimates_again_and_trains_nothing(clone):
    run(clone, 2, inits_per_chunk=5)
    module = clone / "src/infoplane/estimators/binned.py"
    module.write_text(module.read_text() + "\n# A change.\n")
    said = snakemake(clone, *arguments(clone, 2, inits_per_chunk=5), "--dry-run")
    jobs = said.stdout + said.stderr
    assert "rule estimate_information:" in jobs
    for stage in ("generate_data", "train_networks", "compute_gradient_snr"):
        assert f"rule {stage}:" not in jobs
