"""Seals: any bit that flips is found, and a file that was made from something else is refused."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from infoplane.tasks.base import Task
from pipeline import seals
from pipeline.files import (
    load_known,
    load_table,
    load_task,
    reading_hdf5,
    save_table,
    save_task,
    writing_hdf5,
)
from pipeline.seals import DamagedFileError, declare, digest_of
from pipeline.stage import run_as_script
from tests.support import stand_in

# Of this process alone, where the peak that `resource` tells is also that of what started it.
PEAK = Path("/proc/self/status")


def save_training(path):
    with writing_hdf5(path, "training") as file:
        file["parameters"] = np.arange(6.0)
        file.attrs["run"] = "some_run"


def load_training(path):
    with reading_hdf5(path, "training") as file:
        return file["parameters"][:]


# How a file of each kind is written and read.
KINDS = {
    "training.h5": (save_training, load_training),
    "task.npz": (lambda path: save_task(path, Task(np.eye(4), np.arange(4) % 2)), load_task),
    "known.npz": (lambda path: save_task(path, Task(np.eye(4), np.arange(4) % 2)), load_known),
    "table.parquet": (
        lambda path: save_table(path, {"run": ["a", "b"], "bits": [1.5, -0.25]}),
        load_table,
    ),
}


@pytest.fixture(autouse=True)
def nothing_declared():
    yield
    declare({}, {}, {})


@pytest.mark.skipif(not PEAK.exists(), reason="only Linux tells a process's peak of memory")
def test_a_file_larger_than_the_memory_of_a_job_is_checked(tmp_path):
    path = tmp_path / "activations.h5"
    with writing_hdf5(path, "activations") as file:
        file.create_dataset("activations/1", (300, 2**20), np.uint8)[:] = 1
    checks = (
        "import sys; from pipeline.seals import check_seal; check_seal(sys.argv[1]); "
        f"print(open('{PEAK}').read())"
    )
    command = [sys.executable, "-c", checks, str(path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    assert path.stat().st_size > 300e6
    peak = re.search(r"VmHWM:\s*(\d+) kB", said.stdout)
    # numpy and h5py take some 60 MB.
    assert int(peak[1]) < 150e3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("large_bytes", [seals.LARGE_BYTES, 100])
def test_a_flipped_bit_is_found_wherever_it_is(tmp_path, kind, large_bytes, monkeypatch):
    monkeypatch.setattr(seals, "LARGE_BYTES", large_bytes)
    path, (save, load) = tmp_path / kind, KINDS[kind]
    save(path)
    load(path)
    written = path.read_bytes()
    assert len(written) > 500
    # In every byte of short files; in some 1000 of longer ones, at a step that divides no block.
    step = max(1, len(written) // 1000) | 1
    with open(path, "r+b") as stream:
        for place in range(0, len(written), step):
            stream.seek(place)
            stream.write(bytes([written[place] ^ 1 << place % 8]))
            stream.flush()
            with pytest.raises(DamagedFileError, match=kind):
                load(path)
            stream.seek(place)
            stream.write(written[place : place + 1])
    load(path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("left", [0, 1, 100, -1])
def test_a_truncated_file_is_found(tmp_path, kind, left):
    path, (save, load) = tmp_path / kind, KINDS[kind]
    save(path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(DamagedFileError, match=f"{kind} is truncated"):
        load(path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_content_has_the_same_bytes(tmp_path, kind):
    save, _ = KINDS[kind]
    (tmp_path / "again").mkdir()
    save(tmp_path / kind)
    save(tmp_path / "again" / kind)
    assert (tmp_path / kind).read_bytes() == (tmp_path / "again" / kind).read_bytes()


SETTINGS = {"run": "some_run", "schedule": {"epochs": 30}}
VERSIONS = {"numpy": "2.0"}


def made(path, name="training/some_run/000-004.h5", settings=SETTINGS, versions=VERSIONS):
    """Declare what a file is made from, as the job that writes it does."""
    declare({}, {str(path): {"file": name, "settings": settings}}, {"versions": versions})


def wanted(path, name="training/some_run/000-004.h5", settings=SETTINGS, versions=VERSIONS):
    """Declare what a job demands of a file."""
    inputs = {str(path): {"file": name, "digest": digest_of(settings)}}
    declare(inputs, {}, {"versions": versions})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"name": "training/another/000-004.h5"}, "is a copy of training/some_run/000-004.h5"),
        ({"settings": SETTINGS | {"seed": 1}}, "under other settings"),
        ({"versions": {"numpy": "2.1"}}, r"by other versions: numpy 2\.0 \(now 2\.1\)"),
    ],
)
def test_a_file_that_was_made_from_something_else_is_refused(tmp_path, kind, other, said):
    path, (save, load) = tmp_path / kind, KINDS[kind]
    made(path)
    save(path)
    wanted(path)
    load(path)
    wanted(path, **other)
    with pytest.raises(DamagedFileError, match=f"{kind} .*{said}"):
        load(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_does_not_say_what_it_is_made_from_is_refused(tmp_path, kind):
    path, (save, load) = tmp_path / kind, KINDS[kind]
    save(path)
    wanted(path)
    with pytest.raises(DamagedFileError, match="does not say what it was made from"):
        load(path)


def test_the_order_of_keys_is_no_other_setting():
    assert digest_of({"a": 1, "b": 2}) == digest_of(json.loads('{"b": 2, "a": 1}'))


def test_a_job_moves_a_refused_file_out_of_the_way(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.stage.begin", lambda snakemake, script: None)
    path = tmp_path / "table.parquet"
    save_table(path, {"run": ["a"]})
    path.write_bytes(path.read_bytes()[:-1])
    damaged = path.read_bytes()
    scope = {"__file__": "stage.py", "snakemake": stand_in(input={"table": str(path)})}
    with pytest.raises(DamagedFileError, match="next call of snakemake makes it anew"):
        run_as_script(lambda snakemake: load_table(snakemake.input.table), scope)
    assert not path.exists()
    assert (tmp_path / "table.parquet.refused").read_bytes() == damaged


def test_a_file_that_two_jobs_refuse_is_moved_aside_once(tmp_path):
    path = tmp_path / "a.npz"
    path.write_text("damaged")
    assert seals.set_aside(path) == seals.set_aside(path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz.refused"]
