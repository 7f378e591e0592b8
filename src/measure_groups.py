"""Measure groups of a run's networks, several of them taken as one.

Reads   training    parameters at the snapshot epochs, of all chunks that hold the networks
        data        the task
Params  measure           the measure and its parameters; `networks` make one group
        initialisations   only the first so many are grouped, in their order; no network is in
                          two groups, what is left over is not used
        snapshots         at most so many, evenly taken
        evaluation        on all, train or test patterns
Writes  table       run, init (the first of the group), epoch, layer, what the measure gives,
                    samples, status of the group (diverged if one network is)
"""

from contextlib import ExitStack

from pipeline.files import load_task, reading_hdf5, save_table
from pipeline.measure_of import make_named_measure
from pipeline.measuring import part_of, tidy_columns
from pipeline.stage import Heartbeat, run_as_script
from pipeline.trained import trained_networks


def group_status(statuses: list[str]) -> str:
    """Return ``ok`` if it is that of every network, else ``diverged``."""
    return "ok" if set(statuses) == {"ok"} else "diverged"


def main(snakemake) -> None:
    """Measure the groups of a run and write their table."""
    params, task = snakemake.params, load_task(snakemake.input.data)
    measure = make_named_measure(snakemake.wildcards.measurement, params.measure)
    use = (params.initialisations, params.snapshots, params.evaluation)
    with ExitStack() as opened:
        networks = [
            found
            for path in snakemake.input.training
            for found in trained_networks(
                opened.enter_context(reading_hdf5(path, "training")), task, *use
            )
        ]
        starts = range(0, len(networks) - measure.networks + 1, measure.networks)
        progress, parts = Heartbeat(len(starts), "groups"), []
        for done, start in enumerate(starts, start=1):
            statuses, group = zip(*networks[start : start + measure.networks], strict=True)
            columns = measure.measure_group(list(group))
            parts.append(part_of(group[0], group_status(statuses), columns))
            progress(done)
    save_table(snakemake.output.table, tidy_columns(snakemake.wildcards.run, parts))


if __name__ == "__main__":
    run_as_script(main, globals())
