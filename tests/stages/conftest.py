"""Files of a small study that stage tests start from."""

import importlib

import pytest

import train_networks
from infoplane.data import szt_task
from pipeline.files import save_task
from tests.stages.figure_drawing import FIGURES, run_stage
from tests.stages.figure_tables import save_study
from tests.support import network, optimizer, schedule, stand_in

RUN, SEED = "some_run", 5
NETWORK = network(widths=(12, 4, 3, 2))
OPTIMIZER = optimizer(learning_rate=0.05)
SCHEDULE = schedule(training_fraction=0.1, epochs=4)


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Return the path of a task's file."""
    path = tmp_path_factory.mktemp("data") / "task.npz"
    save_task(path, szt_task())
    return path


def train(
    data, path, chunk="002-004", network=NETWORK, optimizer=OPTIMIZER, schedule=SCHEDULE, **compute
):
    """Run the training stage on a chunk; return the path of the training."""
    train_networks.main(
        stand_in(
            input={"data": data},
            output={"training": path, "metrics": metrics_of(path)},
            params={
                "seed": SEED,
                "network": network.as_dict(),
                "optimizer": optimizer.as_dict(),
                "schedule": schedule.as_dict(),
                "compute": {"engine": "auto", "device": "auto"} | compute,
            },
            wildcards={"run": RUN, "chunk": chunk},
        )
    )
    return path


def metrics_of(training):
    """Return the path of the learning curves beside a training."""
    return training.with_suffix(".parquet")


def measuring(training, data, table, measure, measurement="some", **use):
    """Return what Snakemake would give a stage that measures trained networks."""
    initialisations, snapshots = use.pop("initialisations", 10), use.pop("snapshots", None)
    return stand_in(
        input={"training": training, "data": data},
        output={"table": table},
        params={
            "measure": measure,
            "initialisations": initialisations,
            "snapshots": snapshots,
            "evaluation": use.pop("evaluation", "all"),
            **use,
        },
        wildcards={"run": RUN, "measurement": measurement, "chunk": "002-004"},
    )


@pytest.fixture(scope="session")
def training(data, tmp_path_factory):
    """Return the path of a trained chunk, initialisations 2 to 4."""
    return train(data, tmp_path_factory.mktemp("training") / "002-004.h5")


@pytest.fixture(scope="session")
def diverged(data, tmp_path_factory):
    """Return the path of a chunk whose networks have all diverged."""
    path = tmp_path_factory.mktemp("diverged") / "000-001.h5"
    return train(
        data,
        path,
        chunk="000-001",
        network=network(widths=(12, 4, 3, 2), activation="linear"),
        optimizer=optimizer(optimizer="sgd", learning_rate=1e30),
    )


@pytest.fixture(scope="session")
def tables(tmp_path_factory, data):
    """Save the tables of a made-up study beside its task."""
    folder = tmp_path_factory.mktemp("tables")
    save_study(folder)
    (folder / "task.npz").symlink_to(data)
    return folder


@pytest.fixture(scope="session")
def drawn():
    """Catch the figure that a stage saves."""

    def catch(name, tables, folder, **changes):
        caught = []
        module = importlib.import_module(f"figures.{FIGURES[name]['drawing']}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "save_figure", lambda figure, output: caught.append(figure))
            run_stage(name, tables, folder, **changes)
        return caught[-1]

    return catch
