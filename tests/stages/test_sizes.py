"""Results files made to exhaust memory are refused when opened, sealed or not."""

from zipfile import ZIP_DEFLATED, ZipFile

import h5py
import numpy as np
import pytest

from infoplane.tasks.base import Task
from pipeline import sizes
from pipeline.files import load_table, load_task, reading_hdf5, save_table, save_task, writing_hdf5
from pipeline.seals import BLANK, MARK, DamagedFileError, seal

# Bytes that no machine of today has.
ENDLESS = 10**15


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        # Never written, it takes no room in the file.
        (
            lambda file: file.create_dataset("parameters", (ENDLESS,), "u1"),
            "declares 1e\\+15 bytes",
        ),
        (
            lambda file: file.create_dataset(
                "parameters", (2**20,), "u1", compression="gzip", fillvalue=0
            ),
            "parameters is not stored as the study writes it",
        ),
        (
            lambda file: file.create_dataset(
                "parameters", (4,), "u1", external=[("/dev/zero", 0, 4)]
            ),
            "parameters is not stored as the study writes it",
        ),
    ],
)
def test_arrays_of_a_training_that_are_not_in_it_are_refused(tmp_path, harm, said):
    path = tmp_path / "training.h5"
    with writing_hdf5(path, "training") as file:
        file["epochs"] = np.arange(3)
        harm(file)
    with (
        pytest.raises(DamagedFileError, match=f"training.h5 .*{said}"),
        reading_hdf5(path, "training"),
    ):
        pass


def test_what_a_virtual_array_takes_from_other_files_is_refused(tmp_path):
    with h5py.File(tmp_path / "elsewhere.h5", "w") as other:
        other["secret"] = np.arange(4)
    layout = h5py.VirtualLayout((4,), int)
    layout[:] = h5py.VirtualSource(tmp_path / "elsewhere.h5", "secret", (4,))
    with writing_hdf5(tmp_path / "training.h5", "training") as file:
        file.create_virtual_dataset("parameters", layout)
    with (
        pytest.raises(DamagedFileError, match="not stored as the study writes it"),
        reading_hdf5(tmp_path / "training.h5", "training"),
    ):
        pass


def packed(path, content: bytes, **how) -> None:
    """Write an archive of one array with a seal, as a task's file has it."""
    with ZipFile(path, "w", **how) as archive:
        archive.writestr("inputs.npy", content)
        archive.comment = b"{}\n" + MARK + BLANK
    seal(path)


def header(shape: tuple) -> bytes:
    """Return the beginning of an array's file."""
    told = repr({"descr": "|u1", "fortran_order": False, "shape": shape}).ljust(117) + "\n"
    return np.lib.format.magic(1, 0) + len(told).to_bytes(2, "little") + told.encode()


def test_a_task_of_declared_or_packed_arrays_is_refused(tmp_path):
    path = tmp_path / "task.npz"
    packed(path, header((ENDLESS,)) + b"abc")
    with pytest.raises(DamagedFileError, match=r"task\.npz .*declares 1e\+15 bytes"):
        load_task(path)
    zeros = header((2**20,)) + bytes(2**20)
    packed(path, zeros, compression=ZIP_DEFLATED)
    assert path.stat().st_size < 5000
    with pytest.raises(DamagedFileError, match=r"inputs\.npy is not stored as the study writes"):
        load_task(path)


def test_a_table_that_does_not_fit_into_memory_is_refused_and_its_columns_may_fit(
    tmp_path, monkeypatch
):
    path = tmp_path / "table.parquet"
    save_table(path, {"epoch": np.zeros(1000), "bits": np.zeros(1000)})
    monkeypatch.setattr(sizes, "memory_bytes", lambda: 10_000)
    with pytest.raises(DamagedFileError, match=r"table\.parquet .*declares 1\.6e\+04 bytes"):
        load_table(path)
    assert load_table(path, columns=["epoch"]).num_rows == 1000


def test_files_of_the_study_are_read(tmp_path):
    save_task(tmp_path / "task.npz", Task(np.eye(4), np.arange(4) % 2))
    assert load_task(tmp_path / "task.npz").inputs.shape == (4, 4)
    assert sizes.memory_bytes() > 2**28
