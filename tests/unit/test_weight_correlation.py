"""Weights of networks trained apart: matching against brute force, mirrored twins, the claim.

Correlations of networks that are the same but for the order and the sign of their units are 1 up to
rounding, 1e-12; against brute force sums are compared to within 1e-12 as well.
"""

import itertools

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.judging import judge
from infoplane.measures import make_measure
from infoplane.measures.weight_correlation import absolute_correlation, correlations, matched
from tests.support import convolutional, network
from tests.unit.claim_tables import claim, evidence, information

SHAPES = [(5, 4), (3, 5), (2, 3)]


def weights(seed):
    draws = np.random.default_rng(seed)
    return [draws.normal(size=shape) for shape in SHAPES]


def twin(layers, signs=(1, 1, 1, 1, 1)):
    """Return the same network with its units in another order, some of them mirrored."""
    first, second = [3, 0, 4, 1, 2], [2, 0, 1]
    flip = np.array(signs, float)
    one = (layers[0] * flip[:, None])[first]
    two = (layers[1] * flip)[:, first][second]
    return [one, two, layers[2][:, second]]


def test_twins_are_found_whatever_their_order():
    found = correlations(weights(0), twin(weights(0)), odd=False)
    assert [pair[1] for pair in found] == pytest.approx([1, 1, 1], abs=1e-12)
    assert max(pair[0] for pair in found) < 0.9


def test_mirrored_twins_are_found_if_the_activation_is_odd():
    mirrored = twin(weights(0), (1, -1, 1, -1, -1))
    found = correlations(weights(0), mirrored, odd=True)
    assert [pair[1] for pair in found] == pytest.approx([1, 1, 1], abs=1e-12)
    assert correlations(weights(0), mirrored, odd=False)[0][1] < 0.9


@pytest.mark.parametrize("seed", range(3))
def test_first_layer_is_matched_as_well_as_any_order_can(seed):
    ours, theirs = weights(seed), weights(seed + 10)
    every = [np.sum(ours[0] * theirs[0][list(order)]) for order in itertools.permutations(range(5))]
    best = next(matched(ours, theirs, odd=False))
    assert np.sum(ours[0] * best) == pytest.approx(max(every), abs=1e-12)


def test_correlation_is_numpys_and_0_of_a_constant():
    one, other = weights(1)[0], weights(2)[0]
    expected = abs(np.corrcoef(one.ravel(), other.ravel())[0, 1])
    assert absolute_correlation(one, other) == pytest.approx(expected, rel=1e-12)
    assert absolute_correlation(one, np.ones((5, 4))) == 0.0


def test_networks_without_dense_layers_are_refused():
    measure = make_measure("weight_correlation", label="label")
    assert measure.refusal(network()) == ""
    assert "dense" in measure.refusal(convolutional())


def pairs(own, chance, count=10):
    """Return pairs of networks of three layers before training, by chance, and at the end."""
    init, epoch, layer = np.indices((count, 2, 3)).reshape(3, -1)
    ends = np.where(epoch == 1, np.array(own)[layer] + 0.001 * init, np.array(chance)[layer])
    return pd.DataFrame(
        {
            "run": "r",
            "init": 2 * init,
            "epoch": 100 * epoch,
            "layer": layer + 1,
            "correlation": ends,
            "matched_correlation": ends,
            "status": "ok",
        }
    )


@pytest.mark.parametrize(
    ("own", "verdict"), [([0.2, 0.3, 0.9], "supported"), ([0.2, 0.5, 0.9], "refuted")]
)
def test_what_untrained_networks_give_is_taken_away(own, verdict):
    plane = information("r", "e", np.zeros((2, 3, 3)), epochs=(0, 50, 100))
    found = evidence(plane, weight_correlation=pairs(own, [0.15, 0.25, 0.45]))  # the last: output
    (row,) = judge(claim("C35", judged_on=[{"runs": ["r"]}]), found)
    # The layer that exceeds chance most; 0.0045 is the mean of 0.000 .. 0.009.
    expected = max(np.subtract(own[:2], [0.15, 0.25])) + 0.0045
    assert row["estimate"] == pytest.approx(expected)
    assert row["verdict"] == verdict
    assert row["null"].startswith("0.25")
    assert "10 pairs" in row["statistic"]
