"""The stage for several networks as one: groups, chunks, what the library finds, divergence."""

import h5py
import numpy as np
import pytest

from infoplane.data import szt_task
from infoplane.estimators import make_estimator
from infoplane.measures.several_networks import multi_network_information
from measure_groups import main
from pipeline.files import load_table
from pipeline.seals import seal
from tests.stages.conftest import NETWORK, measuring, train

ESTIMATED = (
    *("mi_input_bits", "mi_label_bits", "conditional_entropy_bits"),
    *("published_mi_input_bits", "single_mi_input_bits", "ceiling_bits"),
)


@pytest.fixture(scope="module")
def six(data, tmp_path_factory):
    """Return the path of a chunk of six networks."""
    return train(data, tmp_path_factory.mktemp("six") / "000-005.h5", "000-005")


def run_stage(folder, data, training, networks=2, initialisations=6, snapshots=None, **others):
    table = folder / "table.parquet"
    measure = {"measure": "several_networks", "networks": networks, "bins": 30}
    measure |= {"range": [-1.0, 1.0], **others}
    use = {"initialisations": initialisations, "snapshots": snapshots}
    main(measuring(training, data, table, measure, "multi_network_30", **use))
    return load_table(table).to_pandas()


def test_groups_share_no_network_and_none_is_incomplete(tmp_path, data, six):
    table = run_stage(tmp_path, data, [six])
    assert {"run", "init", "networks", "epoch", "layer", "estimator", *ESTIMATED} <= set(table)
    assert list(table)[-2:] == ["samples", "status"]
    assert sorted(set(table["init"])) == [0, 2, 4]
    assert sorted(set(run_stage(tmp_path, data, [six], initialisations=5)["init"])) == [0, 2]
    assert sorted(set(run_stage(tmp_path, data, [six], networks=4)["init"])) == [0]
    assert set(table["status"]) == {"ok"}
    assert set(table["networks"]) == {2}
    assert set(table["estimator"]) == {"multi_network_30"}
    assert set(run_stage(tmp_path, data, [six], snapshots=2)["epoch"]) == {0, 4}


def test_rows_are_what_the_library_finds(tmp_path, data, six):
    task, table = szt_task(), run_stage(tmp_path, data, [six])
    with h5py.File(six) as file:
        vectors = file["parameters"][2:4, -1]
    inputs = task.inputs.astype(np.float32)
    layers = [NETWORK.net_inputs_and_activations(vector, inputs)[1] for vector in vectors]
    binning = make_estimator("binned", bins=30, low=-1.0, high=1.0)
    for layer, values in enumerate(zip(*layers, strict=True), start=1):
        found = multi_network_information(np.stack(values), task.labels, binning)
        (row,) = table.query(f"init == 2 and epoch == 4 and layer == {layer}").iloc
        for column in ESTIMATED:
            assert row[column] == np.mean(getattr(found, column)), column
        # The single networks by the estimator itself, which counts in another order.
        single = np.mean([binning(each, task.labels).mi_input_bits for each in values])
        assert row["single_mi_input_bits"] == pytest.approx(single, abs=1e-12)


def test_only_the_layers_asked_for_are_measured(tmp_path, data, six):
    whole, some = run_stage(tmp_path, data, [six]), run_stage(tmp_path, data, [six], layers=[2])
    assert some.equals(whole.query("layer == 2").reset_index(drop=True))


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
        file["status"][3] = "diverged"
    seal(path)
    table = run_stage(tmp_path, data, [path])
    assert set(table.query("init == 2")["epoch"]) == set(epochs[:2])
    assert set(table.query("init == 2")["status"]) == {"diverged"}
    assert set(table.query("init != 2")["epoch"]) == set(epochs)
    assert set(table.query("init != 2")["status"]) == {"ok"}
