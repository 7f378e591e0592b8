"""The stage that measures what end bins take: shares by hand, chosen networks, divergence."""

import h5py
import numpy as np

from infoplane.networks import net_inputs_and_activations
from measure_activation_range import main, measure_range
from pipeline.files import load_table, load_task
from pipeline.trained import training_settings
from tests.stages.conftest import RUN, train
from tests.support import stand_in

END_BINS = {"method": "binned", "bins": 30, "range": [-0.5, 0.25], "outside": "end_bins"}


def run_stage(folder, data, training, estimator=END_BINS, initialisations=10, snapshots=None):
    main(
        stand_in(
            input={"training": training, "data": data},
            output={"table": folder / "ranges.parquet"},
            params={
                "estimator": estimator,
                "initialisations": initialisations,
                "snapshots": snapshots,
            },
            wildcards={"run": RUN, "estimator": "ends", "chunk": "002-004"},
        )
    )
    return load_table(folder / "ranges.parquet").to_pandas()


def test_shares_by_hand():
    values = np.array([[-1.0, 0.0], [0.25, 0.5], [0.5, -0.5], [np.nextafter(0.25, 1), 0.1]])
    # The ends belong to the range.
    assert measure_range(values, -0.5, 0.25) == (1 / 8, 3 / 8, -1.0, 0.5)


def test_every_row_is_what_the_network_gives(tmp_path, data, training):
    table = run_stage(tmp_path, data, training)
    assert list(table) == [
        *("run", "init", "epoch", "layer", "estimator"),
        *("share_below", "share_above", "lowest", "highest"),
    ]
    assert not table[["init", "epoch", "layer"]].duplicated().any()
    assert set(table["init"]) == {2, 3, 4}
    assert set(table["estimator"]) == {"ends"}
    inputs = load_task(data).inputs.astype(np.float32)
    with h5py.File(training) as file:
        epochs, settings = file["epochs"][:], training_settings(file)
        assert len(table) == 3 * len(epochs) * settings.layers
        vector = file["parameters"][1, -1]
    layers = net_inputs_and_activations(vector, settings, inputs)[1]
    for layer, values in enumerate(layers, start=1):
        (row,) = table.query(f"init == 3 and epoch == {epochs[-1]} and layer == {layer}").iloc
        assert row["share_below"] == np.mean(values < -0.5)
        assert row["share_above"] == np.mean(values > 0.25)
        assert (row["lowest"], row["highest"]) == (values.min(), values.max())


def test_only_the_chosen_networks_snapshots_and_estimators(tmp_path, data, training):
    estimator = {key: value for key, value in END_BINS.items() if key != "outside"}
    estimator["vary"] = {"outside": ["refuse", "end_bins"]}
    table = run_stage(tmp_path, data, training, estimator, initialisations=4, snapshots=2)
    assert set(table["init"]) == {2, 3}
    assert set(table["epoch"]) == {0, 4}
    assert set(table["estimator"]) == {"ends_end_bins"}


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
