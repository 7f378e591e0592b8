"""The stage that measures gradients: its table, divergence, and networks' own orders."""

import logging

import h5py
import numpy as np
import pytest

from compute_gradient_snr import main
from infoplane.data import szt_task
from infoplane.measures.gradients import DEFINITIONS, gradient_moments
from infoplane.training.schedule import seed_sequence
from pipeline.files import DamagedFileError, load_table, writing_hdf5
from pipeline.seals import seal
from tests.stages.conftest import SEED, measuring, train
from tests.support import network, optimizer, schedule

TASK = szt_task()
NETWORK = network()
GRADIENTS = {"measure": "gradients"}


@pytest.fixture(scope="module")
def four(data, tmp_path_factory):
    """Return the path of networks 4 to 7, trained on full batches by PyTorch."""
    return train(
        data,
        tmp_path_factory.mktemp("four") / "004-007.h5",
        chunk="004-007",
        network=NETWORK,
        optimizer=optimizer(batch_size=None),
        schedule=schedule(training_fraction=0.05, epochs=6),
        engine="torch",
    )


def run_stage(training, data, folder, batch_size=50):
    table = folder / "table.parquet"
    main(measuring(training, data, table, GRADIENTS, batch_size=batch_size))
    return load_table(table).to_pandas()


def test_table_is_tidy(tmp_path, data, four):
    table = run_stage(four, data, tmp_path)
    assert list(table) == [
        *("run", "init", "epoch", "layer", "definition"),
        *("mean_norm", "std_norm", "snr", "weight_norm", "samples", "status"),
    ]
    keys = table[["run", "init", "epoch", "layer", "definition"]]
    assert not keys.duplicated().any()
    with h5py.File(four) as file:
        epochs = file["epochs"][:]
    assert len(table) == 4 * len(epochs) * NETWORK.layers * len(DEFINITIONS)
    assert set(table["init"]) == {4, 5, 6, 7}
    assert set(table["epoch"]) == set(epochs)
    assert set(table["layer"]) == {1, 2, 3}
    assert set(table["definition"]) == set(DEFINITIONS)
    assert np.isfinite(table[["mean_norm", "std_norm", "snr", "weight_norm"]]).all(axis=None)


def test_rows_hold_the_library_s_numbers(tmp_path, data, four):
    table = run_stage(four, data, tmp_path).set_index(["init", "epoch", "layer", "definition"])
    with h5py.File(four) as file:
        epochs, every = file["epochs"][:], file["parameters"][:]
        all_samples = file["training_samples"][:]
    for position, init in ((0, 4), (3, 7)):
        samples = all_samples[position]
        moments = gradient_moments(
            every[position],
            epochs,
            NETWORK,
            TASK.inputs[samples],
            TASK.labels[samples],
            seed_sequence(SEED, init, "order").generate_state(1, np.uint64)[0],
            batch_size=50,
        )
        for name, definition in DEFINITIONS.items():
            statistics = definition(moments)
            for (number, layer), snr in np.ndenumerate(statistics.snr):
                row = table.loc[(init, epochs[number], layer + 1, name)]
                assert row["snr"] == snr
                assert row["mean_norm"] == statistics.mean_norm[number, layer]
                assert row["std_norm"] == statistics.std_norm[number, layer]
                assert row["weight_norm"] == moments.weight_norm[number, layer]


def test_epochs_after_a_divergence_are_left_out(tmp_path, data, four):
    path = tmp_path / "diverged.h5"
    path.write_bytes(four.read_bytes())
    with h5py.File(path, "r+") as file:
        epochs = file["epochs"][:]
        file["parameters"][1, 3:] = np.nan
        file["diverged_epoch"][1] = epochs[3]
    seal(path)
    table = run_stage(path, data, tmp_path)
    assert set(table["epoch"][table["init"] == 4]) == set(epochs)
    assert set(table["epoch"][table["init"] == 5]) == set(epochs[:3])


def test_one_mini_batch_is_warned_about(tmp_path, data, four, caplog):
    with caplog.at_level(logging.WARNING):
        table = run_stage(four, data, tmp_path, batch_size=256)
    assert "one mini-batch of 205" in caplog.text
    per_sample = table["definition"] == "saxe_sample"
    assert table["snr"][per_sample].notna().all()
    assert table["snr"][~per_sample].isna().all()


def test_foreign_training_file_is_refused(tmp_path, data):
    with writing_hdf5(tmp_path / "training.h5", "activations"):
        pass
    with pytest.raises(DamagedFileError, match="activations data where training data"):
        run_stage(tmp_path / "training.h5", data, tmp_path)
    assert not (tmp_path / "table.parquet").exists()
