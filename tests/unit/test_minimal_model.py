"""The minimal model against integration, sampling and its limits."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from infoplane.claims.evidence import ClaimError, Evidence
from infoplane.claims.judging import judge
from infoplane.models import make_model
from infoplane.models.minimal import BINNED_ACTIVATIONS, bin_borders, binned_information
from infoplane.statistics import Resampling
from tests.unit.claim_tables import claim

FUNCTIONS = {
    "tanh": np.tanh,
    "relu": lambda net: np.maximum(net, 0),
    "linear": lambda net: net,
    "softsign": lambda net: net / (1 + np.abs(net)),
    "sigmoid": lambda net: 1 / (1 + np.exp(-net)),
}
PARAMETERS = {
    "activations": list(FUNCTIONS),
    "bins": 30,
    "smallest_weight": 0.01,
    "largest_weight": 1000.0,
    "weights_per_decade": 1,
}


def information(activation, weight, bins=30, width=2 / 30):
    return binned_information(bin_borders(activation, weight, bins, width))[0]


@pytest.mark.parametrize("activation", BINNED_ACTIVATIONS)
@pytest.mark.parametrize("weight", [0.3, 1.0, 4.0])
def test_bins_hold_what_integration_of_the_density_finds(activation, weight):
    borders = bin_borders(activation, weight, 30, 2 / 30)
    edges = [-12.0, *borders[np.abs(borders) < 12], 12.0]
    mass = [quad(norm.pdf, low, high)[0] for low, high in pairwise(edges)]
    mass = np.array([part for part in mass if part > 0])
    # Quadrature is good to 1e-8 in each bin.
    assert information(activation, weight) == pytest.approx(-(mass * np.log2(mass)).sum(), abs=1e-6)


@pytest.mark.parametrize("activation", BINNED_ACTIVATIONS)
@pytest.mark.parametrize("weight", [0.5, 3.0])
def test_values_fall_into_the_bins_that_their_function_says(activation, weight):
    inputs = np.random.default_rng(1).normal(size=400_000)
    values = FUNCTIONS[activation](weight * inputs)
    width = 1 / 30 if activation == "sigmoid" else 2 / 30
    counts = np.unique(np.floor(values / width), return_counts=True)[1] / len(inputs)
    sampled = -(counts * np.log2(counts)).sum()
    # Its standard error and its bias, bins / (2 n ln 2), are below 0.003 bits.
    assert information(activation, weight) == pytest.approx(sampled, abs=0.01)


def test_saturating_units_end_at_one_bit_and_pass_a_peak_before():
    for activation in ("tanh", "softsign", "sigmoid"):
        bits = [information(activation, weight) for weight in (0.1, 1.0, 1e3, 1e6)]
        assert bits[1] > max(bits[0], bits[2]) + 0.5
        assert bits[3] == pytest.approx(1, abs=1e-3)


def test_linear_information_is_differential_entropy_over_the_bins():
    # The bins are so narrow that the density within one is flat: h(wX) - log2(width).
    expected = 0.5 * math.log2(2 * math.pi * math.e * 50**2) - math.log2(2 / 30)
    assert information("linear", 50.0) == pytest.approx(expected, abs=1e-6)


def test_rectified_information_is_the_sign_and_half_of_the_linear_one():
    # Given X > 0 the bins hold h(w |X|) - log2(width); the first also holds X < 0, which takes a
    # little from it: its mass is 3e-4, times at most log2 of its inverse, 12 bits.
    width, weight = 2 / 30, 50.0
    half_normal = 0.5 * math.log2(math.pi * math.e / 2 * weight**2) - math.log2(width)
    expected = 1 + half_normal / 2
    assert information("relu", weight) == pytest.approx(expected, abs=0.008)


def test_the_bound_on_rounding_holds_against_exact_sums():
    mpmath = pytest.importorskip("mpmath")
    mpmath.mp.dps = 40
    for activation in ("tanh", "linear"):
        borders = bin_borders(activation, 3.0, 30, 2 / 30)
        found, error = binned_information(borders)
        inner = (mpmath.ncdf(mpmath.mpf(float(border))) for border in borders)
        values = [mpmath.mpf(0), *inner, mpmath.mpf(1)]
        parts = [high - low for low, high in pairwise(values)]
        exact = -sum(part * mpmath.log(part, 2) for part in parts if part > 0)
        assert abs(found - float(exact)) <= error < 1e-10


def test_weights_are_log_spaced_and_end_at_the_largest():
    weights = make_model("minimal", **PARAMETERS).weights
    np.testing.assert_allclose(weights, [0.01, 0.1, 1, 10, 100, 1000], rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bins": 1}, "bins must be a whole number of at least 2, not 1"),
        ({"activations": ["softplus"]}, "activations must be one of 'tanh', .*, not 'softplus'"),
        ({"activations": []}, "activations must be a list of names"),
        ({"smallest_weight": 0}, "smallest_weight must be above 0, not 0"),
        ({"largest_weight": 0.001}, "largest_weight must be above smallest_weight 0.01"),
        ({"largest_weight": 1e9}, "bins times largest_weight must be at most"),
        ({"weights_per_decade": 0}, "weights_per_decade must be a whole number of at least 1"),
        ({"width": 1}, "has no parameter 'width'"),
    ],
)
def test_impossible_parameters_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        make_model("minimal", **PARAMETERS | change)


def judged(table, **changes):
    evidence = Evidence({}, Resampling(100), models={"minimal": table})
    (row,) = judge(claim("C15", **changes), evidence)
    return row


def test_the_claim_is_supported_and_its_interval_is_rounding_alone():
    row = judged(make_model("minimal", **PARAMETERS).solve())
    assert row["verdict"] == "supported"
    assert row["estimator"] == "exact"
    assert row["inits"] == 0
    assert 0 < row["ci_high"] - row["ci_low"] < 1e-9
    assert "linear: growth per decade of w 3.3219 bits" in row["statistic"]
    assert "relu: growth per decade of w 1.66" in row["statistic"]


@pytest.mark.parametrize(("activation", "factor"), [("linear", 1.02), ("relu", 1.1), ("tanh", 2.0)])
def test_each_part_of_the_claim_can_refute_it(activation, factor):
    table = make_model("minimal", **PARAMETERS).solve()
    bits = np.where(table["activation"] == activation, factor, 1.0) * table["mi_input_bits"]
    assert judged(table | {"mi_input_bits": bits})["verdict"] == "refuted"


def test_a_weight_that_was_not_solved_for_is_refused():
    table = make_model("minimal", **PARAMETERS | {"largest_weight": 100.0}).solve()
    with pytest.raises(ClaimError, match="C15: model 'minimal' has no linear at weight 1000"):
        judged(table)
