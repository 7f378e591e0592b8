"""The stage that measures gradients: its table, divergence, and networks' own orders."""

import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from compute_gradient_snr import main
from infoplane.data import szt_task
from infoplane.gradients import DEFINITIONS, gradient_moments
from infoplane.training import train_ensemble
from infoplane.training.schedule import seed_sequence
from pipeline.files import DamagedFileError, load_table, save_task, writing_hdf5
from tests.support import settings, stand_in
from train_networks import write_training

TASK, SEED, INITS = szt_task(), 9, (4, 7)
SETTINGS = settings(training_fraction=0.05, batch_size=None, epochs=6)


@pytest.fixture(scope="module")
def result():
    return train_ensemble(
        TASK.inputs, TASK.labels, SETTINGS, initialisations=INITS, seed=SEED, engine="torch"
    )


def run_stage(folder, result, batch_size=50):
    save_task(folder / "task.npz", TASK)
    with writing_hdf5(folder / "training.h5", "training") as file:
        write_training(file, result)
        file.attrs.update(run="some_run", seed=SEED, settings=json.dumps(SETTINGS.as_dict()))
    main(
        stand_in(
            input={"training": folder / "training.h5", "data": folder / "task.npz"},
            output={"table": folder / "table.parquet"},
            params={"run": "some_run", "gradient_batch_size": batch_size},
        )
    )
    return load_table(folder / "table.parquet").to_pandas()


def test_table_is_tidy(tmp_path, result):
    table = run_stage(tmp_path, result)
    assert list(table) == [
        *("run", "init", "epoch", "layer", "definition"),
        *("mean_norm", "std_norm", "snr", "weight_norm"),
    ]
    keys = table[["run", "init", "epoch", "layer", "definition"]]
    assert not keys.duplicated().any()
    assert len(table) == 2 * len(result.epochs) * SETTINGS.layers * len(DEFINITIONS)
    assert set(table["run"]) == {"some_run"}
    assert set(table["init"]) == set(INITS)
    assert set(table["epoch"]) == set(result.epochs)
    assert set(table["layer"]) == {1, 2, 3}
    assert set(table["definition"]) == set(DEFINITIONS)
    assert np.isfinite(table[["mean_norm", "std_norm", "snr", "weight_norm"]]).all(axis=None)


def test_rows_hold_the_library_s_numbers(tmp_path, result):
    table = run_stage(tmp_path, result).set_index(["init", "epoch", "layer", "definition"])
    for position, init in enumerate(INITS):
        samples = result.training_samples[position]
        moments = gradient_moments(
            result.parameters[position],
            result.epochs,
            SETTINGS,
            TASK.inputs[samples],
            TASK.labels[samples],
            seed_sequence(SEED, init, "order").generate_state(1, np.uint64)[0],
            batch_size=50,
        )
        for name, definition in DEFINITIONS.items():
            statistics = definition(moments)
            for (number, layer), snr in np.ndenumerate(statistics.snr):
                row = table.loc[(init, result.epochs[number], layer + 1, name)]
                assert row["snr"] == snr
                assert row["mean_norm"] == statistics.mean_norm[number, layer]
                assert row["std_norm"] == statistics.std_norm[number, layer]
                assert row["weight_norm"] == moments.weight_norm[number, layer]


def test_epochs_after_a_divergence_are_left_out(tmp_path, result):
    parameters = result.parameters.copy()
    parameters[1, 3:] = np.nan
    diverged = replace(
        result, parameters=parameters, diverged_epoch=np.array([-1, result.epochs[3]])
    )
    table = run_stage(tmp_path, diverged)
    assert set(table["epoch"][table["init"] == INITS[0]]) == set(result.epochs)
    assert set(table["epoch"][table["init"] == INITS[1]]) == set(result.epochs[:3])


def test_one_mini_batch_is_warned_about(tmp_path, result, caplog):
    with caplog.at_level(logging.WARNING):
        table = run_stage(tmp_path, result, batch_size=256)
    assert "gradient_batch_size 256 makes one mini-batch of 205" in caplog.text
    per_sample = table["definition"] == "saxe_sample"
    assert table["snr"][per_sample].notna().all()
    assert table["snr"][~per_sample].isna().all()


def test_foreign_training_file_is_refused(tmp_path, result):
    with writing_hdf5(tmp_path / "training.h5", "activations"):
        pass
    save_task(tmp_path / "task.npz", TASK)
    with pytest.raises(DamagedFileError, match="activations data where training data"):
        main(
            stand_in(
                input={"training": tmp_path / "training.h5", "data": tmp_path / "task.npz"},
                output={"table": tmp_path / "table.parquet"},
                params={"run": "some_run", "gradient_batch_size": 50},
            )
        )
    assert not (tmp_path / "table.parquet").exists()
