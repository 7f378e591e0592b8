"""Files of a small study that stage tests start from."""

import pytest

import train_networks
from infoplane.data import szt_task
from pipeline.files import save_task
from tests.support import settings, stand_in

RUN, SEED = "some_run", 5
SETTINGS = settings(widths=(12, 4, 3, 2), training_fraction=0.1, epochs=4, learning_rate=0.05)


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Return the path of a task's file."""
    path = tmp_path_factory.mktemp("data") / "task.npz"
    save_task(path, szt_task())
    return path


def train(data, path, chunk="002-004", **changes):
    """Run the training stage on a chunk."""
    chosen = {**SETTINGS.as_dict(), **changes}
    train_networks.main(
        stand_in(
            input={"data": data},
            output={"training": path},
            params={
                "seed": SEED,
                "settings": chosen,
                "compute": {"engine": "auto", "device": "auto"},
            },
            wildcards={"run": RUN, "chunk": chunk},
        )
    )
    return path


@pytest.fixture(scope="session")
def training(data, tmp_path_factory):
    """Return the path of a trained chunk, initialisations 2 to 4."""
    return train(data, tmp_path_factory.mktemp("training") / "002-004.h5")


@pytest.fixture(scope="session")
def diverged(data, tmp_path_factory):
    """Return the path of a chunk whose networks have all diverged."""
    path = tmp_path_factory.mktemp("diverged") / "000-001.h5"
    changes = {"activation": "linear", "optimizer": "sgd", "learning_rate": 1e30}
    return train(data, path, chunk="000-001", **changes)
