"""Fetch a public image set from wherever it can be had, and check it.

Params  source    where its files may be, and their digests
        folder    of files that the user put there, and of what arrives
Writes  images    train_images, train_labels, test_images, test_labels, bytes as published
"""

from infoplane.tasks import TASKS
from pipeline.files import save_images
from pipeline.images import fetch_files, read_set
from pipeline.stage import log, run_as_script


def main(snakemake) -> None:
    """Find the files, read them, hold them against the task rule of the set's name, write them."""
    name, params = snakemake.wildcards.image_set, snakemake.params
    files = fetch_files(name, params.source, params.folder)
    for file, path in files.items():
        log.info("%s from %s", file, path)
    images = read_set(name, params.source["form"], files)
    rule = TASKS.member(name)
    images.check(name, rule.image_shape, rule.classes)
    save_images(snakemake.output.images, images)


if __name__ == "__main__":
    run_as_script(main, globals())
