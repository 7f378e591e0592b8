"""Information dropout: costs by quadrature, single networks, decoders of known codes.

Networks are float32: what is computed in two ways agrees to 1e-5 of its size.
"""

import math

import numpy as np
import pytest
import scipy
import torch

from infoplane.models import make_model
from infoplane.models._dropout_stack import Decoders, DropoutStack, log_normal_divergence
from infoplane.models.information_dropout import OccludedImages, squares_of
from infoplane.tasks import Task

SETTINGS = {
    "betas": [0.001, 1.0],
    "activation": "softplus",
    "hidden": [12, 6],
    "largest_alpha": 1.0,
    "occlusion": 2,
    "training_images": 60,
    "steps": 15,
    "batch_size": 32,
    "learning_rate": 0.01,
    "decoder_units": 8,
    "initialisations": 2,
    "seed": 3,
}


def model_of(**changes):
    return make_model("information_dropout", **SETTINGS | changes)


def make_images(images=90):
    """Make noise of 4 x 4 pixels whose first row says one of two classes."""
    draws = np.random.default_rng(0)
    labels = np.arange(images) % 2
    inputs = draws.uniform(0, 0.5, size=(images, 1, 4, 4)).astype(np.float32)
    inputs[:, 0, 0] += 0.5 * labels[:, None]
    return Task(inputs, labels.astype(np.int64))


TASK = make_images()


@pytest.fixture(scope="module")
def solved():
    return model_of().solve(TASK)


def test_a_row_for_each_network_and_the_same_bits_every_time(solved):
    assert solved["beta"].tolist() == [0.001, 1.0] * 2
    again = model_of().solve(TASK)
    for name, values in solved.items():
        np.testing.assert_array_equal(values, again[name])
    assert set(solved["status"]) == {"ok"}
    assert solved["place_bits"] == pytest.approx(math.log2(9))


def test_networks_of_a_stack_are_those_trained_alone(solved):
    alone = model_of(betas=[1.0]).solve(TASK)
    for name in ("cost_bits", "nuisance_bits", "label_bits"):
        assert solved[name][solved["beta"] == 1.0] == pytest.approx(alone[name], rel=1e-3)


def test_first_networks_do_not_hang_on_how_many_there_are(solved):
    fewer = model_of(initialisations=1).solve(TASK)
    for name, values in fewer.items():
        np.testing.assert_array_equal(values, solved[name][: len(values)])


@pytest.mark.parametrize("alpha", [0.01, 0.4, 1.0])
@pytest.mark.parametrize("mean", [0.2, 3.0])
def test_divergence_of_log_normal_units_is_that_of_quadrature(mean, alpha):
    centre, deviation = 0.3, 0.8
    own = scipy.stats.lognorm(alpha, scale=mean)
    prior = scipy.stats.lognorm(deviation, scale=math.exp(centre))

    def integrand(normal):
        value = mean * math.exp(alpha * normal)
        return scipy.stats.norm.pdf(normal) * (own.logpdf(value) - prior.logpdf(value))

    expected = scipy.integrate.quad(integrand, -12, 12, epsabs=1e-10, limit=200)[0]
    values = (torch.tensor(x, dtype=torch.float64) for x in (mean, alpha, centre))
    found = log_normal_divergence(*values, torch.tensor(math.log(deviation)))
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_cost_of_relu_units_is_that_of_their_noise_and_nothing_at_the_largest():
    stack = DropoutStack(model_of(activation="relu"), 16, 2, 0)
    for alpha, nats in ((1.001, 0.0), (1.001 / math.e, 1.0)):
        shape = (2, 5, 6)
        found = stack.costs(torch.zeros(shape), torch.full(shape, alpha))
        assert found.numpy() == pytest.approx(6 * nats, abs=1e-5)


def test_noise_multiplies_by_a_log_normal_with_alpha_as_deviation():
    stack = DropoutStack(model_of(), 16, 2, 0)
    shape = (2, 20_000, 6)
    logs = stack.noisy(torch.full(shape, 2.0), torch.full(shape, 0.5)).log().numpy()
    # Of 120,000 draws: four standard errors of the mean and of the deviation.
    assert logs[0].mean() == pytest.approx(math.log(2), abs=4 * 0.5 / math.sqrt(120_000))
    assert logs[0].std() == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(240_000))
    np.testing.assert_array_equal(logs[0], logs[1])


def test_the_square_is_everywhere_once_and_hides_what_is_behind():
    squares = squares_of((4, 5), 2)
    assert squares.shape == (12, 20)
    assert (squares.sum(axis=1) == 4).all()
    assert len(np.unique(squares, axis=0)) == 12
    images = OccludedImages(np.full((3, 20), 0.25, np.float32), np.zeros(3, np.int64), squares)
    found = images.occluded(np.array([2]), np.array([0])).reshape(4, 5)
    assert (found[:2, :2] == 1).all()
    assert found.sum() == pytest.approx(4 + 16 * 0.25)


def test_decoders_find_what_is_there_and_nothing_of_another_image():
    # Two hidden units of a representation without noise: the brightness of the two upper corners.
    model = model_of(hidden=[2], activation="relu", steps=400, batch_size=64, decoder_units=16)
    stack = DropoutStack(model, 16, 2, 0)
    with torch.no_grad():
        for part in (*stack.hidden[0], *stack.amount):
            part.zero_()
        stack.hidden[0][0][:, 0, 0] = stack.hidden[0][0][:, 3, 1] = 1.0
        stack.amount[1].fill_(-30.0)
    inputs = np.zeros((40, 16), np.float32)
    labels = np.arange(40) % 2
    inputs[:, 0], inputs[:, 3] = 0.2 + 0.5 * labels, 0.4
    images = OccludedImages(inputs, labels, squares_of((4, 4), 2))
    decoders = Decoders(stack, 9, 0)
    decoders.train(images)
    found = {name: values / math.log(2) for name, values in decoders.evaluate(images).items()}
    # A square lies on the left corner, on the right one, or on neither: p = 1/9, 1/9, 7/9; it hides
    # the label in one place of nine.
    known = -(2 * math.log2(1 / 9) + 7 * math.log2(7 / 9)) / 9
    assert math.log2(9) - found["nuisance"] == pytest.approx(known, abs=0.05)
    assert 1 - found["label"] == pytest.approx(8 / 9, abs=0.05)
    # At most the cost of guessing frequencies from few steps.
    assert math.log2(9) - found["shuffled"] == pytest.approx(0, abs=0.05)


def test_with_a_proper_prior_the_cost_bounds_what_is_found():
    found = model_of(steps=150).solve(TASK)
    assert (found["nuisance_bits"] + found["label_bits"] <= found["cost_bits"] + 0.05).all()
    cheap, dear = found["beta"] == 0.001, found["beta"] == 1.0
    assert found["label_bits"][cheap].min() > 0.3
    assert found["cost_bits"][dear].max() < found["cost_bits"][cheap].min()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"betas": [-1.0]}, "betas must be above 0, not -1.0"),
        ({"betas": [0.0]}, "betas must be above 0, not 0.0"),
        ({"betas": [1.0, 1.0]}, "betas must be a list of different values"),
        ({"largest_alpha": 0.0}, "largest_alpha must be above 0, not 0.0"),
        ({"activation": "tanh"}, "activation must be one of 'relu', 'softplus', not 'tanh'"),
        ({"hidden": []}, "hidden must be a list of at least one width"),
        ({"hidden": [0]}, "hidden must be a whole number of at least 1"),
        ({"occlusion": 0}, "occlusion must be a whole number of at least 1"),
        ({"steps": 0}, "steps must be a whole number of at least 1"),
    ],
)
def test_impossible_parameters_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        model_of(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"occlusion": 4}, "occlusion must be smaller than the images of 4 x 4, 1 to 3, not 4"),
        ({"training_images": 90}, "training_images must be below the task's 90 patterns, not 90"),
    ],
)
def test_tasks_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        model_of(**changes).solve(TASK)


def test_inputs_that_are_no_images_are_refused():
    with pytest.raises(ValueError, match=r"images of one channel, not of inputs \(12,\)"):
        model_of().check_task((12,), 2)
