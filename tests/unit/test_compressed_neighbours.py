"""Compress, then estimate: weights, entropies and information against closed forms."""

import math

import numpy as np
import pytest
from scipy.special import gamma

from infoplane.estimators._weighted_neighbours import neighbour_weights, weighted_entropy_bits
from infoplane.measures._autoencoder import encoded
from infoplane.measures.compressed_neighbours import (
    Compressed,
    CompressedNeighboursMeasure,
    compressed,
    compressed_information_bits,
    compressed_label_bits,
)


@pytest.mark.parametrize(("neighbours", "units"), [(5, 3), (5, 4), (5, 8), (8, 12)])
def test_weights_meet_their_conditions_with_the_least_norm(neighbours, units):
    weights = np.array(neighbour_weights(neighbours, units))
    places = np.arange(1, neighbours + 1)
    rows = [np.ones(neighbours)]
    for order in range(1, units // 4 + 1):
        rows.append(gamma(places + 2 * order / units) / gamma(places))
    np.testing.assert_allclose(np.array(rows) @ weights, [1] + [0] * (units // 4), atol=1e-9)
    # Of least norm: a combination of the conditions themselves.
    left = np.linalg.lstsq(np.array(rows).T, weights, rcond=None)[1]
    assert left.size == 0 or left[0] < 1e-18
    if units < 4:
        np.testing.assert_allclose(weights, 1 / neighbours)


def test_too_few_neighbours_are_refused():
    with pytest.raises(ValueError, match="8 units need at least 3 neighbours"):
        CompressedNeighboursMeasure("some", dimensions=4, neighbours=2)


@pytest.mark.parametrize(
    ("units", "neighbours", "error"),
    # As used, five neighbours in eight dimensions have weights of up to 10, which the spread takes.
    [(1, 5, 0.1), (4, 5, 0.15), (8, 40, 0.15), (8, 5, 2.0)],
)
def test_entropy_of_a_gaussian(units, neighbours, error):
    values = 3 * np.random.default_rng(0).standard_normal((4000, units))
    expected = units * 0.5 * math.log2(2 * math.pi * math.e * 9)
    assert weighted_entropy_bits(values, neighbours) == pytest.approx(expected, abs=error)


def test_information_of_gaussians():
    draws = np.random.default_rng(1)
    x = draws.standard_normal((3000, 2))
    t = 0.8 * x + 0.6 * draws.standard_normal((3000, 2))
    expected = -math.log2(1 - 0.8**2)
    x, mixed, t = (Compressed(values, 5) for values in (x, draws.permutation(t), t))
    assert compressed_information_bits(x, t) == pytest.approx(expected, abs=0.1)
    assert compressed_information_bits(x, mixed) == pytest.approx(0, abs=0.1)
    # The entropies that several estimates share are those of each.
    parts = [weighted_entropy_bits(v, 5) for v in (x.values, t.values)]
    both = weighted_entropy_bits(np.hstack([x.values, t.values]), 5)
    assert compressed_information_bits(x, t) == sum(parts) - both


def test_information_about_classes_that_lie_apart():
    draws = np.random.default_rng(2)
    labels = np.arange(1500) % 3
    t = np.stack([100.0 * labels, 0 * labels], axis=1) + draws.standard_normal((1500, 2))
    assert compressed_label_bits(Compressed(t, 5), labels) == pytest.approx(math.log2(3), abs=0.05)
    with pytest.raises(ValueError, match="label 0 has 2 samples for 5 neighbours"):
        compressed_label_bits(Compressed(t[:6], 5), labels[:6])


def test_components_are_uncorrelated_and_as_many_as_vary():
    draws = np.random.default_rng(3)
    values = draws.standard_normal((200, 2)) @ draws.standard_normal((2, 30))
    found = compressed(values, 4)
    assert found.shape == (200, 2)
    np.testing.assert_allclose(found.T @ found / 200, np.eye(2), atol=1e-10)
    assert compressed(draws.standard_normal((200, 30)), 4).shape == (200, 4)
    assert compressed(np.ones((200, 3)), 4).shape == (200, 0)


def test_what_does_not_vary_tells_nothing_and_equal_rows_have_no_value():
    values = np.random.default_rng(4).standard_normal((50, 2))
    x, nothing = Compressed(values, 5), Compressed(np.empty((50, 0)), 5)
    assert compressed_information_bits(x, nothing) == 0
    assert compressed_label_bits(nothing, np.arange(50) % 2) == 0
    twice = Compressed(np.repeat(values[:25], 2, axis=0), 5)
    assert math.isnan(compressed_information_bits(x, twice))


def curve(samples=300, seed=5):
    """Return samples on a bent line in three dimensions, which one number tells, and the number."""
    along = np.random.default_rng(seed).uniform(-1, 1, samples)
    return np.stack([along, along**2, along**3], axis=1), along


def error_of_components(values, dimensions):
    centred = values - values.mean(axis=0)
    squares = np.linalg.svd(centred, compute_uv=False) ** 2
    return squares[dimensions:].sum() / squares.sum()


def test_an_autoencoder_leaves_out_less_than_principal_components():
    values, along = curve()
    centred = values - values.mean(axis=0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:1].T
    codes, error = encoded(centred, directions, seed=0)
    assert codes.shape == (300, 1)
    assert error < 0.5 * error_of_components(values, 1)
    # The code still orders the line.
    order = np.corrcoef(codes[:, 0].argsort().argsort(), along.argsort().argsort())[0, 1]
    assert abs(order) > 0.99


def test_an_autoencoder_never_leaves_out_more_and_is_the_same_every_time():
    values = np.random.default_rng(6).standard_normal((200, 5))
    centred = values - values.mean(axis=0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:2].T
    codes, error = encoded(centred, directions, seed=1)
    # Rounding of single precision.
    assert error <= error_of_components(values, 2) * (1 + 1e-5)
    again, _ = encoded(centred, directions, seed=1)
    np.testing.assert_array_equal(codes, again)
    assert (encoded(centred, directions, seed=2)[0] != codes).any()


def test_codes_have_as_many_dimensions_as_vary():
    values, _ = curve()
    assert compressed(np.hstack([values, values]), 4, "autoencoder").shape == (300, 3)
    assert compressed(np.ones((20, 3)), 4, "autoencoder").shape == (20, 0)


def test_an_unknown_compression_is_refused():
    for key in ("inputs_by", "layers_by"):
        with pytest.raises(ValueError, match=f"{key} must be one of 'principal_.*, not 'pca'"):
            CompressedNeighboursMeasure("some", **{key: "pca"})
