"""The stage that estimates mutual information from dumped activations."""

import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from estimate_information import main
from infoplane.estimators import make_estimator
from pipeline.files import load_table
from pipeline.seals import seal
from pipeline.selection import chosen_snapshots
from tests.stages.conftest import RUN
from tests.stages.test_dump_activations import dump
from tests.support import stand_in

BINS = {"method": "binned", "bins": 30}


@pytest.fixture(scope="module")
def activations(training, data, tmp_path_factory):
    return dump(training, data, tmp_path_factory.mktemp("activations") / "002-004.h5")


@pytest.fixture(scope="module")
def few(training, data, tmp_path_factory):
    """Return activations of one network at two snapshots."""
    path = tmp_path_factory.mktemp("few") / "002-004.h5"
    return dump(training, data, path, initialisations=3, snapshots=2)


def estimate(path, folder, measurement="some", **estimators):
    table = folder / f"{measurement}.parquet"
    main(
        stand_in(
            input={"activations": path},
            output={"table": table},
            params={"measure": {"measure": "layers", "estimators": estimators}},
            wildcards={"run": RUN, "measurement": measurement},
        )
    )
    return load_table(table).to_pandas()


def test_rows_are_the_estimators_numbers(activations, tmp_path):
    table = estimate(activations, tmp_path, mine={**BINS, "range": [-1.0, 1.0]})
    assert list(table) == [
        *("run", "init", "epoch", "layer", "estimator"),
        *("mi_input_bits", "mi_label_bits", "ceiling_bits", "samples", "status"),
    ]
    assert set(table["run"]) == {RUN}
    assert set(table["estimator"]) == {"mine"}
    assert set(table["samples"]) == {4096}
    assert set(table["status"]) == {"ok"}
    estimator = make_estimator("binned", bins=30, low=-1.0, high=1.0)
    with h5py.File(activations) as file:
        epochs, labels = file["epochs"][:], file["labels"][0]
        assert len(table) == 3 * len(epochs) * 3
        for row in table.sample(10, random_state=0).itertuples():
            values = file[f"activations/{row.layer}"][
                row.init - 2, epochs.tolist().index(row.epoch)
            ]
            expected = estimator(values, labels)
            assert (row.mi_input_bits, row.mi_label_bits, row.ceiling_bits) == (
                expected.mi_input_bits,
                expected.mi_label_bits,
                expected.ceiling_bits,
            )


def test_both_bounds_are_what_each_is_alone(few, tmp_path):
    kde = {"method": "kde", "noise_variance": 0.1}
    bounds = {f"kde_{bound}": {**kde, "bound": bound} for bound in ("upper", "lower")}
    both = estimate(few, tmp_path, **bounds)
    assert set(both["estimator"]) == set(bounds)
    for name, parameters in bounds.items():
        one = estimate(few, tmp_path, **{name: parameters})
        found = both[both["estimator"] == name]
        np.testing.assert_array_equal(found["mi_input_bits"], one["mi_input_bits"])
        np.testing.assert_array_equal(found["mi_label_bits"], one["mi_label_bits"])


def test_estimators_together_give_what_each_gives_alone(few, tmp_path):
    members = {
        "global_8": {"method": "binned", "bins": 8, "range": "global"},
        "adaptive_8": {"method": "adaptive", "bins": 8},
        "kde_0.1": {"method": "kde", "noise_variance": 0.1, "bound": "upper"},
    }
    table = estimate(few, tmp_path, **members)
    assert set(table["estimator"]) == set(members)
    for name, parameters in members.items():
        alone = estimate(few, tmp_path, **{name: parameters})
        rows = table[table["estimator"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, alone, check_categorical=False)


def test_rows_say_on_how_many_patterns_they_were_measured(training, data, tmp_path):
    rows = {
        evaluation: estimate(
            dump(training, data, tmp_path / f"{evaluation}.h5", 3, 2, evaluation),
            tmp_path,
            mine={**BINS, "range": "layer"},
        )
        for evaluation in ("all", "train", "test")
    }
    samples = {name: set(table["samples"]) for name, table in rows.items()}
    assert samples == {"all": {4096}, "train": {410}, "test": {3686}}
    assert (rows["train"]["mi_input_bits"] <= np.log2(410)).all()


def test_values_outside_a_fixed_range_name_network_epoch_layer_and_value(activations, tmp_path):
    expected = r"initialisation 2, epoch 0, layer 1, estimator mine: .*-?\d\.\d+.*0\.0.*0\.1"
    with pytest.raises(ValueError, match=expected):
        estimate(activations, tmp_path, mine={**BINS, "range": [0.0, 0.1]})
    assert not (tmp_path / "some.parquet").exists()


def test_activations_that_no_estimator_can_use_name_network_epoch_and_layer(activations, tmp_path):
    damaged = shutil.copy(activations, tmp_path)
    with h5py.File(damaged, "r+") as file:
        file["activations/2"][1, 2, 0, 0] = np.nan
        init, epoch = file["initialisations"][1], file["epochs"][2]
    seal(damaged)
    with pytest.raises(ValueError, match=f"initialisation {init}, epoch {epoch}, layer 2: .* nan"):
        estimate(damaged, tmp_path, mine={**BINS, "range": "layer"})


def test_diverged_networks_keep_only_their_start(diverged, data, tmp_path):
    path = dump(diverged, data, tmp_path / "activations.h5")
    table = estimate(path, tmp_path, mine={**BINS, "range": "layer"})
    with h5py.File(path) as file:
        first = dict(zip(file["initialisations"][:], file["diverged_epoch"][:], strict=True))
    assert (table["epoch"] < table["init"].map(first)).all()
    assert np.isfinite(table["mi_input_bits"]).all()
    assert set(table["status"]) == {"diverged"}


@pytest.mark.parametrize(("stored", "wanted"), [(280, 50), (280, None), (5, 50), (7, 2)])
def test_chosen_snapshots_hold_both_ends(stored, wanted):
    chosen = chosen_snapshots(stored, wanted)
    assert (chosen[0], chosen[-1]) == (0, stored - 1)
    assert len(chosen) == min(stored, wanted or stored)
