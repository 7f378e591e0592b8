"""The stage that measures dependence: against direct calls, chosen networks, divergence, chunks."""

import h5py
import numpy as np

from infoplane.estimators import make_estimator
from infoplane.networks import net_inputs_and_activations
from measure_dependence import main
from pipeline.files import load_table, load_task
from pipeline.trained import training_settings
from tests.stages.conftest import RUN, train
from tests.support import stand_in

HSIC = {"method": "hsic", "samples": 100}


def run_stage(folder, data, training, initialisations=10, snapshots=None, **changes):
    main(
        stand_in(
            input={"training": training, "data": data},
            output={"table": folder / "dependence.parquet"},
            params={
                "estimator": HSIC | changes,
                "initialisations": initialisations,
                "snapshots": snapshots,
            },
            wildcards={"run": RUN, "estimator": "hsic", "chunk": "002-004"},
        )
    )
    return load_table(folder / "dependence.parquet").to_pandas()


def test_every_row_is_what_the_measure_gives(tmp_path, data, training):
    table = run_stage(tmp_path, data, training)
    assert list(table) == [
        *("run", "init", "epoch", "layer", "estimator"),
        *("input_dependence", "label_dependence"),
    ]
    assert not table[["init", "epoch", "layer"]].duplicated().any()
    assert set(table["init"]) == {2, 3, 4}
    assert set(table["estimator"]) == {"hsic"}
    task = load_task(data)
    inputs = task.inputs.astype(np.float32)
    with h5py.File(training) as file:
        epochs, settings = file["epochs"][:], training_settings(file)
        assert len(table) == 3 * len(epochs) * settings.layers
        vector = file["parameters"][1, -1]
    layers = net_inputs_and_activations(vector, settings, inputs)[1]
    for layer, values in enumerate(layers, start=1):
        (row,) = table.query(f"init == 3 and epoch == {epochs[-1]} and layer == {layer}").iloc
        found = make_estimator(**HSIC).of_inputs(inputs, values, task.labels)
        assert row["input_dependence"] == found.input_dependence > 0
        assert row["label_dependence"] == found.label_dependence > 0


def test_only_the_chosen_networks_and_snapshots(tmp_path, data, training):
    table = run_stage(tmp_path, data, training, initialisations=4, snapshots=2)
    assert set(table["init"]) == {2, 3}
    assert set(table["epoch"]) == {0, 4}


def test_a_varied_parameter_names_its_rows(tmp_path, data, training):
    table = run_stage(tmp_path, data, training, 3, 2, vary={"seed": [0, 1]})
    assert set(table["estimator"]) == {"hsic_0", "hsic_1"}
    alone = run_stage(tmp_path, data, training, 3, 2, seed=1)
    for name in ("input_dependence", "label_dependence"):
        assert table.query("estimator == 'hsic_1'")[name].tolist() == alone[name].tolist()


def test_nothing_is_measured_from_a_divergence_on(tmp_path, data, diverged):
    table = run_stage(tmp_path, data, diverged)
    with h5py.File(diverged) as file:
        first = file["diverged_epoch"][:]
    for init in (0, 1):
        assert 0 <= table[table["init"] == init]["epoch"].max() < first[init]


def test_chunks_change_no_number(tmp_path, data, training):
    whole = run_stage(tmp_path, data, training)
    parts = [
        run_stage(tmp_path, data, train(data, tmp_path / f"{chunk}.h5", chunk))
        for chunk in ("002-002", "003-004")
    ]
    assert [row for part in parts for row in part.to_dict("records")] == whole.to_dict("records")
