"""The stage that dumps activations."""

import h5py
import numpy as np
import pytest

from dump_activations import main
from infoplane.data import szt_task
from infoplane.networks import net_inputs_and_activations
from pipeline.files import reading_hdf5
from tests.stages.conftest import SETTINGS
from tests.support import stand_in


def dump(training, data, path):
    main(
        stand_in(input={"training": training, "data": data}, output={"activations": path}),
    )
    return path


@pytest.fixture(scope="module")
def activations(training, data, tmp_path_factory):
    return dump(training, data, tmp_path_factory.mktemp("activations") / "002-004.h5")


def test_every_layer_snapshot_and_pattern_is_there(activations, training):
    inputs = szt_task().inputs.astype(np.float32)
    with h5py.File(training) as trained, reading_hdf5(activations, "activations") as file:
        np.testing.assert_array_equal(file["labels"], szt_task().labels)
        for name in ("initialisations", "epochs", "status", "diverged_epoch"):
            np.testing.assert_array_equal(file[name], trained[name])
        snapshots = len(trained["epochs"])
        for number, units in enumerate(SETTINGS.widths[1:], start=1):
            assert file[f"layers/{number}"].shape == (3, snapshots, 4096, units)
        parameters = trained["parameters"][1, 2]
        _, expected = net_inputs_and_activations(parameters, SETTINGS, inputs)
        for number, values in enumerate(expected, start=1):
            np.testing.assert_array_equal(file[f"layers/{number}"][1, 2], values)


def test_extremes_are_over_units_and_snapshots(activations):
    with reading_hdf5(activations, "activations") as file:
        for number in (1, 2, 3):
            values = file[f"layers/{number}"][:]
            np.testing.assert_array_equal(file["lowest"][:, number - 1], values.min(axis=(1, 2, 3)))
            np.testing.assert_array_equal(
                file["highest"][:, number - 1], values.max(axis=(1, 2, 3))
            )


def test_a_diverged_network_keeps_its_start(diverged, data, tmp_path):
    path = dump(diverged, data, tmp_path / "activations.h5")
    with reading_hdf5(path, "activations") as file:
        assert np.isfinite(file["layers/1"][:, 0]).all()
        assert np.isnan(file["layers/1"][:, -1]).all()
        assert np.isfinite(file["lowest"][:]).all()
