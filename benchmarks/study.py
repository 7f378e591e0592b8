"""Model how long the whole study takes on other numbers of cores, from a finished run's benchmarks.

Usage: python -m benchmarks.study [results]

Jobs keep the wall time they took, their order of priority and what they wait for; a core that is
free takes the next one that is ready. Snakemake's own work and the disk are not in the model.
"""

from __future__ import annotations

import argparse
import csv
import heapq
import re
from pathlib import Path
from typing import NamedTuple

CORES = (1, 2, 4, 8, 16, 64)
MEASURING = ("estimate_information", "estimate_noisy_information")
TABLES = (
    "summarise_metrics",
    "summarise_information",
    "summarise_gradients",
    "summarise_dependence",
)
CHUNK = re.compile(r"\d{3}-\d{3}")
# What the jobs of each stage wait for: those of other stages, of the same run and chunk if they
# have one. Figures wait for tables, which come last.
NEEDS = {
    "generate_data": (),
    "record_configuration": (),
    "audit_estimators": (),
    "summarise_audit": ("audit_estimators",),
    "train_networks": ("generate_data",),
    "dump_activations": ("train_networks",),
    "compute_gradient_snr": ("train_networks",),
    "estimate_information": ("dump_activations",),
    "estimate_noisy_information": ("train_networks",),
    "estimate_multi_network_information": ("train_networks",),
    "measure_activation_range": ("train_networks",),
    "measure_dependence": ("train_networks",),
    "summarise_metrics": ("train_networks",),
    "summarise_information": (*MEASURING, "summarise_metrics"),
    "summarise_gradients": ("compute_gradient_snr", "summarise_metrics"),
    "summarise_dependence": ("measure_dependence", "summarise_metrics"),
    "compare_estimators": ("summarise_information",),
    "compare_activations": ("summarise_information",),
    "compare_optimizers": ("summarise_information",),
    "judge_claims": (
        "summarise_audit",
        "estimate_multi_network_information",
        "measure_activation_range",
        *TABLES,
    ),
    "plot_audit": ("summarise_audit",),
    "plot_robustness": ("compare_estimators",),
}
# As in workflow/rules; 0 where nothing is said.
PRIORITIES = {
    "audit_estimators": 4,
    "train_networks": 3,
    "estimate_noisy_information": 3,
    "estimate_information": 2,
    "dump_activations": 1,
}


class Job(NamedTuple):
    """Describe a job that ran: its stage, its run and chunk if it has them, and its seconds."""

    stage: str
    run: str | None
    chunk: str | None
    seconds: float

    def waits_for(self, other: Job) -> bool:
        """Tell whether a job can start only after another."""
        if other.stage not in NEEDS.get(self.stage, TABLES):
            return False
        return all(
            None in (own, its) or own == its
            for own, its in ((self.run, other.run), (self.chunk, other.chunk))
        )


def read_jobs(benchmarks: Path) -> list[Job]:
    """Read the jobs of a run from Snakemake's benchmark files.

    Parameters
    ----------
    benchmarks : path
        Files ``{stage}.tsv`` or ``{stage}/.../{last wildcard}.tsv``, of which the first is the
        run and a range of initialisations the chunk.
    """
    jobs = []
    for path in sorted(benchmarks.rglob("*.tsv")):
        stage, *wildcards = path.relative_to(benchmarks).with_suffix("").parts
        run = wildcards[0] if len(wildcards) > 1 else None
        chunk = wildcards[-1] if wildcards and CHUNK.fullmatch(wildcards[-1]) else None
        with open(path, newline="", encoding="utf-8") as file:
            (row,) = csv.DictReader(file, delimiter="\t")
        jobs.append(Job(stage, run, chunk, float(row["s"])))
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
    order = [(-PRIORITIES.get(job.stage, 0), index) for index, job in enumerate(jobs)]
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
