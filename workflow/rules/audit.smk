"""
Audit the estimators where the truth is known; nothing of the study is needed.

OUTPUTS
    <results>/tables/audit.tsv      bias, spread and time of every estimator on every task
"""


rule audit_estimators:
    """Run every estimator on tasks with known information: bias, spread, time of a call."""
    input:
        library=audit_library,
    output:
        table="<results>/tables/audit.tsv",
    log:
        "<results>/logs/audit_estimators.log",
    benchmark:
        "<results>/benchmarks/audit_estimators.tsv"
    # The longest job: started first.
    priority: 4
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        **{key: value for key, value in config["audit"].items() if key != "audited_as"},
    script:
        "../../src/audit_estimators.py"
