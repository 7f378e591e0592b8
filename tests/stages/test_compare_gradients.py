import dataclasses

import numpy as np
import pandas as pd
import pytest

import compare_gradients
from infoplane.claims.trajectories import TableError
from tests.stages.synthetic_study import INITS, LAYERS, axes, save, save_study, stand_in
from tests.unit.event_tables import EPOCHS as DENSE
from tests.unit.event_tables import SEARCH, noisy


def compared(folder, **changes):
    params = {"runs": ["tanh", "relu"], "definitions": ["saxe_sample"], "claim": "C06"}
    params["events"] = dataclasses.asdict(SEARCH)
    outputs = {"table": "transitions.tsv"}
    compare_gradients.main(stand_in(folder, ["gradients"], outputs, **params | changes))
    return pd.read_csv(folder / "transitions.tsv", sep="\t")


def save_gradients(folder, run, snr_of):
    """Write a run's ratios under two definitions, by network, epoch and layer."""
    rows = axes(run)
    places = zip(rows["init"], rows["epoch"], rows["layer"], strict=True)
    snr = np.array([snr_of(*place) for place in places])
    twice = {name: np.concatenate([them, them]) for name, them in rows.items()}
    twice["definition"] = np.repeat(["one", "other"], snr.size)
    save(folder, "gradients", run, "gradients", twice | {"snr": np.concatenate([snr, 1 / snr])})


def test_transition_of_every_run_definition_and_layer(tmp_path):
    save_study(tmp_path)
    table = compared(tmp_path)
    assert list(table) == [
        *("run", "definition", "layer", "transition_epoch", "networks", "crossing"),
        *("false_finds", "fall_epoch", "falling"),
    ]
    assert table["run"].tolist() == ["tanh"] * LAYERS + ["relu"] * LAYERS
    assert (table["transition_epoch"] == 100).all()
    assert (table["crossing"] == 1).all()
    # Network 3 of the ReLU run has diverged.
    assert table["networks"].tolist() == [8] * LAYERS + [7] * LAYERS


def test_medians_take_the_upper_of_two_and_are_empty_where_most_never_cross(tmp_path):
    save_study(tmp_path)

    def snr_of(init, epoch, layer):
        crossing = {
            1: 10 if init < 4 else 100,
            2: 10 if init < 5 else np.inf,
            3: np.inf,
            4: 100 if init < 4 else np.inf,
        }
        return 2.0 if epoch < crossing[layer] else 0.5

    save_gradients(tmp_path, "tanh", snr_of)
    table = compared(tmp_path, runs=["tanh"], definitions=["one", "other"])
    own = table[table["definition"] == "one"]
    np.testing.assert_array_equal(own["transition_epoch"], [100, 10, np.nan, np.nan])
    assert own["crossing"].tolist() == [1, 5 / 8, 0, 0.5]
    # Their inverse starts below 1 and rises.
    assert table[table["definition"] == "other"]["transition_epoch"].isna().all()


def test_undefined_ratios_are_neither_above_nor_below(tmp_path):
    save_study(tmp_path)
    save_gradients(tmp_path, "tanh", lambda init, epoch, layer: np.nan if layer == 2 else 2.0)
    table = compared(tmp_path, runs=["tanh"], definitions=["one"])
    assert table["transition_epoch"].isna().all()
    assert (table["crossing"] == 0).all()


def test_noise_has_no_epoch_and_its_false_finds_are_told(tmp_path):
    save_study(tmp_path)
    rows = axes("tanh", DENSE)
    step = np.where(DENSE < 350, np.log(3.0), np.log(0.3))
    layers = [np.full(DENSE.size, np.log(1.5)), np.zeros(DENSE.size), step, step]
    noise = [noisy(course, INITS, 0.4, seed=layer)[..., 0] for layer, course in enumerate(layers)]
    snr = np.exp(np.stack(noise, axis=2)).ravel()
    rows |= {"definition": ["saxe_sample"] * snr.size, "snr": snr}
    save(tmp_path, "gradients", "tanh", "gradients", rows)
    table = compared(tmp_path, runs=["tanh"])
    assert table["transition_epoch"].isna().tolist() == [True, True, False, False]
    # Eight networks know a step to about 3 %; see the unit tests.
    np.testing.assert_allclose(table["transition_epoch"][2:], 350, rtol=0.06)
    np.testing.assert_allclose(table["fall_epoch"][2:], 350, rtol=0.15)
    assert table["fall_epoch"][:2].isna().all()
    assert (table["falling"][2:] == 1).all()
    assert table["false_finds"][1] > 0.1
    assert (table["false_finds"].drop(1) < 0.05).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runs": ["tanh", "softsign"]}, "run 'softsign', definition 'saxe_sample' is to be"),
        ({"definitions": ["saxe_sample", "szt"]}, "run 'tanh', definition 'szt' is to be"),
    ],
)
def test_what_was_not_measured_is_refused(tmp_path, changes, message):
    save_study(tmp_path)
    with pytest.raises(ValueError, match=message):
        compared(tmp_path, **changes)
    assert not (tmp_path / "transitions.tsv").exists()


def test_holes_are_refused_with_their_file(tmp_path):
    save_study(tmp_path)
    rows = axes("tanh")
    kept = ~((rows["init"] == 2) & (rows["epoch"] == 10) & (rows["layer"] == 4))
    rows = {name: them[kept] for name, them in rows.items()}
    rows |= {"definition": ["saxe_sample"] * kept.sum(), "snr": np.ones(kept.sum())}
    path = save(tmp_path, "gradients", "tanh", "gradients", rows)
    with pytest.raises(TableError, match=f"{path}: tanh, saxe_sample: initialisation 2, epoch 10"):
        compared(tmp_path)


def test_same_tables_give_the_same_bytes_and_lost_networks_are_named(tmp_path, caplog):
    save_study(tmp_path)
    compared(tmp_path)
    first = (tmp_path / "transitions.tsv").read_bytes()
    compared(tmp_path)
    assert (tmp_path / "transitions.tsv").read_bytes() == first
    assert "relu, saxe_sample: diverged initialisations are left out: 3" in caplog.text
