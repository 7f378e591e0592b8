"""
Measure the signal and the noise of the gradients along training.

REQUIRED INPUTS
    <results>/training/{run}/{chunk}.h5                      from training.smk
    <results>/data/{task}.npz                                from data.smk
OUTPUTS
    <results>/gradients/{run}/{measurement}/{chunk}.parquet  five definitions, one chunk
"""


rule compute_gradient_snr:
    """Compute the gradient statistics of every layer at frozen weights, in five definitions."""
    input:
        training="<results>/training/{run}/{chunk}.h5",
        data=data_of_run,
        code=code_of_measurement("compute_gradient_snr.py"),
    output:
        table="<results>/gradients/{run}/{measurement}/{chunk}.parquet",
    log:
        "<results>/logs/compute_gradient_snr/{run}/{measurement}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/compute_gradient_snr/{run}/{measurement}/{chunk}.tsv"
    wildcard_constraints:
        measurement=any_of(STUDY.measured_by("compute_gradient_snr")),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(30),
    params:
        made_from=made_from,
        measure=measure_of,
        batch_size=lambda wildcards: STUDY.runs[wildcards.run].gradient_batch_size,
        initialisations=networks_of_measurement,
        snapshots=use_of("snapshots"),
        evaluation=use_of("evaluation"),
    script:
        "../../src/compute_gradient_snr.py"
