"""The stage that trains a chunk: what it stores, and that chunks do not matter."""

import json

import h5py
import numpy as np
import pytest

from infoplane.data import szt_task
from infoplane.settings import TrainingSettings
from infoplane.training import METRICS, train_ensemble
from pipeline.files import DamagedFileError, reading_hdf5
from tests.stages.conftest import RUN, SEED, SETTINGS, train


def test_file_holds_what_training_gives_and_what_made_it(training):
    task = szt_task()
    result = train_ensemble(task.inputs, task.labels, SETTINGS, [2, 3, 4], seed=SEED)
    with reading_hdf5(training, "training") as file:
        np.testing.assert_array_equal(file["initialisations"], [2, 3, 4])
        np.testing.assert_array_equal(file["epochs"], result.epochs)
        np.testing.assert_array_equal(file["parameters"], result.parameters)
        np.testing.assert_array_equal(file["training_samples"], result.training_samples)
        for name in METRICS:
            np.testing.assert_array_equal(file[f"metrics/{name}"], result.metrics[name])
        assert file["status"].asstr()[:].tolist() == ["ok"] * 3
        assert TrainingSettings(**json.loads(file.attrs["settings"])) == SETTINGS
        assert (file.attrs["run"], file.attrs["seed"]) == (RUN, SEED)
        assert file.attrs["engine"] == "fused"
        assert "torch" in json.loads(file.attrs["versions"])
        assert file.attrs["commit"]


def test_another_chunk_gives_the_same_network(training, data, tmp_path):
    alone = train(data, tmp_path / "alone.h5", chunk="003-003")
    with h5py.File(training) as whole, h5py.File(alone) as part:
        np.testing.assert_array_equal(whole["parameters"][1], part["parameters"][0])


def test_divergence_is_stored_and_said(diverged, data, tmp_path, caplog):
    with reading_hdf5(diverged, "training") as file:
        assert file["status"].asstr()[:].tolist() == ["diverged", "diverged"]
        assert (file["diverged_epoch"][:] >= 1).all()
        assert np.isfinite(file["parameters"][:, 0]).all()
        assert np.isnan(file["parameters"][:, -1]).all()
    changes = {"activation": "linear", "optimizer": "sgd", "learning_rate": 1e30}
    train(data, tmp_path / "again.h5", chunk="000-000", **changes)
    assert "initialisation 0 diverged by epoch" in caplog.text


def test_truncated_and_foreign_files_are_refused(training, tmp_path):
    half = tmp_path / "half.h5"
    half.write_bytes(training.read_bytes()[: training.stat().st_size // 2])
    with (
        pytest.raises(DamagedFileError, match=r"half\.h5 is truncated"),
        reading_hdf5(half, "training"),
    ):
        pass
    with (
        pytest.raises(DamagedFileError, match="training data where activations"),
        reading_hdf5(training, "activations"),
    ):
        pass
    with h5py.File(tmp_path / "foreign.h5", "w"):
        pass
    with (
        pytest.raises(DamagedFileError, match="foreign data"),
        reading_hdf5(tmp_path / "foreign.h5", "training"),
    ):
        pass
