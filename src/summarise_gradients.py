"""Merge the gradient statistics of all runs into one tidy table.

Reads   chunks     the tables of all chunks
        metrics    the learning curves, which know each network's status
Writes  table      the same rows and columns, and status
"""

from pipeline.files import load_table, save_table
from pipeline.stage import log, run_as_script
from pipeline.tables import merge_chunks, network_status


def main(snakemake) -> None:
    """Read all chunks, write the table."""
    status = network_status(load_table(snakemake.input.metrics, ["run", "init", "status"]))
    table = merge_chunks(list(snakemake.input.chunks), status)
    log.info("%d rows from %d chunks", table.num_rows, len(snakemake.input.chunks))
    save_table(snakemake.output.table, table)


if __name__ == "__main__":
    run_as_script(main, globals())
