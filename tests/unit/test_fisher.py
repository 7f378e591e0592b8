"""Fisher information against brute force: one backward pass a sample and a label, drawn labels.

All is float64, but for estimates with random signs; sums of a thousand terms in other orders agree
to 1e-10 of their size.
"""

import itertools
import math

import numpy as np
import pytest
import torch

from infoplane.measures import make_measure
from infoplane.measures._fisher import (
    _errors,
    fisher_matrix,
    fisher_traces,
    kronecker_factors,
    label_errors,
    layer_slices,
    random_signs,
)
from infoplane.measures.weight_information import flat_minimum_bound
from infoplane.networks.dense import split_parameters
from tests.support import convolutional, network
from tests.unit.test_measures import trained

FUNCTIONS = {"tanh": torch.tanh, "relu": torch.relu, "softplus": torch.nn.functional.softplus}


def drawn(of, seed=0, samples=12, scale=1.5):
    """Return parameters and inputs of a network, far from its start."""
    draws = np.random.default_rng(seed)
    parameters = scale * of.initial_parameters(draws)
    return parameters, draws.normal(size=(samples, *of.input_shape)).astype(np.float32)


def log_probabilities(of, vector, values):
    """Return log p(y given x) of all labels, and of a sigmoid output of all sets of labels."""
    if of.widths is None:
        net = of.skeleton.net_input(vector, values)
    else:
        layers = split_parameters(vector, of.widths)
        for weights, biases in layers[:-1]:
            values = FUNCTIONS[of.activation](values @ weights.T + biases)
        net = values @ layers[-1][0].T + layers[-1][1]
    if of.output == "softmax":
        return torch.log_softmax(net, dim=1)
    on, off = torch.nn.functional.logsigmoid(net), torch.nn.functional.logsigmoid(-net)
    sets = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=net.dtype)] * net.shape[1])
    return on @ sets.T + off @ (1 - sets).T


def brute_force(of, parameters, inputs):
    """Return the Fisher matrix by a backward pass for every sample and label."""
    places = np.concatenate([v.ravel() for v in of.weights(np.arange(of.parameter_count))])
    vector = torch.tensor(parameters, dtype=torch.float64, requires_grad=True)
    total = 0.0
    for sample in torch.tensor(inputs, dtype=torch.float64):
        logs = log_probabilities(of, vector, sample[None])[0]
        for log in logs:
            (gradient,) = torch.autograd.grad(log, vector, retain_graph=True)
            own = gradient[places]
            total = total + log.exp().detach() * torch.outer(own, own)
    return (total / len(inputs)).numpy()


NETWORKS = [
    network(),
    network(widths=(12, 8, 5, 3), activation="relu"),
    network(widths=(12, 6, 3), activation="softplus", output="sigmoid"),
    convolutional(),
]


@pytest.mark.parametrize("of", NETWORKS, ids=lambda of: f"{of.name}-{of.activation}-{of.output}")
def test_fisher_information_is_that_of_a_backward_pass_for_every_sample_and_label(of):
    parameters, inputs = drawn(of)
    expected = brute_force(of, parameters, inputs)
    found = fisher_matrix(of, parameters, inputs)
    assert found == pytest.approx(expected, abs=1e-10 * np.abs(expected).max())
    traces = [np.trace(expected[part, part]) for part in layer_slices(of)]
    assert fisher_traces(of, parameters, inputs) == pytest.approx(traces, rel=1e-10)


@pytest.mark.parametrize("samples", [2, 200])
def test_fisher_information_does_not_hang_on_how_samples_are_split(samples, monkeypatch):
    of = network()
    parameters, inputs = drawn(of, samples=samples)
    whole = fisher_matrix(of, parameters, inputs)
    monkeypatch.setattr("infoplane.measures._fisher.MOST_NUMBERS", 1)
    assert fisher_matrix(of, parameters, inputs) == pytest.approx(whole, rel=1e-9, abs=1e-12)


def test_a_logistic_regression_has_its_closed_form():
    of = network(widths=(12, 2))
    parameters, inputs = drawn(of, samples=50)
    ((weights, biases),) = split_parameters(parameters.astype(np.float64), of.widths)
    shares = 1 / (1 + np.exp(-(inputs @ (weights[0] - weights[1]) + biases[0] - biases[1])))
    # Two rows of weights, each with p (1 - p) |x|^2.
    expected = np.mean(2 * shares * (1 - shares) * (inputs.astype(np.float64) ** 2).sum(axis=1))
    assert fisher_traces(of, parameters, inputs) == pytest.approx([expected], rel=1e-10)


def test_labels_drawn_from_the_network_give_the_same_on_average():
    of = network(widths=(12, 5, 3))
    parameters, inputs = drawn(of, samples=1)
    vector = torch.tensor(parameters, dtype=torch.float64, requires_grad=True)
    logs = log_probabilities(of, vector, torch.tensor(inputs, dtype=torch.float64))[0]
    places = np.concatenate([v.ravel() for v in of.weights(np.arange(of.parameter_count))])
    norms = [
        float((torch.autograd.grad(log, vector, retain_graph=True)[0][places] ** 2).sum())
        for log in logs
    ]
    labels = np.random.default_rng(0).choice(3, 20_000, p=logs.exp().detach().numpy())
    of_draws = np.array(norms)[labels]
    error = of_draws.std() / math.sqrt(len(of_draws))
    assert fisher_traces(of, parameters, inputs).sum() == pytest.approx(
        of_draws.mean(), abs=4 * error
    )


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("classes", [2, 4])
def test_errors_add_up_to_the_covariance_of_the_label(output, classes):
    net = torch.tensor(np.random.default_rng(1).normal(size=(3, classes)))
    errors = label_errors(net, output)
    found = torch.einsum("rnj,rnk->njk", errors, errors).numpy()
    if output == "softmax":
        shares = torch.softmax(net, dim=1).numpy()
        expected = [np.diag(p) - np.outer(p, p) for p in shares]
    else:
        expected = [np.diag(p * (1 - p)) for p in torch.sigmoid(net).numpy()]
    assert found == pytest.approx(np.array(expected), abs=1e-14)


@pytest.mark.parametrize("of", NETWORKS, ids=lambda of: f"{of.name}-{of.activation}-{of.output}")
def test_one_error_with_signs_has_the_same_square_on_average_over_all_signs(of):
    parameters, inputs = drawn(of, samples=3)
    exact = fisher_traces(of, parameters, inputs)
    # All signs of a sample, the same for the three: each is summed by itself.
    rows = itertools.product((-1.0, 1.0), repeat=of.classes)
    signs = [torch.tensor([row] * 3, dtype=torch.float32) for row in rows]
    found = [fisher_traces(of, parameters, inputs, own) for own in signs]
    assert {own.dtype for own in found} == {exact.dtype}
    assert np.mean(found, axis=0) == pytest.approx(exact, rel=1e-5)
    assert np.std(found, axis=0).max() > 1e-3 * exact.max()


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_one_error_with_signs_is_the_sum_of_all(output):
    net = torch.tensor(np.random.default_rng(1).normal(size=(5, 4)), dtype=torch.float32)
    signs = random_signs(5, 4, np.random.default_rng(2))
    assert set(signs.unique().tolist()) == {-1.0, 1.0}
    expected = (label_errors(net.double(), output) * signs.T[:, :, None]).sum(dim=0)
    (found,) = _errors(net, output, signs)
    assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-6)


def test_few_classes_are_exact_and_more_are_estimated():
    of = network(widths=(12, 8, 5, 3))
    exact, drawn_ones = (columns(of, "fisher", exact_classes=count) for count in (3, 2))
    assert (exact["fisher_trace"] != drawn_ones["fisher_trace"]).any()
    assert drawn_ones["fisher_trace"] == pytest.approx(exact["fisher_trace"], rel=0.5)
    again = columns(of, "fisher", exact_classes=2)
    np.testing.assert_array_equal(again["fisher_trace"], drawn_ones["fisher_trace"])


@pytest.mark.parametrize("classes", [2, 3])
def test_a_confident_network_still_has_its_small_fisher_information(classes):
    # 1 - p_0 is 1e-30, far below the rounding of p_0.
    net = torch.full((1, classes), -math.log(1e30), dtype=torch.float64)
    net[0, 0] = 0.0
    trace = float((label_errors(net, "softmax") ** 2).sum())
    assert trace == pytest.approx(2e-30 * (classes - 1), rel=1e-9)


def test_kronecker_factors_are_exact_for_one_sample_of_two_classes():
    of = network()
    parameters, inputs = drawn(of, samples=1)
    matrix = fisher_matrix(of, parameters, inputs)
    for part, factors in zip(
        layer_slices(of), kronecker_factors(of, parameters, inputs), strict=True
    ):
        assert np.kron(*factors) == pytest.approx(matrix[part, part], abs=1e-12)


def columns(of, measure="weight_information", **parameters):
    return make_measure(measure, label="label", **parameters).measure(trained(of))


def test_layer_0_is_the_whole_network():
    found = columns(network(), "fisher", exact_classes=4)
    traces = found["fisher_trace"].reshape(2, -1)
    assert found["layer"].reshape(2, -1).tolist() == [[0, 1, 2, 3]] * 2
    assert traces[:, 0] == pytest.approx(traces[:, 1:].sum(axis=1), rel=1e-12)


def test_information_in_the_weights_is_its_formula():
    of, rows = network(), trained(network())
    found = make_measure("weight_information", label="label", prior_deviation=0.7).measure(rows)
    _, parameters = next(rows.snapshots())
    weights = np.concatenate([w.ravel() for w in of.weights(parameters)]).astype(np.float64)
    matrix = fisher_matrix(of, parameters, rows.inputs)
    scale = 2 * 0.7**2 * len(rows.training_samples)
    volume = np.log1p(scale * np.linalg.eigvalsh(matrix).clip(0)).sum()
    assert found["information_nats"][0] == pytest.approx(
        weights @ weights / 0.7**2 + volume, rel=1e-8
    )
    assert found["squared_norm"][0] == pytest.approx(weights @ weights, rel=1e-12)


def test_what_layers_share_is_counted_once():
    # log det of the whole is at most the sum of those of its blocks (Fischer's inequality).
    found = columns(network(), prior_deviation=1.0)["information_nats"].reshape(2, -1)
    assert (found[:, 0] <= found[:, 1:].sum(axis=1)).all()


def test_kronecker_factors_share_the_trace_where_errors_do_not_hang_on_the_input():
    # A network without weights is as uncertain of every sample.
    of = network(widths=(12, 2))
    rows = trained(of, read_parameters=lambda place: np.zeros(of.parameter_count, np.float32))
    both = [
        make_measure("weight_information", label="l", prior_deviation=1.0, curvature=kind)
        for kind in ("exact", "kronecker")
    ]
    exact, factored = (measure.measure(rows)["information_nats"] for measure in both)
    assert exact == pytest.approx(factored, rel=1e-9)


def test_flat_minima_bound_the_information_of_the_best_noise():
    # E of a quadratic loss plus the information is least at alpha_i = 1 / (w_i^2 H_i).
    draws = np.random.default_rng(3)
    weights, curvature = draws.normal(size=50), draws.gamma(1.0, 10.0, 50)
    best = 0.5 * np.log(weights**2 * curvature).sum()
    bound = flat_minimum_bound(weights @ weights, curvature.sum(), 50)
    # A factor of 2 in the noise is given away; equal terms give away nothing else.
    assert best < bound
    equal = flat_minimum_bound(50 * 0.3**2, 50 * 7.0, 50)
    assert equal - 25 * math.log(2) == pytest.approx(25 * math.log(0.3**2 * 7.0), rel=1e-12)
    assert flat_minimum_bound(1.0, 0.0, 50) == -math.inf


@pytest.mark.parametrize("measure", ["fisher", "weight_information"])
@pytest.mark.parametrize(
    "change",
    [
        {"quantisation_bits": 8},
        {"noise_standard_deviation": 0.1},
        {"widths": (12, 8, 1), "output": "tanh"},
    ],
)
def test_networks_without_smooth_probabilities_are_refused(measure, change):
    own = {"fisher": {"exact_classes": 4}, "weight_information": {"prior_deviation": 1.0}}
    parameters = own[measure]
    made = make_measure(measure, label="label", **parameters)
    assert "p(y given x)" in made.refusal(network(**change))
    assert made.refusal(network()) == ""
    assert made.refusal(convolutional()) == ""


def test_exact_curvature_of_large_networks_and_factors_of_convolutions_are_refused():
    exact, factored = (
        make_measure("weight_information", label="l", prior_deviation=1.0, curvature=kind)
        for kind in ("exact", "kronecker")
    )
    large = network(widths=(784, 64, 10))
    assert "there is lanczos, and of fully connected layers kronecker" in exact.refusal(large)
    assert factored.refusal(large) == ""
    lanczos = {"curvature": "lanczos", "probes": 2, "steps": 2}
    iterated = make_measure("weight_information", label="l", prior_deviation=1.0, **lanczos)
    assert iterated.refusal(large) == iterated.refusal(convolutional()) == ""
    assert "fully connected" in factored.refusal(convolutional())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prior_deviation": 0.0}, "prior_deviation must be above 0"),
        ({"curvature": "diagonal"}, "'exact', 'kronecker', 'lanczos'"),
        ({"curvature": "lanczos", "probes": 4}, "lanczos needs steps"),
        ({"curvature": "lanczos", "probes": 1, "steps": 4}, "probes must be a whole number of at"),
        ({"steps": 4}, "steps are of curvature: lanczos, not of exact"),
    ],
)
def test_impossible_parameters_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make_measure("weight_information", label="l", **{"prior_deviation": 1.0} | changes)
