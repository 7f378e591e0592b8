"""
Judge the claims of the debate, each by itself.

REQUIRED INPUTS
    <results>/tables/{table}/{run}/{measurement}.parquet    from measurements.smk
    <results>/data/{task}.npz                               from data.smk
    <results>/tables/audit.tsv                              from audit.smk
    <results>/audit/drops/{method}.tsv                      from audit.smk
    <results>/tables/models/{model}.parquet                 from models.smk
OUTPUTS
    <results>/claims/{claim}.tsv, .json          one claim, by condition and estimator
    <results>/claims.tsv                         all of them, corrected for their number
    <results>/tables/readings.tsv                which verdicts hang on how a claim is read
    <results>/claims.json                        the same, with what every network contributes
"""


rule judge_claims:
    """Judge a claim by an effect, its bootstrap interval and a threshold: three verdicts."""
    input:
        unpack(lambda wildcards: STUDY.tables_of_claim(wildcards.claim)),
        code=lambda wildcards: local(code_behind.code_of_claim(config, wildcards.claim)),
    output:
        table="<results>/claims/{claim}.tsv",
        details="<results>/claims/{claim}.json",
    log:
        "<results>/logs/judge_claims/{claim}.log",
    benchmark:
        "<results>/benchmarks/judge_claims/{claim}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(20),
    params:
        made_from=made_from,
        entry=lambda wildcards: config["claims"][wildcards.claim],
        statistics=config["statistics"],
        audited_as=config["audit"]["audited_as"],
        runs=lambda wildcards: STUDY.runs_of_claim(wildcards.claim),
        units=lambda wildcards: {
            run: list(STUDY.runs[run].network.units)
            for run in STUDY.runs_of_claim(wildcards.claim)
        },
        activations=lambda wildcards: {
            run: STUDY.runs[run].network.activation
            for run in STUDY.runs_of_claim(wildcards.claim)
        },
        protocols=lambda wildcards: {
            run: config["runs"][run]["protocol"]
            for run in STUDY.runs_of_claim(wildcards.claim)
        },
        training=lambda wildcards: {
            run: {
                "training_fraction": STUDY.runs[run].schedule.training_fraction,
                "batch_size": STUDY.runs[run].optimizer.batch_size,
            }
            for run in STUDY.runs_of_claim(wildcards.claim)
        },
        resolution=config["resolution"],
    script:
        "../../src/judge_claims.py"


rule collect_verdicts:
    """Collect all verdicts and correct them for their number."""
    input:
        parts=collect("<results>/claims/{claim}.tsv", claim=sorted(config["claims"])),
        code=code_of("collect_verdicts.py"),
    output:
        readings="<results>/tables/readings.tsv",
        table="<results>/claims.tsv",
    log:
        "<results>/logs/collect_verdicts.log",
    benchmark:
        "<results>/benchmarks/collect_verdicts.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(10),
    params:
        made_from=made_from,
        statistics=config["statistics"],
    script:
        "../../src/collect_verdicts.py"


use rule merge_table as collect_details with:
    input:
        parts=collect("<results>/claims/{claim}.json", claim=sorted(config["claims"])),
        code=code_of("merge_table.py"),
    output:
        table="<results>/claims.json",
    log:
        "<results>/logs/collect_details.log",
    benchmark:
        "<results>/benchmarks/collect_details.tsv"
