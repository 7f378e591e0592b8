"""Audit the estimators of one method on layers whose information is known to drop, or not to.

Params  estimators   those of the method, each with its parameters
        samples      patterns
        dimensions   units of the layers
        repetitions  independent draws of every made-up training
        thresholds   from how many bits on a drop counts as found
        seed         of the draws
Writes  table    one row a made-up training, estimator and threshold: task, family, units (bounded,
                 unbounded, noisy), dimension, samples, estimator, true_drop_bits, mean_drop_bits,
                 bias_bits, spread_bits, threshold_bits, is_there (whether the true drop reaches
                 the threshold), found (share of draws in which the measured one does),
                 repetitions, refused (why there is no value, else empty), as text separated by
                 tabs
"""

import pandas as pd

from infoplane.audit import audit_drops, drop_tasks
from pipeline.stage import parameters, run_as_script
from pipeline.tables import save_text_table


def main(snakemake) -> None:
    """Run the audit of drops, write its table."""
    params = parameters(snakemake)
    tasks = drop_tasks(params.pop("dimensions"))
    save_text_table(snakemake.output.table, pd.DataFrame(audit_drops(tasks=tasks, **params)))


if __name__ == "__main__":
    run_as_script(main, globals())
