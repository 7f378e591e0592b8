"""Write what each figure and each claim costs, from the benchmarks of a finished run.

Usage: python docs/costs.py [results] [--configfile config/images.yaml ...]

A dry run tells which jobs a target needs; a finished run has left the seconds and the memory of
each. Targets share jobs: whoever makes two of them pays for what both need once.
"""

from __future__ import annotations

import argparse
import csv
import heapq
import itertools
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

DOCS = Path(__file__).parent
PAGE = DOCS / "costs.md"
SECTION = re.compile(r"^(?:## With|Those that) `--configfile (\S+)`", re.MULTILINE)
"""How a section of a page begins that is not of the study, but of a further configuration file."""
JOB = re.compile(r"^(?:local)?rule (\w+):$")
FIELD = re.compile(r"^    (input|output|benchmark|priority): (.*)$")
CORES = (1, 2, 4, 8, 16, 64)


class UnfinishedRunError(ValueError):
    """Report a job whose cost nobody has measured."""


@dataclass(frozen=True)
class Job:
    """Hold a job of the study.

    Attributes
    ----------
    rule : str
    inputs, outputs : tuple of str
    benchmark : str
        Its file, empty if it has none.
    priority : int
        Of jobs that are ready, those with a larger one start first.
    """

    rule: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    benchmark: str = ""
    priority: int = 0


@dataclass(frozen=True)
class Cost:
    """Hold what a set of jobs costs.

    Attributes
    ----------
    jobs : int
    seconds : float
        All jobs one after the other on one core.
    chain : float
        Seconds of the longest chain of jobs that wait for each other: no number of cores makes the
        target sooner.
    memory : float
        Largest of a job, in MB.
    """

    jobs: int
    seconds: float
    chain: float
    memory: float


def read_jobs(said: str) -> list[Job]:
    """Read the jobs of a dry run from what Snakemake prints.

    Parameters
    ----------
    said : str

    Returns
    -------
    jobs : list of Job
    """
    jobs: list[dict] = []
    for line in said.splitlines():
        if found := JOB.match(line):
            jobs.append({"rule": found[1]})
        elif jobs and (found := FIELD.match(line)):
            key, value = found.groups()
            if key in ("input", "output"):
                key, value = f"{key}s", tuple(value.split(", "))
            jobs[-1][key] = int(value) if key == "priority" else value
    return [Job(**job) for job in jobs]


def needed(jobs: Iterable[Job], target: str) -> list[Job]:
    """Return the jobs that a target needs, each before those that wait for it.

    Parameters
    ----------
    jobs : iterable of Job
    target : str
        A rule or a file.

    Raises
    ------
    KeyError
        If no job makes it.
    """
    makers = {output: job for job in jobs for output in job.outputs}
    rules = {job.rule: job for job in jobs}
    order: dict[int, Job] = {}

    def visit(job: Job) -> None:
        if id(job) not in order:
            for name in job.inputs:
                if name in makers:
                    visit(makers[name])
            order[id(job)] = job

    visit(rules[target] if target in rules else makers[target])
    return list(order.values())


def read_benchmarks(results: Path) -> dict[str, tuple[float, float]]:
    """Return seconds and memory in MB of each job, by the name of its benchmark under the results.

    Seconds are those that the job held its core: Snakemake reads the processor time only now and
    then, and misses the end.
    """
    told = {}
    for path in sorted((results / "benchmarks").rglob("*.tsv")):
        with open(path, newline="", encoding="utf-8") as file:
            (row,) = csv.DictReader(file, delimiter="\t")
        memory = 0.0 if row["max_rss"] in ("NA", "-") else float(row["max_rss"])
        told[path.relative_to(results).as_posix()] = float(row["s"]), memory
    return told


def measured(
    job: Job, told: Mapping[str, tuple[float, float]], results: str
) -> tuple[float, float]:
    """Return the seconds and the memory of a job, none if it has no benchmark.

    Raises
    ------
    UnfinishedRunError
        If the run has left no benchmark of it.
    """
    if not job.benchmark:
        return 0.0, 0.0
    try:
        return told[job.benchmark.removeprefix(f"{results}/")]
    except KeyError:
        raise UnfinishedRunError(
            f"the run has left no benchmark {job.benchmark}: finish it with this version"
        ) from None


def seconds_on(
    cores: int, jobs: list[Job], told: Mapping[str, tuple[float, float]], results: str
) -> float:
    """Return how long jobs take where a free core takes the next one that is ready."""
    makers = {output: number for number, job in enumerate(jobs) for output in job.outputs}
    needs = [{makers[name] for name in job.inputs if name in makers} for job in jobs]
    after: list[list[int]] = [[] for _ in jobs]
    for number, own in enumerate(needs):
        for other in own:
            after[other].append(number)
    waiting = [len(own) for own in needs]
    ready = [(-job.priority, number) for number, job in enumerate(jobs) if not waiting[number]]
    heapq.heapify(ready)
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < cores:
            _, number = heapq.heappop(ready)
            heapq.heappush(running, (now + measured(jobs[number], told, results)[0], number))
        now, number = heapq.heappop(running)
        for following in after[number]:
            waiting[following] -= 1
            if not waiting[following]:
                heapq.heappush(ready, (-jobs[following].priority, following))
    return now


def cost(jobs: Iterable[Job], told: Mapping[str, tuple[float, float]], results: str) -> Cost:
    """Add up jobs that stand in the order in which they wait for each other.

    Raises
    ------
    UnfinishedRunError
        If the run has left no benchmark of one of them.
    """
    done: dict[str, float] = {}
    seconds = chain = memory = 0.0
    counted = 0
    for job in jobs:
        own, used = measured(job, told, results)
        counted += bool(job.benchmark)
        end = own + max((done.get(name, 0.0) for name in job.inputs), default=0.0)
        done.update(dict.fromkeys(job.outputs, end))
        seconds, chain, memory = seconds + own, max(chain, end), max(memory, used)
    return Cost(counted, seconds, chain, memory)


def table(head: str, costs: Mapping[str, Cost]) -> str:
    """Return a Markdown table of costs."""
    lines = [
        f"| {head} | jobs | core minutes | longest chain, minutes | largest job, MB |",
        "|---|---|---|---|---|",
    ]
    for name, one in costs.items():
        minutes = f"{one.seconds / 60:.1f} | {one.chain / 60:.1f}"
        lines.append(f"| {name} | {one.jobs} | {minutes} | {one.memory:.0f} |")
    return "\n".join(lines)


def by_stage(jobs: Iterable[Job], told: Mapping[str, tuple[float, float]], results: str) -> dict:
    """Return the costs of the stages, the largest first."""
    stages: dict[str, list[Job]] = {}
    for job in jobs:
        if job.benchmark:
            stages.setdefault(f"`{job.rule}`", []).append(job)
    costs = {stage: cost(own, told, results) for stage, own in stages.items()}
    return dict(sorted(costs.items(), key=lambda item: -item[1].seconds))


def targets(
    jobs: Iterable[Job], config: dict, call: str = "snakemake"
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the figures and the claims that some jobs make, each a row's head with its target."""
    made = {job.rule for job in jobs} | {output for job in jobs for output in job.outputs}
    results = results_of(config)
    figures = {
        f"[{entry['shows']}](gallery/{name}.png) | `{call} plot_{name}`": f"plot_{name}"
        for name, entry in config["figures"].items()
    }
    claims = {
        f"**{name}** {entry['statement']} | `{call} {results}/claims/{name}.tsv`": (
            f"{results}/claims/{name}.tsv"
        )
        for name, entry in config["claims"].items()
    }
    return tuple(
        {head: target for head, target in kind.items() if target in made}
        for kind in (figures, claims)
    )


def results_of(config: dict) -> str:
    """Return the folder of a configuration's results."""
    return config.get("pathvars", {}).get("results", "results")


def page(jobs: list[Job], told: Mapping[str, tuple[float, float]], config: dict) -> str:
    """Return the page of costs.

    Parameters
    ----------
    jobs : list of Job
        Of the whole study.
    told : mapping
        What `read_benchmarks` returns.
    config : dict
        The configuration that the run has recorded. What no job makes has no cost here.
    """
    results = results_of(config)
    figures, claims = (
        {name: cost(needed(jobs, target), told, results) for name, target in kind.items()}
        for kind in targets(jobs, config)
    )
    whole = cost(jobs, told, results)
    stages = table("stage", by_stage(jobs, told, results))
    on_cores = "\n".join(
        f"| {cores} | {seconds_on(cores, jobs, told, results) / 60:.1f} |" for cores in CORES
    )
    return f"""# What each figure and claim costs

Made by `python docs/costs.py` from the benchmarks of a finished full run. A job computes on one
core; *core minutes* are those of all jobs that a target needs from nothing, *longest chain* those
that wait for each other. On n cores a target takes about the larger of the chain and the core
minutes over n; every command takes the number of cores too, as in `snakemake --cores 2
plot_szt_2`. What two targets share is computed once: the whole study is {whole.jobs} jobs,
{whole.seconds / 60:.0f} core minutes. Sections of further configuration files, at the end, are each
of the run that was published; [performance](performance.md#the-whole-study) names the machines.

## Figures

{table("figure | command", figures)}

## Claims

{table("claim | command", claims)}

## Stages

{stages}

## On other numbers of cores

The whole study if each job keeps its seconds, its priority and what it waits for, and a free core
takes the next one that is ready. Snakemake's own work and the disk are left out.

| cores | minutes |
|---|---|
{on_cores}
"""


def heavier(
    jobs: list[Job],
    further: list[Job],
    told: Mapping[str, tuple[float, float]],
    config: dict,
    file: str,
) -> dict[str, Cost]:
    """Return the costs of what another configuration file adds to the study, and of all that.

    Parameters
    ----------
    jobs, further : list of Job
        Of the study, and of the study with that file.
    told : mapping
        What `read_benchmarks` returns.
    config : dict
        The configuration with that file, as the run has recorded it.
    file : str
        Its name, for the commands.
    """
    results = results_of(config)
    known = {target for kind in targets(jobs, config) for target in kind.values()}
    made = {output for job in jobs for output in job.outputs}
    added = {
        head: needed(further, target)
        for kind in targets(further, config, f"snakemake --configfile {file} --")
        for head, target in kind.items()
        if target not in known
    }
    costs = {head: cost(own, told, results) for head, own in added.items()}
    own = {job.benchmark: job for chain in added.values() for job in chain}
    new = [job for job in own.values() if not made.intersection(job.outputs)]
    return costs | {"all that it adds | ": cost(new, told, results)}


def dry_run(*files: str) -> str:
    """Return what Snakemake says of a run of everything from nothing.

    Parameters
    ----------
    *files : str
        Further configuration files.
    """
    command = ["-m", "snakemake", "--dry-run", "--forceall"]
    command += ["--configfile", *files] if files else []
    said = subprocess.run(
        [sys.executable, *command, "--", "all", "page"],
        cwd=DOCS.parent,
        check=True,
        capture_output=True,
        text=True,
    )
    return said.stdout + said.stderr


def split_before_sections(text: str) -> list[str]:
    """Return a page's part of the study, and its sections of further configuration files."""
    starts = [match.start() for match in SECTION.finditer(text)]
    return [text[start:end] for start, end in itertools.pairwise([0, *starts, len(text)])]


def with_parts(text: str, study: str | None, added: dict[str, str]) -> str:
    """Return a page with some of its parts written anew; the others stay as they are.

    Parameters
    ----------
    text : str
        The page as it is.
    study : str or None
        What stands above all sections, of the study itself.
    added : dict of str to str
        By configuration file its section, which begins with a line that `SECTION` matches.
    """
    above, *old = (f"{part.rstrip()}\n" for part in split_before_sections(text))
    sections = {SECTION.match(part)[1]: part for part in old} | added
    parts = [above if study is None else study]
    return "\n".join([*parts, *(sections[file] for file in sorted(sections))])


def write_costs(results: Path, files: Iterable[str] = ()) -> None:
    """Write the page from the results of a finished run: of the study, or of what files add."""
    config = yaml.safe_load((results / "config.yaml").read_text(encoding="utf-8"))
    jobs, told, added = read_jobs(dry_run()), read_benchmarks(results), {}
    for file in files:
        costs = heavier(jobs, read_jobs(dry_run(file)), told, config, file)
        head = f"## With `--configfile {file}`"
        added[file] = f"{head}\n\n{table('figure or claim | command', costs)}\n"
    study = None if added else page(jobs, told, config)
    text = with_parts(PAGE.read_text(encoding="utf-8"), study, added)
    PAGE.write_text(text, encoding="utf-8")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Ask for a run's results, and for the configuration files that it had besides the study's."""
    parser.add_argument("results", nargs="?", type=Path, default=DOCS.parent / "results")
    parser.add_argument(
        "--configfile", nargs="+", default=[], help="files that the run had besides the study's"
    )


def main() -> None:
    """Read the command line and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    given = parser.parse_args()
    write_costs(given.results, given.configfile)


if __name__ == "__main__":
    main()
