"""Beta-VAEs: information of codes whose truth is known, and stacks against single networks."""

import math

import numpy as np
import pytest

from infoplane.models import make_model
from infoplane.models.beta_vae import (
    code_information,
    divergence,
    log_normal_density,
    mixture_densities,
    random_rotation,
)
from infoplane.tasks import Task

SETTINGS = {
    "betas": [0.1, 50.0],
    "hidden": [10],
    "latent": 3,
    "steps": 30,
    "batch_size": 16,
    "learning_rate": 0.01,
    "measured": 50,
    "initialisations": 2,
    "seed": 3,
}
DRAWS = 4000


def model_of(**changes):
    return make_model("beta_vae", **SETTINGS | changes)


def make_inputs(lowest=0.0):
    """Make images of black and white pixels, which a code has to tell one by one."""
    draws = np.random.default_rng(0)
    images = np.where(draws.uniform(size=(60, 1, 3, 3)) < 0.5, lowest, 1.0).astype(np.float32)
    return Task(images, np.arange(60) % 2)


TASK = make_inputs()


@pytest.fixture(scope="module")
def solved():
    return model_of().solve(TASK)


def test_a_row_for_each_network_and_the_same_bits_every_time(solved):
    assert solved["beta"].tolist() == [0.1, 50.0] * 2
    again = model_of().solve(TASK)
    for name, values in solved.items():
        np.testing.assert_array_equal(values, again[name])
    assert set(solved["status"]) == {"ok"}
    assert solved["ceiling_bits"] == pytest.approx(math.log2(60))


def test_networks_of_a_stack_are_those_trained_alone(solved):
    alone = model_of(betas=[50.0]).solve(TASK)
    for name in ("information_bits", "divergence_bits", "reconstruction_nats"):
        # Single precision, and what it makes of bits near 0.
        own = solved[name][solved["beta"] == 50.0]
        assert own == pytest.approx(alone[name], rel=1e-4, abs=1e-4)


def test_a_price_takes_the_information_and_costs_reconstruction():
    found = model_of(steps=300).solve(TASK)
    cheap, dear = found["beta"] == 0.1, found["beta"] == 50.0
    assert found["information_bits"][cheap].min() > 1
    assert found["information_bits"][dear].max() < 0.1
    assert found["reconstruction_nats"][cheap].max() < found["reconstruction_nats"][dear].min()


def gaussian_codes(covariance, deviation, draws=DRAWS, seed=1):
    """Return means of codes that are normal, codes drawn from some, and which."""
    source = np.random.default_rng(seed)
    means = source.multivariate_normal(np.zeros(len(covariance)), covariance, size=draws)
    deviations = np.full(means.shape, deviation)
    chosen = np.arange(600)
    drawn = means[chosen] + deviations[chosen] * source.normal(size=(600, len(covariance)))
    return means, deviations, drawn, chosen


def test_information_of_normal_codes_is_that_of_the_closed_form():
    # So many images make q(z) nearly normal, of covariance C = S + d^2.
    covariance, deviation = np.array([[1.0, 0.6], [0.6, 1.0]]), 0.7
    means, deviations, drawn, chosen = gaussian_codes(covariance, deviation)
    information, correlation = code_information(means, deviations, drawn, chosen)
    whole = covariance + deviation**2 * np.eye(2)
    expected = math.log(np.linalg.det(whole) / deviation**4) / 2
    together = math.log(np.prod(np.diag(whole)) / np.linalg.det(whole)) / 2
    # Four standard errors of 600 draws, whose deviation is about 1 nat and 0.5.
    assert information == pytest.approx(expected, abs=4 / math.sqrt(600))
    assert correlation == pytest.approx(together, abs=4 * 0.5 / math.sqrt(600))


def test_a_rotation_onto_the_principal_axes_takes_the_total_correlation():
    covariance = np.array([[1.0, 0.6], [0.6, 1.0]])
    means, deviations, drawn, chosen = gaussian_codes(covariance, 0.7)
    axes = np.array([[1.0, 1.0], [1.0, -1.0]]) / math.sqrt(2)
    turned = code_information(means, deviations, drawn, chosen, [axes, np.eye(2)])
    _, own, principal, same = turned
    assert principal == pytest.approx(0, abs=4 * 0.2 / math.sqrt(600))
    assert same == pytest.approx(own)
    assert own > 0.05


def test_codes_apart_have_the_entropy_of_the_images():
    # Eight images at the corners of a cube: three independent bits.
    means = 100.0 * np.array(list(np.ndindex(2, 2, 2)))
    deviations, chosen = np.ones(means.shape), np.arange(8)
    information, correlation = code_information(means, deviations, means, chosen)
    assert information == pytest.approx(3 * math.log(2))
    assert correlation == pytest.approx(0, abs=1e-9)
    # Two images on a diagonal: each part tells the other.
    pair = np.array([[0.0, 0.0], [100.0, 100.0]])
    found = code_information(pair, np.ones((2, 2)), pair, np.arange(2))
    assert found == pytest.approx([math.log(2)] * 2)


def test_the_divergence_is_the_sum_of_its_parts():
    source = np.random.default_rng(2)
    means, deviations = source.normal(size=(5, 3)), source.uniform(0.3, 1.2, size=(5, 3))
    chosen = np.arange(40_000) % 5
    drawn = means[chosen] + deviations[chosen] * source.normal(size=(40_000, 3))
    information, correlation = code_information(means, deviations, drawn, chosen)
    _, parts = mixture_densities(means, deviations, drawn)
    apart = (parts - log_normal_density(drawn, 0.0, 1.0)).sum(axis=1).mean()
    # Four standard errors; the spread over draws is about 1 nat.
    expected = divergence(means, deviations)
    assert information + correlation + apart == pytest.approx(expected, abs=4 / math.sqrt(40_000))


def test_rotations_are_orthogonal():
    rotation = random_rotation(np.random.default_rng(0), 4)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(4), atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"betas": [-1.0]}, "betas must be above 0, not -1.0"),
        ({"betas": [0.0]}, "betas must be above 0, not 0.0"),
        ({"latent": 1}, "latent must be a whole number of at least 2, not 1"),
        ({"hidden": []}, "hidden must be a list of at least one width"),
        ({"measured": 0}, "measured must be a whole number of at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
    ],
)
def test_impossible_parameters_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        model_of(**changes)


def test_inputs_that_are_no_probabilities_are_refused():
    with pytest.raises(ValueError, match="inputs between 0 and 1"):
        model_of().solve(make_inputs(-1.0))
