"""Model how long the whole study takes on other numbers of cores, from a finished run's benchmarks.

Usage: python -m benchmarks.study [results]

Jobs keep the wall time they took, their order of priority and what they wait for; a core that is
free takes the next one that is ready. Snakemake's own work and the disk are not in the model.
"""

from __future__ import annotations

import argparse
import csv
import heapq
from pathlib import Path
from typing import NamedTuple

CORES = (1, 2, 4, 8, 16, 64)


class Stage(NamedTuple):
    """Describe the jobs of a rule: their wildcards, what they wait for, and their priority.

    A stage waits for ``{stage}``, or for the jobs of it that make one table: ``{stage}/{table}``.
    """

    wildcards: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    priority: int = 0


TABLE = ("table", "run", "measurement")
CHUNK = ("run", "measurement", "chunk")
TRAINED = ("train_networks", "share_training")
# As in workflow/rules, but that a job waits for all jobs of a stage with the same wildcards, as far
# as both have them: claims and figures for all tables, a chunk for the data of all tasks. The
# report and the page, which show a finished study, are no part of it.
STAGES = {
    "fetch_images": Stage(("image_set",), priority=3),
    "generate_data": Stage(("task",), ("fetch_images",), priority=3),
    "record_configuration": Stage(),
    "audit_estimators": Stage(("samples",), priority=4),
    "merge_audit": Stage(needs=("audit_estimators",)),
    "audit_drops": Stage(("method",)),
    "solve_models": Stage(("model",), ("generate_data",)),
    "merge_drops": Stage(needs=("audit_drops",)),
    "train_networks": Stage(("run", "chunk"), ("generate_data",), priority=3),
    # It waits for another run's training, which shares no wildcard with it.
    "share_training": Stage(("run", "chunk"), ("generate_data",), priority=3),
    "dump_activations": Stage(CHUNK, TRAINED, priority=1),
    "estimate_information": Stage(CHUNK, ("dump_activations",), priority=2),
    "measure_networks": Stage(("table", *CHUNK), TRAINED, priority=3),
    "measure_groups": Stage(TABLE, TRAINED),
    "compute_gradient_snr": Stage(CHUNK, TRAINED),
    "merge_table": Stage(
        TABLE,
        (*TRAINED, "estimate_information", "measure_networks", "compute_gradient_snr"),
    ),
    "merge_study": Stage(("table",), ("merge_table", "measure_groups")),
    "compare_activations": Stage(needs=("merge_table/information",)),
    "compare_optimizers": Stage(needs=("merge_table/information",)),
    "compare_ablations": Stage(needs=("merge_table/information",)),
    "compare_estimators": Stage(needs=("merge_table/information",)),
    "compare_gradients": Stage(needs=("merge_table/gradients",)),
    "judge_claims": Stage(
        ("claim",), ("merge_table", "measure_groups", "merge_audit", "audit_drops")
    ),
    "collect_verdicts": Stage(needs=("judge_claims",)),
    "collect_details": Stage(needs=("judge_claims",)),
    # Figures that are drawn from a table of the whole study.
    "plot_infoplane_audit": Stage(needs=("merge_audit",)),
    "plot_infoplane_audit_drops": Stage(needs=("merge_drops",)),
    "plot_infoplane_scorecard": Stage(needs=("collect_verdicts",)),
    "plot_infoplane_ablations": Stage(needs=("compare_ablations",)),
    "plot_infoplane_batch_sizes": Stage(needs=("judge_claims", "merge_table")),
    "plot_infoplane_robustness": Stage(needs=("compare_estimators",)),
    "plot_szt_4": Stage(needs=("merge_table/gradients", "compare_gradients")),
}
FIGURE = Stage(needs=("merge_table", "measure_groups"))
NO_PART = ("report", "build_page", "write_crate", "verify")


def stage_of(name: str) -> Stage:
    """Look up a stage; figures are alike unless `STAGES` has them."""
    if name.startswith("plot_"):
        return STAGES.get(name, FIGURE)
    return STAGES[name]


class Job(NamedTuple):
    """Describe a job that ran: its stage, its wildcards' values by name, and its seconds."""

    stage: str
    wildcards: dict[str, str]
    seconds: float

    def waits_for(self, other: Job) -> bool:
        """Tell whether a job can start only after another."""
        names = {other.stage, f"{other.stage}/{other.wildcards.get('table')}"}
        if names.isdisjoint(stage_of(self.stage).needs):
            return False
        shared = self.wildcards.keys() & other.wildcards.keys()
        return all(self.wildcards[name] == other.wildcards[name] for name in shared)


def read_jobs(benchmarks: Path) -> list[Job]:
    """Read the jobs of a run from Snakemake's benchmark files.

    Parameters
    ----------
    benchmarks : path
        Files ``{stage}.tsv`` or ``{stage}/{wildcard}/.../{wildcard}.tsv``.

    Returns
    -------
    jobs : list of Job

    Raises
    ------
    ValueError
        If a file is of no stage of the study, as those that an older version left are.
    """
    jobs = []
    for path in sorted(benchmarks.rglob("*.tsv")):
        stage, *values = path.relative_to(benchmarks).with_suffix("").parts
        if stage in NO_PART:
            continue
        try:
            wildcards = dict(zip(stage_of(stage).wildcards, values, strict=True))
        except (KeyError, ValueError):
            raise ValueError(f"{path} is of no stage of the study; of an older one?") from None
        with open(path, newline="", encoding="utf-8") as file:
            (row,) = csv.DictReader(file, delimiter="\t")
        jobs.append(Job(stage, wildcards, float(row["s"])))
    return jobs


def model_seconds(jobs: list[Job], cores: int) -> float:
    """Return the wall time of a study whose free cores take the next job that is ready.

    Parameters
    ----------
    jobs : list of Job
    cores : int

    Returns
    -------
    seconds : float
    """
    after: list[list[int]] = [[] for _ in jobs]
    waiting = [0] * len(jobs)
    for index, job in enumerate(jobs):
        for other, needed in enumerate(jobs):
            if job.waits_for(needed):
                after[other].append(index)
                waiting[index] += 1
    order = [(-stage_of(job.stage).priority, index) for index, job in enumerate(jobs)]
    ready = [order[index] for index, count in enumerate(waiting) if count == 0]
    heapq.heapify(ready)
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < cores:
            _, index = heapq.heappop(ready)
            heapq.heappush(running, (now + jobs[index].seconds, index))
        now, index = heapq.heappop(running)
        for following in after[index]:
            waiting[following] -= 1
            if waiting[following] == 0:
                heapq.heappush(ready, order[following])
    return now


def main() -> None:
    """Print the modelled wall time for several numbers of cores as a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="?", type=Path, default=Path("results"))
    jobs = read_jobs(parser.parse_args().results / "benchmarks")
    busy = sum(job.seconds for job in jobs)
    print("| cores | minutes | cores busy |\n|---|---|---|")
    for cores in CORES:
        seconds = model_seconds(jobs, cores)
        print(f"| {cores} | {seconds / 60:.1f} | {busy / seconds / cores:.0%} |")


if __name__ == "__main__":
    main()
