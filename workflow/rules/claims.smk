"""
Judge the claims of the debate.

REQUIRED INPUTS
    <results>/tables/information.parquet         from information.smk
    <results>/tables/gradients.parquet           from gradients.smk
    <results>/clustering/...                     from information.smk
    <results>/ranges/...                         from information.smk
    <results>/multi_network/...                  from information.smk
    <results>/tables/audit.tsv                   from audit.smk
OUTPUTS
    <results>/claims.tsv                         one row per claim, condition and estimator
    <results>/claims.json                        the same, with what every network contributes
"""


rule judge_claims:
    """Judge each claim by an effect, its bootstrap interval and a threshold: three verdicts."""
    input:
        information="<results>/tables/information.parquet",
        gradients="<results>/tables/gradients.parquet",
        clustering=clustering_chunks,
        ranges=range_chunks,
        multi_network=multi_network_tables,
        audit="<results>/tables/audit.tsv",
        library=claims_library,
    output:
        table=report(
            "<results>/claims.tsv",
            caption="../report/claims.rst",
            category="This study",
            labels={"figure": "claims", "shows": "verdicts"},
        ),
        details="<results>/claims.json",
    log:
        "<results>/logs/judge_claims.log",
    benchmark:
        "<results>/benchmarks/judge_claims.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        claims=config["claims"],
        statistics=config["statistics"],
        audited_as=config["audit"]["audited_as"],
        widths={run: list(RUNS[run].settings.widths) for run in RUNS},
    script:
        "../../src/judge_claims.py"
