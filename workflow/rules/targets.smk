"""
Targets: what can be asked for by name.

REQUIRED INPUTS
    <results>/figures/{figure}.svg, .png         from figures.smk
    <results>/claims.tsv, claims.json            from claims.smk
OUTPUTS
    <results>/report.html                        everything in one file
"""


rule all:
    """Make every figure and judge every claim."""
    default_target: True
    input:
        collect("<results>/figures/{figure}.{kind}", figure=FIGURES, kind=["svg", "png"]),
        "<results>/claims.tsv",
        "<results>/config.yaml",


rule szt:
    """Make the figures of Shwartz-Ziv & Tishby (2017)."""
    input:
        collect("<results>/figures/{figure}.svg", figure=[f for f in FIGURES if f.startswith("szt")]),


rule saxe:
    """Make the figures of Saxe et al. (2018)."""
    input:
        collect("<results>/figures/{figure}.svg", figure=[f for f in FIGURES if f.startswith("saxe")]),


rule claims:
    """Judge every claim."""
    input:
        "<results>/claims.tsv",


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
    conda:
        "../../environment.yml"
    localrule: True
    params:
        configuration=workflow.overwrite_configfiles,
    shell:
        # The running Snakemake holds the lock; the report only reads.
        "snakemake --nolock --configfile {params.configuration} --report {output} &> {log}"
