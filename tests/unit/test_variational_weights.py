"""Noise on weights: divergences, moments and bounds in closed form, stacks against single networks.

Networks are float32: what is computed in two ways agrees to 1e-5 of its size. Averages of draws
agree to four of their standard errors.
"""

import math

import numpy as np
import pytest
import scipy
import torch

from infoplane.models import make_model
from infoplane.models._variational_stack import VariationalStack
from infoplane.models.variational_weights import catoni_bound
from infoplane.tasks import Task

SETTINGS = {
    "betas": [0.01, 1.0, 100.0],
    "samples": 40,
    "classes": 3,
    "corrupted_shares": [0.0, 1.0],
    "hidden": [8],
    "noise": "multiplicative",
    "prior": "log_uniform",
    "largest_alpha": 5.0,
    "smallest_alpha": 1e-4,
    "initial_alpha": 0.05,
    "parametrisation": "clamped",
    "epochs": 12,
    "learning_rate": 0.01,
    "noise_learning_rate": 0.1,
    "draws": 5,
    "bound_chance": 0.05,
    "initialisations": 2,
    "seed": 3,
}


def model_of(**changes):
    return make_model("variational_weights", **SETTINGS | changes)


def make_task(patterns=100, features=5):
    draws = np.random.default_rng(0)
    inputs = draws.normal(size=(patterns, features)).astype(np.float32)
    inputs[:, -1] = 0.0  # tells nothing
    return Task(inputs, np.digitize(inputs[:, 0], [-0.5, 0.5]).astype(np.int64))


TASK = make_task()


def stack_of(model, betas=(1.0,)):
    inputs, labels, *_ = model.problem(TASK, 0)
    return VariationalStack(model, inputs, np.repeat(labels[:1], len(betas), 0), betas, 0)


@pytest.fixture(scope="module")
def solved():
    return model_of().solve(TASK)


def test_a_row_for_each_network_and_the_same_bits_every_time(solved):
    assert len(solved["beta"]) == 2 * 3 * 2
    again = model_of().solve(TASK)
    for name, values in solved.items():
        np.testing.assert_array_equal(values, again[name])
    assert set(solved["status"]) == {"ok"}
    assert set(solved["weights"]) == {5 * 8 + 8 * 3}


def test_networks_of_a_stack_are_those_trained_alone(solved):
    alone = model_of(betas=[1.0], corrupted_shares=[1.0]).solve(TASK)
    rows = (solved["beta"] == 1.0) & (solved["corrupted_share"] == 1.0)
    for name in ("train_loss", "information_nats"):
        assert solved[name][rows] == pytest.approx(alone[name], rel=1e-4)


def test_first_networks_do_not_hang_on_how_many_there_are(solved):
    fewer = model_of(initialisations=1).solve(TASK)
    for name, values in fewer.items():
        np.testing.assert_array_equal(values, solved[name][: len(values)])


def by_quadrature(weight, alpha, deviation):
    """Return the divergence of a log-normal weight from a normal prior."""
    middle, spread = math.log(weight) - alpha / 2, math.sqrt(alpha)
    own = scipy.stats.lognorm(spread, scale=math.exp(middle))
    prior = scipy.stats.norm(scale=deviation)

    def integrand(normal):
        value = math.exp(middle + spread * normal)
        density = scipy.stats.norm.pdf(normal)
        return density * (own.logpdf(value) - prior.logpdf(value))

    return scipy.integrate.quad(integrand, -12, 12, epsabs=1e-10, limit=200)[0]


@pytest.mark.parametrize("alpha", [0.01, 0.5, 2.0])
@pytest.mark.parametrize("weight", [0.05, 1.0])
def test_divergence_of_a_log_normal_weight_is_that_of_quadrature(alpha, weight):
    stack = stack_of(model_of(prior="normal"))
    one = [torch.tensor([sign * weight], dtype=torch.float64) for sign in (1, -1)]
    rate = torch.tensor([alpha], dtype=torch.float64)
    found = [float(stack.divergences(value, rate, 0.6)) for value in one]
    # A half of the prior's mass has the other sign: nobody gives it back.
    assert found == pytest.approx([by_quadrature(weight, alpha, 0.6)] * 2, abs=1e-6)


def test_divergence_of_a_normal_weight_is_that_of_pytorch():
    stack = stack_of(model_of(noise="additive", prior="normal"))
    weight, alpha = torch.tensor([0.3, -1.2]), torch.tensor([0.2, 1.7])
    own = torch.distributions.Normal(weight, 0.6 * alpha.sqrt())
    expected = torch.distributions.kl_divergence(own, torch.distributions.Normal(0.0, 0.6))
    assert stack.divergences(weight, alpha, 0.6).numpy() == pytest.approx(
        expected.numpy(), rel=1e-5
    )


def test_log_uniform_information_is_nothing_at_the_largest_noise():
    stack = stack_of(model_of())
    found = stack.divergences(torch.zeros(2), torch.tensor([5.0, 5.0 / math.e**2]), 1.0)
    assert found.numpy() == pytest.approx([0.0, 1.0], abs=1e-6)


@pytest.mark.parametrize(
    ("noise", "prior"), [("multiplicative", "log_uniform"), ("additive", "normal")]
)
def test_units_receive_the_mean_and_the_variance_of_drawn_weights(noise, prior):
    model = model_of(noise=noise, prior=prior, initial_alpha=0.4)
    stack = stack_of(model)
    draws = 20_000
    with torch.no_grad():
        weights, inputs = stack.weights[0][0], stack._inputs[0]
        alpha = torch.full_like(weights, 0.4)
        own = stack._variances(weights, stack._spread(alpha), stack._deviations[0])
        expected = inputs @ weights, inputs**2 @ own
        drawn = torch.stack([inputs[:3] @ stack.drawn_weights()[0][0] for _ in range(draws)])
    error = drawn.std(dim=0) / math.sqrt(draws)
    assert ((drawn.mean(dim=0) - expected[0][:3]).abs() <= 4 * error).all()
    assert drawn.var(dim=0).numpy() == pytest.approx(expected[1][:3].numpy(), rel=0.15)


def loss_by_definition(model, weights, biases, rates, inputs, labels, beta, noise):
    """Return the loss of one network, in double precision, as the papers write it down."""
    values, nats = inputs.double(), 0.0
    for layer, (mean, shift, rate) in enumerate(zip(weights, biases, rates, strict=True)):
        prior = 2 / len(mean)
        span = model.largest_alpha - model.smallest_alpha
        alpha = model.smallest_alpha + span * torch.sigmoid(rate)
        alpha = rate.exp() if model.parametrisation == "clamped" else alpha
        is_additive = model.noise == "additive"
        variance = prior * alpha if is_additive else mean**2 * (alpha.exp() - 1)
        # The 1e-12 keeps the root of no variance differentiable.
        deviation = (values**2 @ variance + 1e-12).sqrt()
        net = values @ mean + shift + deviation * noise[layer].double()
        if model.prior == "log_uniform":
            divergence = (math.log(model.largest_alpha) - alpha.log()) / 2
        else:
            second = mean**2 + variance
            entropy = alpha.log() if is_additive else (mean**2 / prior).log() + alpha.log() - alpha
            divergence = (second / prior - 1 - entropy) / 2
        nats = nats + divergence.sum()
        values = net.relu()
    return torch.nn.functional.cross_entropy(net, labels, reduction="sum") + beta * nats


@pytest.mark.parametrize("parametrisation", ["clamped", "sigmoid"])
@pytest.mark.parametrize(
    ("noise", "prior"),
    [("multiplicative", "log_uniform"), ("multiplicative", "normal"), ("additive", "normal")],
)
def test_gradients_are_those_of_the_loss(noise, prior, parametrisation):
    model = model_of(noise=noise, prior=prior, parametrisation=parametrisation, hidden=[8, 6])
    stack = stack_of(model, betas=(0.01, 1.0, 100.0))
    state = stack._noise.get_state()
    stack.find_gradients()
    source = torch.Generator()
    source.set_state(state)
    drawn = [torch.randn(40, units, generator=source) for units in (8, 6, 3)]
    kinds = (stack.weights, stack.biases, stack.rates)
    for network, beta in enumerate((0.01, 1.0, 100.0)):
        own = [[part[network].double().requires_grad_() for part in kind] for kind in kinds]
        labels = stack._labels[network]
        loss = loss_by_definition(model, *own, stack._inputs[0], labels, beta, drawn)
        slopes = torch.autograd.grad(loss, [part for kind in own for part in kind])
        found = [part.grad[network] for kind in kinds for part in kind]
        for one, expected in zip(found, slopes, strict=True):
            size = float(expected.abs().max())
            assert one.numpy() == pytest.approx(expected.numpy(), abs=1e-5 * size)


@pytest.mark.parametrize("parametrisation", ["clamped", "sigmoid"])
def test_what_no_loss_hangs_on_is_erased(parametrisation):
    model = model_of(parametrisation=parametrisation, epochs=150)
    stack = stack_of(model)
    assert stack._alpha(stack.rates[0]).numpy() == pytest.approx(0.05, rel=1e-5)
    stack.train()
    # Of the input that is always 0. A sigmoid comes to its end slowly.
    alpha = stack._alpha(stack.rates[0])[0, -1].numpy()
    assert alpha == pytest.approx(5.0, rel=1e-5 if parametrisation == "clamped" else 0.12)


def test_beta_trades_the_labels_for_information():
    found = model_of(epochs=200, corrupted_shares=[1.0], hidden=[32]).solve(TASK)
    accuracy, nats = (found[name].reshape(2, 3) for name in ("train_accuracy", "information_nats"))
    assert (accuracy[:, 0] > 0.7).all()
    assert (accuracy[:, 2] < 0.55).all()
    assert (np.diff(nats, axis=1) < 0).all()
    assert nats[:, 2] == pytest.approx(0, abs=1e-2)


def test_labels_are_the_true_ones_up_to_a_share_that_grows():
    model = model_of(corrupted_shares=[0.0, 0.3, 1.0], samples=60)
    order = model.generator(0, "split").permutation(100)
    inputs, labels, test_inputs, test_labels = model.problem(TASK, 0)
    np.testing.assert_array_equal(labels[0], TASK.labels[order[:60]])
    np.testing.assert_array_equal(test_labels, TASK.labels[order[60:]])
    np.testing.assert_array_equal(inputs, TASK.inputs[order[:60]])
    np.testing.assert_array_equal(test_inputs, TASK.inputs[order[60:]])
    changed = labels[1] != labels[0]
    assert 0 < changed.sum() < 0.3 * 60
    np.testing.assert_array_equal(labels[1][changed], labels[2][changed])
    few = model_of(classes=2).problem(TASK, 0)[3]
    np.testing.assert_array_equal(
        few, TASK.labels[model.generator(0, "split").permutation(100)[40:]] % 2
    )


def test_the_bound_is_catonis():
    found = catoni_bound(
        np.array([0.1] * 3), np.array([20.0] * 3), 400, np.array([0.5, 1, 2]), 0.05
    )
    price = (20 + math.log(20)) / 400
    assert found[1:] == pytest.approx([2 * (0.1 + price), (0.1 + 2 * price) / 0.75])
    assert np.isnan(found[0])


def test_the_best_bound_pays_for_its_choice(solved):
    error, nats = 1 - solved["train_accuracy"], solved["information_nats"]
    each = [
        catoni_bound(error, nats, 40, np.full_like(error, rate), 0.05 / 2) for rate in (1.0, 100.0)
    ]
    np.testing.assert_array_equal(solved["bound"], np.min(each, axis=0))
    assert np.isnan(solved["bound_at_beta"][solved["beta"] == 0.01]).all()


def test_a_network_that_knows_nothing_has_a_bound_above_its_error():
    # No information, random labels: the error is that of chance, and the bound must hold.
    found = model_of(
        noise="additive",
        prior="normal",
        largest_alpha=1.0,
        betas=[100.0],
        epochs=150,
        corrupted_shares=[1.0],
        learning_rate=0.03,
    ).solve(TASK)
    assert found["information_nats"] == pytest.approx(0, abs=0.5)
    assert (found["bound"] > 2 / 3).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"betas": [-1.0]}, "betas must be above 0, not -1.0"),
        ({"betas": [0.0]}, "betas must be above 0, not 0.0"),
        ({"betas": [1.0, 1.0]}, "betas must be a list of different values"),
        ({"betas": []}, "betas must be a list of different values"),
        ({"largest_alpha": 0.0}, "largest_alpha must be above 0, not 0.0"),
        ({"largest_alpha": 0.01}, "initial_alpha must lie between smallest_alpha 0.0001 and"),
        ({"corrupted_shares": [1.5]}, "corrupted_shares must be at most 1, not 1.5"),
        ({"noise": "binary"}, "noise must be one of 'multiplicative', 'additive'"),
        ({"prior": "cauchy"}, "prior must be one of 'log_uniform', 'normal'"),
        ({"noise": "additive"}, "prior log_uniform is of multiplicative noise"),
        ({"parametrisation": "free"}, "parametrisation must be one of 'clamped', 'sigmoid'"),
        ({"bound_chance": 1.0}, "bound_chance must lie between 0 and 1"),
        ({"hidden": [0]}, "hidden must be a whole number of at least 1"),
        ({"classes": 1}, "classes must be a whole number of at least 2"),
    ],
)
def test_impossible_parameters_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        model_of(**changes)


@pytest.mark.parametrize("changes", [{"samples": 100}, {"classes": 4}])
def test_tasks_that_are_too_small_are_refused(changes):
    with pytest.raises(ValueError, match="100 patterns in 3 classes"):
        model_of(**changes).solve(TASK)


def test_two_layers_may_have_one_width():
    assert model_of(hidden=[4, 4]).hidden == (4, 4)
