"""
Train the networks of every run, a chunk of initialisations as one stack.

Runs that differ in what of their layers is measured, and in nothing else, share one training.

REQUIRED INPUTS
    <results>/data/{task}.npz                         from data.smk
OUTPUTS
    <results>/training/{run}/{chunk}.h5               parameters at the snapshot epochs
    <results>/metrics/{run}/training/{chunk}.parquet  learning curves, with each network's status
"""


rule train_networks:
    """Train a chunk of a run's initialisations on one thread, so that sums never reorder."""
    input:
        data=data_of_run,
        code=code_of_networks("train_networks.py"),
    output:
        training="<results>/training/{run}/{chunk}.h5",
        metrics="<results>/metrics/{run}/training/{chunk}.parquet",
    log:
        "<results>/logs/train_networks/{run}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/train_networks/{run}/{chunk}.tsv"
    wildcard_constraints:
        run=any_of(run for run in config["runs"] if run not in STUDY.trained_by),
    # First of all: then activations follow each other closely, into memory that is not cold yet.
    priority: 3
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=each_attempt(1500),
        runtime=each_attempt(120),
    params:
        made_from=made_from,
        seed=lambda wildcards: STUDY.runs[wildcards.run].seed,
        network=lambda wildcards: STUDY.runs[wildcards.run].network.as_dict(),
        optimizer=lambda wildcards: STUDY.runs[wildcards.run].optimizer.as_dict(),
        schedule=lambda wildcards: STUDY.runs[wildcards.run].schedule.as_dict(),
        compute=config["compute"],
    script:
        "../../src/train_networks.py"


rule share_training:
    """Give a run the networks of an earlier one of which something else is measured."""
    input:
        training=of_trained_run("<results>/training/{run}/{chunk}.h5"),
        metrics=of_trained_run("<results>/metrics/{run}/training/{chunk}.parquet"),
        data=data_of_run,
        code=code_of_networks("share_training.py"),
    output:
        training="<results>/training/{run}/{chunk}.h5",
        metrics="<results>/metrics/{run}/training/{chunk}.parquet",
    log:
        "<results>/logs/share_training/{run}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/share_training/{run}/{chunk}.tsv"
    wildcard_constraints:
        run=any_of(STUDY.trained_by),
    priority: 3
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=each_attempt(1500),
        runtime=each_attempt(30),
    params:
        made_from=made_from,
        network=lambda wildcards: STUDY.runs[wildcards.run].network.as_dict(),
    script:
        "../../src/share_training.py"
