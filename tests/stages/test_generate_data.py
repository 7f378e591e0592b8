"""The stage that makes the tasks."""

import numpy as np
import pytest

from generate_data import main
from infoplane.data import szt_task
from pipeline.files import DamagedFileError, load_task
from tests.support import stand_in


def test_task_is_written_as_it_is_made(tmp_path):
    path = tmp_path / "task.npz"
    parameters = {"degree_weights": [2.0, 5.0, 4.0], "threshold": 5.89, "sharpness": 12, "seed": 3}
    main(stand_in(output={"data": path}, params={"task": parameters}))
    for written, made in zip(load_task(path), szt_task(**parameters), strict=True):
        np.testing.assert_array_equal(written, made)
        assert written.dtype == made.dtype
    assert [file.name for file in tmp_path.iterdir()] == ["task.npz"]


def test_truncated_and_foreign_files_are_named(tmp_path):
    path = tmp_path / "task.npz"
    main(stand_in(output={"data": path}, params={"task": {}}))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DamagedFileError, match=r"task\.npz is truncated.*delete it and run again"):
        load_task(path)
    np.savez(path, inputs=np.zeros(3))
    with pytest.raises(DamagedFileError, match="labels"):
        load_task(path)


def test_tasks_of_a_single_class_are_refused(tmp_path):
    path = tmp_path / "task.npz"
    with pytest.raises(ValueError, match=r"single class: all 4096 labels are 0; threshold 99\.0"):
        main(stand_in(output={"data": path}, params={"task": {"threshold": 99.0}}))
    assert not path.exists()
