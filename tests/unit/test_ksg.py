"""KSG on layers with declared noise: a closed form, the functions it is made of, refusals.

The quantities themselves are tested in test_knn, against a slow version and scikit-learn.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import digamma

from infoplane.estimators import make_estimator
from infoplane.estimators.knn import add_noise, ksg_information_bits, ross_information_bits
from infoplane.estimators.ksg import ksg_ceiling_bits

variants = pytest.mark.parametrize("variant", [1, 2])


@variants
@pytest.mark.parametrize(("units", "noise_variance"), [(1, 0.1), (1, 2.0), (2, 0.5)])
def test_gaussian_layer(variant, units, noise_variance):
    generator = np.random.default_rng(units)
    layer = generator.standard_normal((3000, units))
    labels = (layer[:, 0] > 0).astype(int)
    estimate = make_estimator("ksg", noise_variance=noise_variance, variant=variant)(layer, labels)
    expected = 0.5 * units * math.log2(1 + 1 / noise_variance)
    # Four standard errors of 3000 samples; in two units a bias of a few hundredths is among them.
    assert estimate.mi_input_bits == pytest.approx(expected, abs=0.12)
    assert 0 < estimate.mi_label_bits < 1


@variants
def test_is_made_of_ksg_and_ross(variant):
    generator = np.random.default_rng(0)
    layer = generator.standard_normal((200, 3)).astype(np.float32)
    labels = generator.integers(0, 3, 200)
    parameters = {"noise_variance": 0.3, "neighbours": 4, "variant": variant, "seed": 7}
    estimate = make_estimator("ksg", **parameters)(layer, labels)
    noisy = add_noise(layer, 0.3, 1, 7)
    assert estimate.mi_input_bits == ksg_information_bits(layer, noisy, 4, variant)
    assert estimate.mi_label_bits == ross_information_bits(noisy, labels, 4)
    assert estimate.ceiling_bits == ksg_ceiling_bits(200, 4, variant)


def slow_ksg_bits(x, y, neighbours, variant, metric):
    """Return the estimate from whole tables of distances, equations 8 and 9 as they are written."""
    in_x, in_y = (cdist(values, values, metric) for values in (x, y))
    joint = np.maximum(in_x, in_y)
    terms = []
    for i in range(len(x)):
        others = np.delete(np.arange(len(x)), i)
        nearest = others[np.argsort(joint[i, others])[:neighbours]]
        for distances in (in_x[i], in_y[i]):
            if variant == 1:
                terms.append(digamma((distances[others] < joint[i, nearest].max()).sum() + 1))
            else:
                terms.append(digamma((distances[others] <= distances[nearest].max()).sum()))
    constant = digamma(neighbours) + digamma(len(x)) - (1 / neighbours if variant == 2 else 0)
    return (constant - sum(terms) / len(x)) / math.log(2)


@variants
@pytest.mark.parametrize(("metric", "name"), [("euclidean", "euclidean"), ("maximum", "chebyshev")])
@pytest.mark.parametrize(("units_x", "units_y", "samples"), [(1, 1, 90), (2, 1, 300), (7, 30, 61)])
def test_metrics_against_whole_tables_of_distances(
    variant, metric, name, units_x, units_y, samples
):
    generator = np.random.default_rng(units_y)
    x = generator.standard_normal((samples, units_x))
    y = x[:, :1] + generator.standard_normal((samples, units_y))
    found = ksg_information_bits(x, y, 4, variant, metric)
    # The same counts: only the order of the sum differs.
    assert found == pytest.approx(slow_ksg_bits(x, y, 4, variant, name), abs=1e-12)


def test_metrics_are_the_same_in_one_unit_and_differ_in_several():
    generator = np.random.default_rng(3)
    layer = generator.standard_normal((400, 4))
    labels = np.arange(400) % 2
    for units, same in ((1, True), (4, False)):
        one, other = (
            make_estimator("ksg", noise_variance=0.5, metric=metric)(layer[:, :units], labels)
            for metric in ("maximum", "euclidean")
        )
        assert (one.mi_input_bits == other.mi_input_bits) == same
        assert one.mi_label_bits == other.mi_label_bits


@variants
def test_ceiling_is_what_a_perfect_dependence_gives(variant):
    values = np.random.default_rng(1).standard_normal((300, 1))
    found = ksg_information_bits(values, -values, 5, variant)
    assert found == pytest.approx(ksg_ceiling_bits(300, 5, variant), abs=1e-9)


def test_refuses_what_has_no_density_and_bad_parameters():
    dead = np.zeros((50, 2))
    dead[:25] = np.random.default_rng(2).standard_normal((25, 2))
    with pytest.raises(ValueError, match=r"but 48\.0000% of its 50 rows repeat another row"):
        make_estimator("ksg", noise_variance=0.1)(dead, np.arange(50) % 2)
    with pytest.raises(ValueError, match="noise_variance must be"):
        make_estimator("ksg")
    with pytest.raises(ValueError, match="noise_variance must be"):
        make_estimator("ksg", noise_variance=0.0)
    with pytest.raises(ValueError, match="variant must be one of 1, 2, not 3"):
        make_estimator("ksg", noise_variance=0.1, variant=3)
    with pytest.raises(ValueError, match="metric must be one of 'maximum', 'euclidean', not"):
        make_estimator("ksg", noise_variance=0.1, metric="city")
    with pytest.raises(ValueError, match="metric must be one of 'maximum', 'euclidean', not"):
        ksg_information_bits(dead, dead, metric="city")
    with pytest.raises(ValueError, match="neighbours must be below the number of samples"):
        make_estimator("ksg", noise_variance=0.1, neighbours=9)(dead[:8], np.arange(8) % 2)
