"""The 1-1-1 linear network: gradients by differences, information in closed form, the claim.

Differences of a quadratic, step 1e-5, are exact up to rounding: 1e-8. A full batch without noise of
the targets, were there none, ends at w1 w2 = 1; with noise at the slope of least squares, here to
within 1e-6.
"""

import numpy as np
import pytest

from infoplane.claims.evidence import Evidence
from infoplane.claims.judging import judge
from infoplane.models import make_model
from infoplane.models.scalar_chain import gradients
from infoplane.statistics import Resampling
from tests.unit.claim_tables import claim

PARAMETERS = {
    "samples": 40,
    "teacher_noise": 0.5,
    "initial_scale": 0.3,
    "learning_rate": 0.05,
    "batch_size": 10,
    "epochs": 200,
    "snapshots": 20,
    "noise_variance": 0.1,
    "initialisations": 4,
    "seed": 5,
}


def solved(**changes):
    return make_model("scalar_chain", **PARAMETERS | changes).solve()


def test_gradients_are_those_of_half_the_squared_error():
    draws = np.random.default_rng(0)
    inputs, targets = draws.normal(size=(2, 6))

    def losses(first, second):
        return (first * second * inputs - targets) ** 2 / 2

    step = 1e-5
    found = gradients(inputs, targets, 0.7, -0.4)
    expected = (
        (losses(0.7 + step, -0.4) - losses(0.7 - step, -0.4)) / (2 * step),
        (losses(0.7, -0.4 + step) - losses(0.7, -0.4 - step)) / (2 * step),
    )
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_over_mini_batches_the_mean_is_that_of_samples_and_the_deviation_smaller():
    table = solved(batch_size=10)
    again = solved(batch_size=40)
    kept = table["epoch"] == 0
    for name in ("mean_norm", "std_norm", "snr"):
        np.testing.assert_allclose(table[name][kept], again[name][kept], rtol=1e-12)
    np.testing.assert_allclose(
        table["batch_snr"] * table["batch_std_norm"], table["mean_norm"], rtol=1e-12
    )
    # The variance of means of 10 of 40 without replacement: a tenth, less 9 in 39.
    expected = table["std_norm"][kept] ** 2 / 10 * (30 / 39)
    found = table["batch_std_norm"][kept] ** 2
    assert 0.3 < found.mean() / expected.mean() < 2
    assert np.isnan(again["batch_snr"]).all()


def test_full_batch_ends_at_least_squares_with_its_information():
    table = solved(batch_size=40, epochs=3000, noise_variance=1.0)
    output = (table["layer"] == 2) & (table["epoch"] == 3000)
    slopes = np.sqrt(4.0 ** table["mi_input_bits"][output] - 1)
    for init, slope in enumerate(slopes):
        data = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(init, 0)))
        inputs = data.normal(size=40)
        targets = inputs + data.normal(size=40) * np.sqrt(0.5)
        assert slope == pytest.approx(inputs @ targets / (inputs @ inputs), abs=1e-6)


def test_both_layers_have_one_ratio_which_falls_while_information_grows():
    table = solved()
    hidden, output = (table["snr"][table["layer"] == layer] for layer in (1, 2))
    np.testing.assert_allclose(hidden, output, rtol=1e-9)
    first, last = (table["epoch"] == epoch for epoch in (0, 200))
    assert np.all(table["mi_input_bits"][last] > table["mi_input_bits"][first])
    assert np.median(table["snr"][first]) > 5 * np.median(table["snr"][last])


def test_networks_that_diverge_say_so():
    table = solved(learning_rate=5.0, epochs=50)
    assert set(table["status"]) == {"diverged"}
    assert np.isfinite(table["train_error"]).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch_size": 41}, "batch_size must be at most samples 40, not 41"),
        ({"teacher_noise": 0.0}, "teacher_noise"),
        ({"samples": 1}, "samples"),
        ({"snapshots": 1}, "snapshots"),
    ],
)
def test_impossible_parameters_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        solved(**change)


def judged(bits, snr):
    """Judge networks of one hidden layer: paths of I(X;T) and of the ratio."""
    inits, epochs = 6, np.array([0, 10, 100, 600, 800, 1000])
    init, place, layer = np.indices((inits, len(epochs), 2)).reshape(3, -1)
    table = {
        "init": init,
        "epoch": epochs[place],
        "layer": layer + 1,
        "mi_input_bits": np.array(bits)[place] * (1 + 0.001 * init),
        "snr": np.array(snr)[place],
        "status": np.full(len(init), "ok"),
    }
    found = Evidence({}, Resampling(400), {}, {"m": table})
    (row,) = judge(claim("C48", judged_on=[{"models": ["m"]}]), found)
    return row


def test_a_ratio_that_falls_without_a_drop_refutes():
    row = judged([0.1, 0.5, 2.0, 2.0, 2.0, 2.0], [5.0, 5.0, 1.0, 0.1, 0.2, 0.1])
    assert (row["estimate"], row["verdict"]) == (0.0, "refuted")
    row = judged([0.1, 2.0, 2.0, 1.0, 1.0, 1.0], [5.0, 5.0, 1.0, 0.1, 0.2, 0.1])
    assert row["estimate"] == pytest.approx(0.5)
    assert row["verdict"] == "supported"


@pytest.mark.parametrize(
    "snr",
    [
        [5.0, 5.0, 5.0, 5.0, 4.0, 5.0],  # does not fall
        [5.0, 5.0, 1.0, 0.1, 5.0, 0.1],  # falls by as much from its noise alone
    ],
)
def test_a_ratio_that_does_not_fall_beyond_its_noise_says_nothing(snr):
    row = judged([0.1, 0.5, 2.0, 2.0, 2.0, 2.0], snr)
    assert row["verdict"] == "inconclusive"
    assert "premise" in row["failed"]
