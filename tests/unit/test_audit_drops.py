"""The audit of drops: truths by counting and by quadrature, bookkeeping, what estimators find."""

import math
from collections import Counter

import numpy as np
import pytest

from infoplane.audit.drops import (
    DropTask,
    audit_drops,
    channel,
    declared_noise,
    drop_tasks,
    measured_drops,
)

EXACT = {"method": "exact"}
BINNED = {"method": "binned", "bins": 30, "range": "global"}
KERNELS = {"method": "kde", "noise_variance": 0.1, "bound": "upper"}


def snapshots_of(task, samples=256, noise=0.1):
    return task.make(samples, noise, np.random.default_rng(0))


@pytest.mark.parametrize("task", drop_tasks([2, 5]), ids=lambda task: task.name)
def test_truth_is_counted_in_the_layer_as_made(task):
    for layer, bits in snapshots_of(task):
        assert layer.shape == (256, task.dimension)
        if task.units == "noisy":
            # A channel of independent units: each adds 1/2 log2(1 + signal / noise).
            signal = np.mean(layer**2)
            expected = task.dimension / 2 * math.log2(1 + signal / 0.1)
            # Four standard errors of a mean square of 512 values are a quarter of it.
            assert bits == pytest.approx(expected, abs=task.dimension / 2 * math.log2(1.4))
        elif task.family == "growing_tanh":
            # tanh is one to one.
            assert bits == 8.0
        else:
            counts = np.array([*Counter(map(tuple, layer.tolist())).values()]) / 256
            assert bits == pytest.approx(-np.sum(counts * np.log2(counts)), abs=1e-12)


@pytest.mark.parametrize("task", drop_tasks([3]), ids=lambda task: task.name)
def test_drops_are_there_where_the_name_says(task):
    bits = [bits for _, bits in snapshots_of(task)]
    drop = max(bits) - bits[-1]
    drops = ("saturating", "dying", "closing")
    assert (drop > 0.1) == (task.family in drops)
    if task.family == "closing":
        assert drop == pytest.approx(float(task.name.split("_")[1]), abs=1e-12)
    if task.family == "dying":
        silent = round(float(task.name.split("_")[1]) * 256)
        assert drop == pytest.approx(silent / 256 * math.log2(silent), abs=1e-12)


def test_exact_counts_find_exactly_the_drops_that_storage_keeps():
    records = audit_drops({"exact": EXACT}, drop_tasks([3]), 256, 3, [0.5], 0)
    for record in records:
        assert record["units"] != "noisy"
        if record["family"] == "growing_tanh":
            # Single precision has 1 for tanh of more than 9: a drop that tanh does not have.
            assert record["true_drop_bits"] == 0.0 < record["bias_bits"]
        else:
            assert record["bias_bits"] == pytest.approx(0, abs=1e-12)
            assert record["found"] == float(record["is_there"])


def test_a_global_range_makes_a_drop_of_a_layer_that_shrinks():
    tasks = [task for task in drop_tasks([3]) if task.family in ("growing", "shrinking")]
    found = {
        (record["family"], record["estimator"]): record
        for record in audit_drops({"binned": BINNED, "exact": EXACT}, tasks, 256, 2, [1.0], 0)
    }
    assert found["shrinking", "binned"]["found"] == 1.0
    assert found["growing", "binned"]["found"] == found["shrinking", "exact"]["found"] == 0.0


def test_channels_are_for_estimators_with_declared_noise():
    assert declared_noise(KERNELS) == 0.1
    assert declared_noise(EXACT) == declared_noise(BINNED) == 0.0
    assert declared_noise({"method": "kde_scaled", "fraction": 0.1}) == 0.0
    mixture = {"method": "mixture_entropy", "noise_standard_deviation": 0.5}
    assert declared_noise(mixture) == 0.25
    task = channel("closing", (1.0, 3.0, 0.5), 2)
    records = audit_drops({"exact": EXACT, "mixture": mixture}, [task], 512, 3, [1.0, 3.0], 0)
    assert [record["estimator"] for record in records] == ["mixture"] * 2
    assert [record["is_there"] for record in records] == [True, False]
    assert [record["found"] for record in records] == [1.0, 0.0]
    # Its noise is the layer's: only the finite number of samples is left.
    assert records[0]["bias_bits"] == pytest.approx(0, abs=0.15)


def test_what_came_out_of_a_nonlinearity_is_no_net_input():
    net = {"net": {"method": "net_input", "bin_width": 0.1}}
    tasks = [task for task in drop_tasks([3]) if task.units != "noisy"]
    assert {task.units for task in tasks} == {"bounded", "unbounded"}
    records = audit_drops(net, tasks, 64, 2, [0.5], 0)
    assert {record["units"] for record in records} == {"unbounded"}


def test_shares_bias_and_refusals_are_recorded():
    def make(samples, noise, generator):
        # Whether 4 patterns or none coincide at the end is a draw; the truth says 1 bit.
        layer = np.arange(samples, dtype=float)[:, None]
        merged = np.where(layer < generator.choice([0, samples]), 0.0, layer)
        return [(layer, 6.0), (merged, 5.0)]

    task = DropTask("drawn", "drawn", "unbounded", 1, make)
    outside = {"method": "binned", "bins": 4, "range": [0.0, 1.0]}
    records = audit_drops({"exact": EXACT, "outside": outside}, [task], 64, 20, [0.5, 1.5], 3)
    first, second, *refused = records
    share = first["found"]
    assert 0 < share < 1
    assert second["found"] == share
    assert (first["is_there"], second["is_there"]) == (True, False)
    # All patterns in one state lose 6 bits, none lose 0, against a truth of 1.
    assert first["mean_drop_bits"] == pytest.approx(6 * share)
    assert first["bias_bits"] == pytest.approx(6 * share - 1)
    deviation = 6 * math.sqrt(share * (1 - share) * 20 / 19)
    assert first["spread_bits"] == pytest.approx(deviation)
    assert all("outside" in record["refused"] for record in refused)
    assert all(math.isnan(record["found"]) for record in refused)


def test_drops_depend_on_the_arguments_alone():
    tasks = drop_tasks([2])
    both = audit_drops({"binned": BINNED, "kde": KERNELS}, tasks, 128, 2, [0.5], 4)
    alone = audit_drops({"kde": KERNELS}, tasks[3:5], 128, 2, [0.5], 4)
    names = {task.name for task in tasks[3:5]}
    assert alone == [r for r in both if r["estimator"] == "kde" and r["task"] in names]
    other = audit_drops({"kde": KERNELS}, tasks[3:5], 128, 2, [0.5], 5)
    assert other != alone
    # Two that one pass serves get from it what each gets alone.
    lower = {"lower": {**KERNELS, "bound": "lower"}}
    shared = audit_drops({"kde": KERNELS, **lower}, tasks[3:5], 128, 2, [0.5], 4)
    assert shared[::2] == alone
    assert shared[1::2] == audit_drops(lower, tasks[3:5], 128, 2, [0.5], 4)


def test_estimators_that_give_no_information_are_refused():
    layer = np.linspace(-1, 1, 64)[:, None]
    with pytest.raises(ValueError, match="estimator ross gives no I"):
        measured_drops({"ross": {"method": "knn", "noise_variance": 0.0}}, [(layer, 1.0)] * 2)
    with pytest.raises(ValueError, match="repetitions must be at least 2 for a spread, not 1"):
        audit_drops({}, [], 64, 1, [0.5], 0)


def test_names_of_made_up_trainings_are_their_own():
    names = [task.name for task in drop_tasks([3, 10])]
    assert len(set(names)) == len(names)
