"""Solve a model whose information is known exactly.

Reads   data          the task that the model is about, if it is about one
Params  parameters    the model and its parameters; see infoplane.models
Writes  table         a tidy table of the model's own; information in bits
"""

from infoplane.models import make_model
from pipeline.files import load_task, save_table
from pipeline.stage import log, run_as_script


def main(snakemake) -> None:
    """Solve the model, write its table."""
    model = make_model(**snakemake.params.parameters)
    columns = model.solve(*map(load_task, snakemake.input.data))
    log.info("%s: %d rows of %s", model, len(next(iter(columns.values()))), ", ".join(columns))
    save_table(snakemake.output.table, columns)


if __name__ == "__main__":
    run_as_script(main, globals())
