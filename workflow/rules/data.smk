"""
Make the tasks.

OUTPUTS
    <results>/data/{task}.npz    every pattern, its label and p(y = 1 | x)
"""


rule generate_data:
    """Generate a task from its rule: no data file is needed."""
    input:
        library=library("data"),
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
        task=lookup(dpath="tasks/{task}", within=config),
    script:
        "../../src/generate_data.py"
