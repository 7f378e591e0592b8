"""Compare optimisers and batch sizes: every layer's path in the plane, and ratios of drops.

Reads   information    tables of the runs: run, init, epoch, layer, estimator, mi_input_bits,
                       mi_label_bits (bits), status
Params  runs, estimators    lists of names
        pairs               list of {run, reference}: full batch over mini-batch
        statistics          resamples, seed, confidence of the intervals
Writes  table          run, reference, layer, estimator, quantity, estimate, ci_low, ci_high
                       (bits, epochs or a ratio), inits, diverged, as text separated by tabs;
                       reference is empty where nothing is compared
"""

import pandas as pd

from infoplane.claims.comparison import choose_planes, compare_conditions, compare_drops
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
    resampling = Resampling(**params.statistics)
    ratios = compare_drops(planes, params.pairs, resampling)
    rows = [{"reference": ""} | row for row in compare_conditions(planes, resampling)]
    columns = ["run", "reference", *(name for name in rows[0] if name not in ("run", "reference"))]
    save_text_table(snakemake.output.table, pd.DataFrame(rows + ratios, columns=columns))


if __name__ == "__main__":
    run_as_script(main, globals())
