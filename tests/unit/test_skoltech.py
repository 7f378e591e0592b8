"""The Skoltech replication: its labels, its single output unit, and gradients that add up."""

import numpy as np
import pytest

from infoplane.networks.dense import split_parameters
from infoplane.networks.functions import losses_and_hits
from infoplane.tasks import make_task, make_task_rule
from infoplane.training.engines import choose_engine
from infoplane.training.ensemble import train_ensemble
from infoplane.training.schedule import seed_sequence
from infoplane.training.shuffling import shuffle_epoch
from tests.support import network, optimizer, schedule

SINGLE = network(widths=(12, 5, 1), output="tanh", initial_weights="pytorch")


def test_patterns_are_five_whole_numbers_and_half_of_the_products_are_above_their_mean():
    task = make_task("skoltech", score="products", seed=0, samples=4000)
    assert np.unique(task.inputs).tolist() == [-1, 0, 1, 2, 3]
    assert task.label_probability.mean() == pytest.approx(0.5, abs=0.05)


def test_scores_by_hand():
    pattern = np.array([[3, 9, 1, 2, 3, -1, 2, 2, 0, 1, 1, 1], [1] * 12])
    of = {
        score: make_task_rule("skoltech", score=score, seed=0).scores(pattern)
        for score in ("mean", "products", "products_of_everything")
    }
    # 1*2 + 3*-1 + 2*2 + 0*1 + 1*1 = 4, less 9; five ones, less 1. Together 9.
    np.testing.assert_allclose(of["products"], [-5, 4])
    np.testing.assert_allclose(of["products_of_everything"], [0, 8])
    np.testing.assert_allclose(of["mean"], [24 / 12, 1])


def test_published_labels_depend_on_the_first_input_alone():
    task = make_task("skoltech", score="products_of_everything", seed=3)
    for square in (0, 1, 4, 9):
        same = task.inputs[:, 0] ** 2 == square
        assert np.ptp(task.label_probability[same]) < 1e-12
    meant = make_task("skoltech", score="products", seed=3)
    assert np.ptp(meant.label_probability[meant.inputs[:, 0] == 0]) > 0.99


def test_labels_are_drawn_from_their_probability():
    task = make_task("skoltech", score="mean", seed=1, samples=20_000)
    middle = np.abs(task.label_probability - 0.5) < 0.35
    expected = task.label_probability[middle].mean()
    # Three standard errors of a share of some thousand labels.
    assert task.labels[middle].mean() == pytest.approx(expected, abs=1.5 / middle.sum() ** 0.5)


def test_other_scores_are_refused():
    with pytest.raises(ValueError, match="score 'sum' is not one of: mean, products"):
        make_task("skoltech", score="sum", seed=0)


def test_one_unit_tells_two_classes():
    assert SINGLE.classes == 2
    losses, hits = losses_and_hits(np.array([[0.5, -2.0]]), np.array([1, 1]), "tanh")
    np.testing.assert_allclose(losses, (np.tanh([0.5, -2.0]) - 1) ** 2)
    assert hits.tolist() == [True, False]
    with pytest.raises(ValueError, match="output tanh is one unit, and widths end with 2"):
        network(output="tanh")


@pytest.mark.parametrize("option", [{}, {"zero_gradients": False}, {"batches_per_epoch": 1}])
def test_the_compiled_engine_trains_it(option):
    assert choose_engine("auto", "cpu", SINGLE, optimizer(**option))[0] == "fused"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batches_per_epoch": 0}, "batches_per_epoch must be at least 1 or None, not 0"),
        ({"batches_per_epoch": 1, "batch_size": None}, "batches_per_epoch needs mini-batches"),
    ],
)
def test_batches_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        optimizer(**changes)


def descend(task, samples, seed, parameters, epochs, batches, zero):
    """Train one network in float64, its gradients from the chain rule written out."""
    parameters = parameters.astype(float)
    kept = np.zeros_like(parameters)
    order = np.empty(len(samples), dtype=np.int64)
    for epoch in range(epochs):
        shuffle_epoch(order, seed, epoch)
        met = samples[order]
        for first in range(0, len(met), 101)[:batches]:
            batch = met[first : first + 101]
            (w1, b1), (w2, b2) = split_parameters(parameters, SINGLE.widths)
            hidden = np.tanh(task.inputs[batch] @ w1.T + b1)
            given = np.tanh(hidden @ w2.T + b2)
            wanted = 2.0 * task.labels[batch, None] - 1
            delta = 2 * (given - wanted) * (1 - given**2) / len(batch)
            below = (delta @ w2) * (1 - hidden**2)
            parts = (below.T @ task.inputs[batch], below.sum(0), delta.T @ hidden, delta.sum(0))
            gradient = np.concatenate([part.ravel() for part in parts])
            kept = gradient if zero else kept + gradient
            parameters = parameters - 0.2 * kept
    return parameters


@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("batches", [1, None])
@pytest.mark.parametrize("engine", ["torch", "fused"])
def test_training_is_that_of_the_published_loop(engine, batches, zero):
    task, epochs = make_task("skoltech", score="mean", seed=2, samples=300), 3
    by = optimizer(
        optimizer="sgd",
        learning_rate=0.2,
        batch_size=101,
        batches_per_epoch=batches,
        zero_gradients=zero,
    )
    when = schedule(epochs=epochs, snapshots=2)
    result = train_ensemble(task.inputs, task.labels, SINGLE, by, when, [4], seed=7, engine=engine)
    order = seed_sequence(7, 4, "order").generate_state(1, np.uint64)[0]
    expected = descend(
        task, result.training_samples[0], order, result.parameters[0, 0], epochs, batches, zero
    )
    # Some steps in float32, of weights near 1 and gradients that add up.
    np.testing.assert_allclose(result.parameters[0, -1], expected, atol=2e-5)
