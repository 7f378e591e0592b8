"""Linear networks: gradients, exact information, errors, and the claims on them."""

import numpy as np
import pytest

from infoplane.claims.evidence import Evidence
from infoplane.claims.judging import judge
from infoplane.models import make_model
from infoplane.models.linear_network import (
    LinearNetworkModel,
    descend,
    errors,
    gaussian_information,
    product_of,
)
from infoplane.statistics import Resampling
from tests.unit.claim_tables import claim

SMALL = {
    "inputs": 5,
    "relevant": 3,
    "hidden": [4, 3],
    "samples": 12,
    "teacher_noise": 0.5,
    "initial_scale": 0.7,
    "learning_rate": 0.02,
    "batch_size": "full",
    "epochs": 60,
    "snapshots": 12,
    "noise_variance": 0.3,
    "initialisations": 3,
    "seed": 1,
}


def model(**changes) -> LinearNetworkModel:
    return make_model("linear_network", **SMALL | changes)


def columns(**changes):
    return model(**changes).solve()


@pytest.mark.parametrize("hidden", [[4], [4, 3], [2, 6, 3]])
def test_a_step_follows_the_numerical_gradient(hidden):
    some = model(hidden=hidden)
    problem, weights = some.problem(0), some.initial_weights(0)

    def loss(layers):
        (student,) = product_of(layers)
        return np.mean((problem.inputs @ student - problem.targets) ** 2) / 2

    moved = [layer.copy() for layer in weights]
    descend(moved, problem.inputs, problem.targets, 1.0)
    for place, layer in enumerate(weights):
        for index in np.ndindex(layer.shape):
            shifted = [one.copy() for one in weights]
            shifted[place][index] += 1e-6
            ahead = loss(shifted)
            shifted[place][index] -= 2e-6
            slope = (ahead - loss(shifted)) / 2e-6
            assert layer[index] - moved[place][index] == pytest.approx(slope, abs=1e-7)


def gaussian_bits(covariance, first, second):
    """Return the mutual information of two parts of a normal vector from its covariance."""
    parts = [np.linalg.det(covariance[np.ix_(part, part)]) for part in (first, second)]
    both = [*first, *second]
    return np.log2(np.prod(parts) / np.linalg.det(covariance[np.ix_(both, both)])) / 2


def test_information_is_that_of_the_joint_covariance():
    some = model()
    problem, weights = some.problem(0), some.initial_weights(0)
    product = product_of(weights[:2])
    inputs, units = 5, len(product)
    # X, T and Y as one linear map of independent X, noise of T and noise of Y.
    rows = np.zeros((inputs + units + 1, inputs + units + 1))
    rows[:inputs, :inputs] = np.eye(inputs)
    rows[inputs:-1, :inputs], rows[-1, :inputs] = product, problem.teacher
    rows[inputs:-1, inputs:-1] = np.eye(units) * np.sqrt(0.3)
    rows[-1, -1] = np.sqrt(0.5)
    covariance = rows @ rows.T
    x, t = list(range(inputs)), list(range(inputs, inputs + units))
    pairs = [(x, t), ([inputs + units], t), (x[:3], t), (x[3:], t)]
    expected = [gaussian_bits(covariance, *pair) for pair in pairs]
    found = gaussian_information(product, problem, 3, 0.3)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_test_error_is_the_mean_over_fresh_samples():
    some = model()
    problem, weights = some.problem(0), some.initial_weights(0)
    draws = np.random.default_rng(5)
    fresh = draws.normal(size=(400_000, 5))
    targets = fresh @ problem.teacher + draws.normal(size=len(fresh)) * np.sqrt(0.5)
    squares = (fresh @ product_of(weights)[0] - targets) ** 2
    train, test = errors(problem, weights)
    assert test == pytest.approx(squares.mean(), abs=5 * squares.std() / 400_000**0.5)
    own = (problem.inputs @ product_of(weights)[0] - problem.targets) ** 2
    assert train == pytest.approx(own.mean(), rel=1e-12)


def test_long_training_with_many_samples_ends_at_least_squares():
    some = model(samples=50, epochs=4000, initialisations=1, snapshots=5, learning_rate=0.05)
    table, problem = some.solve(), some.problem(0)
    best = np.linalg.lstsq(problem.inputs, problem.targets, rcond=None)[0]
    rest = np.mean((problem.inputs @ best - problem.targets) ** 2)
    assert table["train_error"][-1] == pytest.approx(rest, rel=1e-6)


def test_irrelevant_inputs_are_none_where_all_are_relevant():
    table = columns(relevant=5)
    np.testing.assert_allclose(table["mi_irrelevant_bits"], 0, atol=1e-12)
    np.testing.assert_allclose(table["mi_relevant_bits"], table["mi_input_bits"], atol=1e-12)


def test_information_does_not_grow_along_layers_of_an_orthogonal_map():
    # The data-processing order holds without the noise that is added to every layer; here the
    # second layer turns the first, so that both tell the same.
    some = model()
    problem, first = some.problem(0), some.initial_weights(0)[0]
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    found = [gaussian_information(part, problem, 3, 0.3) for part in (first, turn @ first)]
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_an_initialisation_is_the_same_however_many_there_are():
    few, many = columns(initialisations=1), columns(initialisations=3)
    own = many["init"] == 0
    for name, values in few.items():
        np.testing.assert_array_equal(values, many[name][own])


def test_a_batch_of_all_samples_is_the_full_batch():
    full, batch = columns(), columns(batch_size=12)
    np.testing.assert_array_equal(full["test_error"], batch["test_error"])
    assert not np.array_equal(full["test_error"], columns(batch_size=4)["test_error"])


def test_divergence_is_told():
    table = columns(learning_rate=50.0)
    assert set(table["status"]) == {"diverged"}
    assert np.isfinite(table["test_error"]).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"samples": 0}, "samples must be a whole number of at least 1, not 0"),
        ({"teacher_noise": -0.1}, "teacher_noise must be at least 0, not -0.1"),
        ({"hidden": []}, "hidden must be a list of at least one width"),
        ({"hidden": [0]}, "hidden must be a whole number of at least 1, not 0"),
        ({"relevant": 6}, "relevant must be at most inputs 5, not 6"),
        ({"noise_variance": 0}, "noise_variance must be above 0, not 0"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1"),
    ],
)
def test_impossible_parameters_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        model(**change)


def judged(name, model_name, table, reading=None):
    evidence = Evidence({}, Resampling(200), models={model_name: table})
    (row,) = judge(claim(name, reading, judged_on=[{"models": [model_name]}]), evidence)
    return row


def made_up(**changes):
    """Lay out 10 networks of one layer over 4 epochs."""
    init, epoch = np.indices((10, 4)).reshape(2, -1)
    table = {"init": init, "epoch": epoch, "layer": np.ones(40, int), "status": np.full(40, "ok")}
    return table | {name: np.tile(np.array(path, float), 10) for name, path in changes.items()}


@pytest.mark.parametrize(
    ("bits", "error", "model_name", "verdict"),
    [
        ([1, 2, 3, 3], [2, 1, 1, 3], "linear_as_stated", "supported"),
        ([1, 2, 3, 2.9], [2, 1, 1, 3], "linear_as_stated", "refuted"),
        ([1, 2, 3, 3], [2, 1, 1, 1], "linear_as_stated", "refuted"),
        ([1, 2, 3, 3], [2, 1, 1, 1], "linear_more_samples", "supported"),
    ],
)
def test_linear_claim_needs_no_drop_and_an_overfit_arm(bits, error, model_name, verdict):
    table = made_up(mi_input_bits=bits, test_error=error)
    row = judged("C18", model_name, table)
    assert row["verdict"] == verdict
    assert row["inits"] == 10


@pytest.mark.parametrize(
    ("bits", "verdict"),
    [([0, 2, 1, 1], "supported"), ([0, 1, 2, 1.95], "refuted"), ([0, 1, 1, 2], "refuted")],
)
def test_irrelevant_claim_needs_a_fall_that_begins_during_the_fit(bits, verdict):
    table = made_up(mi_irrelevant_bits=bits, train_error=[1.0, 0.6, 0.05, 0.0])
    assert judged("C21", "linear_irrelevant", table)["verdict"] == verdict


def test_the_input_tells_of_the_answer_what_a_channel_of_that_noise_can():
    table, some = columns(), model()
    for init in range(3):
        teacher = some.problem(init).teacher
        known = np.log2((teacher @ teacher + 0.5) / 0.5) / 2
        np.testing.assert_allclose(table["task_bits"][table["init"] == init], known, rtol=1e-12)
    # A layer tells no more.
    assert (table["mi_label_bits"] <= table["task_bits"] + 1e-12).all()
    assert np.isinf(columns(teacher_noise=0.0)["task_bits"]).all()


def test_what_is_proved_of_any_layer_holds_of_exact_ones():
    table = columns(noise_variance=0.01)
    room = table["mi_input_bits"] - table["mi_label_bits"]
    assert (table["mi_irrelevant_bits"] <= room + 1e-9).all()


@pytest.mark.parametrize(
    ("label", "reading", "excess", "verdict"),
    [
        ([0.0, 0.5, 0.5, 1.0], "stated", -1.0, "supported"),
        ([0.0, 1.0, 0.5, 0.5], "stated", 0.5, "refuted"),
        ([0.0, 0.5, 0.5, 0.5], "stated", 1.0, "inconclusive"),
        ([0.0, 0.5, 0.5, 1.0], "proved", 0.0, "supported"),
        ([1.0, 0.5, 0.5, 1.0], "proved", 1.0, "refuted"),
    ],
)
def test_invariance_is_judged_where_layers_are_sufficient(label, reading, excess, verdict):
    table = made_up(
        mi_input_bits=[1.0, 2.0, 2.0, 3.0],
        mi_label_bits=label,
        mi_irrelevant_bits=[1.0, 1.5, 1.0, 1.0],
        mi_relevant_bits=[1.0, 2.0, 2.0, 3.0],
        task_bits=[1.0] * 4,
    )
    row = judged("C97", "linear_irrelevant_noisy", table, reading)
    assert row["estimate"] == pytest.approx(excess)
    assert row["verdict"] == verdict


def test_networks_that_diverged_are_left_out_by_name():
    table = made_up(mi_input_bits=[1, 2, 3, 3], test_error=[2, 1, 1, 3])
    table["status"] = np.where(table["init"] == 4, "diverged", "ok")
    evidence = Evidence({}, Resampling(200), models={"linear_as_stated": table})
    (row,) = judge(claim("C18", judged_on=[{"models": ["linear_as_stated"]}]), evidence)
    assert row["inits"] == 9
    assert row["details"]["diverged"] == [4]
