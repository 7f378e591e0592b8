"""Measure the trained networks of a chunk by running them, or by their weights.

Reads   training    parameters at the snapshot epochs
        data        the task
Params  measure           the measure and its parameters; see infoplane.measures
        initialisations   only the first so many networks
        snapshots         at most so many, evenly taken
        evaluation        on all, train or test patterns
Writes  table       run, init, epoch, layer, what the measure gives, samples, status
"""

from pipeline.measure_of import make_named_measure
from pipeline.measuring import measure_chunk
from pipeline.stage import run_as_script


def main(snakemake) -> None:
    """Measure the chunk and write its table."""
    measure = make_named_measure(snakemake.wildcards.measurement, snakemake.params.measure)
    measure_chunk(snakemake, measure)


if __name__ == "__main__":
    run_as_script(main, globals())
