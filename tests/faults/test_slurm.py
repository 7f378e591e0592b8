"""A real SLURM of one node: the same bits as on one machine, whatever becomes of its jobs."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.faults import tiny_study
from tests.faults.extent import EVERYTHING
from tests.faults.tiny_study import TABLE
from tests.workflow.conftest import REPOSITORY

PROFILES = REPOSITORY / "workflow/profiles"
CONFIGURATION = Path("/etc/slurm/slurm.conf")
SITE = ("--default-resources", "slurm_partition=main", "slurm_account=tests")
CALL = ("--jobs", "4", "--", TABLE)


def test_the_profile_keeps_what_every_run_needs_and_names_groups_that_exist():
    profiles = {
        name: yaml.safe_load((PROFILES / name / "profile.yaml").read_text())
        for name in ("default", "slurm")
    }
    kept = {name: profiles["slurm"].get(name) for name in profiles["default"]}
    assert kept == profiles["default"] | {"latency-wait": 60}
    rules = "\n".join(path.read_text() for path in (REPOSITORY / "workflow/rules").glob("*.smk"))
    groups = profiles["slurm"]["groups"]
    for rule in groups:
        assert f"\nrule {rule}:\n" in rules
    assert set(profiles["slurm"]["group-components"]) == set(groups.values())


def slurm(*command: str) -> str:
    """Ask SLURM something."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def eventually(ask, seconds: float = 600):
    """Wait until SLURM says something of interest."""
    deadline = time.monotonic() + seconds
    while not (said := ask()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return said


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Start a SLURM of this machine alone; return the file of what its jobs came to."""
    if not EVERYTHING:
        pytest.skip("tried by `make faults`")
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("no plugin: pip install -c constraints.txt -e '.[workflow,test,slurm]'")
    if os.geteuid() or not all(map(shutil.which, ("munged", "slurmctld", "slurmd"))):
        pytest.skip("needs root, and apt-get install slurm-wlm munge")
    if CONFIGURATION.exists():
        pytest.skip(f"{CONFIGURATION} says that this machine has a SLURM of its own")
    # The paths of sockets are short.
    state = Path(tmp_path_factory.mktemp("slurm"))
    script = [str(Path(__file__).with_name("one_node_slurm.sh"))]
    environment = {**os.environ, "ONE_NODE_SLURM": str(state)}
    try:
        subprocess.run([*script, "up"], check=True, env=environment)
        yield state / "log/jobcomp.txt"
    finally:
        subprocess.run([*script, "down"], check=False, env=environment)


def take_for_its_own(folder: Path) -> None:
    """Make the tiny study what the Snakefile reads.

    Snakemake does not hand ``--replace-workflow-config`` on to jobs elsewhere.
    """
    for file in re.findall(
        '^configfile: "(.+)"$', (folder / "workflow/Snakefile").read_text(), re.M
    ):
        (folder / file).write_text("{}\n")
    (folder / "tiny.yaml").rename(folder / "config/config.yaml")


def begin(folder: Path, *also: str) -> subprocess.Popen:
    """Begin the tiny study on the cluster."""
    profile = ("--workflow-profile", "workflow/profiles/slurm")
    with open(folder / "said.txt", "w") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *profile, *also, *SITE, *CALL],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder / "src")},
            stdout=stream,
            stderr=stream,
        )


def test_a_job_cancelled_one_out_of_memory_and_a_drained_node_cost_nothing(
    cluster, finished, tmp_path
):
    folder = tiny_study.copy_without_results(finished, tmp_path / "study")
    take_for_its_own(folder)
    little = "train_networks:mem_mb=100 if attempt == 1 else 3000"
    run = begin(folder, "--set-resources", little)
    try:
        # Of the first job, which makes the task, and again of what comes after it.
        (first, *_) = eventually(lambda: slurm("squeue", "-h", "-t", "R", "-o", "%A").split())
        slurm("scancel", first)
        # Without cgroups SLURM calls what it kills for its memory failed.
        eventually(lambda: "JobState=FAILED" in cluster.read_text())
        node = slurm("hostname", "-s").strip()
        slurm("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
        time.sleep(10)
        slurm("scontrol", "update", f"nodename={node}", "state=resume")
        assert run.wait(timeout=1200) == 0, (folder / "said.txt").read_text()[-5000:]
    finally:
        run.kill()
    assert "JobState=CANCELLED" in cluster.read_text()
    logs = (folder / ".snakemake/slurm_logs/rule_train_networks").rglob("*.log")
    assert any("exceeded memory limit" in path.read_text() for path in logs)
    assert tiny_study.results(folder) == tiny_study.results(finished)
