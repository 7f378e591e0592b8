"""Measure what it costs to plan a study of many conditions, by a dry run of a synthetic one.

Usage: python -m benchmarks.scaling [conditions] [initialisations] [initialisations per chunk]

Each condition trains its networks, measures them by one estimator and merges a table of it and one
of its learning curves. docs/scaling.md says what came of it.
"""

from __future__ import annotations

import argparse
import copy
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
RUN, ESTIMATOR = "szt_tanh", "binned_30"
TABLES = ("metrics", "information")


def synthetic(config: dict, conditions: int, initialisations: int, per_chunk: int) -> dict:
    """Return a study of many conditions that differ in their learning rate.

    Parameters
    ----------
    config : dict
        The whole study, all files merged.
    conditions, initialisations, per_chunk : int
    """
    config = copy.deepcopy(config)
    rate = config["protocols"]["szt"]["learning_rate"]
    own = config["runs"][RUN] | {"initialisations": initialisations}
    config["inits_per_chunk"] = per_chunk
    config["runs"] = {
        f"condition_{number:04d}": own | {"learning_rate": rate * (1 + number / conditions)}
        for number in range(conditions)
    }
    first, second, *_ = config["runs"]
    config["measurements"] = {
        ESTIMATOR: {"estimators": [ESTIMATOR], "runs": "all"},
        "gradients": config["measurements"]["gradients"] | {"runs": [first, second]},
    }
    config["pathvars"] = {"results": "results/scaling"}
    # Estimates that no estimator gives by its own name belong to measurements that are gone.
    config["audit"]["audited_as"] = {
        name: kept
        for name, stands_for in config["audit"]["audited_as"].items()
        if (kept := [one for one in stands_for if one in config["estimators"]])
    }
    # What a configuration cannot do without, about the first two.
    judged_on = [{"runs": [first], "definitions": ["saxe_sample"]}]
    config["claims"] = {"C06": config["claims"]["C06"] | {"judged_on": judged_on}}
    config["figures"] = {"saxe_2": config["figures"]["saxe_2"]}
    for name, comparison in config["comparisons"].items():
        comparison["runs"] = [first, second]
        if "estimators" in comparison:
            comparison["estimators"] = [ESTIMATOR]
        if "pairs" in comparison:
            pair = {"run": second, "reference": first}
            comparison["pairs"] = [pair | ({"shows": "rate"} if name == "ablations" else {})]
    return config


def study() -> dict:
    """Return the study's own configuration, all files merged."""
    merged: dict = {}
    for line in (ROOT / "workflow/Snakefile").read_text().splitlines():
        if line.startswith("configfile: "):
            for key, part in yaml.safe_load((ROOT / line.split('"')[1]).read_text()).items():
                # Claims stand in several files.
                merged[key] = merged[key] | part if key in merged else part
    return merged


def plan(config: dict) -> tuple[int, float, float]:
    """Plan a study from nothing.

    Parameters
    ----------
    config : dict

    Returns
    -------
    jobs : int
    seconds : float
        Of the processor.
    gigabytes : float
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "synthetic.yaml"
        file.write_text(yaml.safe_dump(config, sort_keys=False))
        targets = [f"{config['pathvars']['results']}/tables/{name}.parquet" for name in TABLES]
        said = subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "snakemake",
                    "--dry-run",
                    "--quiet",
                    "rules",
                    "--cores",
                    "1",
                ),
                *("--configfile", str(file), "--replace-workflow-config", "--", *targets),
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = said.stdout + said.stderr
    if said.returncode:
        raise SystemExit(told[-3000:])
    (total,) = {line.split()[1] for line in told.splitlines() if line.startswith("total ")}
    return int(total), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e9


def main() -> None:
    """Plan a synthetic study of the sizes that the command line gives."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("conditions", type=int, nargs="?", default=1000)
    parser.add_argument("initialisations", type=int, nargs="?", default=1000)
    parser.add_argument("per_chunk", type=int, nargs="?", default=250)
    sizes = parser.parse_args()
    config = synthetic(study(), sizes.conditions, sizes.initialisations, sizes.per_chunk)
    jobs, seconds, gigabytes = plan(config)
    print(f"{jobs} jobs planned in {seconds:.0f} s of the processor, {gigabytes:.2f} GB")


if __name__ == "__main__":
    main()
