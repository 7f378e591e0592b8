"""
Train the networks of every run, a chunk of initialisations as one stack.

REQUIRED INPUTS
    <results>/data/{task}.npz                   from data.smk
OUTPUTS
    <results>/training/{run}/{chunk}.h5         parameters at the snapshot epochs, metrics
    <results>/tables/metrics.parquet            learning curves of all runs, with each status
"""


rule train_networks:
    """Train a chunk of a run's initialisations on one thread, so that sums never reorder."""
    input:
        data=lambda wildcards: f"<results>/data/{RUNS[wildcards.run].task}.npz",
        library=library_files("training/__init__"),
    output:
        training="<results>/training/{run}/{chunk}.h5",
    log:
        "<results>/logs/train_networks/{run}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/train_networks/{run}/{chunk}.tsv"
    # First of all: then activations follow each other closely, into memory that is not cold yet.
    priority: 3
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=120,
    params:
        seed=lambda wildcards: RUNS[wildcards.run].seed,
        settings=lambda wildcards: RUNS[wildcards.run].settings.as_dict(),
        compute=config["compute"],
    script:
        "../../src/train_networks.py"


rule summarise_metrics:
    """Merge the learning curves of all runs; diverged networks keep their rows and status."""
    input:
        training=training_chunks,
    output:
        table="<results>/tables/metrics.parquet",
    log:
        "<results>/logs/summarise_metrics.log",
    benchmark:
        "<results>/benchmarks/summarise_metrics.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    script:
        "../../src/summarise_metrics.py"
