"""Claims on compression and generalisation, on made-up networks whose relation is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, spearmanr

from infoplane.claims.entries import read_claim
from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import judge
from infoplane.claims.statistics.generalisation import partial_correlations, rank_products
from infoplane.statistics import Resampling
from tests.unit.claim_tables import CLAIMS, EPOCHS, claim, evidence, one_reading, tidy

NETWORKS = 40


def planes_dropping(run, drops, peak=10.0):
    """Make T1 and OUT that never move, and T2 that falls from the peak by each network's drop."""
    inputs = np.full((len(drops), len(EPOCHS), 3), 12.0)
    inputs[:, :, 1] = peak
    inputs[:, -1, 1] -= drops
    return tidy(run, "e", inputs)


def curves(run, test_accuracy, train_loss=0.1, train_accuracy=1.0, epochs=EPOCHS):
    """Make learning curves that end where each network's do, without layers."""
    networks = len(test_accuracy)
    init, epoch = np.indices((networks, len(epochs)))
    last = epoch.ravel() == len(epochs) - 1
    ends = {
        "test_accuracy": test_accuracy,
        "test_loss": 1 - np.asarray(test_accuracy),
        "train_loss": train_loss,
        "train_accuracy": train_accuracy,
    }
    columns = {
        name: np.where(last, np.broadcast_to(value, networks)[init.ravel()], 0.5)
        for name, value in ends.items()
    }
    keys = {"run": run, "init": init.ravel(), "epoch": np.asarray(epochs)[epoch.ravel()]}
    return pd.DataFrame({**keys, **columns, "status": "ok"})


def judged(name, pools, tables, metrics, **changes):
    """Judge a claim on pools of runs under one estimator."""
    group = {"pools": pools} if isinstance(pools[0], list) else {"runs": pools}
    found = evidence(*tables, metrics=pd.concat(metrics))
    entry = claim(name, judged_on=[group | {"estimators": ["e"]}], overall=False, **changes)
    return judge(entry, found)


def test_partial_correlation_is_that_of_what_a_regression_leaves():
    generator = np.random.default_rng(0)
    third = generator.normal(size=60)
    columns = np.stack([third + generator.normal(size=60) for _ in range(2)] + [third])
    ranks = np.stack([rankdata(row) for row in columns])
    design = np.stack([np.ones(60), ranks[2]], axis=1)
    left = [row - design @ np.linalg.lstsq(design, row, rcond=None)[0] for row in ranks[:2]]
    found = partial_correlations(rank_products(Resampling(200), columns))
    # Rounding of the two ways.
    assert found[0] == pytest.approx(np.corrcoef(*left)[0, 1], abs=1e-10)
    assert abs(found[0]) < 0.35 < spearmanr(columns[0], columns[1]).statistic


def test_a_constant_third_measurement_explains_nothing_and_a_constant_first_is_undefined():
    first, second = np.random.default_rng(1).normal(size=(2, 30))
    columns = np.stack([first, second, np.ones(30)])
    found = partial_correlations(rank_products(Resampling(100), columns))
    assert found[0] == pytest.approx(spearmanr(first, second).statistic, abs=1e-12)
    assert np.isnan(partial_correlations(rank_products(Resampling(100), columns[[2, 0, 1]]))).all()
    assert np.isnan(partial_correlations(rank_products(Resampling(100), columns[[0, 1, 0]]))).all()


@pytest.mark.parametrize(("sign", "verdict"), [(1, "supported"), (-1, "refuted")])
def test_networks_that_compress_more_must_generalise_better(sign, verdict):
    drops = np.linspace(0, 3, NETWORKS)
    accuracy = 0.9 + sign * 0.02 * drops
    (row,) = judged("C20", ["r"], [planes_dropping("r", drops)], [curves("r", accuracy)])
    assert (row["estimate"], row["verdict"]) == (pytest.approx(sign), verdict)
    assert row["inits"] == NETWORKS


def test_rows_without_a_network_are_those_of_the_others():
    columns = np.random.default_rng(3).normal(size=(3, 9))
    products = rank_products(Resampling(50), columns)
    assert len(products) == 1 + 50 + 9
    for left_out, found in enumerate(partial_correlations(products)[51:]):
        others = np.delete(columns, left_out, axis=1)
        expected = partial_correlations(rank_products(Resampling(50), others))[0]
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("compression", ["final_input_bits", "final_conditional_bits"])
@pytest.mark.parametrize("generalisation", ["test_accuracy", "test_loss"])
def test_every_measure_is_turned_so_that_more_is_more(compression, generalisation):
    drops = np.linspace(0, 3, NETWORKS)
    parameters = one_reading("C20")["parameters"] | {
        "compression": compression,
        "generalisation": generalisation,
    }
    tables = [planes_dropping("r", drops)], [curves("r", 0.9 + 0.02 * drops)]
    (row,) = judged("C20", ["r"], *tables, parameters=parameters)
    assert row["estimate"] == pytest.approx(1)


def test_what_the_training_loss_explains_does_not_count():
    generator = np.random.default_rng(2)
    loss = generator.random(NETWORKS)
    noise = 0.05 * generator.normal(size=(2, NETWORKS))
    tables = [planes_dropping("r", 3 * loss + noise[0])]
    (row,) = judged("C20", ["r"], tables, [curves("r", loss + noise[1], train_loss=loss)])
    assert spearmanr(loss + noise[0] / 3, loss + noise[1]).statistic > 0.9
    # Twice the standard error of a correlation of 0 between 40 networks.
    assert abs(row["estimate"]) < 2 / np.sqrt(NETWORKS)
    assert row["verdict"] != "supported"


def test_within_conditions_is_not_between_them():
    """Simpson's paradox: within each condition the opposite of what holds between them."""
    drops = np.linspace(0, 1, NETWORKS)
    tables = [planes_dropping(f"r{i}", drops + i) for i in range(9)]
    metrics = [curves(f"r{i}", 0.5 + 0.05 * i - 0.01 * drops) for i in range(9)]
    (row,) = judged("C20", [[f"r{i}" for i in range(9)]], tables, metrics)
    assert row["estimate"] == pytest.approx(-1)
    assert "of the means of the 9 conditions 1 [1, 1]" in row["statistic"]
    assert row["condition"] == ", ".join(f"r{i}" for i in range(9))
    assert row["inits"] == 9 * NETWORKS


def test_conditions_of_different_size_have_an_interval_as_wide_as_their_networks_allow():
    generator = np.random.default_rng(4)
    tables, metrics = [], []
    for run, networks in (("few", 12), ("many", 60)):
        drops, accuracy = generator.random((2, networks))
        tables.append(planes_dropping(run, drops))
        metrics.append(curves(run, accuracy))
    (row,) = judged("C20", [["few", "many"]], tables, metrics)
    assert row["ci_low"] < row["estimate"] < row["ci_high"]
    # Of a correlation near 0 between 72 networks, four standard errors; resampled 400 times only.
    assert row["ci_high"] - row["ci_low"] == pytest.approx(4 / np.sqrt(72), rel=0.3)


FOUR = {"both": (3, 0.95), "compresses": (3, 0.5), "generalises": (0, 0.95), "neither": (0, 0.5)}


def four_runs(train_accuracy=1.0):
    tables = [planes_dropping(run, np.full(12, float(drop))) for run, (drop, _) in FOUR.items()]
    metrics = [
        curves(run, np.full(12, accuracy), train_accuracy=train_accuracy)
        for run, (_, accuracy) in FOUR.items()
    ]
    return tables, metrics


def test_all_four_cells_must_be_what_a_condition_does():
    (row,) = judged("C19", [list(FOUR)], *four_runs())
    assert (row["estimate"], row["verdict"]) == (1, "supported")
    for cell in ("compress and generalise: 1 of both", "do neither: 1 of neither"):
        assert cell in row["statistic"]
    for run in FOUR:
        tables, metrics = four_runs()
        (row,) = judged("C19", [[one for one in FOUR if one != run]], tables, metrics)
        assert (row["estimate"], row["verdict"]) == (0, "refuted")


def test_networks_that_have_not_learnt_are_in_no_cell():
    (row,) = judged("C19", [list(FOUR)], *four_runs(train_accuracy=np.repeat([1.0, 0.8], 6)))
    assert "24 of 48 networks having learnt" in row["statistic"]
    assert row["verdict"] == "supported"
    (row,) = judged("C19", [list(FOUR)], *four_runs(train_accuracy=0.8))
    assert row["verdict"] == "inconclusive"


def test_learning_curves_may_have_more_networks_and_epochs_but_not_fewer():
    drops = np.linspace(0, 3, NETWORKS)
    accuracy = np.append(0.9 + 0.02 * drops, 0.1)
    epochs = np.sort(np.append(EPOCHS, 50))
    table = planes_dropping("r", drops)
    (row,) = judged("C20", ["r"], [table], [curves("r", accuracy, epochs=epochs)])
    assert row["estimate"] == pytest.approx(1)
    with pytest.raises(
        ClaimError, match=r"claim C20: metrics of run 'r' lack the epochs \[10000\]"
    ):
        judged("C20", ["r"], [table], [curves("r", accuracy, epochs=EPOCHS[:-1])])
    with pytest.raises(ClaimError, match=r"metrics of run 'r' lack the inits \[39\]"):
        judged("C20", ["r"], [table], [curves("r", accuracy[:39])])


def test_unknown_quantities_are_refused():
    drops = np.linspace(0, 3, NETWORKS)
    tables = [planes_dropping("r", drops)], [curves("r", drops)]
    for key in ("compression", "generalisation"):
        parameters = one_reading("C20")["parameters"] | {key: "depth"}
        with pytest.raises(ClaimError, match=f"claim C20: {key} 'depth' is not one of: "):
            judged("C20", ["r"], *tables, parameters=parameters)


def test_pools_need_the_planes_and_curves_of_every_run():
    needs = read_claim("C19", CLAIMS["C19"]).needs
    runs = CLAIMS["C19"]["judged_on"][0]["pools"][0]
    assert {need.run for need in needs if need.table == "metrics"} == set(runs)
    assert {need.run for need in needs if need.table == "information"} == set(runs)


def test_statistics_that_take_no_pools_refuse_them():
    with pytest.raises(ClaimError, match=r"statistic trajectory has the keys runs, estimators"):
        claim("C03", judged_on=[{"pools": [["r"]], "estimators": ["e"]}])


def learning_to_compress(before, after, drop=3.0, peak_at=3):
    """Make networks whose T2 rises to a peak and falls, and whose error falls before and after."""
    steps = np.arange(len(EPOCHS))
    shape = 10 - np.maximum(peak_at - steps, 0) - drop * (steps > peak_at)
    inputs = np.tile(shape[None, :, None], (12, 1, 3)).astype(float)
    accuracy = 0.5 + np.where(steps >= peak_at, before, 0.0) + np.where(steps > peak_at, after, 0.0)
    metrics = curves("r", np.full(12, accuracy[-1])).assign(test_accuracy=np.tile(accuracy, 12))
    (row,) = judged("C50", ["r"], [tidy("r", "e", inputs)], [metrics])
    return row


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [(0.1, 0.3, "supported"), (0.3, 0.1, "refuted"), (0.45, -0.05, "refuted")],
)
def test_the_fall_of_the_error_is_parted_at_the_peak(before, after, verdict):
    row = learning_to_compress(before, after)
    assert row["estimate"] == pytest.approx(after / (before + after))
    assert row["verdict"] == verdict
    assert f"test accuracy {0.5 + before:.3g} there" in row["statistic"]


def test_networks_that_neither_drop_nor_generalise_say_nothing_about_it():
    assert learning_to_compress(0.1, 0.3, drop=0.5)["verdict"] == "inconclusive"
    assert learning_to_compress(0.01, 0.05)["verdict"] == "inconclusive"


def test_a_network_counts_by_how_far_its_error_falls():
    inputs = np.full((2, len(EPOCHS), 3), 10.0)
    inputs[:, -1] = 5.0
    metrics = curves("r", np.array([0.9, 0.6]))
    # The peak is the first snapshot: all that is gained comes after it, but for a start at 0.58.
    metrics.loc[(metrics["init"] == 1) & (metrics["epoch"] == 0), "test_accuracy"] = 0.58
    (row,) = judged("C50", ["r"], [tidy("r", "e", inputs)], [metrics])
    np.testing.assert_allclose(row["details"]["values"], [[0.4, 0.4], [0.02, 0.02]])
    assert row["estimate"] == pytest.approx(1)
