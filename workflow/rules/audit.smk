"""
Audit the estimators where the truth is known; nothing of the study is needed.

OUTPUTS
    <results>/audit/{samples}.tsv   one number of samples
    <results>/tables/audit.tsv      bias, spread and time of every estimator on every task
"""


rule audit_estimators:
    """Run every estimator on tasks with known information: bias, spread, time of a call."""
    input:
        code=planning.code_of_audit(),
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
        mem_mb=2000,
        runtime=60,
    params:
        **{
            key: config["audit"][key]
            for key in ("dimensions", "repetitions", "seed", "most_samples")
        },
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
