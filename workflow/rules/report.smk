"""
Put everything into one file.

REQUIRED INPUTS
    everything that rule all asks for
OUTPUTS
    <results>/report.html      figures, claims, captions, and the history of every job
"""


rule report:
    """Put figures, claims, captions and the history of every job into one HTML file."""
    input:
        rules.all.input,
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
        configuration=workflow.overwrite_configfiles,
    shell:
        # The running Snakemake holds the lock; the report only reads.
        "snakemake --nolock --configfile {params.configuration} --report {output} &> {log}"
