"""Compare conditions that differ in one setting: how much more or less every layer drops.

Reads   information    tables of the runs: run, init, epoch, layer, estimator, mi_input_bits,
                       mi_label_bits (bits), status
Params  runs, estimators    lists of names
        pairs               list of {shows, run, reference}, optionally with the last_epoch of the
                            run's paths, or its estimator and the reference_estimator
        statistics          resamples, seed, confidence of the intervals
Writes  table          shows, run, reference, estimator (of the reference), layer, difference_bits,
                       ci_low, ci_high, reference_drop_bits (bits), inits, diverged, as text
                       separated by tabs
"""

import pandas as pd

from infoplane.claims.comparison import choose_planes, compare_differences
from infoplane.statistics import Resampling
from pipeline.stage import log, run_as_script
from pipeline.tables import save_text_table
from pipeline.trajectories import INFORMATION, load_trajectories


def main(snakemake) -> None:
    """Read the runs' tables, write the differences."""
    params = snakemake.params
    own = [pair["estimator"] for pair in params.pairs if "estimator" in pair]
    runs, names = list(params.runs), list(dict.fromkeys([*params.estimators, *own]))
    found = load_trajectories(snakemake.input.information, runs, names=names, columns=INFORMATION)
    planes = choose_planes(found, runs, names)
    log.info("%d planes of %d runs", len(planes), len(runs))
    resampling = Resampling(**params.statistics)
    rows = compare_differences(planes, params.pairs, list(params.estimators), resampling)
    save_text_table(snakemake.output.table, pd.DataFrame(rows))


if __name__ == "__main__":
    run_as_script(main, globals())
