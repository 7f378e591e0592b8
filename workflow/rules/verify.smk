"""
Check finished results; nothing is made.

REQUIRED INPUTS
    every file with a seal that is there: HDF5, Parquet, NumPy archives
    every text that is there, by its digest in the log of the job that wrote it
OUTPUTS
    <results>/verify.txt    the files that would be made anew, if there are any
"""


# It has neither an output nor a benchmark, which would be one, so that it is run at every call.
rule verify:
    """Check every file's seal, and what it was made from, against configuration and code."""
    input:
        code=code_of("verify.py"),
    log:
        "<results>/logs/verify.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        made_from=made_from,
        config=dict(config),
        results=RESULTS,
    script:
        "../../src/verify.py"
