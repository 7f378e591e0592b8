"""The stage that trains a chunk: what it stores, and that chunks do not matter."""

import json

import h5py
import numpy as np
import pytest

from infoplane.data import szt_task
from infoplane.networks import network_from_dict
from infoplane.training import METRICS, train_ensemble
from pipeline.files import DamagedFileError, load_table, reading_hdf5
from tests.stages.conftest import (
    NETWORK,
    OPTIMIZER,
    RUN,
    SCHEDULE,
    SEED,
    metrics_of,
    train,
)
from tests.support import network, optimizer


def test_file_holds_what_training_gives_and_what_made_it(training):
    task = szt_task()
    result = train_ensemble(
        task.inputs, task.labels, NETWORK, OPTIMIZER, SCHEDULE, [2, 3, 4], seed=SEED
    )
    with reading_hdf5(training, "training") as file:
        np.testing.assert_array_equal(file["initialisations"], [2, 3, 4])
        for name in ("epochs", "parameters", "training_samples", "lowest", "highest"):
            np.testing.assert_array_equal(file[name], getattr(result, name))
        assert file["status"].asstr()[:].tolist() == ["ok"] * 3
        assert network_from_dict(json.loads(file.attrs["network"])) == NETWORK
        assert json.loads(file.attrs["optimizer"]) == OPTIMIZER.as_dict()
        assert json.loads(file.attrs["schedule"]) == SCHEDULE.as_dict()
        assert (file.attrs["run"], file.attrs["seed"]) == (RUN, SEED)
        assert file.attrs["engine"] == "fused"
        assert "torch" in json.loads(file.attrs["versions"])
        assert file.attrs["commit"]


def test_learning_curves_have_one_row_a_network_and_snapshot(training, diverged):
    task = szt_task()
    result = train_ensemble(
        task.inputs, task.labels, NETWORK, OPTIMIZER, SCHEDULE, [2, 3, 4], seed=SEED
    )
    table = load_table(metrics_of(training)).to_pandas()
    assert list(table) == ["run", "init", "epoch", *METRICS, "status"]
    assert set(table["run"]) == {RUN}
    for position, init in enumerate((2, 3, 4)):
        own = table[table["init"] == init]
        np.testing.assert_array_equal(own["epoch"], result.epochs)
        assert set(own["status"]) == {"ok"}
        for name in METRICS:
            np.testing.assert_array_equal(own[name], result.metrics[name][position])
    assert set(load_table(metrics_of(diverged)).to_pandas()["status"]) == {"diverged"}


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
        assert np.isfinite(file["lowest"][:]).all()
    linear = network(widths=(12, 4, 3, 2), activation="linear")
    steep = optimizer(optimizer="sgd", learning_rate=1e30)
    train(data, tmp_path / "again.h5", chunk="000-000", network=linear, optimizer=steep)
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
        pytest.raises(DamagedFileError, match="no file of this study"),
        reading_hdf5(tmp_path / "foreign.h5", "training"),
    ):
        pass
