"""Generate a task's data from its rule.

Reads   images  the public image set, if the rule makes the task of one
Writes  data    every pattern, its label, p(y given x) where known, and the bits that follow
Params  task    ``rule`` and the rule's parameters
"""

from infoplane.tasks import make_task
from pipeline.files import load_images, save_task
from pipeline.stage import log, run_as_script


def main(snakemake) -> None:
    """Make the task and write it."""
    images = snakemake.input.get("images")
    given = {"images": load_images(*images)} if images else {}
    task = make_task(**snakemake.params.task, **given)
    log.info(
        "%d patterns of %d classes, H(Y) = %.5f bits, I(X;Y) = %.5f bits",
        len(task.labels),
        task.classes,
        task.label_bits,
        task.information_bits,
    )
    save_task(snakemake.output.data, task)


if __name__ == "__main__":
    run_as_script(main, globals())
