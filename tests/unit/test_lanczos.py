"""Log-determinants by Lanczos' iteration against dense ones, and the error that they state."""

import math

import numpy as np
import pytest
import scipy

from infoplane.measures import make_measure
from infoplane.measures._fisher import fisher_matrix, fisher_product
from infoplane.measures._lanczos import lanczos, log_determinant, quadrature_bounds
from tests.support import convolutional, network
from tests.unit.test_fisher import drawn
from tests.unit.test_measures import trained

NETWORKS = [
    network(),
    network(widths=(12, 8, 5, 3), activation="relu"),
    network(widths=(12, 6, 3), activation="softplus", output="sigmoid"),
    convolutional(),
]


def matrix_of(size=60, rank=20, seed=0, decades=4):
    """Return a matrix of eigenvalues over decades, and many of 0, as Fisher matrices have."""
    draws = np.random.default_rng(seed)
    turned, _ = np.linalg.qr(draws.normal(size=(size, rank)))
    return (turned * np.logspace(decades, 0, rank)) @ turned.T


def plus_one(matrix):
    return lambda vector: vector + matrix @ vector


@pytest.mark.parametrize("of", NETWORKS, ids=lambda of: f"{of.name}-{of.activation}-{of.output}")
def test_products_are_those_with_the_fisher_matrix(of, monkeypatch):
    monkeypatch.setattr("infoplane.measures._fisher.PRODUCT_SAMPLES", 5)
    parameters, inputs = drawn(of)
    matrix = fisher_matrix(of, parameters, inputs)
    product = fisher_product(of, parameters, inputs)
    found = np.column_stack([product(vector) for vector in np.eye(len(matrix))[:40]])
    assert found == pytest.approx(matrix[:, :40], abs=1e-12 * np.abs(matrix).max())


def test_products_of_a_confident_network_keep_what_is_small():
    # tanh of 40 is 1 in float64, and p of the other label is exp(-40).
    of = network(widths=(2, 2))
    parameters, inputs = np.array([40.0, 0, 0, 0, 0, 0]), np.array([[1.0, 0.0]])
    first = fisher_product(of, parameters, inputs)(np.array([1.0, 0, 0, 0]))
    assert first[0] == pytest.approx(math.exp(-40), rel=1e-6)


@pytest.mark.parametrize("steps", [2, 5, 12])
def test_quadrature_holds_the_truth_between_its_ends(steps):
    matrix, draws = matrix_of(), np.random.default_rng(1)
    values, vectors = np.linalg.eigh(matrix)
    for start in draws.normal(size=(20, len(matrix))):
        start /= np.linalg.norm(start)
        truth = (vectors.T @ start) ** 2 @ np.log1p(np.maximum(values, 0))
        low, high = quadrature_bounds(*lanczos(plus_one(matrix), start, steps))
        # The floor below all eigenvalues costs a millionth.
        assert low - 1e-5 <= truth <= high + 1e-10
        assert high - low < {2: 6, 5: 2.5, 12: 0.6}[steps]


def test_enough_steps_leave_nothing_open():
    matrix = matrix_of()
    start = np.random.default_rng(1).normal(size=len(matrix))
    diagonal, beside = lanczos(plus_one(matrix), start, 50)
    # Twenty eigenvalues, and that of the rest.
    assert len(diagonal) == 21
    low, high = quadrature_bounds(diagonal, beside)
    assert low == high
    nodes = scipy.linalg.eigvalsh_tridiagonal(diagonal, beside[:-1])
    assert np.sort(nodes)[1:] == pytest.approx(1 + np.logspace(0, 4, 20), rel=1e-8)


def test_a_diagonal_matrix_is_exact_from_one_vector_of_signs():
    # z' D z is the trace of D whatever the signs.
    values = np.array([0.0, 1.0, 5.0, 5.0, 100.0])
    seed = np.random.SeedSequence(0)
    estimate, error = log_determinant(lambda vector: values * vector, 5, 2, 5, seed)
    assert estimate == pytest.approx(np.log1p(values).sum(), rel=1e-9)
    assert error < 1e-6


def test_the_stated_error_is_that_of_many_estimates():
    matrix = matrix_of(size=40, rank=12)
    truth = np.linalg.slogdet(np.eye(40) + matrix)[1]
    found = np.array(
        [
            log_determinant(lambda vector: matrix @ vector, 40, 8, 13, seed)
            for seed in np.random.SeedSequence(4).spawn(40)
        ]
    )
    misses = (found[:, 0] - truth) / found[:, 1]
    # Student's t of 7 degrees of freedom has a deviation of 1.18; 40 draws give it to a fifth.
    assert misses.std() == pytest.approx(1.18, abs=0.5)
    assert abs(misses.mean()) < 0.5


@pytest.mark.parametrize("of", [network(), convolutional()], ids=["dense", "convolutional"])
def test_information_in_the_weights_agrees_with_the_exact_one(of):
    rows = trained(of, epochs=(4,), patterns=np.arange(60))
    exact, iterated = (
        make_measure("weight_information", label="l", prior_deviation=1.0, **kind).measure(rows)
        for kind in ({}, {"curvature": "lanczos", "probes": 10, "steps": 20})
    )
    assert (exact["information_error_nats"] == 0).all()
    error = iterated["information_error_nats"]
    assert (np.abs(iterated["information_nats"] - exact["information_nats"]) <= 4 * error).all()
    whole = exact["layer"] == 0
    assert (error[whole] < 0.2 * exact["information_nats"][whole]).all()
    for name in ("squared_norm", "flat_minimum_nats"):
        assert iterated[name] == pytest.approx(exact[name], rel=1e-9)


def test_estimates_are_the_same_again_and_each_snapshot_draws_its_own():
    settings = {"curvature": "lanczos", "probes": 2, "steps": 3, "prior_deviation": 1.0}
    of = network()
    ones = np.ones(of.parameter_count, np.float32)
    same = trained(of, patterns=np.arange(60), read_parameters=lambda place: ones)
    measure = make_measure("weight_information", label="l", **settings)
    first, again = (measure.measure(same)["information_nats"] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first[0] != first[len(first) // 2]
