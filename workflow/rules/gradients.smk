"""
Measure the signal and the noise of the gradients along training.

REQUIRED INPUTS
    <results>/training/{run}/{chunk}.h5             from training.smk
    <results>/data/{task}.npz                       from data.smk
    <results>/tables/metrics.parquet                from training.smk
OUTPUTS
    <results>/gradients/{run}/{chunk}.parquet       four definitions, one chunk
    <results>/tables/gradients.parquet              all of them, with each status
"""


rule compute_gradient_snr:
    """Compute the gradient statistics of every layer at frozen weights, in four definitions."""
    input:
        training="<results>/training/{run}/{chunk}.h5",
        data=lambda wildcards: f"<results>/data/{RUNS[wildcards.run].task}.npz",
        library=library_files("gradients"),
    output:
        table="<results>/gradients/{run}/{chunk}.parquet",
    log:
        "<results>/logs/compute_gradient_snr/{run}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/compute_gradient_snr/{run}/{chunk}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        run=lambda wildcards: wildcards.run,
        gradient_batch_size=lambda wildcards: RUNS[wildcards.run].gradient_batch_size,
    script:
        "../../src/compute_gradient_snr.py"


rule summarise_gradients:
    """Merge the gradient statistics of all runs."""
    input:
        chunks=gradient_chunks,
        metrics="<results>/tables/metrics.parquet",
    output:
        table="<results>/tables/gradients.parquet",
    log:
        "<results>/logs/summarise_gradients.log",
    benchmark:
        "<results>/benchmarks/summarise_gradients.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
        runtime=10,
    script:
        "../../src/summarise_gradients.py"
