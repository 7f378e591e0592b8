"""The bottleneck curve: closed forms, brute force, bounds from above and below, bifurcations."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import softmax

from infoplane.claims.evidence import Evidence
from infoplane.claims.judging import judge
from infoplane.data import szt_task
from infoplane.measures.bottleneck_fit import fit_bottleneck
from infoplane.models import make_model
from infoplane.models.annealing import Annealing, Clusters, Inputs, blahut_arimoto, merged
from infoplane.models.bottleneck import inputs_of, most_label_bits
from infoplane.statistics import Resampling
from infoplane.tasks import Task, make_task
from tests.unit.claim_tables import arranged, claim

PARAMETERS = {
    "smallest_beta": 1.0,
    "largest_beta": 100.0,
    "betas": 40,
    "tolerance_bits": 1e-6,
    "most_rounds": 300,
    "bifurcation_precision": 0.01,
}
TOY = Inputs(np.array([0.3, 0.2, 0.4, 0.1]), np.array([-2.0, -0.3, 0.8, 3.0]))
STOCHASTIC = {
    "rule": "icosahedron",
    "degree_weights": [2.0, 5.0, 4.0],
    "threshold": 5.89,
    "sharpness": 12.0,
    "seed": 2017,
}


def information(joint):
    """Return the mutual information of a joint distribution in bits."""
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    there = joint > 0
    return (joint[there] * np.log2(joint[there] / independent[there])).sum()


def plane(inputs, encoder):
    """Return I(X;T) and I(T;Y) of an encoder of shape (inputs, clusters)."""
    together = inputs.weights[:, None] * encoder
    return information(together), information(together.T @ inputs.probability)


def partitions(size):
    """Yield every way to put some things into groups, as deterministic encoders."""
    if size == 0:
        yield np.zeros(0, int)
        return
    for part in partitions(size - 1):
        for group in range(part.max(initial=-1) + 2):
            yield np.append(part, group)


@pytest.fixture(scope="module")
def curve():
    return make_model("bottleneck", **PARAMETERS).curve(TOY)


@pytest.fixture(scope="module")
def task():
    return make_task(**STOCHASTIC)


@pytest.fixture(scope="module")
def curve_of_task(task):
    return make_model("bottleneck", **PARAMETERS).solve(task)


def test_every_beta_of_the_toy_converges(curve):
    assert curve["converged"].all()
    assert (np.diff(curve["beta"]) > 0).all()
    assert curve["gap_bits"].max() <= 1e-6


def test_no_partition_is_above_the_curve_and_none_beats_its_objective(curve):
    found = [plane(TOY, np.eye(4)[part]) for part in partitions(4)]
    assert len(found) == 15
    inputs, labels = map(np.array, zip(*found, strict=True))
    assert (labels <= most_label_bits(curve, inputs) + 1e-12).all()
    for row in range(len(curve["beta"])):
        here = curve["mi_input_bits"][row] - curve["beta"][row] * curve["mi_label_bits"][row]
        slack = curve["beta"][row] * curve["gap_bits"][row] + 1e-12
        assert here <= (inputs - curve["beta"][row] * labels).min() + slack


@pytest.mark.parametrize("beta", [1.5, 2.5, 6.0, 40.0])
def test_no_encoder_that_a_search_finds_is_better(beta):
    draws = np.random.default_rng(0)

    def objective(numbers):
        across, up = plane(TOY, softmax(numbers.reshape(4, 5), axis=1))
        return across / beta - up

    best = min(minimize(objective, draws.normal(scale=2, size=20)).fun for _ in range(6))
    found = Annealing(TOY, 1e-9, 1000).solve(beta)
    here = (found.input_nats / beta - found.label_nats) / math.log(2)
    # The search stops where its numerical gradient is small, within 1e-4 bits.
    assert best - 1e-4 <= here <= best + found.gap_nats / math.log(2) + 1e-9


def test_hard_labels_have_the_closed_form_on_both_sides_of_one():
    task = szt_task()
    curve = make_model("bottleneck", **PARAMETERS | {"smallest_beta": 0.5}).solve(task)
    paying = curve["beta"] > 1.0000001
    np.testing.assert_allclose(curve["mi_input_bits"][paying], task.label_bits, atol=1e-9)
    np.testing.assert_allclose(curve["mi_label_bits"][paying], task.label_bits, atol=1e-9)
    np.testing.assert_allclose(curve["mi_input_bits"][curve["beta"] < 0.999], 0, atol=1e-9)
    inputs = np.linspace(0, 12, 50)
    np.testing.assert_allclose(
        most_label_bits(curve, inputs), np.minimum(inputs, task.label_bits), atol=2e-6
    )


def test_annealing_from_above_and_from_below_meet(task):
    inputs = inputs_of(task)
    betas = np.geomspace(1.2, 60, 12)
    up, down = (Annealing(inputs, 1e-6, 400) for _ in range(2))
    down.clusters = Clusters(inputs.weights, inputs.logits)
    rising = [up.solve(beta) for beta in betas]
    falling = [down.solve(beta) for beta in betas[::-1]][::-1]
    for beta, one, other in zip(betas, rising, falling, strict=True):
        objectives = [each.input_nats / beta - each.label_nats for each in (one, other)]
        assert abs(objectives[0] - objectives[1]) <= max(one.gap_nats, other.gap_nats) + 1e-12


def test_curve_is_concave_with_slope_one_over_beta(curve_of_task):
    kept = curve_of_task["converged"]
    across, up, beta = (
        curve_of_task[name][kept] for name in ("mi_input_bits", "mi_label_bits", "beta")
    )
    apart = np.diff(across) > 1e-3
    slopes = (np.diff(up) / np.maximum(np.diff(across), 1e-300))[apart]
    # A chord's slope lies between those at its ends; the tolerance moves its ends by 1e-6 bits.
    assert (slopes <= 1 / beta[:-1][apart] + 2e-3).all()
    assert (slopes >= 1 / beta[1:][apart] - 2e-3).all()
    assert up.max() <= curve_of_task["information_bits"][0]
    assert curve_of_task["information_bits"][0] == pytest.approx(0.89948, abs=1e-5)


def test_first_bifurcation_is_not_after_the_maximal_correlation(task, curve_of_task):
    # An infinitesimal split pays from 1 / (maximal correlation)^2 on; a finite one may before.
    inputs = inputs_of(task)
    high = inputs.probability[:, 1]
    mean = inputs.weights @ high
    correlation = inputs.weights @ (high - mean) ** 2 / (mean * (1 - mean))
    split = curve_of_task["clusters"] > 1
    first = curve_of_task["beta"][split][0]
    assert curve_of_task["beta"][~split][-1] < 1 / correlation
    assert first == pytest.approx(1 / correlation, rel=0.015)


def test_bifurcations_are_resolved(curve):
    changes = np.flatnonzero(np.diff(curve["clusters"]))
    assert changes.size >= 2
    ratios = curve["beta"][changes + 1] / curve["beta"][changes]
    assert (ratios <= 1.01 + 1e-9).all()


def test_merging_inputs_with_equal_labels_changes_nothing():
    split = Inputs(np.array([0.1, 0.2, 0.2, 0.4, 0.1]), TOY.logits[[0, 0, 1, 2, 3]])
    joined, groups = merged(split.weights, split.logits)
    np.testing.assert_allclose(joined.weights, TOY.weights, rtol=1e-15)
    assert groups.tolist() == [0, 0, 1, 2, 3]
    for beta in (1.5, 4.0):
        one, other = (Annealing(inputs, 1e-10, 1000).solve(beta) for inputs in (split, joined))
        assert one.input_nats == pytest.approx(other.input_nats, abs=1e-4)
        assert one.label_nats == pytest.approx(other.label_nats, abs=1e-4)


def test_compiled_steps_are_those_of_a_plain_loop():
    weights, logits, beta = np.array([0.5, 0.3, 0.2]), np.array([-1.0, 0.5, 2.0]), 3.0
    decoder = 1 / (1 + np.exp(-logits))
    own, labels = weights.copy(), TOY.probability
    for _ in range(7):
        pairs = np.stack([1 - decoder, decoder])
        distances = (labels[:, :, None] * np.log(labels[:, :, None] / pairs)).sum(axis=1)
        encoder = own * np.exp(-beta * distances)
        encoder /= encoder.sum(axis=1, keepdims=True)
        own = TOY.weights @ encoder
        decoder = (TOY.weights * labels[:, 1]) @ encoder / own
    blahut_arimoto(TOY.weights, TOY.probability, TOY.entropies, beta, weights, logits, 7)
    np.testing.assert_allclose(weights, own, rtol=1e-12)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), decoder, rtol=1e-12)


def test_a_beta_that_is_given_up_says_so_and_bounds_nothing():
    curve = make_model("bottleneck", **PARAMETERS | {"most_rounds": 1, "betas": 3}).curve(TOY)
    assert not curve["converged"].all()
    assert (curve["rounds"] == 1).all()
    only = {name: values[curve["converged"]] for name, values in curve.items()}
    there = np.linspace(0, 2, 7)
    np.testing.assert_array_equal(most_label_bits(curve, there), most_label_bits(only, there))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"smallest_beta": 0.0}, "smallest_beta must be above 0, not 0.0"),
        ({"smallest_beta": -1.0}, "smallest_beta must be above 0, not -1.0"),
        ({"largest_beta": 1.0}, "largest_beta must be above smallest_beta 1.0, not 1.0"),
        ({"betas": 1}, "betas must be a whole number of at least 2"),
        ({"tolerance_bits": 0}, "tolerance_bits must be above 0"),
        ({"most_rounds": 0}, "most_rounds must be a whole number of at least 1"),
    ],
)
def test_impossible_parameters_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        make_model("bottleneck", **PARAMETERS | change)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (None, "p\\(y given x\\) is known"),
        (Task(np.eye(3, dtype=np.float32), np.arange(3)), "p\\(y given x\\) is known"),
        (Task(np.eye(3, dtype=np.float32), np.arange(3), np.eye(3)), "two classes, not 3"),
    ],
)
def test_tasks_without_a_known_binary_label_are_refused(task, words):
    with pytest.raises(ValueError, match=words):
        make_model("bottleneck", **PARAMETERS).solve(task)


def divergence(inputs, groups, states, beta):
    """Compute the mean divergence from the bottleneck's encoder in bits, pattern by pattern."""
    values = np.unique(states)
    marginal = np.array([np.mean(states == t) for t in values])
    decoder = np.array([inputs.probability[groups[states == t]].mean(axis=0) for t in values])
    total = 0.0
    for group, state in zip(groups, states, strict=True):
        label = inputs.probability[group]
        encoder = marginal * np.exp(-beta * (label * np.log(label / decoder)).sum(axis=1))
        total -= np.log2(encoder[state] / encoder.sum())
    return total / len(states)


GROUPS = np.array([0, 0, 1, 2, 2, 3, 3, 1])
PATTERNS = Inputs(np.bincount(GROUPS) / len(GROUPS), TOY.logits)


def test_fitted_beta_is_where_the_divergence_is_smallest():
    # One pattern is on the wrong side, so that no beta is infinitely good.
    states = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    across, up, beta, found = fit_bottleneck(PATTERNS, GROUPS, states)
    encoder = np.eye(2)[states]
    joint = encoder.T @ PATTERNS.probability[GROUPS] / len(states)
    assert across == pytest.approx(information(np.diag(encoder.mean(axis=0))), abs=1e-12)
    assert up == pytest.approx(information(joint), abs=1e-12)
    betas = np.linspace(0.2 * beta, 3 * beta, 300)
    tried = [divergence(PATTERNS, GROUPS, states, b) for b in betas]
    assert found == pytest.approx(divergence(PATTERNS, GROUPS, states, beta), abs=1e-9)
    assert found <= min(tried)
    assert abs(betas[np.argmin(tried)] - beta) <= betas[1] - betas[0]


def test_a_layer_that_gives_every_input_to_its_nearest_cluster_fits_no_finite_beta():
    *_, beta, found = fit_bottleneck(PATTERNS, GROUPS, GROUPS)
    assert math.isinf(beta)
    assert found == pytest.approx(divergence(PATTERNS, GROUPS, GROUPS, 1e4), abs=1e-6)


def test_a_layer_without_information_fits_beta_0_or_any():
    across, up, beta, found = fit_bottleneck(PATTERNS, GROUPS, np.zeros(8, int))
    assert (across, found) == (0, 0)
    assert up == pytest.approx(0, abs=1e-12)
    # Both encoders are the only one there is.
    assert math.isinf(beta)


def fits(gap, betas, inits=12):
    """Make a table of layers a gap below the curve of the toy, with these betas."""
    curve = make_model("bottleneck", **PARAMETERS).curve(TOY)
    inputs = np.linspace(1.5, 0.4, len(betas))
    labels = most_label_bits(curve, inputs) - gap
    rows = [
        ("r", init, 100, layer + 1, "ok", inputs[layer], labels[layer], betas[layer])
        for init in range(inits)
        for layer in range(len(betas))
    ]
    names = ["run", "init", "epoch", "layer", "status", "mi_input_bits", "mi_label_bits", "beta"]
    table = arranged(pd.DataFrame(rows, columns=names), None)
    return Evidence({"bottleneck_fit": table}, Resampling(200), models={"curve": curve})


@pytest.mark.parametrize(
    ("gap", "betas", "verdict"),
    [
        (0.01, [math.inf, 50.0, 20.0, 5.0, 1.0], "supported"),
        (0.2, [math.inf, 50.0, 20.0, 5.0, 1.0], "refuted"),
        (0.01, [1.0, 5.0, 20.0, 50.0, math.inf], "refuted"),
    ],
)
def test_claim_needs_small_gaps_and_betas_that_fall(gap, betas, verdict):
    parameters = {"curve": "curve", "layers": "hidden", "most_rank_correlation": -0.8}
    on = [{"runs": ["r"]}]
    (row,) = judge(claim("C24", parameters=parameters, judged_on=on), fits(gap, betas))
    assert row["verdict"] == verdict
    assert row["estimate"] == pytest.approx(gap, abs=1e-9)
