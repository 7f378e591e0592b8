"""The stage that makes the tasks, and their files."""

import math
from zipfile import ZipFile

import numpy as np
import pytest

from generate_data import main
from infoplane.tasks import make_task
from pipeline.files import DamagedFileError, load_known, load_task
from pipeline.seals import BLANK, MARK, seal
from tests.support import stand_in

HARD = {"rule": "icosahedron", "degree_weights": [1.0, 2.0, 0.0], "threshold": 2.32}
STOCHASTIC = {
    "rule": "icosahedron",
    "degree_weights": [2.0, 5.0, 4.0],
    "threshold": 5.89,
    "sharpness": 12,
    "seed": 3,
}
COMMITTEE = {"rule": "committee", "weak_rules": 5, "seed": 2017}
DIGITS = {"rule": "digits"}


def generate(path, task):
    """Run the stage and return the file's path."""
    main(stand_in(output={"data": path}, params={"task": task}))
    return path


@pytest.mark.parametrize("parameters", [HARD, STOCHASTIC, COMMITTEE])
def test_task_is_written_as_it_is_made(tmp_path, parameters):
    path = generate(tmp_path / "task.npz", parameters)
    for written, made in zip(load_task(path), make_task(**parameters), strict=True):
        np.testing.assert_array_equal(written, made)
        assert written.dtype == made.dtype
    assert [file.name for file in tmp_path.iterdir()] == ["task.npz"]


def test_what_is_not_known_is_not_written(tmp_path):
    path = generate(tmp_path / "task.npz", DIGITS)
    task = load_task(path)
    np.testing.assert_array_equal(task.inputs, make_task("digits").inputs)
    assert task.label_probability is None
    with np.load(path) as arrays:
        assert "label_probability" not in arrays


@pytest.mark.parametrize("parameters", [HARD, STOCHASTIC, COMMITTEE, DIGITS])
def test_bits_are_read_without_the_patterns(tmp_path, parameters):
    path = generate(tmp_path / "task.npz", parameters)
    known, task = load_known(path), make_task(**parameters)
    assert list(known) == ["ceiling_bits", "label_bits", "information_bits"]
    assert known["ceiling_bits"] == task.ceiling_bits
    assert known["label_bits"] == task.label_bits
    np.testing.assert_equal(known["information_bits"], task.information_bits)
    assert math.isnan(known["information_bits"]) == (parameters is DIGITS)
    assert all(type(bits) is float for bits in known.values())


def test_same_task_has_the_same_bytes(tmp_path):
    first, again = (generate(tmp_path / f"{name}.npz", STOCHASTIC) for name in ("first", "again"))
    assert first.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("load", [load_task, load_known])
def test_truncated_and_foreign_files_are_named(tmp_path, load):
    path = generate(tmp_path / "task.npz", HARD)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DamagedFileError, match=r"task\.npz is truncated.*delete it and run again"):
        load(path)
    np.savez(path, inputs=np.zeros((3, 1)))
    with pytest.raises(DamagedFileError, match="no file of this study"):
        load(path)
    save_sealed(path, inputs=np.zeros((3, 1)))
    with pytest.raises(DamagedFileError, match=r"labels|ceiling_bits"):
        load(path)
    nothing = np.array([None])
    save_sealed(path, inputs=nothing, labels=nothing, ceiling_bits=nothing)
    with pytest.raises(DamagedFileError, match="pickle"):
        load(path)


def save_sealed(path, **arrays):
    """Write arrays that need be no task, with a seal as a task's file has it."""
    np.savez(path, **arrays)
    with ZipFile(path, "a") as archive:
        archive.comment = b"{}\n" + MARK + BLANK
    seal(path)


def test_files_whose_arrays_are_no_task_are_named(tmp_path):
    path = tmp_path / "task.npz"
    save_sealed(path, inputs=np.zeros((3, 1)), labels=np.array([0, 1, 3]))
    with pytest.raises(DamagedFileError, match="labels of 3 classes must be 0 to 2"):
        load_task(path)


def test_tasks_of_a_single_class_are_refused(tmp_path):
    path = tmp_path / "task.npz"
    with pytest.raises(ValueError, match=r"single class: all 4096 labels are 0; threshold 99\.0"):
        generate(path, {**HARD, "threshold": 99.0})
    assert not path.exists()
