"""Files that are damaged or foreign: a job that reads one names it, and the next call heals."""

import json
import shutil

import pytest

from pipeline.files import load_table, record_in, save_table
from pipeline.seals import declare
from tests.faults import tiny_study
from tests.faults.extent import EVERYTHING
from tests.faults.tiny_study import PART, TABLE

# One process runs the tiny study for all faults.
pytestmark = pytest.mark.xdist_group("tiny")


def flip(path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def truncate(path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def take_the_other_chunk(path) -> None:
    shutil.copy(path.with_name("002-003.parquet"), path)


def made_again(path, change) -> None:
    """Write a file's table again with its seal, with something else of what it was made from."""
    record, table = json.loads(record_in(path)), load_table(path)
    change(record)
    made = {name: record.pop(name) for name in ("file", "settings")}
    declare({}, {str(path): made}, record)
    try:
        save_table(path, table)
    finally:
        declare({}, {}, {})


def make_under_another_seed(path) -> None:
    made_again(path, lambda record: record["settings"].update(seed=1))


def make_by_another_version(path) -> None:
    made_again(path, lambda record: record["versions"].update(numpy="1.0"))


only_in_full = pytest.mark.skipif(not EVERYTHING, reason="tried by `make faults`")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        pytest.param(make_under_another_seed, "was made under other settings", marks=only_in_full),
        pytest.param(
            make_by_another_version, "was made by other versions: numpy 1.0", marks=only_in_full
        ),
        (flip, "is truncated or damaged"),
        (truncate, "is truncated"),
        (take_the_other_chunk, "is a copy of metrics/szt_tanh/training/002-003.parquet"),
    ],
)
def test_a_wrong_intermediate_is_named_and_made_anew_by_the_next_call(
    finished, tmp_path, harm, why
):
    folder = tiny_study.copy(finished, tmp_path / "study")
    table, part = (folder / TABLE).read_bytes(), (folder / PART).read_bytes()
    harm(folder / PART)
    (folder / TABLE).unlink()
    failed = tiny_study.run(folder)
    assert failed.returncode != 0
    told = failed.stdout + failed.stderr
    assert f"{PART} {why}" in told
    assert not (folder / TABLE).exists()
    healed = tiny_study.run(folder)
    assert healed.returncode == 0, healed.stderr[-3000:]
    assert (folder / PART).read_bytes() == part
    assert (folder / TABLE).read_bytes() == table


def test_verify_names_what_is_wrong_and_the_command_that_heals(finished, tmp_path):
    folder = tiny_study.copy(finished, tmp_path / "study")
    flip(folder / PART)
    said = tiny_study.run(folder, "verify")
    assert said.returncode != 0
    told = said.stdout + said.stderr
    assert f"{PART} is truncated or damaged" in told
    assert "snakemake --forcerun $(cat results/smoke/verify.txt)" in told
    assert f"{PART}\n" in (folder / "results/smoke/verify.txt").read_text()
    assert f"{TABLE}\n" not in (folder / "results/smoke/verify.txt").read_text()
