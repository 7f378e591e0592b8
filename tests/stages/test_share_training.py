"""The stage that gives a run the networks of another: what training them again would have given."""

import dataclasses
import json

import h5py
import numpy as np
import pytest

import share_training
from infoplane.networks import Network, network_from_dict
from infoplane.tasks import make_task
from pipeline.files import load_table, reading_hdf5, save_task
from tests.stages.conftest import metrics_of, train
from tests.support import convolutional, optimizer, schedule, stand_in

RUN = "means"
POSITIONS = dataclasses.replace(convolutional(), dense_widths=(10,), activation="relu")
MEANS = dataclasses.replace(POSITIONS, representation="mean")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Return the path of a small task of images."""
    path = tmp_path_factory.mktemp("images") / "task.npz"
    save_task(path, make_task("digits", samples=200))
    return path


def share(training, data, path, network: Network):
    """Run the stage on a chunk; return the path of what it writes."""
    share_training.main(
        stand_in(
            input={"training": training, "metrics": metrics_of(training), "data": data},
            output={"training": path, "metrics": metrics_of(path)},
            params={"network": network.as_dict()},
            wildcards={"run": RUN, "chunk": "000-001"},
        )
    )
    return path


def contents(training) -> tuple[dict, dict]:
    """Return what a training's file holds, and what it says of itself but the run."""
    with reading_hdf5(training, "training") as file:
        arrays = {name: stored[()] for name, stored in file.items()}
        return arrays, {name: said for name, said in file.attrs.items() if name != "run"}


@pytest.mark.parametrize(
    ("learning_rate", "diverged"), [(0.05, False), (1e30, True)], ids=["ok", "diverged"]
)
def test_networks_are_those_that_training_would_have_given(
    images, tmp_path, learning_rate, diverged
):
    how = {
        "chunk": "000-001",
        "optimizer": optimizer(optimizer="sgd", learning_rate=learning_rate),
        "schedule": schedule(training_fraction=0.8, epochs=4),
    }
    first = train(images, tmp_path / "first.h5", network=POSITIONS, **how)
    wanted, said_of_wanted = contents(train(images, tmp_path / "wanted.h5", network=MEANS, **how))
    shared = share(first, images, tmp_path / "shared.h5", MEANS)
    arrays, said = contents(shared)
    assert list(arrays) == list(wanted)
    for name, values in wanted.items():
        assert arrays[name].dtype == values.dtype
        np.testing.assert_array_equal(arrays[name], values)
    assert said == said_of_wanted
    assert network_from_dict(json.loads(said["network"])) == MEANS
    # Of positions the ranges are others.
    assert (arrays["highest"][:, 0] < contents(first)[0]["highest"][:, 0]).all()
    curves, wanted_curves = (
        load_table(metrics_of(path)).to_pandas() for path in (shared, tmp_path / "wanted.h5")
    )
    assert set(curves["run"]) == {RUN}
    assert ("diverged" in set(curves["status"])) == diverged
    assert curves.drop(columns="run").equals(wanted_curves.drop(columns="run"))


def test_file_names_its_own_run(images, tmp_path):
    how = {"chunk": "000-001", "schedule": schedule(training_fraction=0.8, epochs=2)}
    first = train(images, tmp_path / "first.h5", network=POSITIONS, **how)
    with h5py.File(share(first, images, tmp_path / "shared.h5", MEANS)) as file:
        assert file.attrs["run"] == RUN
