"""
Audit the estimators where the truth is known; nothing of the study is needed.

OUTPUTS
    <results>/audit/{samples}.tsv         one number of samples
    <results>/tables/audit.tsv            bias, spread and time of every estimator on every task
    <results>/audit/drops/{method}.tsv    the estimators of one method on known drops
    <results>/tables/audit_drops.tsv      bias, power and false finds of drops, by all estimators
"""


rule audit_estimators:
    """Run every estimator on tasks with known information: bias, spread, time of a call."""
    input:
        code=local(code_behind.code_of_audit()),
    output:
        table="<results>/audit/{samples}.tsv",
    log:
        "<results>/logs/audit_estimators/{samples}.log",
    benchmark:
        "<results>/benchmarks/audit_estimators/{samples}.tsv"
    wildcard_constraints:
        samples=any_of(map(str, config["audit"]["sizes"])),
    # With many samples the longest jobs: started first.
    priority: 4
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=each_attempt(2000),
        runtime=each_attempt(60),
    params:
        **{
            key: config["audit"][key]
            for key in (
                "dimensions",
                "repetitions",
                "seed",
                "pair_sizes",
                "most_samples",
            )
        },
        made_from=made_from,
    script:
        "../../src/audit_estimators.py"


use rule merge_table as merge_audit with:
    input:
        parts=collect("<results>/audit/{samples}.tsv", samples=config["audit"]["sizes"]),
        code=code_of("merge_table.py"),
    output:
        table="<results>/tables/audit.tsv",
    log:
        "<results>/logs/merge_audit.log",
    benchmark:
        "<results>/benchmarks/merge_audit.tsv"


rule audit_drops:
    """Measure made-up trainings, whose drops are known, with the estimators of one method."""
    input:
        code=lambda wildcards: local(code_behind.code_of_drops(wildcards.method)),
    output:
        table="<results>/audit/drops/{method}.tsv",
    log:
        "<results>/logs/audit_drops/{method}.log",
    benchmark:
        "<results>/benchmarks/audit_drops/{method}.tsv"
    wildcard_constraints:
        method=any_of(STUDY.methods()),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(20),
    params:
        **config["audit"]["drops"],
        made_from=made_from,
        estimators=lambda wildcards: STUDY.estimators_of(wildcards.method),
        seed=config["audit"]["seed"],
    script:
        "../../src/audit_drops.py"


use rule merge_table as merge_drops with:
    input:
        parts=collect("<results>/audit/drops/{method}.tsv", method=STUDY.methods()),
        code=code_of("merge_table.py"),
    output:
        table="<results>/tables/audit_drops.tsv",
    log:
        "<results>/logs/merge_drops.log",
    benchmark:
        "<results>/benchmarks/merge_drops.tsv"
