"""
Solve the models whose information is known exactly: no network is trained, nothing is estimated.

REQUIRED INPUTS
    <results>/data/{task}.npz                  from data.smk, of models that are about a task
OUTPUTS
    <results>/tables/models/{model}.parquet    a tidy table of the model's own
"""


rule solve_models:
    """Solve a model by closed form, quadrature or iteration, as its entry says."""
    input:
        data=lambda wildcards: STUDY.data_of_model(wildcards.model),
        code=lambda wildcards: local(code_behind.code_of_model(config, wildcards.model)),
    output:
        table="<results>/tables/models/{model}.parquet",
    log:
        "<results>/logs/solve_models/{model}.log",
    benchmark:
        "<results>/benchmarks/solve_models/{model}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(20),
    params:
        made_from=made_from,
        parameters=lambda wildcards: model_parameters(config["models"][wildcards.model]),
    script:
        "../../src/solve_models.py"
