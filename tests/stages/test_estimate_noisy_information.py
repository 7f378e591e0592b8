"""The stage that runs noisy networks: its tables, bounds, chosen and diverged networks."""

import json

import numpy as np
import pytest

from estimate_noisy_information import main
from infoplane.clustering import class_distances
from infoplane.data import szt_task
from infoplane.estimators import make_estimator
from infoplane.networks import net_inputs_and_activations
from infoplane.training import train_ensemble
from infoplane.training.schedule import seed_sequence
from pipeline.files import load_table, save_task, writing_hdf5
from tests.support import settings, stand_in
from train_networks import write_training

TASK, SEED, INITS = szt_task(), 9, (1, 3, 5)
SETTINGS = settings(training_fraction=0.05, epochs=4, snapshots=3, noise_standard_deviation=0.05)
SAMPLING = {"method": "sample_propagation", "patterns": 16, "own_draws": 20, "draws": 1}


@pytest.fixture(scope="module")
def result():
    return train_ensemble(TASK.inputs, TASK.labels, SETTINGS, initialisations=INITS, seed=SEED)


def run_stage(folder, result, estimator=SAMPLING, initialisations=4, snapshots=None):
    save_task(folder / "task.npz", TASK)
    with writing_hdf5(folder / "training.h5", "training") as file:
        write_training(file, result)
        file.attrs.update(run="some_run", seed=SEED, settings=json.dumps(SETTINGS.as_dict()))
    main(
        stand_in(
            input={"training": folder / "training.h5", "data": folder / "task.npz"},
            output={
                "table": folder / "information.parquet",
                "clustering": folder / "clustering.parquet",
            },
            params={
                "estimator": estimator,
                "initialisations": initialisations,
                "snapshots": snapshots,
            },
            wildcards={"run": "some_run", "estimator": "propagated"},
        )
    )
    return (
        load_table(folder / "information.parquet").to_pandas(),
        load_table(folder / "clustering.parquet").to_pandas(),
    )


def test_tables_are_tidy_and_hold_the_chosen_networks(tmp_path, result):
    information, clustering = run_stage(tmp_path, result)
    keys = ["run", "init", "epoch", "layer"]
    assert list(information) == [
        *(*keys, "estimator"),
        *("mi_input_bits", "mi_label_bits", "ceiling_bits"),
    ]
    assert list(clustering) == [
        *keys,
        *("within_distance", "between_distance"),
        *("mi_input_standard_error", "mi_label_standard_error"),
    ]
    assert not information[[*keys, "estimator"]].duplicated().any()
    assert len(information) == len(clustering) == 2 * len(result.epochs) * SETTINGS.layers
    assert set(information["init"]) == {1, 3}
    assert set(information["epoch"]) == set(result.epochs)
    assert set(information["estimator"]) == {"propagated"}
    assert (information["ceiling_bits"] == 12.0).all()


def test_rows_are_what_the_library_finds(tmp_path, result):
    information, clustering = run_stage(tmp_path, result)
    vector = result.parameters[1, -1]
    inputs = TASK.inputs.astype(np.float32)
    found = make_estimator(**SAMPLING).of_network(
        vector,
        SETTINGS,
        inputs,
        TASK.labels,
        np.random.default_rng(seed_sequence(SEED, 3, "noise")),
    )
    last = information.query("init == 3 and epoch == 4")
    assert list(last["mi_input_bits"]) == [layer.mi_input_bits for layer in found]
    assert list(last["mi_label_bits"]) == [layer.mi_label_bits for layer in found]
    rows = clustering.query("init == 3 and epoch == 4")
    assert list(rows["mi_input_standard_error"]) == [
        layer.mi_input_standard_error for layer in found
    ]
    distances = [
        class_distances(layer, TASK.labels)
        for layer in net_inputs_and_activations(vector, SETTINGS, inputs)[1]
    ]
    assert list(rows["within_distance"]) == [each.within for each in distances]
    assert list(rows["between_distance"]) == [each.between for each in distances]


def test_both_bounds_have_rows_of_their_own(tmp_path, result):
    information, clustering = run_stage(tmp_path, result, {**SAMPLING, "bound": "both"})
    assert set(information["estimator"]) == {"propagated_upper", "propagated_lower"}
    assert len(information) == 2 * len(clustering)
    means = {
        bound: information.query(f"estimator == 'propagated_{bound}'")["mi_input_bits"].mean()
        for bound in ("lower", "upper")
    }
    # With 20 draws the Gaussian costs bits; both are about the same 16 patterns.
    assert means["lower"] < means["upper"]
    lower, _ = run_stage(tmp_path, result, {**SAMPLING, "bound": "lower"})
    assert set(lower["estimator"]) == {"propagated"}
    np.testing.assert_array_equal(
        lower["mi_input_bits"],
        information.query("estimator == 'propagated_lower'")["mi_input_bits"],
    )


def test_few_snapshots_and_none_after_a_divergence(tmp_path, result):
    information, _ = run_stage(tmp_path, result, snapshots=2)
    assert set(information["epoch"]) == {0, 4}
    result.diverged_epoch[1] = result.epochs[1]
    try:
        information, _ = run_stage(tmp_path, result)
    finally:
        result.diverged_epoch[1] = -1
    assert set(information.query("init == 3")["epoch"]) == {0}
    assert set(information.query("init == 1")["epoch"]) == set(result.epochs)
