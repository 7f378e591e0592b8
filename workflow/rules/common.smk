"""
Check the configuration and give the rules their names.

OUTPUTS
    STUDY               the runs and measurements, and which files a product needs
    UNITS               of each claim the unit of its effects, by reading
    code_of(...)        files of the code behind a job, so that an edit reruns what uses them
    made_from(...)      what a job's files are made from, with which versions
    *_of_*(wildcards)   what a rule looks up in the study
"""

import os
import sys
import tomllib
from pathlib import Path

from snakemake.benchmark import benchmarked
from snakemake.script import PythonScript

SOURCE = str(Path(workflow.basedir).parent / "src")
sys.path.insert(0, SOURCE)
# The jobs compute with the code that stands beside this workflow, whatever is installed.
os.environ.update(PYTHONPATH=SOURCE)

from infoplane.claims.entries import units_of
from pipeline import (
    alone,
    captions,
    code_behind,
    dependencies,
    drawings,
    pins,
    planning,
    recipes,
    warm,
)
from pipeline.configuration import model_parameters
from pipeline.stage import versions
from pipeline.validation import ConfigurationError, check_configuration, check_machine

# Files of the command line stand first in Snakemake's list, but win over the others.
overriding = len(workflow.overwrite_configfiles)
CONFIGURATION = workflow.configfiles[overriding:] + workflow.configfiles[:overriding]
GIVEN = {
    "given": workflow.config_settings.config,
    "of_study": len(workflow.configfiles) - overriding,
}
SCHEMA = f"{workflow.basedir}/schemas/config.schema.yaml"
try:
    STUDY = check_configuration(config, CONFIGURATION, SCHEMA, **GIVEN)
except ConfigurationError as error:
    # To other errors Snakemake adds frames of this file, which say nothing.
    raise SystemExit(f"ConfigurationError: {error}") from None
UNITS = units_of(config["claims"])
CONFIDENCE = config["statistics"]["confidence"]
RESULTS = config.get("pathvars", {}).get("results", "results")
# An upgraded package makes everything anew: versions do not mix.
VERSIONS = versions()
if workflow.is_main_process:
    PINS = os.path.relpath(f"{workflow.basedir}/../constraints.txt")
    for difference in pins.other_versions(PINS, VERSIONS):
        logger.warning(f"{PINS}: installed is {difference}: `make setup` installs that")


onstart:
    # Held until this process ends. Snakemake's own lock, which a killed process leaves behind, is
    # switched off in the profile.
    try:
        alone.occupy(RESULTS)
        if workflow.local_exec:
            check_machine(config, CONFIGURATION, **GIVEN)
    except (alone.OccupiedError, ConfigurationError) as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
    jobs = list(workflow.dag.needrun_jobs())
    for path in alone.bring_back_from_the_future(
        path for job in jobs for path in job.input
    ):
        print(f"{path} was dated later than now; it is dated now", file=sys.stderr)
    # Jobs elsewhere have a scheduler there.
    if workflow.local_exec:
        os.environ[alone.SCHEDULER] = str(os.getpid())
        if len(jobs) > warm.JOBS_WORTH_IT:
            warm.start_jobs_warm(PythonScript, benchmarked)
    # To limit submissions per second, Snakemake plans again one second after every plan: a chain
    # of plans for each job that ended, hundreds a second in a long run. Cores limit local jobs.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


# For the jobs. By default, the C library gives each array above 128 KiB back to the kernel when it
# is freed, and clearing the pages of the next one takes several times as long as its arithmetic.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(32 * 2**20))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(256 * 2**20))


def any_of(names):
    """Give the regular expression of any of some names, of nothing if there are none."""
    return "|".join(names).replace(".", r"\.") or "(?!)"


wildcard_constraints:
    task=any_of(config["tasks"]),
    image_set=any_of(config["image_sets"]),
    run=any_of(config["runs"]),
    measurement=any_of([*config["measurements"], planning.TRAINING]),
    table=any_of(STUDY.tables()),
    claim=any_of(config["claims"]),
    model=any_of(config["models"]),
    chunk=r"\d{3,6}-\d{3,6}",


def code_of(*names):
    """Name the files of the code behind a job: local, as a storage has results only."""
    return local(dependencies.code_of(*names))


def made_from(wildcards, input, output):
    """Say what a job's files are made from: written into them, and compared when they are read."""
    return recipes.made_from(STUDY, RESULTS, input, output, VERSIONS)


def images_of_task(wildcards):
    """Name the file of the public image set that a task is made of, if it is made of one."""
    return STUDY.images_of(wildcards.task)


def each_attempt(amount):
    """Return what asks for an amount of memory or time, and where jobs are retried for more."""
    return lambda wildcards, attempt: attempt * amount


def data_of_run(wildcards):
    """Name the file of a run's task."""
    (data,) = STUDY.data_of([wildcards.run])
    return data


def of_trained_run(file):
    """Return what names a training's file of the run that trains another one's networks."""
    return lambda wildcards: file.format(
        run=STUDY.trained_by[wildcards.run], chunk=wildcards.chunk
    )


def code_of_measurement(script):
    """Return what names the code behind a measurement of a run."""
    return lambda wildcards: local(
        code_behind.code_of_measurement(
            script, STUDY, wildcards.run, wildcards.measurement
        )
    )


def code_of_networks(script):
    """Return what names the code of a stage that runs or trains networks."""
    return lambda wildcards: local(
        code_behind.code_of_networks(script, STUDY, wildcards.run)
    )


def measure_of(wildcards):
    """Look up a measurement's measure and its parameters."""
    return STUDY.measurements[wildcards.measurement].parameters


def use_of(key):
    """Return what looks up which snapshots or patterns a measurement is about."""
    return lambda wildcards: getattr(STUDY.measurements[wildcards.measurement], key)


def reads_of_measurement(wildcards):
    """Name what of the layers a measurement reads: activations, net inputs or both."""
    return list(STUDY.measurements[wildcards.measurement].measure.reads())


def networks_of_measurement(wildcards):
    """Count the networks of a run that a measurement is about."""
    return STUDY.networks(wildcards.run, wildcards.measurement)


def training_of_measurement(wildcards):
    """Name the training files that hold the networks of a measurement."""
    return [
        f"<results>/training/{wildcards.run}/{chunk}.h5"
        for chunk in STUDY.chunks(wildcards.run, wildcards.measurement)
    ]


def parts_of_table(wildcards):
    """Name the chunks of a table of one run under one measurement."""
    folder = f"<results>/{wildcards.table}/{wildcards.run}/{wildcards.measurement}"
    chunks = STUDY.chunks(wildcards.run, wildcards.measurement)
    return [f"{folder}/{chunk}.parquet" for chunk in chunks]


def parts_of_study(wildcards):
    """Name the tables that a table of the whole study is merged of."""
    return [
        f"<results>/tables/{wildcards.table}/{run}/{measurement}.parquet"
        for run, measurement in STUDY.products(wildcards.table)
    ]


def training_files():
    """Name the training files of every run."""
    return [
        f"<results>/training/{name}/{chunk}.h5"
        for name, run in STUDY.runs.items()
        for chunk in run.chunks()
    ]


def files_of_figures(names, kinds=("svg", "png")):
    """Name the files of figures, by default in both forms."""
    return [f"<results>/figures/{name}.{kind}" for name in names for kind in kinds]


def figures(paper=None, **kinds):
    """Name the files of a paper's figures, by default of all."""
    entries = config["figures"].items()
    chosen = [name for name, one in entries if paper in (None, one["paper"])]
    return files_of_figures(chosen, **kinds)


def figures_of_images():
    """Name the files of the figures whose runs are all about images."""
    return files_of_figures(STUDY.figures_of_images())


def claims_of_images():
    """Name the verdicts on the claims that are judged on images alone."""
    return [f"<results>/claims/{claim}.tsv" for claim in STUDY.claims_of_images()]


def code_of_the_study():
    """List what a run is made by: workflow, configuration and code, as relative paths."""
    root = Path(workflow.basedir).parent
    kinds = (".py", ".smk", ".yaml", ".rst", ".js", ".css", ".j2", ".txt")
    found = [
        path
        for folder in ("config", "src", "workflow")
        for path in (root / folder).rglob("*")
        if path.suffix in kinds or path.name == "Snakefile"
    ]
    tops = ("environment.yml", "constraints.txt", "pyproject.toml", "LICENSE")
    found += [root / name for name in (*tops, "README.md", "CITATION.cff")]
    return local(sorted(os.path.relpath(path) for path in found if path.is_file()))


def project():
    """Look up the project's name, description and licence."""
    text = (Path(workflow.basedir).parent / "pyproject.toml").read_text()
    told = tomllib.loads(text)["project"]
    return {name: told[name] for name in ("name", "description", "license")}
