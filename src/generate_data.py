"""Generate a task's data from its rule.

Writes  data    every pattern, its label and p(y = 1 | x)
"""

from infoplane.data import input_label_information_bits, label_entropy_bits, szt_task
from pipeline.files import save_task
from pipeline.stage import log, run_as_script


def main(snakemake) -> None:
    """Make the task and write it."""
    task = szt_task(**snakemake.params.task)
    if task.labels.min() == task.labels.max():
        raise ValueError(
            f"the task has a single class: all {len(task.labels)} labels are {task.labels[0]}; "
            f"threshold {snakemake.params.task.get('threshold')} lies beyond every score"
        )
    log.info(
        "%d patterns, H(Y) = %.5f bits, I(X;Y) = %.5f bits",
        len(task.labels),
        label_entropy_bits(task.label_probability),
        input_label_information_bits(task.label_probability),
    )
    save_task(snakemake.output.data, task)


if __name__ == "__main__":
    run_as_script(main, globals())
