"""Compare activation functions: drop, peak and end of every layer's path in the plane.

Reads   information    merged table: run, init, epoch, layer, estimator, mi_input_bits,
                       mi_label_bits (bits), status
Params  runs, estimators    lists of names
        statistics          resamples, seed, confidence of the intervals
Writes  table          run, layer, estimator, quantity, estimate, ci_low, ci_high (bits or
                       epochs), inits, diverged, as text separated by tabs
"""

import pandas as pd

from infoplane.claims.comparison import compare_conditions, compared_planes
from infoplane.statistics import Resampling
from pipeline.stage import log, run_as_script
from pipeline.tables import load_information, save_text_table


def main(snakemake) -> None:
    """Read the merged table, write the comparison."""
    params = snakemake.params
    table = load_information(snakemake.input.information, params.runs, params.estimators)
    log.info("%d estimates of %d runs", table.num_rows, len(params.runs))
    planes = compared_planes(table.to_pandas(), list(params.runs), list(params.estimators))
    rows = pd.DataFrame(compare_conditions(planes, Resampling(**params.statistics)))
    save_text_table(snakemake.output.table, rows)


if __name__ == "__main__":
    run_as_script(main, globals())
