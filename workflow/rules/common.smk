"""
Check the configuration and give the rules their names.

OUTPUTS
    RUNS                the resolved runs by name
    library_files(...)  modules of src/infoplane as inputs, with all that they import, so that an
                        edit reruns what uses them
    *_chunks(...)       files of all chunks that a table needs
    figures(...)        files of the figures
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir).parent / "src"))

from infoplane.estimators import METHODS
from pipeline.configuration import (
    estimate_parameters,
    estimator_parameters,
    estimator_runs,
    fills_end_bins,
    measured_by,
    resolve_run,
)
from pipeline.dependencies import library_files
from pipeline.validation import check_configuration

# Files of the command line stand first in Snakemake's list, but win over the others.
overriding = len(workflow.overwrite_configfiles)
check_configuration(
    config,
    workflow.configfiles[overriding:] + workflow.configfiles[:overriding],
    f"{workflow.basedir}/schemas/config.schema.yaml",
)
RUNS = {run: resolve_run(config, run) for run in config["runs"]}


onstart:
    # To limit submissions per second, Snakemake plans again one second after every plan: a chain
    # of plans for each job that ended, hundreds a second in a long run. Cores limit local jobs.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


# For the jobs. By default, the C library gives each array above 128 KiB back to the kernel when it
# is freed, and clearing the pages of the next one takes several times as long as its arithmetic.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(32 * 2**20))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(256 * 2**20))

# Estimators by the stage that measures them.
MEASURING = measured_by(config, "estimate_information")
RUNNING = measured_by(config, "estimate_noisy_information")
OF_DEPENDENCE = measured_by(config, "measure_dependence")
OF_SEVERAL = measured_by(config, "estimate_multi_network_information")
# Estimators that put values outside a bin range into its end bins.
WITH_END_BINS = [name for name in config["estimators"] if fills_end_bins(config, name)]


def any_of(names):
    """Give the regular expression of any of some names, of nothing if there are none."""
    return "|".join(names).replace(".", r"\.") or "(?!)"


wildcard_constraints:
    task="|".join(config["tasks"]),
    run="|".join(config["runs"]),
    estimator=any_of(config["estimators"]),
    chunk=r"\d{3}-\d{3}",


def shared(*modules):
    """Name the files of some modules that stage scripts share."""
    return [f"src/pipeline/{name}.py" for name in modules]


def claims_library(wildcards):
    """Name the files that verdicts and comparisons depend on."""
    return library_files("claims/__init__")


def estimator_library(wildcards):
    """Name the library files that an estimator's numbers depend on."""
    estimates = estimate_parameters(config, wildcards.estimator).values()
    files = sorted({METHODS[parameters["method"]][0] for parameters in estimates})
    return library_files(*(f"estimators/{file}" for file in files))


def audit_library(wildcards):
    """Name the library files that the audit depends on: all estimators, and its tasks."""
    return library_files(
        "audit", *(f"estimators/{file}" for file, _ in METHODS.values())
    )


def limit_of_estimator(key):
    """Look up how many networks or snapshots an estimator measures at most, if it says so."""
    return lambda wildcards: config["estimators"][wildcards.estimator].get(key)


def networks_of_estimator(wildcards):
    """Count the networks of a run that an estimator measures."""
    trained = RUNS[wildcards.run].initialisations
    return min(
        config["estimators"][wildcards.estimator].get("initialisations", trained),
        trained,
    )


def parameters_of_estimates(runs, estimators=None):
    """Give the method and parameters of the named estimates of some runs, by default of all."""
    return {
        name: parameters
        for estimator in [*MEASURING, *RUNNING]
        if set(runs) & set(estimator_runs(config, estimator))
        for name, parameters in estimate_parameters(config, estimator).items()
        if estimators is None or name in estimators
    }


def training_chunks(wildcards):
    """Name the training files of the whole study."""
    return [
        f"<results>/training/{run.name}/{chunk}.h5"
        for run in RUNS.values()
        for chunk in run.chunks()
    ]


def gradient_chunks(wildcards):
    """Name the gradient tables of the whole study."""
    return [
        f"<results>/gradients/{run.name}/{chunk}.parquet"
        for run in RUNS.values()
        if run.is_plain
        for chunk in run.chunks()
    ]


def estimator_chunks(folder, estimators):
    """Name the tables of some estimators in a folder, those of each run where it is measured."""
    return [
        f"<results>/{folder}/{run}/{estimator}/{chunk}.parquet"
        for estimator in estimators
        for run in estimator_runs(config, estimator)
        for chunk in RUNS[run].chunks(
            config["estimators"][estimator].get("initialisations")
        )
    ]


def information_chunks(wildcards):
    """Name the information tables of the whole study."""
    return estimator_chunks("information", [*MEASURING, *RUNNING])


def dependence_chunks(wildcards):
    """Name the dependence tables of the whole study."""
    return estimator_chunks("dependence", OF_DEPENDENCE)


def clustering_chunks(wildcards):
    """Name the tables of class distances, which come with the estimators that run networks."""
    return estimator_chunks("clustering", RUNNING)


def range_chunks(wildcards):
    """Name the tables of what end bins take from outside their range."""
    return estimator_chunks("ranges", WITH_END_BINS)


def multi_network_tables(wildcards):
    """Name the tables of several networks taken as one."""
    return [
        f"<results>/multi_network/{run}/{estimator}.parquet"
        for estimator in OF_SEVERAL
        for run in estimator_runs(config, estimator)
    ]


def grouped_chunks(wildcards):
    """Name the training files that hold the networks of one such table."""
    wanted = config["estimators"][wildcards.estimator].get("initialisations")
    return [
        f"<results>/training/{wildcards.run}/{chunk}.h5"
        for chunk in RUNS[wildcards.run].chunks(wanted)
    ]


def figures(prefix=""):
    """Name the files of the figures whose names start so."""
    return [
        f"<results>/figures/{figure}.{kind}"
        for figure in config["figures"]
        if figure.startswith(prefix)
        for kind in ("svg", "png")
    ]
