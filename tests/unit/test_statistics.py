import itertools

import numpy as np
import pytest
from scipy import stats

from infoplane.statistics import (
    LEAST_RANKED,
    Interval,
    Resampling,
    agreement,
    conjunction,
    proportion,
    verdict,
)

FAST = Resampling(resamples=500)


@pytest.mark.parametrize(
    ("direction", "inside", "outside", "at_the_threshold"),
    [
        ("at_least", (1.1, 2.0), (0.0, 0.9), "supported"),
        ("above", (1.1, 2.0), (0.0, 0.9), "refuted"),
        ("at_most", (0.0, 0.9), (1.1, 2.0), "supported"),
        ("below", (0.0, 0.9), (1.1, 2.0), "refuted"),
    ],
)
def test_verdict_needs_the_whole_interval(direction, inside, outside, at_the_threshold):
    assert verdict(*inside, 1.0, direction) == "supported"
    assert verdict(*outside, 1.0, direction) == "refuted"
    assert verdict(0.9, 1.1, 1.0, direction) == "inconclusive"
    assert verdict(1.0, 1.0, 1.0, direction) == at_the_threshold


@pytest.mark.parametrize("direction", ["at_least", "above", "at_most", "below"])
def test_verdict_where_nothing_is_known(direction):
    for low, high in ((np.nan, 2.0), (2.0, np.nan), (np.nan, np.nan)):
        assert verdict(low, high, 1.0, direction) == "inconclusive"


def test_verdict_of_an_infinite_effect():
    assert verdict(np.inf, np.inf, 2.0, "at_most") == "refuted"
    assert verdict(1.0, np.inf, 2.0, "at_most") == "inconclusive"


def test_verdict_refuses():
    with pytest.raises(ValueError, match="'more' is not one of: at_least, above"):
        verdict(0.0, 1.0, 0.5, "more")
    with pytest.raises(ValueError, match=r"low end 2\.0 is above its high end 1\.0"):
        verdict(2.0, 1.0, 0.5, "at_least")
    with pytest.raises(ValueError, match="threshold must be a number"):
        verdict(0.0, 1.0, np.nan, "at_least")


def test_conjunction_and_agreement_over_all_triples():
    names = ("supported", "refuted", "inconclusive")
    for triple in itertools.product(names, repeat=3):
        if "refuted" in triple:
            assert conjunction(triple) == "refuted"
        elif "inconclusive" in triple:
            assert conjunction(triple) == "inconclusive"
        else:
            assert conjunction(triple) == "supported"
        assert agreement(triple) == (triple[0] if len(set(triple)) == 1 else "inconclusive")
    assert conjunction([]) == agreement([]) == "inconclusive"
    with pytest.raises(ValueError, match="'maybe' is not one of"):
        conjunction(["supported", "maybe"])
    with pytest.raises(ValueError, match="'maybe' is not one of"):
        agreement(["maybe"])


def test_interval_of_a_normal_mean_covers_it():
    """Coverage of 600 intervals has standard error 0.009; the method's own is about 0.95."""
    samples = np.random.default_rng(1).normal(3.0, 2.0, size=(40, 600))
    replicates = FAST.means(samples)
    intervals = [FAST.interval(column) for column in replicates.T]
    covered = np.mean([found.low <= 3.0 <= found.high for found in intervals])
    assert 0.90 < covered < 0.98


@pytest.mark.parametrize("count", [8, 30])
def test_interval_of_a_mean_agrees_with_scipy(count):
    """Theirs at the wider confidence that few networks need is ours.

    Two Monte-Carlo quantiles of 40,000 draws differ by about 0.02 standard errors, in the far
    tails that a few networks ask for by up to 0.1.
    """
    sample = np.random.default_rng(2).exponential(size=count)
    widened = np.sqrt(count / (count - 1)) * stats.t.ppf(0.975, count - 1)
    theirs = stats.bootstrap(
        (sample,),
        np.mean,
        n_resamples=40_000,
        method="BCa",
        confidence_level=2 * stats.norm.cdf(widened) - 1,
        rng=np.random.default_rng(3),
    ).confidence_interval
    ours = Resampling(resamples=40_000).mean(sample)
    error = sample.std(ddof=1) / np.sqrt(count)
    assert ours.estimate == pytest.approx(sample.mean(), rel=1e-12)
    assert abs(ours.low - theirs.low) < 0.15 * error
    assert abs(ours.high - theirs.high) < 0.15 * error


@pytest.mark.parametrize(
    ("draw", "truth", "count", "least"),
    [
        (lambda rng, size: rng.normal(size=size), 0.0, 10, 0.92),
        (lambda rng, size: rng.normal(size=size), 0.0, 5, 0.88),
        (lambda rng, size: rng.lognormal(0, 1.5, size=size), np.exp(1.125), 10, 0.74),
        (lambda rng, size: rng.lognormal(0, 1.5, size=size), np.exp(1.125), 50, 0.85),
    ],
)
def test_intervals_cover_better_than_percentiles(draw, truth, count, least):
    """Coverage over 1,000 samples has a standard error below 0.014.

    The percentile interval covers 0.90, 0.84, 0.67 and 0.83 of these.
    """
    sampled = draw(np.random.default_rng(count), (count, 1000))
    intervals = [FAST.interval(column) for column in FAST.means(sampled).T]
    covered = np.mean([found.low <= truth <= found.high for found in intervals])
    assert covered > least


@pytest.mark.parametrize("level", [0.05, 0.2])
def test_p_value_is_the_confidence_that_just_leaves_the_threshold_out(level):
    sample = np.random.default_rng(11).exponential(size=20)
    found = Resampling(5000, confidence=1 - level).mean(sample)
    # An end is one of the resamples: next to it the p-value passes through the level.
    width = found.high - found.low
    for end, inward in ((found.low, 1), (found.high, -1)):
        assert found.p_value(end - inward * 0.01 * width) < level
        assert found.p_value(end + inward * 0.01 * width) > level
    assert found.p_value(found.estimate) > 0.5
    assert found.p_value(found.estimate + 100 * width) < 0.01


def test_p_values_hold_their_level():
    """Of 2,000 true thresholds about 5 % are rejected (standard error 0.5 %)."""
    sampled = np.random.default_rng(12).normal(1.0, 2.0, size=(12, 2000))
    intervals = [FAST.interval(column) for column in FAST.means(sampled).T]
    rejected = np.mean([found.p_value(1.0) <= 0.05 for found in intervals])
    assert 0.03 < rejected < 0.08


def test_p_value_of_a_share_is_the_score_test():
    found = proportion(np.arange(50) < 20)
    assert found.p_value(found.low) == pytest.approx(0.05, abs=1e-9)
    assert found.p_value(found.high) == pytest.approx(0.05, abs=1e-9)
    assert found.p_value(0.4) == 1.0


def test_wider_confidence_is_a_wider_interval():
    sample = np.random.default_rng(4).normal(size=20)
    narrow = Resampling(500, confidence=0.5).mean(sample)
    wide = Resampling(500, confidence=0.99).mean(sample)
    assert wide.low < narrow.low < narrow.estimate < narrow.high < wide.high


@pytest.mark.parametrize("count", [1, 2, 3, 6, 50])
@pytest.mark.parametrize("constant", [0.0, 0.1, 12.0])
def test_constant_data_give_that_constant_exactly(count, constant):
    sample = np.full(count, constant)
    assert FAST.mean(sample) == Interval(constant, constant, constant)
    assert FAST.median(sample) == Interval(constant, constant, constant)


def test_two_initialisations_span_their_interval():
    """A quarter of all resamples of two values holds only the smaller one."""
    assert FAST.mean(np.array([1.0, 3.0])) == Interval(2.0, 1.0, 3.0)


def test_replicates_are_statistics_of_resampled_rows():
    """Means and medians use the same draws, so of 0/1 data they must fit each other."""
    values = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    means, medians = FAST.means(values), FAST.medians(values)
    np.testing.assert_allclose(means[0], [2 / 3, 1 / 3])
    np.testing.assert_array_equal(medians[0], [1.0, 0.0])
    resampled = slice(0, 1 + FAST.resamples)
    np.testing.assert_array_equal(medians[resampled], means[resampled] > 0.5)
    np.testing.assert_array_equal(means[-3:, 0], [1.0, 0.5, 0.5])
    np.testing.assert_array_equal(medians[-3:], means[-3:])
    np.testing.assert_allclose(means.sum(axis=1), 1.0)
    assert set(np.round(means[1:, 0] * 3)) == {0, 1, 2, 3}


def test_median_of_even_counts_and_of_epochs_never_reached():
    assert FAST.median(np.array([1.0, 2.0, 4.0, 9.0])).estimate == 3.0
    assert FAST.median(np.array([1.0, np.inf, np.inf])) == Interval(np.inf, 1.0, np.inf)


def test_results_depend_on_the_seed_alone():
    values = np.random.default_rng(5).normal(size=(12, 3))
    alone = FAST.means(values[:, 2:])
    np.testing.assert_allclose(FAST.means(values)[:, 2:], alone, rtol=0, atol=1e-13)
    assert Resampling(500, seed=0).mean(values[:, 0]) == FAST.mean(values[:, 0])
    assert Resampling(500, seed=1).mean(values[:, 0]) != FAST.mean(values[:, 0])


def test_rank_correlation_agrees_with_scipy():
    """Ties included; both are the correlation of mean ranks, up to rounding."""
    generator = np.random.default_rng(6)
    first = generator.integers(0, 5, size=25).astype(float)
    second = first + generator.integers(0, 4, size=25)
    found = FAST.rank_correlation(first, second)
    assert found.estimate == pytest.approx(stats.spearmanr(first, second).statistic, abs=1e-12)
    assert -1 <= found.low < found.estimate < found.high <= 1


def test_rank_correlation_of_monotone_data_is_one():
    first = np.arange(10.0)
    assert FAST.rank_correlation(first, first**3) == Interval(1.0, 1.0, 1.0)
    assert FAST.rank_correlation(first, -first) == Interval(-1.0, -1.0, -1.0)
    late = np.where(first > 7, np.inf, first)
    assert 0.9 < FAST.rank_correlation(first, late).estimate < 1.0


def test_rank_correlation_of_few_pairs_says_nothing():
    first = np.arange(float(LEAST_RANKED - 1))
    assert FAST.rank_correlation(first, first) == Interval(1.0, -1.0, 1.0)


def test_rank_correlation_with_a_constant_is_undefined():
    found = FAST.rank_correlation(np.arange(10.0), np.ones(10))
    assert np.isnan([found.estimate, found.low, found.high]).all()


def test_independent_ranks_rarely_pass_for_correlated():
    """Of 300 intervals about 95 % hold 0 (standard error 1.3 %)."""
    generator = np.random.default_rng(7)
    pairs = generator.normal(size=(300, 2, 20))
    intervals = [FAST.rank_correlation(*pair) for pair in pairs]
    assert np.mean([found.low <= 0 <= found.high for found in intervals]) > 0.9


def test_ratio_is_resampled_in_pairs():
    """A ratio that is the same in every pair is known exactly, however far the pairs spread."""
    reference = np.random.default_rng(8).uniform(1, 5, size=20)
    found = FAST.ratio_of_means(0.7 * reference, reference)
    np.testing.assert_allclose([found.low, found.estimate, found.high], 0.7, rtol=1e-12)
    unpaired = FAST.ratio_of_means(0.7 * reference[::-1], reference)
    assert unpaired.high - unpaired.low > 0.1


def test_ratio_to_nothing_is_undefined():
    nothing = np.zeros(5)
    found = FAST.ratio_of_means(nothing, nothing)
    assert np.isnan([found.estimate, found.low, found.high]).all()


def test_no_initialisation_gives_no_interval():
    for found in (FAST.mean(np.zeros(0)), FAST.median(np.zeros(0)), proportion(np.zeros(0))):
        assert np.isnan([found.estimate, found.low, found.high]).all()
    assert np.isnan(FAST.rank_correlation(np.zeros(0), np.zeros(0)).estimate)


def test_undefined_values_are_refused():
    for method in (FAST.mean, FAST.median):
        with pytest.raises(ValueError, match=r"must (be finite|not be NaN)"):
            method(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="must be finite"):
        FAST.mean(np.array([1.0, np.inf]))
    with pytest.raises(ValueError, match="must not be NaN"):
        FAST.rank_correlation(np.array([1.0, np.nan]), np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"shape \(inits, columns\)"):
        FAST.means(np.zeros(3))
    with pytest.raises(ValueError, match=r"replicates must have shape \(1 \+ 500"):
        FAST.interval(np.zeros(500))


@pytest.mark.parametrize(
    "wrong", [{"resamples": 0}, {"confidence": 0.0}, {"confidence": 1.0}, {"confidence": 95}]
)
def test_resampling_refuses(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Resampling(**wrong)


@pytest.mark.parametrize(("hits", "count"), [(0, 5), (3, 5), (5, 5), (20, 50), (50, 50)])
def test_proportion_agrees_with_scipy(hits, count):
    theirs = stats.binomtest(hits, count).proportion_ci(0.95, method="wilson")
    found = proportion(np.arange(count) < hits)
    assert found.estimate == hits / count
    np.testing.assert_allclose([found.low, found.high], [theirs.low, theirs.high], atol=1e-12)
