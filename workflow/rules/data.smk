"""
Make the tasks and record the configuration.

OUTPUTS
    <results>/data/{task}.npz    every pattern and its label, and what is known of them
    <results>/config.yaml        the whole configuration, all files merged
"""


rule generate_data:
    """Generate a task from its rule, or from what a library carries: no data file is needed."""
    input:
        code=lambda wildcards: planning.code_of_task(config, wildcards.task),
    output:
        data="<results>/data/{task}.npz",
    log:
        "<results>/logs/generate_data/{task}.log",
    benchmark:
        "<results>/benchmarks/generate_data/{task}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        made_from=made_from,
        task=lookup(dpath="tasks/{task}", within=config),
    script:
        "../../src/generate_data.py"


rule record_configuration:
    """Record the whole configuration beside the results that it made."""
    output:
        record="<results>/config.yaml",
    log:
        "<results>/logs/record_configuration.log",
    benchmark:
        "<results>/benchmarks/record_configuration.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        config=dict(config),
    script:
        "../../src/record_configuration.py"
