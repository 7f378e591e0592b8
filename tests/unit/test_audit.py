"""The audit: known values by independent means, bookkeeping with made-up estimators, refusals."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from infoplane.audit import (
    AuditSubject,
    audit_estimators,
    standard_subjects,
    standard_tasks,
    trusted_cells,
)
from infoplane.audit.layers import (
    constant_layer,
    corners,
    half_dead_layer,
    information_of_groups_bits,
    lattice,
    permutation_map,
    rounded_tanh,
    saturate,
    saturated_layer,
    silence,
)
from infoplane.audit.networks import NETWORKS, several_networks_tasks
from infoplane.audit.tasks import (
    binary_symmetric_channel,
    gaussian_channel,
    sign_information_bits,
    tanh_channel,
    tanh_layer_information_bits,
    uniform_noise_channel,
)
from infoplane.estimators import ESTIMATORS, Estimate


def truth(task, samples=256, seed=0):
    draw = task.draw(samples, seed)
    return draw.mi_input_bits, draw.mi_label_bits


def information_on_grid(inputs, weights, variance):
    """Return I(x; x + n) for a discrete x by a Riemann sum of the entropies."""
    deviation = math.sqrt(variance)
    grid = np.linspace(inputs.min() - 9 * deviation, inputs.max() + 9 * deviation, 20_001)
    density = np.zeros_like(grid)
    for value, weight in zip(inputs, weights, strict=True):
        density += weight * np.exp(-((grid - value) ** 2) / (2 * variance))
    density /= math.sqrt(2 * math.pi * variance)
    entropy = -np.sum(density * np.log2(np.maximum(density, 1e-300))) * (grid[1] - grid[0])
    return entropy - 0.5 * math.log2(2 * math.pi * math.e * variance)


@pytest.mark.parametrize(("correlation", "dimension"), [(0.3, 1), (0.95, 4)])
def test_gaussian_channel_has_its_correlation(correlation, dimension):
    task = gaussian_channel(correlation, dimension)
    draw = task.draw(20_000, 0)
    found = [np.corrcoef(draw.inputs[:, i], draw.observed[:, i])[0, 1] for i in range(dimension)]
    # Four standard errors of a correlation at 20,000 samples.
    assert found == pytest.approx([correlation] * dimension, abs=0.03)
    assert np.var(draw.observed - draw.layer) == pytest.approx(task.noise_variance, rel=0.05)
    expected = dimension * 0.5 * math.log2(1 + 1 / task.noise_variance)
    assert draw.mi_input_bits == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("variance", [0.05, 1.0, 10.0])
def test_information_about_the_sign_is_a_difference_of_entropies(variance):
    spread = math.sqrt(1 + variance)
    t = np.linspace(-10 * spread, 10 * spread, 40_001)
    x = np.linspace(0, 9, 3001)
    prior = np.exp(-(x**2) / 2) * math.sqrt(2 / math.pi) * (x[1] - x[0])
    prior[0] /= 2
    total = np.exp(-(t**2) / (2 * spread**2)) / (spread * math.sqrt(2 * math.pi))
    given = np.zeros_like(t)
    for value, weight in zip(x, prior, strict=True):
        given += weight * np.exp(-((t - value) ** 2) / (2 * variance))
    given /= math.sqrt(2 * math.pi * variance)
    step = t[1] - t[0]
    information = step * np.sum(given * np.log2(np.maximum(given, 1e-300) / total))
    # The trapezoid over x is good to about 1e-5.
    assert sign_information_bits(variance) == pytest.approx(information, abs=1e-4)


def test_tanh_channel_is_linear_for_small_weights():
    weight, variance = 0.02, 2e-4
    of_input, of_label = tanh_layer_information_bits(weight, variance)
    # The variance of tanh(w x) is w^2 (1 - 2 w^2 + ...): 4e-4 bits less than a line's.
    assert of_input == pytest.approx(0.5 * math.log2(1 + weight**2 / variance), abs=1e-3)
    assert of_label == pytest.approx(sign_information_bits(variance / weight**2), abs=1e-3)


@pytest.mark.parametrize("variance", [0.3, 1.0])
def test_tanh_channel_is_binary_for_large_weights(variance):
    binary = information_on_grid(np.array([-1.0, 1.0]), [0.5, 0.5], variance)
    assert tanh_layer_information_bits(1e6, variance) == pytest.approx((binary, binary), abs=1e-4)


def test_tanh_channel_against_many_equally_probable_inputs():
    generator = np.random.default_rng(0)
    layer = np.tanh(2 * generator.standard_normal(30_000))
    counts, edges = np.histogram(layer, 2000, (-1, 1))
    of_input = information_on_grid((edges[1:] + edges[:-1]) / 2, counts / 30_000, 0.01)
    # 30,000 random inputs against quadrature: four standard errors are about 0.02 bits.
    assert tanh_layer_information_bits(2.0, 0.01)[0] == pytest.approx(of_input, abs=0.02)


def test_truth_of_the_layers_without_noise():
    assert truth(permutation_map()) == (8.0, 1.0)
    assert truth(constant_layer(3)) == (0.0, 0.0)
    assert truth(half_dead_layer(5)) == pytest.approx(((1 + 8) / 2, 1.0), abs=1e-12)
    assert truth(saturated_layer(0.0, 2)) == pytest.approx((8.0, 1.0), abs=1e-12)
    assert truth(saturated_layer(1.0, 2)) == pytest.approx((2.0, 1.0), abs=1e-12)
    assert truth(rounded_tanh(90.0, 1)) == (8.0, 1.0)
    assert truth(binary_symmetric_channel(0.5)) == (1.0, 0.0)


@pytest.mark.parametrize("groups", [[1] * 12, [12], [5, 4, 3], [1, 1, 1, 9]])
def test_information_of_groups_is_an_entropy(groups):
    shares = np.array(groups) / sum(groups)
    expected = -np.sum(shares * np.log2(shares))
    assert information_of_groups_bits(groups) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("dimension", [1, 3, 20])
@pytest.mark.parametrize("share", [0.0, 0.07, 0.5, 1.0])
def test_known_states_are_those_of_the_stored_layer(share, dimension):
    # The truth is counted before there are values; here the rows are compared one by one.
    generator = np.random.default_rng(dimension)
    layer = lattice(500, dimension, generator)
    for change in (saturate, silence):
        changed, bits = change(share, layer)
        states = Counter(map(tuple, changed.astype(np.float32).tolist()))
        assert bits == pytest.approx(information_of_groups_bits(states.values()), abs=1e-12)


@pytest.mark.parametrize("samples", [64, 4096, 16384])
def test_lattices_are_even_and_differ_in_single_precision(samples):
    values = lattice(samples, 2, np.random.default_rng(0)).astype(np.float32)
    for unit in values.T:
        np.testing.assert_allclose(np.diff(np.sort(unit)), 2 / samples, rtol=0.01)
        assert abs(unit.sum()) < 1e-6 * samples


def test_corners_are_evenly_divided():
    found = Counter(map(tuple, corners(50, 5, 6).tolist()))
    assert sorted(found.values()) == [8, 8, 8, 8, 9, 9]
    assert {abs(value) for corner in found for value in corner} == {1.0}
    # Unlike a lattice's, the corner's bits come again in further units.
    assert all(corner[:2] == corner[3:] for corner in found)


def test_rounding_is_an_error_of_the_estimator():
    draw = rounded_tanh(90.0, 1).draw(1000, 0)
    assert draw.layer.dtype == np.float32
    # tanh is 1 in single precision from net inputs of about 9 on: nine tenths of the patterns.
    assert np.mean(np.abs(draw.layer) == 1) == pytest.approx(0.9, abs=0.01)
    names = ("machine_precision", "exact")
    subjects = [subject for subject in standard_subjects() if subject.names in names]
    for record in audit_estimators(subjects, [rounded_tanh(90.0, 1)], [1000], 2, seed=0):
        assert record["quantity"] == "label" or record["bias_bits"] < -5


def enumerated(networks, labels):
    """Return I(X;T) and I(T;Y) of a network drawn from some, by the table of their states."""
    x = np.tile(np.arange(len(labels)), len(networks))
    values = networks.reshape(len(x), -1)

    def information(pairs):
        counts, of_first, of_second = Counter(pairs), Counter(), Counter()
        for (first, second), count in counts.items():
            of_first[first] += count
            of_second[second] += count
        whole = len(pairs)
        return sum(
            count / whole * math.log2(count * whole / of_first[first] / of_second[second])
            for (first, second), count in counts.items()
        )

    states = [tuple(value) for value in values]
    return (
        information(list(zip(x.tolist(), states, strict=True))),
        information(list(zip(labels[x].tolist(), states, strict=True))),
    )


@pytest.mark.parametrize("task", several_networks_tasks()[:3], ids=lambda task: task.name)
@pytest.mark.parametrize("samples", [64, 250])
def test_truth_of_several_networks_by_enumeration(task, samples):
    draw = task.draw(samples, 0)
    assert draw.networks.shape == (NETWORKS, samples, 1)
    expected = enumerated(draw.networks, draw.labels)
    assert (draw.mi_input_bits, draw.mi_label_bits) == pytest.approx(expected, abs=1e-12)


def test_several_networks_are_for_their_estimators_alone():
    tasks = [permutation_map(), *several_networks_tasks()]
    chosen = ("machine_precision", ("multi_network", "multi_network_published"))
    subjects = [subject for subject in standard_subjects() if subject.names in chosen]
    records = audit_estimators(subjects, tasks, [256], 2, seed=0)
    cells = {(r["task"], r["estimator"], r["quantity"]): r for r in records}
    assert {(name, estimator) for name, estimator, _ in cells} == {
        ("permutation", "machine_precision"),
        *((task.name, name) for task in tasks[1:] for name in chosen[1]),
    }
    groups = math.log2(NETWORKS)
    for name, excess in (("alike", 0), ("shifted", groups), ("disjoint", groups)):
        correct, published = (cells[f"networks_{name}", each, "input"] for each in chosen[1])
        assert correct["bias_bits"] == pytest.approx(0, abs=1e-12)
        assert published["bias_bits"] == pytest.approx(excess, abs=1e-12)
        assert cells[f"networks_{name}", "multi_network", "label"]["bias_bits"] == pytest.approx(
            0, abs=1e-12
        )
    # Five networks are too few to know p(t|x) of all: they leave log2(256 / 5) bits or more.
    assert cells["networks_independent", "multi_network", "input"]["bias_bits"] > 8 - groups - 1e-9


def test_uniform_noise_channel_against_its_table():
    levels = 5
    joint = np.zeros((levels, levels + 1))
    for label in range(levels):
        joint[label, label : label + 2] = 1 / (2 * levels)
    independent = joint.sum(1, keepdims=True) * joint.sum(0)
    positive = joint > 0
    expected = np.sum(joint[positive] * np.log2((joint / independent)[positive]))
    of_input, of_label = truth(uniform_noise_channel(levels))
    assert math.isnan(of_input)
    assert of_label == pytest.approx(expected, abs=1e-12)


def test_draws_depend_on_the_seed_alone():
    for task in standard_tasks((1, 2)):
        first, again, other = (task.draw(64, seed) for seed in (3, 3, 4))
        np.testing.assert_array_equal(first.observed, again.observed)
        np.testing.assert_array_equal(first.labels, again.labels)
        assert not np.array_equal(first.observed, other.observed)
        assert first.observed.shape == (64, task.dimension)
        assert first.observed.dtype == (np.float64 if task.two_variables else np.float32)
        assert first.layer.dtype == np.float32


def off_by(bits):
    def estimate(task, draw):
        return Estimate(draw.mi_input_bits + bits, draw.mi_label_bits - bits, 100.0)

    return estimate


def refusing(task, draw):
    raise ValueError("no such layer")


def test_bias_spread_and_refusals_are_recorded():
    subjects = [
        AuditSubject("exact", off_by(0.0)),
        AuditSubject("above", off_by(1.0)),
        AuditSubject("refusing", refusing),
        AuditSubject(("first", "second"), lambda *of: (off_by(2.0)(*of), off_by(3.0)(*of))),
        AuditSubject(("none", "neither"), refusing, quantities=("label",)),
        AuditSubject("other", off_by(0.0), applies=lambda task: False),
        AuditSubject("inputs", off_by(0.0), quantities=("input",)),
        AuditSubject("full", lambda task, draw: Estimate(6.0, math.nan, 6.05)),
    ]
    records = audit_estimators(subjects, [permutation_map()], [64], 3, seed=0)
    cells = {(r["estimator"], r["quantity"]): r for r in records}
    both = ("exact", "above", "refusing", "first", "second")
    assert set(cells) == {
        *((name, "input") for name in (*both, "inputs", "full")),
        *((name, "label") for name in (*both, "none", "neither")),
    }
    assert cells["exact", "input"]["truth_bits"] == cells["exact", "input"]["mean_bits"] == 6.0
    assert cells["above", "input"]["bias_bits"] == -cells["above", "label"]["bias_bits"] == 1.0
    assert cells["above", "input"]["spread_bits"] == 0.0
    assert cells["refusing", "label"]["refused"] == "no such layer"
    assert math.isnan(cells["refusing", "label"]["bias_bits"])
    assert cells["refusing", "input"]["truth_bits"] == 6.0
    assert math.isnan(cells["refusing", "input"]["seconds"])
    assert [cells[name, "input"]["bias_bits"] for name in ("first", "second")] == [2.0, 3.0]
    assert cells["none", "label"]["refused"] == cells["neither", "label"]["refused"] != ""
    assert cells["full", "input"]["at_ceiling"] == 1.0
    assert cells["exact", "input"]["at_ceiling"] == 0.0


def test_estimators_are_not_tried_above_their_most_samples():
    subjects = [
        AuditSubject("exact", off_by(0.0)),
        AuditSubject(("first", "second"), lambda *of: (off_by(2.0)(*of), off_by(3.0)(*of))),
    ]
    records = audit_estimators(
        subjects, [permutation_map()], [64, 128], 2, seed=0, most_samples={"second": 64}
    )
    tried = {(r["estimator"], r["samples"]) for r in records}
    assert tried == {("exact", 64), ("exact", 128), ("first", 64), ("second", 64)}
    with pytest.raises(ValueError, match="most_samples names 'third', which is none of"):
        audit_estimators(subjects, [], [64], 2, seed=0, most_samples={"third": 64})


def test_spread_is_the_deviation_over_draws():
    def first_value(task, draw):
        return Estimate(draw.mi_input_bits + draw.layer[0, 0], math.nan, math.inf)

    task = permutation_map()
    (record,) = audit_estimators([AuditSubject("first", first_value)], [task], [64], 5, seed=1)
    assert record["repetitions"] == 5
    assert 0 < record["spread_bits"] < 1.1
    assert abs(record["bias_bits"]) < 1


def test_records_do_not_depend_on_what_else_is_audited():
    def timeless(records):
        return [{k: v for k, v in r.items() if k != "seconds"} for r in records]

    tasks = [half_dead_layer(2), tanh_channel(1.0, 0.1)]
    names = ("adaptive_30", "binned_30")
    few = [subject for subject in standard_subjects() if subject.names in names]
    both = audit_estimators(few, tasks, [64, 128], 2, seed=5)
    alone = audit_estimators(few[:1], tasks[1:], [128], 2, seed=5)
    chosen = [
        r
        for r in both
        if r["estimator"] == few[0].names and r["task"] == tasks[1].name and r["samples"] == 128
    ]
    assert timeless(chosen) == timeless(alone)


def test_trust_counts_cells_within_the_tolerance():
    subjects = [AuditSubject("exact", off_by(0.0)), AuditSubject("above", off_by(0.5))]
    tasks = [half_dead_layer(1), half_dead_layer(3)]
    records = audit_estimators(subjects, tasks, [64], 2, seed=0)
    records[0]["refused"] = "made up"
    summary = {(s["estimator"], s["quantity"]): s for s in trusted_cells(records)}
    assert summary["exact", "input"]["trusted"] == summary["exact", "input"]["refused"] == 0.5
    assert summary["exact", "label"]["trusted"] == 1.0
    assert summary["above", "input"]["trusted"] == 0.0
    assert summary["above", "input"]["worst_bias_bits"] == pytest.approx(0.5, abs=1e-12)


def test_estimators_are_right_where_they_should_be():
    tasks = [gaussian_channel(0.9, 1), half_dead_layer(3), constant_layer(2)]
    records = audit_estimators(standard_subjects(), tasks, [1024], 3, seed=0)
    cells = {(r["task"], r["estimator"], r["quantity"]): r for r in records}
    channel = "gaussian_0.9_1d"
    lower, upper = (cells[channel, f"kde_{bound}", "input"] for bound in ("lower", "upper"))
    assert lower["mean_bits"] < lower["truth_bits"] < upper["mean_bits"]
    for name in ("knn_3", "ksg1_3", "ksg2_3"):
        # Four standard errors of three draws of 1024 samples.
        assert cells[channel, name, "input"]["bias_bits"] == pytest.approx(0, abs=0.15)
    assert cells[channel, "knn_3", "label"]["bias_bits"] == pytest.approx(0, abs=0.1)
    for name in ("mixture_entropy", "propagated_upper"):
        assert cells[channel, name, "input"]["bias_bits"] == pytest.approx(0, abs=0.15)
        assert cells[channel, name, "label"]["bias_bits"] == pytest.approx(0, abs=0.1)
    # Bounds from below, but for the same errors.
    for name, quantity in (
        ("propagated_lower", "input"),
        ("infonce", "input"),
        ("decoder_logistic", "label"),
        ("decoder_mlp", "label"),
    ):
        assert -0.4 < cells[channel, name, quantity]["bias_bits"] < 0.1
    assert cells["half_dead_3d", "machine_precision", "input"]["bias_bits"] == 0.0
    assert cells["half_dead_3d", "exact", "input"]["bias_bits"] == 0.0
    assert "49.9023% of its 1024 rows" in cells["half_dead_3d", "ross_3", "label"]["refused"]
    for (task, name, _), record in cells.items():
        if task == "constant_2d" and not record["refused"]:
            # Neighbour estimates of nothing scatter; probes are fitted to 1e-5, others exact.
            assert abs(record["mean_bits"]) < (0.15 if name.startswith("knn") else 1e-5)


def test_standard_subjects_and_tasks_have_names_of_their_own():
    subjects = standard_subjects()
    names = [name for subject in subjects for name in subject.all_names]
    assert len(set(names)) == len(names)
    audited = {"propagated" if "propagated" in name else name for name in names}
    # Every method of the library is audited, by itself or under the name that the study gives it.
    others = {"kde_scaled": "kde_scaled_0.1"}
    for method in ESTIMATORS.names:
        assert any(name.startswith(others.get(method, method.split("_")[0])) for name in audited)
    tasks = standard_tasks()
    assert len({task.name for task in tasks}) == len(tasks)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="repetitions must be at least 2 for a spread, not 1"):
        audit_estimators([], [], [64], 1, seed=0)
    with pytest.raises(ValueError, match="samples must be an even number of at least 4, not 63"):
        permutation_map().draw(63, 0)
