"""Compute the gradient statistics of every layer at every snapshot, in all definitions.

Reads   training    parameters at the snapshot epochs, training samples
        data        the task
Params  measure           the measure and its parameters; see infoplane.measures.gradients
        batch_size        samples per mini-batch
        initialisations   only the first so many networks
        snapshots         at most so many, evenly taken
        evaluation        all: the gradients are those of the training samples
Writes  table       run, init, epoch, layer, definition, mean_norm, std_norm, snr, weight_norm;
                    of the weights' gradients at frozen weights, losses in nats; epochs before
                    a network's divergence only
"""

from pipeline.measure_of import make_named_measure
from pipeline.measuring import measure_chunk
from pipeline.stage import run_as_script


def main(snakemake) -> None:
    """Measure the chunk and write its table."""
    params = snakemake.params
    measure = {**params.measure, "batch_size": params.batch_size}
    measure_chunk(snakemake, make_named_measure(snakemake.wildcards.measurement, measure))


if __name__ == "__main__":
    run_as_script(main, globals())
