"""
Pack a finished run for an archive.

REQUIRED INPUTS
    everything that rule all asks for, and the page
OUTPUTS
    <results>/crate.zip     an RO-Crate by the Workflow Run Crate profile
"""


rule write_crate:
    """Pack workflow, configuration, versions and results, each with its checksum."""
    input:
        configuration="<results>/config.yaml",
        claims=["<results>/claims.tsv", "<results>/claims.json"],
        figures=figures(),
        tables=[
            *collect(
                "<results>/{table}",
                table=[
                    table
                    for table in planning.STUDY_TABLES.values()
                    if table.startswith("tables/")
                ],
            ),
            *collect("<results>/tables/{table}.parquet", table=STUDY.tables()),
        ],
        page="<results>/report/index.html",
        code=code_of_the_study(),
        own=code_of("write_crate.py"),
    output:
        crate="<results>/crate.zip",
    log:
        "<results>/logs/write_crate.log",
    benchmark:
        "<results>/benchmarks/write_crate.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(10),
    params:
        snakefile=lambda wildcards: os.path.relpath(
            Path(workflow.basedir) / "Snakefile"
        ),
        project=lambda wildcards: project(),
        root=lambda wildcards: str(Path(workflow.basedir).parent),
    script:
        "../../src/write_crate.py"
