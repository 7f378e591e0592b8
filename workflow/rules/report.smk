"""
Put everything into one file.

REQUIRED INPUTS
    everything that rule all asks for
    <results>/report/index.html    from page.smk, which the report links to
OUTPUTS
    <results>/report.html      figures, claims, captions, and the history of every job
"""


rule report:
    """Put figures, claims, captions and the history of every job into one HTML file."""
    input:
        rules.all.input,
        "<results>/report/index.html",
    output:
        "<results>/report.html",
    log:
        "<results>/logs/report.log",
    benchmark:
        "<results>/benchmarks/report.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        configuration=(
            ["--configfile", *workflow.overwrite_configfiles]
            if workflow.overwrite_configfiles
            else []
        ),
        # Snakemake need not be on the path: make calls it by its place in .venv.
        python=sys.executable,
    shell:
        # The running Snakemake holds the lock; the report only reads.
        "{params.python:q} -m snakemake --nolock {params.configuration} "
        "--report {output} &> {log}"
