"""Compare activation functions: drop, peak and end of every layer's path in the plane.

Reads   information    tables of the runs: run, init, epoch, layer, estimator, mi_input_bits,
                       mi_label_bits (bits), status
Params  runs, estimators    lists of names
        statistics          resamples, seed, confidence of the intervals
Writes  table          run, layer, estimator, quantity, estimate, ci_low, ci_high (bits or
                       epochs), inits, diverged, as text separated by tabs
"""

import pandas as pd

from infoplane.claims.comparison import choose_planes, compare_conditions
from infoplane.statistics import Resampling
from pipeline.stage import log, run_as_script
from pipeline.tables import save_text_table
from pipeline.trajectories import INFORMATION, load_trajectories


def main(snakemake) -> None:
    """Read the runs' tables, write the comparison."""
    params = snakemake.params
    runs, names = list(params.runs), list(params.estimators)
    found = load_trajectories(snakemake.input.information, runs, names=names, columns=INFORMATION)
    planes = choose_planes(found, runs, names)
    log.info("%d planes of %d runs", len(planes), len(runs))
    rows = pd.DataFrame(compare_conditions(planes, Resampling(**params.statistics)))
    save_text_table(snakemake.output.table, rows)


if __name__ == "__main__":
    run_as_script(main, globals())
