"""
Put the answer into one page: verdicts first, their evidence at a click.

REQUIRED INPUTS
    <results>/claims.tsv, claims.json                       from claims.smk
    <results>/tables/information/{run}/{measurement}.parquet    from measurements.smk
    <results>/tables/metrics/{run}/training.parquet         from measurements.smk
    <results>/tables/gradients/{run}/{measurement}.parquet  from measurements.smk
    <results>/figures/{figure}.svg                          from figures.smk
    <results>/tables/audit.tsv                              from audit.smk
OUTPUTS
    <results>/report/index.html                             opens anywhere, asks for no network
"""

from glob import glob

from page import writing


rule build_page:
    """Write the page: scorecard, information planes, audit, method, commands."""
    input:
        **STUDY.tables_of_page(),
        claims="<results>/claims.tsv",
        details="<results>/claims.json",
        audit="<results>/tables/audit.tsv",
        figures=figures(kinds=["svg"]),
        method=local("docs/method.md"),
        glossary=local("docs/glossary.md"),
        configuration=local([os.path.relpath(file) for file in CONFIGURATION]),
        statistics=local(sorted(glob("src/infoplane/claims/statistics/*.py"))),
        template=local([f"workflow/report/page/{name}" for name in writing.FILES]),
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
        mem_mb=each_attempt(1500),
        runtime=each_attempt(10),
    params:
        made_from=made_from,
        planes=STUDY.planes_of_page(),
        claims={
            claim: {
                "statistic": entry["statistic"],
                "units": UNITS[claim],
                "runs": STUDY.runs_of_claim(claim),
                "files": STUDY.files_behind(STUDY.tables_of_claim(claim)),
            }
            for claim, entry in config["claims"].items()
        },
        figures={
            name: {
                **{key: entry[key] for key in ("paper", "number", "shows", "drawing")},
                "paper_name": config["papers"][entry["paper"]]["name"],
                "expects": entry.get("expects", ""),
                "how_to_read": drawings.how_to_read(entry["drawing"], CONFIDENCE),
                "runs": list(entry.get("runs", {}).values()),
                "files": STUDY.files_behind(STUDY.tables_of_figure(name)),
            }
            for name, entry in config["figures"].items()
        },
        trained_by=STUDY.trained_by,
        overriding=[str(path) for path in workflow.overwrite_configfiles],
    script:
        "../../src/build_page.py"
