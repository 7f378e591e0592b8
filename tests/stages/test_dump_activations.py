"""The stage that dumps activations: what one measurement needs of them."""

import h5py
import numpy as np
import pytest

import dump_activations
from dump_activations import main, snapshots_at_once
from infoplane.data import szt_task
from infoplane.networks.dense import split_parameters
from pipeline.files import reading_hdf5
from tests.stages.conftest import NETWORK
from tests.support import stand_in


def dump(
    training,
    data,
    path,
    initialisations=10,
    snapshots=None,
    evaluation="all",
    reads=("activations",),
):
    """Run the stage; return the path of the activations."""
    main(
        stand_in(
            input={"training": training, "data": data},
            output={"activations": path},
            params={
                "initialisations": initialisations,
                "snapshots": snapshots,
                "evaluation": evaluation,
                "reads": list(reads),
            },
        )
    )
    return path


@pytest.fixture(scope="module")
def activations(training, data, tmp_path_factory):
    return dump(training, data, tmp_path_factory.mktemp("activations") / "002-004.h5")


def test_every_layer_snapshot_and_pattern_is_there(activations, training):
    inputs = szt_task().inputs.astype(np.float32)
    with h5py.File(training) as trained, reading_hdf5(activations, "activations") as file:
        np.testing.assert_array_equal(file["labels"], [szt_task().labels] * 3)
        for name in ("initialisations", "epochs", "status", "diverged_epoch", "lowest", "highest"):
            np.testing.assert_array_equal(file[name], trained[name])
        snapshots = len(trained["epochs"])
        for number, units in enumerate(NETWORK.units, start=1):
            assert file[f"activations/{number}"].shape == (3, snapshots, 4096, units)
        _, expected = NETWORK.net_inputs_and_activations(trained["parameters"][1, 2], inputs)
        for number, values in enumerate(expected, start=1):
            np.testing.assert_array_equal(file[f"activations/{number}"][1, 2], values)


def test_extremes_are_those_of_all_snapshots_whatever_is_kept(
    activations, training, data, tmp_path
):
    few = dump(training, data, tmp_path / "few.h5", snapshots=2, evaluation="test")
    with reading_hdf5(activations, "activations") as file, h5py.File(few) as part:
        for number in (1, 2, 3):
            values = file[f"activations/{number}"][:]
            lowest, highest = values.min(axis=(1, 2, 3)), values.max(axis=(1, 2, 3))
            for found in (file, part):
                np.testing.assert_array_equal(found["lowest"][:, number - 1], lowest)
                np.testing.assert_array_equal(found["highest"][:, number - 1], highest)


def test_only_the_networks_and_snapshots_of_the_measurement_are_kept(
    activations, training, data, tmp_path
):
    few = dump(training, data, tmp_path / "few.h5", initialisations=4, snapshots=2)
    with h5py.File(activations) as whole, h5py.File(few) as part:
        assert part["initialisations"][:].tolist() == [2, 3]
        assert part["epochs"][:].tolist() == [0, 4]
        for layer in ("1", "2", "3"):
            np.testing.assert_array_equal(
                part["activations"][layer][:], whole["activations"][layer][:2][:, [0, -1]]
            )


@pytest.mark.parametrize("evaluation", ["train", "test"])
def test_only_the_patterns_of_the_evaluation_are_kept(
    evaluation, activations, training, data, tmp_path
):
    part = dump(training, data, tmp_path / "part.h5", evaluation=evaluation)
    labels = szt_task().labels
    with h5py.File(activations) as whole, h5py.File(training) as trained, h5py.File(part) as file:
        for position, samples in enumerate(trained["training_samples"][:]):
            chosen = np.isin(np.arange(4096), samples) == (evaluation == "train")
            np.testing.assert_array_equal(file["labels"][position], labels[chosen])
            np.testing.assert_array_equal(
                file["activations/2"][position], whole["activations/2"][position][:, chosen]
            )


def test_blocks_of_snapshots_change_nothing(activations, training, data, tmp_path, monkeypatch):
    monkeypatch.setattr(dump_activations, "BLOCK_BYTES", 1)
    assert snapshots_at_once(NETWORK, 4096, 5, np.dtype(np.float32)) == 1
    single = dump(training, data, tmp_path / "single.h5")
    with h5py.File(activations) as whole, h5py.File(single) as file:
        for layer in ("1", "2", "3"):
            np.testing.assert_array_equal(
                file["activations"][layer][:], whole["activations"][layer][:]
            )


def test_only_what_is_read_is_there(activations, training, data, tmp_path):
    net = dump(training, data, tmp_path / "net.h5", reads=["net_inputs"])
    both = dump(training, data, tmp_path / "both.h5", reads=["activations", "net_inputs"])
    with h5py.File(activations) as one, h5py.File(net) as other, h5py.File(both) as file:
        assert set(one) - {"activations"} == set(other) - {"net_inputs"}
        assert "net_inputs" not in one
        assert "activations" not in other
        for layer in ("1", "2", "3"):
            for name, alone in (("activations", one), ("net_inputs", other)):
                np.testing.assert_array_equal(file[name][layer][:], alone[name][layer][:])


def test_net_inputs_are_those_of_double_precision(training, data, tmp_path):
    path = dump(training, data, tmp_path / "part.h5", evaluation="test", reads=["net_inputs"])
    with h5py.File(training) as trained, reading_hdf5(path, "activations") as file:
        kept = np.setdiff1d(np.arange(4096), trained["training_samples"][1])
        below = szt_task().inputs.astype(np.float64)
        layers = split_parameters(trained["parameters"][1, 2].astype(np.float64), NETWORK.widths)
        for number, (weights, biases) in enumerate(layers, start=1):
            net = below @ weights.T + biases
            found = file[f"net_inputs/{number}"][1, 2]
            assert found.dtype == np.float64
            np.testing.assert_allclose(found, net[kept], rtol=0, atol=1e-12)
            below = np.tanh(net)


def test_a_diverged_network_keeps_its_start(diverged, data, tmp_path):
    path = dump(diverged, data, tmp_path / "activations.h5")
    with reading_hdf5(path, "activations") as file:
        assert np.isfinite(file["activations/1"][:, 0]).all()
        assert np.isnan(file["activations/1"][:, -1]).all()
        assert np.isfinite(file["lowest"][:]).all()
