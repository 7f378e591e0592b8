"""
Compare the conditions: what each layer gains and loses, with intervals over initialisations.

REQUIRED INPUTS
    <results>/tables/information.parquet         from information.smk
OUTPUTS
    <results>/tables/activations.tsv             tanh, ReLU, linear
    <results>/tables/optimizers.tsv              mini-batches and full batch, and their ratios
    <results>/tables/robustness.tsv              every layer's drop under every estimator
"""


rule compare_activations:
    """Compare tanh, ReLU and linear networks: drop, peak epoch and final values."""
    input:
        information="<results>/tables/information.parquet",
        library=claims_library,
    output:
        table="<results>/tables/activations.tsv",
    log:
        "<results>/logs/compare_activations.log",
    benchmark:
        "<results>/benchmarks/compare_activations.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        **config["comparisons"]["activations"],
        statistics=config["statistics"],
    script:
        "../../src/compare_activations.py"


rule compare_optimizers:
    """Compare mini-batches with the full batch, network by network."""
    input:
        information="<results>/tables/information.parquet",
        library=claims_library,
    output:
        table="<results>/tables/optimizers.tsv",
    log:
        "<results>/logs/compare_optimizers.log",
    benchmark:
        "<results>/benchmarks/compare_optimizers.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        **config["comparisons"]["optimizers"],
        statistics=config["statistics"],
    script:
        "../../src/compare_optimizers.py"


rule summarise_robustness:
    """Summarise how far the drop of every layer depends on the estimator, on the same networks."""
    input:
        information="<results>/tables/information.parquet",
        library=claims_library,
    output:
        table="<results>/tables/robustness.tsv",
    log:
        "<results>/logs/summarise_robustness.log",
    benchmark:
        "<results>/benchmarks/summarise_robustness.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        **config["comparisons"]["robustness"],
        parameters=parameters_of_estimates(
            config["comparisons"]["robustness"]["runs"],
            config["comparisons"]["robustness"].get("estimators"),
        ),
        statistics=config["statistics"],
    script:
        "../../src/summarise_robustness.py"
