"""Measure what the machinery costs: many tiny jobs, many files, a slow disk, ends all at once.

Usage: python -m benchmarks.machinery {load,scheduler,files,slow,together} [conditions]

load       200 conditions on two cores: the scheduler's share of the time
scheduler  the same, but no job does anything: what the scheduler costs, ten times as soon
files      10,000 result files: noting, planning and verifying them
slow       ten conditions with each call on results and notes as slow as over a network
together   64 chunks that run and end at once, against the same ones by two

Each runs in a copy of the repository that is deleted afterwards. docs/scaling.md says what came of
it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from benchmarks.scaling import ROOT, TABLES, study, synthetic
from infoplane.tasks import make_task
from pipeline import recipes
from pipeline.dependencies import code_of
from pipeline.files import save_table, save_task, writing_hdf5
from pipeline.planning import Study
from pipeline.seals import declare
from pipeline.stage import digest_of_code, versions

COPIED = ("config", "src", "workflow", "docs", "environment.yml", "pyproject.toml")
# Networks of a job, their epochs and snapshots: a job is little more than its start.
NETWORKS, EPOCHS, SNAPSHOTS = 2, 20, 5
# Their two chunks of three files each and two tables make 1250 conditions 10,000 files.
CONDITIONS = {"load": 200, "scheduler": 200, "files": 1250, "slow": 10, "together": 2}
CHUNKS = 64
CORES = 2
# Ours: a round trip to a file server in the same building takes about a millisecond.
ROUND_TRIP_SECONDS = (0.0, 0.001, 0.01)
SECONDS_BETWEEN_LOOKS = 0.1
STAGES = (
    *("generate_data", "train_networks", "dump_activations", "estimate_information"),
    "merge_table",
)
NOTHING_DONE = """
from pathlib import Path
for path in (*snakemake.output, *snakemake.log):
    Path(path).touch()
raise SystemExit
"""
# Loaded by every Python below the copy. The calls are those that a network file system sends to its
# server; what libraries written in C open is not delayed.
SLOW = '''
"""Take as long for each call on some folders as a round trip to a file server."""
import os, sys, time

FOLDERS, SECONDS = ("results/", ".snakemake/"), float(os.environ["ROUND_TRIP_SECONDS"])

def wait(path):
    if isinstance(path, (str, os.PathLike)) and any(it in os.fspath(path) for it in FOLDERS):
        time.sleep(SECONDS)

def slow(call):
    def after_waiting(path, *arguments, **keywords):
        wait(path)
        return call(path, *arguments, **keywords)
    return after_waiting

for name in ("stat", "lstat", "access"):
    setattr(os, name, slow(getattr(os, name)))
# These tell of themselves.
TOLD = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.utime", "os.chmod",
        "os.listdir", "os.scandir"}
sys.addaudithook(lambda event, told: event in TOLD and wait(told[0]))
'''


@dataclass(frozen=True)
class Course:
    """Hold what a run of Snakemake took.

    Attributes
    ----------
    jobs : int
    cores : int
    wall : float
        Seconds on the clock, the start of Snakemake and its plan included.
    working : float
        Seconds on the clock of all jobs, from their start to their end.
    scheduler, others : float
        Seconds of the processor, of Snakemake's main process and of all that it started.
    gigabytes : float
        Most memory of the main process.
    """

    jobs: int
    cores: int
    wall: float
    working: float
    scheduler: float
    others: float
    gigabytes: float

    @property
    def idle(self) -> float:
        """Return the share of the time in which a core had no job."""
        return 1 - self.working / (self.cores * self.wall)

    @property
    def share(self) -> float:
        """Return the scheduler's share of the processor's time."""
        return self.scheduler / (self.scheduler + self.others)

    def __str__(self) -> str:
        took = f"{self.wall:.0f} s on {self.cores} cores"
        scheduler = f"the scheduler {self.scheduler:.1f} s of the processor"
        if not self.jobs:
            return f"{took}; {scheduler}; {self.gigabytes:.2f} GB"
        each = 1000 * self.scheduler / self.jobs
        return (
            f"{self.jobs} jobs in {took}; jobs took {self.working:.0f} s by the clock, "
            f"{self.others:.0f} s of the processor; {scheduler}, {each:.0f} ms a job, "
            f"{self.share:.1%}; cores without a job {self.idle:.1%} of the time; "
            f"{self.gigabytes:.2f} GB"
        )


def tiny(conditions: int, networks: int = NETWORKS, per_chunk: int = NETWORKS) -> dict:
    """Return a study of many conditions whose jobs take hardly longer than their start."""
    config = synthetic(study(), conditions, networks, per_chunk)
    for run in config["runs"].values():
        run |= {"epochs": EPOCHS, "snapshots": SNAPSHOTS}
    return config


@contextmanager
def copy_of_the_repository(config: dict) -> Iterator[Path]:
    """Give a copy of what the workflow needs, with a configuration of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in COPIED:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("*.egg-info", "__pycache__", "gallery")
                shutil.copytree(ROOT / name, folder / name, ignore=ignored)
            else:
                shutil.copy(ROOT / name, folder / name)
        (folder / "synthetic.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        yield folder


def command(*arguments: str, cores: int = CORES) -> list[str]:
    """Return a call of Snakemake on the copy's configuration."""
    files = ("--configfile", "synthetic.yaml", "--replace-workflow-config")
    return [sys.executable, "-m", "snakemake", "--cores", str(cores), *files, *arguments]


def targets(config: dict) -> list[str]:
    """Return the tables that all of a synthetic study is needed for."""
    return [f"{config['pathvars']['results']}/tables/{name}.parquet" for name in TABLES]


def run(folder: Path, config: dict, *arguments: str, cores: int = CORES, **variables) -> Course:
    """Run a synthetic study and look at its processes.

    Parameters
    ----------
    folder : path
        A copy of the repository.
    config : dict
    *arguments : str
        Of Snakemake, besides the targets.
    cores : int
    **variables
        Of the environment.

    Returns
    -------
    course : Course

    Raises
    ------
    SystemExit
        With what Snakemake said, if it failed.
    """
    began = time.perf_counter()
    with open(folder / "said.txt", "w") as stream:
        process = subprocess.Popen(
            command(*arguments, "--", *targets(config), cores=cores),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder / "src"), **variables},
            stdout=stream,
            stderr=stream,
        )
    seen, most = look(psutil.Process(process.pid), process.poll)
    wall = time.perf_counter() - began
    if process.returncode:
        raise SystemExit((folder / "said.txt").read_text()[-3000:])
    seconds = list(job_seconds(folder / config["pathvars"]["results"] / "benchmarks"))
    return Course(
        jobs=len(seconds),
        cores=cores,
        wall=wall,
        working=sum(seconds),
        scheduler=seen.user + seen.system,
        others=seen.children_user + seen.children_system,
        gigabytes=most / 1e9,
    )


def look(process: psutil.Process, ended: Callable[[], int | None]):
    """Watch a process until it ends; return its last times and its most memory in bytes."""
    times, most = process.cpu_times(), 0
    while ended() is None:
        # It may end between the two.
        with suppress(psutil.Error):
            memory = process.memory_info().rss
            times, most = process.cpu_times(), max(most, memory)
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return times, most


def job_seconds(folder: Path) -> Iterator[float]:
    """Yield the seconds of each job that has left a benchmark."""
    for path in folder.rglob("*.tsv"):
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                yield float(row["s"])


def load(conditions: int) -> None:
    """Run many conditions and say what of the time was the scheduler's."""
    config = tiny(conditions)
    with copy_of_the_repository(config) as folder:
        compile_kernels(folder)
        print(f"{conditions} conditions: {run(folder, config)}")


def compile_kernels(folder: Path) -> None:
    """Run two conditions, so that what is measured later finds the machine code of all stages."""
    config = tiny(2) | {"pathvars": {"results": "results/compiled"}}
    whole = (folder / "synthetic.yaml").read_text()
    (folder / "synthetic.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    run(folder, config)
    (folder / "synthetic.yaml").write_text(whole)


def scheduler(conditions: int) -> None:
    """Run many conditions whose jobs do nothing."""
    config = tiny(conditions)
    with copy_of_the_repository(config) as folder:
        for stage in STAGES:
            script = folder / f"src/{stage}.py"
            script.write_text(doing_nothing(script.read_text()))
        print(f"{conditions} conditions, nothing done: {run(folder, config)}")


def doing_nothing(script: str) -> str:
    """Return a stage's code behind an end; what it imports stays, and so do the job's inputs."""
    # Only what stands first may be of the future.
    return NOTHING_DONE + script.replace("from __future__ import annotations\n", "")


def slow(conditions: int) -> None:
    """Run some conditions with several times of a round trip to the disk."""
    config = tiny(conditions)
    for seconds in ROUND_TRIP_SECONDS:
        with copy_of_the_repository(config) as folder:
            compile_kernels(folder)
            (folder / "src/sitecustomize.py").write_text(SLOW)
            course = run(folder, config, ROUND_TRIP_SECONDS=str(seconds))
            print(f"{1000 * seconds:.0f} ms a call: {course}")


def together(conditions: int) -> None:
    """Let all chunks of some conditions end at once, and compare their bits with those of two."""
    config = tiny(conditions, networks=CHUNKS // conditions, per_chunk=1)
    found = []
    for cores in (CORES, CHUNKS):
        with copy_of_the_repository(config) as folder:
            compile_kernels(folder)
            print(f"{CHUNKS} chunks, {cores} at a time: {run(folder, config, cores=cores)}")
            found.append(digests(folder / config["pathvars"]["results"]))
    if found[0] != found[1]:
        raise SystemExit("the chunks that ended at once have other bits")
    print(f"{len(found[0])} files have the same bits")


def digests(results: Path) -> dict[str, str]:
    """Return a digest of every result with a seal."""
    return {
        str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.suffix in recipes.SEALED
    }


def files(conditions: int) -> None:
    """Make files in place of results, and say what it costs to note, plan and verify them."""
    config = tiny(conditions, networks=2 * NETWORKS)
    with copy_of_the_repository(config) as folder:
        count = make_files(folder, config)
        for what, arguments in {
            "noted": ("--touch", "--forceall"),
            "planned, nothing to be done": ("--dry-run", "--quiet"),
        }.items():
            print(f"{count} files {what}: {run(folder, config, *arguments)}")
        began = time.perf_counter()
        said = subprocess.run(
            command("verify"),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        (told,) = {line for line in said.stdout.splitlines() if " files checked" in line}
        print(f"verified in {time.perf_counter() - began:.0f} s: {told}")


def make_files(folder: Path, config: dict) -> int:
    """Write every result of a study with its seal and nothing in it; return how many there are."""
    one = Study(config)
    results = config["pathvars"]["results"]
    wanted = [*recipes.intermediate_files(one), *recipes.product_files(one)]
    code = {file: digest_of_code(ROOT / file) for file in code_of("train_networks.py")}
    about = {"versions": versions(), "commit": "unknown", "code": code}
    task = make_task(**config["tasks"][config["defaults"]["task"]])
    here = Path.cwd()
    os.chdir(folder)
    try:
        for file in wanted:
            path = f"{results}/{file}"
            declare({}, {path: {"file": file, "settings": recipes.recipe(one, file)}}, about)
            match Path(file).suffix:
                case ".npz":
                    save_task(path, task)
                case ".h5":
                    with writing_hdf5(path, "training"):
                        pass
                case _:
                    save_table(path, {"epoch": [0]})
    finally:
        os.chdir(here)
    return len(wanted)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    measures = {one.__name__: one for one in (load, scheduler, files, slow, together)}
    parser.add_argument("measure", choices=measures)
    parser.add_argument("conditions", type=int, nargs="?")
    asked = parser.parse_args()
    measures[asked.measure](asked.conditions or CONDITIONS[asked.measure])


if __name__ == "__main__":
    main()
