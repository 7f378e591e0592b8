"""The stages that merge chunks into summarise_metrics, _information, _gradients, _dependence."""

import h5py
import numpy as np
import pytest

import summarise_dependence
import summarise_gradients
import summarise_information
import summarise_metrics
from infoplane.training import METRICS
from pipeline.files import DamagedFileError, load_table, save_table
from tests.stages.conftest import RUN
from tests.support import stand_in


@pytest.fixture(scope="module")
def metrics(training, diverged, tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "metrics.parquet"
    summarise_metrics.main(
        stand_in(input={"training": [training, diverged]}, output={"table": path})
    )
    return path


def test_metrics_have_one_row_a_network_and_snapshot(metrics, training):
    table = load_table(metrics).to_pandas()
    assert list(table) == ["run", "init", "epoch", *METRICS, "status"]
    assert table.groupby("init")["status"].unique().map(tuple).to_dict() == {
        0: ("diverged",),
        1: ("diverged",),
        2: ("ok",),
        3: ("ok",),
        4: ("ok",),
    }
    with h5py.File(training) as file:
        own = table[table["init"] == 3]
        np.testing.assert_array_equal(own["epoch"], file["epochs"])
        np.testing.assert_array_equal(own["test_loss"], file["metrics/test_loss"][1])


STAGES = [summarise_information, summarise_gradients, summarise_dependence]


@pytest.mark.parametrize("stage", STAGES)
def test_chunks_are_merged_in_order_with_each_networks_status(stage, metrics, tmp_path):
    paths = [tmp_path / name for name in ("first.parquet", "second.parquet")]
    save_table(paths[0], {"run": [RUN] * 3, "init": [2, 2, 4], "value": [1.0, 2.0, 3.0]})
    save_table(paths[1], {"run": [RUN] * 2, "init": [1, 0], "value": [4.0, 5.0]})
    stage.main(
        stand_in(
            input={"chunks": paths, "metrics": metrics}, output={"table": tmp_path / "all.parquet"}
        )
    )
    table = load_table(tmp_path / "all.parquet").to_pandas()
    assert table["value"].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert table["status"].tolist() == ["ok"] * 3 + ["diverged"] * 2


def test_a_network_that_was_never_trained_is_an_error(metrics, tmp_path):
    save_table(tmp_path / "chunk.parquet", {"run": [RUN], "init": [9], "value": [1.0]})
    with pytest.raises(KeyError, match="9"):
        summarise_information.main(
            stand_in(
                input={"chunks": [tmp_path / "chunk.parquet"], "metrics": metrics},
                output={"table": tmp_path / "all.parquet"},
            )
        )


def test_truncated_tables_are_named(tmp_path):
    path = tmp_path / "chunk.parquet"
    save_table(path, {"run": ["a"] * 1000, "init": list(range(1000))})
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DamagedFileError, match=r"chunk\.parquet is truncated"):
        load_table(path)
