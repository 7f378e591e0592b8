"""Audit every estimator on tasks whose mutual information is known, with one number of samples.

Params  dimensions          units of the tasks that may have any number
        repetitions, seed   independent draws of every task
        pair_sizes          numbers of samples of the pairs of real-valued variables
        most_samples        numbers of samples above which an estimator is not tried, by name
Writes  table    one row a task, number of samples, estimator and quantity: task, family,
                 dimension, samples, estimator, quantity (input: I(X;T), label: I(T;Y)),
                 truth_bits, mean_bits, bias_bits, spread_bits, ceiling_bits, at_ceiling (share
                 of draws), repetitions, seconds (of a call), refused (why there is no value,
                 else empty), as text separated by tabs
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from infoplane.audit import audit_estimators, standard_subjects, standard_tasks
from pipeline.stage import Heartbeat, parameters, run_as_script
from pipeline.tables import save_text_table


def audit_table(
    samples: int,
    dimensions: Sequence[int],
    repetitions: int,
    seed: int,
    pair_sizes: Sequence[int],
    most_samples: Mapping[str, int],
) -> pd.DataFrame:
    """Run the audit, task by task.

    Parameters
    ----------
    samples : int
    dimensions : sequence of int
    repetitions, seed : int
    pair_sizes : sequence of int
        Numbers of samples at which pairs of variables are audited too.
    most_samples : mapping of str to int

    Returns
    -------
    table : pandas.DataFrame
        See the module.
    """
    subjects = standard_subjects()
    tasks = standard_tasks(tuple(dimensions), pairs=samples in pair_sizes)
    records, progress = [], Heartbeat(len(tasks), "tasks")
    for done, task in enumerate(tasks, start=1):
        records += audit_estimators(subjects, [task], [samples], repetitions, seed, most_samples)
        progress(done)
    return pd.DataFrame(records)


def main(snakemake) -> None:
    """Run the audit, write its table."""
    samples = int(snakemake.wildcards.samples)
    table = audit_table(samples, **parameters(snakemake))
    save_text_table(snakemake.output.table, table)


if __name__ == "__main__":
    run_as_script(main, globals())
