"""The stage for several networks as one: groups, chunks, what the library finds, divergence."""

import h5py
import numpy as np
import pytest

from estimate_multi_network_information import ESTIMATED, main
from infoplane.estimators import make_estimator
from infoplane.estimators.multi_network import multi_network_information
from infoplane.networks import net_inputs_and_activations
from pipeline.files import load_table, load_task
from pipeline.trained import training_settings
from tests.stages.conftest import RUN, train
from tests.support import stand_in

BINS = {"bins": 30, "range": [-1.0, 1.0]}


@pytest.fixture(scope="module")
def six(data, tmp_path_factory):
    """Return the path of a chunk of six networks."""
    return train(data, tmp_path_factory.mktemp("six") / "000-005.h5", "000-005")


def run_stage(folder, data, training, networks=2, initialisations=6, snapshots=None):
    main(
        stand_in(
            input={"training": training, "data": data},
            output={"table": folder / "table.parquet"},
            params={
                "estimator": {"method": "multi_network", "networks": networks, **BINS},
                "initialisations": initialisations,
                "snapshots": snapshots,
            },
            wildcards={"run": RUN, "estimator": "multi_network_30"},
        )
    )
    return load_table(folder / "table.parquet").to_pandas()


def test_groups_share_no_network_and_none_is_incomplete(tmp_path, data, six):
    table = run_stage(tmp_path, data, [six])
    assert list(table) == [
        *("run", "init", "networks", "epoch", "layer", "estimator"),
        *(*ESTIMATED, "status"),
    ]
    assert sorted(set(table["init"])) == [0, 2, 4]
    assert sorted(set(run_stage(tmp_path, data, [six], initialisations=5)["init"])) == [0, 2]
    assert sorted(set(run_stage(tmp_path, data, [six], networks=4)["init"])) == [0]
    assert set(table["status"]) == {"ok"}
    assert set(table["networks"]) == {2}
    assert set(run_stage(tmp_path, data, [six], snapshots=2)["epoch"]) == {0, 4}


def test_rows_are_what_the_library_finds(tmp_path, data, six):
    task, table = load_task(data), run_stage(tmp_path, data, [six])
    with h5py.File(six) as file:
        settings, vectors = training_settings(file), file["parameters"][2:4, -1]
    inputs = task.inputs.astype(np.float32)
    layers = [net_inputs_and_activations(vector, settings, inputs)[1] for vector in vectors]
    binning = make_estimator("binned", bins=30, low=-1.0, high=1.0)
    for layer, values in enumerate(zip(*layers, strict=True), start=1):
        found = multi_network_information(np.stack(values), task.labels, binning)
        (row,) = table.query(f"init == 2 and epoch == 4 and layer == {layer}").iloc
        for column in ESTIMATED:
            assert row[column] == np.mean(getattr(found, column)), column
        # The single networks by the estimator itself, which counts in another order.
        single = np.mean([binning(each, task.labels).mi_input_bits for each in values])
        assert row["single_mi_input_bits"] == pytest.approx(single, abs=1e-12)


def test_chunks_change_no_number(tmp_path, data, six):
    chunks = ["000-001", "002-002", "003-005"]
    parts = [train(data, tmp_path / f"{chunk}.h5", chunk) for chunk in chunks]
    whole = run_stage(tmp_path, data, [six], networks=3)
    assert run_stage(tmp_path, data, parts, networks=3).equals(whole)


def test_a_group_ends_where_its_first_network_diverges(tmp_path, data):
    path = train(data, tmp_path / "000-005.h5", "000-005")
    with h5py.File(path, "r+") as file:
        epochs = file["epochs"][:]
        file["diverged_epoch"][3] = epochs[2]
        file["parameters"][3, 2:] = np.nan
    table = run_stage(tmp_path, data, [path])
    assert set(table.query("init == 2")["epoch"]) == set(epochs[:2])
    assert set(table.query("init == 2")["status"]) == {"diverged"}
    assert set(table.query("init != 2")["epoch"]) == set(epochs)
    assert set(table.query("init != 2")["status"]) == {"ok"}
