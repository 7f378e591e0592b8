"""
Put the answer into one page: verdicts first, their evidence at a click.

REQUIRED INPUTS
    <results>/claims.tsv, claims.json                       from claims.smk
    <results>/tables/information/{run}/{measurement}.parquet    from measurements.smk
    <results>/tables/metrics/{run}/training.parquet         from measurements.smk
    <results>/tables/audit.tsv                              from audit.smk
OUTPUTS
    <results>/report/index.html                             opens anywhere, asks for no network
"""


rule build_page:
    """Write the page: scorecard, information planes, audit, method, commands."""
    input:
        **STUDY.tables_of_page(),
        claims="<results>/claims.tsv",
        details="<results>/claims.json",
        audit="<results>/tables/audit.tsv",
        method="docs/method.md",
        template=[
            f"workflow/report/page/{name}"
            for name in (
                *(
                    "index.html.j2",
                    "page.css",
                    "basics.js",
                    "scorecard.js",
                    "planes.js",
                ),
                *("audit.js", "links.js", "vendor/plot.min.js", "vendor/licences.txt"),
            )
        ],
        code=code_of("build_page.py"),
    output:
        page="<results>/report/index.html",
    log:
        "<results>/logs/build_page.log",
    benchmark:
        "<results>/benchmarks/build_page.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        made_from=made_from,
        planes=STUDY.planes_of_page(),
        statistics={
            name: entry["statistic"] for name, entry in config["claims"].items()
        },
        figures={
            name: {
                "paper": config["papers"][entry["paper"]]["name"],
                "number": entry["number"],
                "shows": entry["shows"],
            }
            for name, entry in config["figures"].items()
        },
        configuration=[str(path) for path in workflow.overwrite_configfiles],
    script:
        "../../src/build_page.py"
