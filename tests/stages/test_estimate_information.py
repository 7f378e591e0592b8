"""The stage that estimates mutual information, and how it reads its parameters."""

import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

import dump_activations
from estimate_information import main, resolve_range
from infoplane.estimators import make_estimator
from pipeline.configuration import chosen_snapshots
from pipeline.files import load_table
from tests.stages.conftest import RUN
from tests.support import stand_in

BINS = {"method": "binned", "bins": 30}


@pytest.fixture(scope="module")
def activations(training, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("activations") / "002-004.h5"
    dump_activations.main(
        stand_in(input={"training": training, "data": data}, output={"activations": path})
    )
    return path


def estimate(path, folder, estimator, name="some", initialisations=None, snapshots=None):
    table = folder / f"{name}.parquet"
    main(
        stand_in(
            input={"activations": path},
            output={"table": table},
            params={
                "estimator": estimator,
                "initialisations": initialisations,
                "snapshots": snapshots,
            },
            wildcards={"run": RUN, "estimator": name},
        )
    )
    return load_table(table).to_pandas()


def test_rows_are_the_estimators_numbers(activations, tmp_path):
    table = estimate(activations, tmp_path, {**BINS, "range": [-1.0, 1.0]})
    assert list(table) == [
        *("run", "init", "epoch", "layer", "estimator"),
        *("mi_input_bits", "mi_label_bits", "ceiling_bits"),
    ]
    assert set(table["run"]) == {RUN}
    assert set(table["estimator"]) == {"some"}
    estimator = make_estimator("binned", bins=30, low=-1.0, high=1.0)
    with h5py.File(activations) as file:
        epochs, labels = file["epochs"][:], file["labels"][:]
        assert len(table) == 3 * len(epochs) * 3
        for row in table.sample(10, random_state=0).itertuples():
            values = file[f"layers/{row.layer}"][row.init - 2, epochs.tolist().index(row.epoch)]
            expected = estimator(values, labels)
            assert (row.mi_input_bits, row.mi_label_bits, row.ceiling_bits) == (
                expected.mi_input_bits,
                expected.mi_label_bits,
                expected.ceiling_bits,
            )


def test_only_what_is_asked_for_is_measured(activations, tmp_path):
    table = estimate(
        activations, tmp_path, {**BINS, "range": "global"}, initialisations=4, snapshots=2
    )
    assert set(table["init"]) == {2, 3}
    assert set(table["epoch"]) == {0, 4}


def test_varied_parameters_come_under_their_names(activations, tmp_path):
    parameters = {"method": "binned", "range": [-1.0, 1.0]}
    varied = estimate(activations, tmp_path, {**parameters, "vary": {"bins": [8, 30]}})
    assert set(varied["estimator"]) == {"some_8", "some_30"}
    for bins in (8, 30):
        name = f"some_{bins}"
        alone = estimate(activations, tmp_path, {**parameters, "bins": bins}, name)
        rows = varied[varied["estimator"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, alone, check_categorical=False)


def test_both_bounds_come_under_their_names(activations, tmp_path):
    parameters = {"method": "kde", "noise_variance": 0.1}
    few = {"initialisations": 3, "snapshots": 2}
    both = estimate(activations, tmp_path, {**parameters, "bound": "both"}, "kde", **few)
    assert set(both["estimator"]) == {"kde_upper", "kde_lower"}
    for bound in ("upper", "lower"):
        one = estimate(activations, tmp_path, {**parameters, "bound": bound}, bound, **few)
        found = both[both["estimator"] == f"kde_{bound}"]
        np.testing.assert_array_equal(found["mi_input_bits"], one["mi_input_bits"])
        np.testing.assert_array_equal(found["mi_label_bits"], one["mi_label_bits"])


def test_estimators_together_give_what_each_gives_alone(activations, tmp_path):
    members = {
        "global_8": {"method": "binned", "bins": 8, "range": "global"},
        "adaptive": {"method": "adaptive", "bins": 8},
    }
    varied = {"method": "kde", "vary": {"noise_variance": [0.1]}, "bound": "upper"}
    together = {"together": {**members, "kde": varied}}
    few = {"initialisations": 3, "snapshots": 2}
    table = estimate(activations, tmp_path, together, "several", **few)
    assert set(table["estimator"]) == {*members, "kde_0.1"}
    for name, parameters in members.items():
        alone = estimate(activations, tmp_path, parameters, name, **few)
        rows = table[table["estimator"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, alone, check_categorical=False)


def test_ranges_are_global_by_layer_or_fixed():
    lowest, highest = np.array([-1.0, 0.0, 2.0]), np.array([3.0, 0.5, 2.0])
    limits = {
        (kind, layer): tuple(
            resolve_range({"range": kind, "bins": 2}, lowest, highest, layer)[key]
            for key in ("low", "high")
        )
        for kind in ("global", "layer")
        for layer in (1, 2, 3)
    }
    assert {limits["global", layer] for layer in (1, 2, 3)} == {(-1.0, 3.0)}
    assert limits["layer", 1] == (-1.0, 3.0)
    assert limits["layer", 2] == (0.0, 0.5)
    assert limits["layer", 3] == (2.0, 3.0)  # a layer that never varies
    assert resolve_range({"range": [0, 1]}, lowest, highest, 1) == {"low": 0, "high": 1}
    assert resolve_range({"bin_width": 0.1}, lowest, highest, 1) == {"bin_width": 0.1}


def test_values_outside_a_fixed_range_name_network_epoch_layer_and_value(activations, tmp_path):
    expected = r"initialisation 2, epoch 0, layer 1, estimator some: .*-?\d\.\d+.*0\.0.*0\.1"
    with pytest.raises(ValueError, match=expected):
        estimate(activations, tmp_path, {**BINS, "range": [0.0, 0.1]})
    assert not (tmp_path / "some.parquet").exists()


def test_activations_that_no_estimator_can_use_name_network_epoch_and_layer(activations, tmp_path):
    damaged = shutil.copy(activations, tmp_path)
    with h5py.File(damaged, "r+") as file:
        file["layers/2"][1, 2, 0, 0] = np.nan
        init, epoch = file["initialisations"][1], file["epochs"][2]
    with pytest.raises(ValueError, match=f"initialisation {init}, epoch {epoch}, layer 2: .* nan"):
        estimate(damaged, tmp_path, {**BINS, "range": "layer"})


def test_diverged_networks_keep_only_their_start(diverged, data, tmp_path):
    path = tmp_path / "activations.h5"
    dump_activations.main(
        stand_in(input={"training": diverged, "data": data}, output={"activations": path})
    )
    table = estimate(path, tmp_path, {**BINS, "range": "layer"})
    with h5py.File(path) as file:
        first = dict(zip(file["initialisations"][:], file["diverged_epoch"][:], strict=True))
    assert (table["epoch"] < table["init"].map(first)).all()
    assert np.isfinite(table["mi_input_bits"]).all()


@pytest.mark.parametrize(("stored", "wanted"), [(280, 50), (280, None), (5, 50), (7, 2)])
def test_chosen_snapshots_hold_both_ends(stored, wanted):
    chosen = chosen_snapshots(stored, wanted)
    assert (chosen[0], chosen[-1]) == (0, stored - 1)
    assert len(chosen) == min(stored, wanted or stored)
