"""The stage that measures trained networks: against direct calls, and what is left out."""

import h5py
import numpy as np
import pytest

from infoplane.data import szt_task
from infoplane.measures import make_measure
from infoplane.measures.base import TrainedNetwork
from measure_networks import main
from pipeline.files import load_table
from tests.stages.conftest import NETWORK, RUN, SEED, measuring, train
from tests.support import network

MEASURES = {
    "clustering": {"measure": "clustering"},
    "dependence": {"measure": "dependence", "samples": 100},
    "outside_range": {"measure": "outside_range", "range": [-0.5, 0.25]},
    "held_out_labels": {"measure": "held_out_labels", "bins": 8, "range": [-1.0, 1.0]},
    "saturation": {"measure": "saturation", "threshold": 0.9},
    "rescaled": {
        "measure": "rescaled",
        "estimators": {"bins": {"method": "binned", "bins": 30, "range": "global"}},
        "scales": [1.0, -1.0],
    },
    "noisy_propagation": {
        "measure": "noisy_propagation",
        "patterns": 16,
        "own_draws": 20,
        "draws": 1,
    },
}
NOISY = network(widths=(12, 4, 3, 2), noise_standard_deviation=0.05)


@pytest.fixture(scope="module")
def noisy(data, tmp_path_factory):
    return train(data, tmp_path_factory.mktemp("noisy") / "002-004.h5", network=NOISY)


@pytest.fixture(params=MEASURES)
def case(request, training, noisy):
    """Return a measure and the networks that it applies to."""
    of_noisy = request.param == "noisy_propagation"
    return request.param, noisy if of_noisy else training, NOISY if of_noisy else NETWORK


def run_stage(folder, data, training, name, **use):
    table = folder / f"{name}.parquet"
    main(measuring(training, data, table, MEASURES[name], name, **use))
    return load_table(table).to_pandas()


def test_rows_are_what_the_measure_gives(tmp_path, data, case):
    name, training, of = case
    table = run_stage(tmp_path, data, training, name)
    assert list(table)[:4] == ["run", "init", "epoch", "layer"]
    assert list(table)[-2:] == ["samples", "status"]
    assert set(table["run"]) == {RUN}
    assert set(table["init"]) == {2, 3, 4}
    assert set(table["samples"]) == {4096}
    task = szt_task()
    with h5py.File(training) as file:
        parameters = file["parameters"][1]
        trained = TrainedNetwork(
            network=of,
            inputs=task.inputs.astype(np.float32),
            labels=task.labels,
            patterns=np.arange(4096),
            initialisation=3,
            seed=SEED,
            training_samples=file["training_samples"][1],
            epochs=file["epochs"][:],
            read_parameters=lambda position: parameters[position],
            lowest=file["lowest"][1],
            highest=file["highest"][1],
        )
    own = dict(MEASURES[name])
    expected = make_measure(own.pop("measure"), label=name, **own).measure(trained)
    rows = table[table["init"] == 3]
    assert list(table) == ["run", "init", *expected, "samples", "status"]
    for column, values in expected.items():
        assert rows[column].tolist() == list(values), column


def test_only_the_chosen_networks_and_snapshots(tmp_path, data, case):
    name, training, _ = case
    table = run_stage(tmp_path, data, training, name, initialisations=4, snapshots=2)
    assert set(table["init"]) == {2, 3}
    assert set(table["epoch"]) == {0, 4}


def test_only_the_patterns_of_the_evaluation(tmp_path, data, training):
    everything = run_stage(tmp_path, data, training, "outside_range", snapshots=2)
    parts = {
        part: run_stage(tmp_path, data, training, "outside_range", snapshots=2, evaluation=part)
        for part in ("train", "test")
    }
    assert set(parts["train"]["samples"]) == {410}
    assert set(parts["test"]["samples"]) == {3686}
    shares = (410 * parts["train"]["share_above"] + 3686 * parts["test"]["share_above"]) / 4096
    np.testing.assert_allclose(shares, everything["share_above"], rtol=0, atol=1e-12)


def test_nothing_is_measured_from_a_divergence_on(tmp_path, data, diverged):
    table = run_stage(tmp_path, data, diverged, "dependence")
    with h5py.File(diverged) as file:
        first = file["diverged_epoch"][:]
    for init in (0, 1):
        assert 0 <= table[table["init"] == init]["epoch"].max() < first[init]
    assert set(table["status"]) == {"diverged"}


def test_chunks_change_no_number(tmp_path, data, case):
    name, training, of = case
    whole = run_stage(tmp_path, data, training, name)
    parts = [
        run_stage(tmp_path, data, train(data, tmp_path / f"{chunk}.h5", chunk, of), name)
        for chunk in ("002-002", "003-004")
    ]
    assert [row for part in parts for row in part.to_dict("records")] == whole.to_dict("records")
