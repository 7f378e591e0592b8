"""
Fetch images, make the tasks and record the configuration.

OUTPUTS
    <results>/images/{image_set}.npz    a public image set; only tasks of images need one
    <results>/data/{task}.npz    every pattern and its label, and what is known of them
    <results>/config.yaml        the whole configuration, all files merged
"""


rule fetch_images:
    """Fetch a public image set: what is in data/, a system package, or a download; checked."""
    input:
        code=lambda wildcards: local(code_behind.code_of_images(wildcards.image_set)),
    output:
        images="<results>/images/{image_set}.npz",
    log:
        "<results>/logs/fetch_images/{image_set}.log",
    benchmark:
        "<results>/benchmarks/fetch_images/{image_set}.tsv"
    # As trainings, which wait for it and are begun before anything is measured.
    priority: 3
    conda:
        "../../environment.yml"
    resources:
        mem_mb=each_attempt(2000),
        runtime=each_attempt(120),
    params:
        made_from=made_from,
        source=lambda wildcards: config["image_sets"][wildcards.image_set],
        # Not below the results: what was downloaded once outlives them.
        folder="data",
    script:
        "../../src/fetch_images.py"


rule generate_data:
    """Generate a task from its rule, from what a library carries, or from a public image set."""
    input:
        images=images_of_task,
        code=lambda wildcards: local(code_behind.code_of_task(config, wildcards.task)),
    output:
        data="<results>/data/{task}.npz",
    log:
        "<results>/logs/generate_data/{task}.log",
    benchmark:
        "<results>/benchmarks/generate_data/{task}.tsv"
    priority: 3
    conda:
        "../../environment.yml"
    resources:
        # Image sets are a hundred times as large as patterns.
        mem_mb=lambda wildcards, attempt: attempt
        * (6000 if images_of_task(wildcards) else 1000),
        runtime=each_attempt(5),
    params:
        made_from=made_from,
        task=lambda wildcards: config["tasks"][wildcards.task],
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
        mem_mb=each_attempt(1000),
        runtime=each_attempt(5),
    params:
        config=dict(config),
    script:
        "../../src/record_configuration.py"
