"""
Pack a finished run for an archive.

REQUIRED INPUTS
    everything that rule all asks for, and the page
OUTPUTS
    <results>/crate.zip     an RO-Crate by the Workflow Run Crate profile
"""

import tomllib


def code_of_the_study():
    """List what a run is made by: workflow, configuration and code, as relative paths."""
    root = Path(workflow.basedir).parent
    kinds = (".py", ".smk", ".yaml", ".rst", ".js", ".css", ".j2", ".txt")
    found = [
        path
        for folder in ("config", "src", "workflow")
        for path in (root / folder).rglob("*")
        if path.suffix in kinds or path.name == "Snakefile"
    ]
    tops = ("environment.yml", "constraints.txt", "pyproject.toml", "LICENSE")
    found += [root / name for name in (*tops, "README.md", "CITATION.cff")]
    return sorted(os.path.relpath(path) for path in found if path.is_file())


def project():
    """Look up the project's name, description and licence."""
    text = (Path(workflow.basedir).parent / "pyproject.toml").read_text()
    told = tomllib.loads(text)["project"]
    return {name: told[name] for name in ("name", "description", "license")}


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
        mem_mb=1000,
        runtime=10,
    params:
        snakefile=lambda wildcards: os.path.relpath(
            Path(workflow.basedir) / "Snakefile"
        ),
        project=lambda wildcards: project(),
        root=lambda wildcards: str(Path(workflow.basedir).parent),
    script:
        "../../src/write_crate.py"
