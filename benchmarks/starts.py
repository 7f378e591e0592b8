"""Time short jobs that begin with their libraries imported, beside ones in new interpreters.

Usage: python -m benchmarks.starts [jobs]

Each job imports what an estimate imports and writes a line. Both ways are timed by the clock, from
the start of Snakemake to its end, in turn.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS, CORES = 3, 2

SNAKEFILE = """
import sys
sys.path.insert(0, {source!r})
from snakemake.benchmark import benchmarked
from snakemake.script import PythonScript
from pipeline import warm

onstart:
    if config["warm"]:
        assert warm.start_jobs_warm(PythonScript, benchmarked), "only on Linux"

rule all:
    input: expand("{{number}}.txt", number=range({jobs}))

rule job:
    output: "{{number}}.txt"
    benchmark: "{{number}}.tsv"
    threads: 1
    script: "job.py"
"""
JOB = """
import h5py, numba, numpy, pandas, pyarrow.parquet, scipy.stats, torch

open(snakemake.output[0], "w").write(torch.__version__)
"""


def seconds(jobs: int, warm: bool) -> float:
    """Return how long Snakemake takes for jobs that begin one way or the other."""
    with tempfile.TemporaryDirectory() as folder:
        snakefile = SNAKEFILE.format(source=str(ROOT / "src"), jobs=jobs)
        (Path(folder) / "Snakefile").write_text(snakefile)
        (Path(folder) / "job.py").write_text(JOB)
        call = ["--cores", str(CORES), "--quiet", "all", "--config", f"warm={warm}"]
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "snakemake", *call], cwd=folder, check=True)
        return time.perf_counter() - start


def main() -> None:
    """Print the seconds of both ways and their ratio, round by round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jobs", nargs="?", type=int, default=50)
    jobs = parser.parse_args().jobs
    ratios = []
    for _ in range(ROUNDS):
        new, copied = seconds(jobs, warm=False), seconds(jobs, warm=True)
        ratios.append(new / copied)
        print(f"{jobs} jobs: {new:.1f} s in new interpreters, {copied:.1f} s as copies")
    print(f"new interpreters take {statistics.median(ratios):.1f} times as long")


if __name__ == "__main__":
    main()
