"""
Compare the conditions: what each layer gains and loses, with intervals over initialisations.

REQUIRED INPUTS
    <results>/tables/information/{run}/{measurement}.parquet    from measurements.smk
    <results>/tables/rescaled/{run}/{measurement}.parquet       from measurements.smk
    <results>/tables/gradients/{run}/{measurement}.parquet      from measurements.smk
OUTPUTS
    <results>/tables/activations.tsv             tanh, ReLU, linear
    <results>/tables/optimizers.tsv              mini-batches and full batch, and their ratios
    <results>/tables/ablations.tsv               what one changed setting does to every layer's drop
    <results>/tables/robustness.tsv              every layer's drop under every estimator, and how
                                                 far that moves when the layer is rescaled
    <results>/tables/transitions.tsv             when the gradients' noise takes over
"""


rule compare_activations:
    """Compare tanh, ReLU and linear networks: drop, peak epoch and final values."""
    input:
        information=STUDY.information_of("activations"),
        code=code_of("compare_activations.py"),
    output:
        table="<results>/tables/activations.tsv",
    log:
        "<results>/logs/compare_activations.log",
    benchmark:
        "<results>/benchmarks/compare_activations.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(10),
    params:
        **config["comparisons"]["activations"],
        made_from=made_from,
        statistics=config["statistics"],
    script:
        "../../src/compare_activations.py"


rule compare_optimizers:
    """Compare mini-batches with the full batch, network by network."""
    input:
        information=STUDY.information_of("optimizers"),
        code=code_of("compare_optimizers.py"),
    output:
        table="<results>/tables/optimizers.tsv",
    log:
        "<results>/logs/compare_optimizers.log",
    benchmark:
        "<results>/benchmarks/compare_optimizers.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(10),
    params:
        **config["comparisons"]["optimizers"],
        made_from=made_from,
        statistics=config["statistics"],
    script:
        "../../src/compare_optimizers.py"


rule compare_ablations:
    """Compare conditions that differ in one setting: what it does to the drop of every layer."""
    input:
        information=STUDY.information_of("ablations"),
        code=code_of("compare_ablations.py"),
    output:
        table="<results>/tables/ablations.tsv",
    log:
        "<results>/logs/compare_ablations.log",
    benchmark:
        "<results>/benchmarks/compare_ablations.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(10),
    params:
        **config["comparisons"]["ablations"],
        made_from=made_from,
        statistics=config["statistics"],
    script:
        "../../src/compare_ablations.py"


rule compare_estimators:
    """Compare the estimators on the same networks: how far the drop of a layer depends on them."""
    input:
        information=STUDY.information_of("estimators"),
        rescaled=STUDY.information_of("estimators", "rescaled"),
        code=code_of("compare_estimators.py"),
    output:
        table="<results>/tables/robustness.tsv",
    log:
        "<results>/logs/compare_estimators.log",
    benchmark:
        "<results>/benchmarks/compare_estimators.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(10),
    params:
        **config["comparisons"]["estimators"],
        made_from=made_from,
        parameters=STUDY.parameters_of_estimators("estimators"),
        statistics=config["statistics"],
    script:
        "../../src/compare_estimators.py"


rule compare_gradients:
    """Compare the definitions of the gradients' noise: when it takes over in each layer."""
    input:
        gradients=[
            STUDY.table_of("gradients", run)
            for run in config["comparisons"]["gradients"]["runs"]
        ],
        code=code_of("compare_gradients.py"),
    output:
        table="<results>/tables/transitions.tsv",
    log:
        "<results>/logs/compare_gradients.log",
    benchmark:
        "<results>/benchmarks/compare_gradients.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(10),
    params:
        **config["comparisons"]["gradients"],
        made_from=made_from,
        events=config["claims"][config["comparisons"]["gradients"]["claim"]][
            "parameters"
        ]["events"],
    script:
        "../../src/compare_gradients.py"
