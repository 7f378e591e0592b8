"""Claims on a series of runs, on made-up networks whose relation is known."""

import itertools

import numpy as np
import pytest
from scipy.stats import spearmanr

from infoplane.claims.entries import ClaimError
from infoplane.claims.judging import judge
from infoplane.claims.statistics.series import censored_correlation, first_epochs
from infoplane.statistics import Resampling
from tests.unit.claim_tables import EPOCHS, claim, evidence, tidy

INITS = 10
RESAMPLING = Resampling(400)
DEPTHS = np.arange(1.0, 5)


def spread(rng=0):
    return np.random.default_rng(rng).uniform(0, 1, (INITS, len(DEPTHS)))


def test_the_first_epoch_at_a_level_is_that_of_a_search_by_hand():
    values = np.random.default_rng(1).uniform(size=(20, len(EPOCHS)))
    expected = []
    for row in values:
        there = [epoch for epoch, value in zip(EPOCHS, row, strict=True) if value >= 0.8]
        expected.append(there[0] if there else np.inf)
    np.testing.assert_array_equal(first_epochs(values, EPOCHS, 0.8), expected)


def test_without_censoring_it_is_spearmans_correlation():
    epochs = 100 * spread()
    found = censored_correlation(RESAMPLING, DEPTHS, epochs)
    expected = spearmanr(np.tile(DEPTHS, INITS), epochs.ravel()).statistic
    assert found.estimate == pytest.approx(expected, abs=1e-12)
    assert found.low < found.estimate < found.high


def test_the_estimate_gives_censored_networks_the_last_rank_in_common():
    epochs = 100 * spread(2)
    late = np.where(epochs > 60, 1e9, epochs)
    epochs[epochs > 60] = np.inf
    found = censored_correlation(RESAMPLING, DEPTHS, epochs)
    expected = spearmanr(np.tile(DEPTHS, INITS), late.ravel()).statistic
    assert found.estimate == pytest.approx(expected, abs=1e-12)


def test_no_order_of_the_censored_runs_leaves_the_interval():
    epochs = 100 * spread(3) + 20 * DEPTHS
    epochs[epochs > 90] = np.inf
    found = censored_correlation(RESAMPLING, DEPTHS, epochs)
    for order in itertools.permutations(range(len(DEPTHS))):
        told = np.where(np.isinf(epochs), 1000.0 + np.array(order), epochs)
        assert found.low <= censored_correlation(RESAMPLING, DEPTHS, told).estimate <= found.high
    # Twice as wide as if the order were known: what is not known costs.
    known = censored_correlation(RESAMPLING, DEPTHS, np.where(np.isinf(epochs), 1000.0, epochs))
    assert found.high - found.low > known.high - known.low


def test_few_networks_know_nothing_and_none_are_undefined():
    found = censored_correlation(RESAMPLING, DEPTHS, 100 * spread()[:3])
    assert (found.low, found.high) == (-1, 1)
    assert np.isnan(censored_correlation(RESAMPLING, DEPTHS, np.empty((0, 4))).estimate)
    everyone_never = np.full((INITS, 4), np.inf)
    assert np.isnan(censored_correlation(RESAMPLING, DEPTHS, everyone_never).estimate)


def learning(run, hidden, reach, start=0.1):
    """Make networks whose output reaches all labels at the position `reach` of the epochs."""
    labels = np.full((INITS, len(EPOCHS), hidden + 1), 0.9)
    for init in range(INITS):
        labels[init, :, -1] = np.where(np.arange(len(EPOCHS)) >= reach[init], 1.0, start)
    return tidy(run, "e", np.full(labels.shape, 6.0), labels)


def judged(name, tables, known, reading=None):
    runs = list(known)
    entry = claim(name, reading, judged_on=[{"pools": [runs], "estimators": ["e"]}], overall=False)
    (row,) = judge(entry, evidence(*tables, known=known))
    return row


KNOWN = {f"r{depth}": {"label_bits": 1.0, "ceiling_bits": 12.0} for depth in range(1, 5)}


@pytest.mark.parametrize(
    ("sign", "verdict"),
    [(-1, "supported"), (1, "refuted")],
)
def test_deeper_networks_must_be_faster(sign, verdict):
    tables = [
        learning(f"r{depth}", depth, [3 + sign * (depth - 2)] * INITS) for depth in range(1, 5)
    ]
    row = judged("C22", tables, KNOWN)
    assert row["verdict"] == verdict
    assert abs(row["estimate"]) == pytest.approx(1.0)
    # Shuffled depths say nothing.
    low, high = (float(part.strip("[], ")) for part in row["null"].split()[1:])
    assert low < 0 < high


def test_networks_that_never_get_there_rank_last_and_are_counted():
    reach = {1: [len(EPOCHS)] * INITS, 2: [4] * INITS, 3: [3] * INITS, 4: [2] * INITS}
    row = judged("C22", [learning(f"r{d}", d, places) for d, places in reach.items()], KNOWN)
    assert (row["estimate"], row["verdict"]) == (pytest.approx(-1.0), "supported")
    assert "1: never (10), 2: 1000 (0)" in row["statistic"]


def test_censored_networks_of_several_depths_leave_the_claim_open():
    never = [len(EPOCHS)] * INITS
    reach = {1: never, 2: never, 3: never, 4: [2] * INITS}
    row = judged("C22", [learning(f"r{d}", d, places) for d, places in reach.items()], KNOWN)
    assert row["verdict"] == "inconclusive"


def test_a_level_that_untrained_networks_reach_says_nothing():
    tables = [learning(f"r{d}", d, [6 - d] * INITS, start=0.1 + (d < 3)) for d in range(1, 5)]
    row = judged("C22", tables, KNOWN)
    assert row["verdict"] == "inconclusive"
    assert "before training" in row["failed"]


def test_runs_of_different_length_are_refused():
    short = learning("r2", 2, [1] * INITS)
    tables = [learning("r1", 1, [1] * INITS), short[short["epoch"] < 10000]]
    with pytest.raises(ClaimError, match="different epochs"):
        judged("C22", tables, {name: KNOWN[name] for name in ("r1", "r2")})


# An epoch of 1000 over the depth, or times it over 4.
POWERS = np.array([0, 250, 333, 500, 750, 1000, 2000])


def powers(places):
    """Make networks of each depth whose output has all labels at a position of `POWERS`."""
    tables = []
    for depth, place in enumerate(places, start=1):
        labels = np.full((INITS, len(POWERS), depth + 1), 0.9)
        labels[:, :, -1] = np.arange(len(POWERS)) >= place
        tables.append(tidy(f"r{depth}", "e", np.full(labels.shape, 6.0), labels, epochs=POWERS))
    return tables


@pytest.mark.parametrize(
    ("places", "exponent", "verdict"),
    [((5, 3, 2, 1), -1, "supported"), ((1, 3, 4, 5), 1, "refuted")],
)
def test_epochs_must_fall_as_a_power_of_the_depth(places, exponent, verdict):
    row = judged("C70", powers(places), KNOWN)
    # 333 is no third of 1000.
    assert row["estimate"] == pytest.approx(exponent, abs=2e-3)
    assert row["verdict"] == verdict
    expected = np.polyfit(np.log10([1, 2, 3, 4]), np.log10(POWERS[list(places)]), 1)[0]
    assert row["estimate"] == pytest.approx(expected, abs=1e-12)


def test_epochs_that_follow_no_power_or_never_come_support_none():
    # They fall at the first step alone.
    assert judged("C70", powers((6, 1, 1, 1)), KNOWN)["verdict"] == "refuted"
    row = judged("C70", powers((7, 3, 2, 1)), KNOWN)
    assert row["verdict"] == "inconclusive"
    assert "never reach the level" in row["failed"]


def test_a_power_says_nothing_where_untrained_networks_are_at_the_level():
    row = judged("C70", powers((5, 3, 2, 0)), KNOWN)
    assert row["verdict"] == "inconclusive"
    assert "before training" in row["failed"]


def test_a_power_needs_three_depths():
    with pytest.raises(ClaimError, match="three depths"):
        judged("C70", powers((5, 3)), {name: KNOWN[name] for name in ("r1", "r2")})


FRACTIONS = {"few": 0.1, "half": 0.5, "most": 0.9}


def converged(label_slope, input_slope):
    """Make runs that end on lines over the training fraction, and what is known of them."""
    tables, known = [], {}
    noise = np.random.default_rng(4).normal(scale=0.01, size=INITS)[:, None, None]
    for run, fraction in FRACTIONS.items():
        shape = (INITS, len(EPOCHS), 3)
        labels = np.full(shape, 0.4 + label_slope * fraction) + noise
        inputs = np.full(shape, 6 + input_slope * fraction) + noise
        tables.append(tidy(run, "e", inputs, labels))
        known[run] = {"label_bits": 1.0, "ceiling_bits": 12.0, "training_fraction": fraction}
    return tables, known


@pytest.mark.parametrize(
    ("label_slope", "input_slope", "verdict"),
    [
        (0.3, 0.1, "supported"),
        (0.02, 0.1, "refuted"),
        (0.3, 1.0, "refuted"),
        (0.3, -1.0, "refuted"),
    ],
)
def test_more_data_must_raise_label_information_alone(label_slope, input_slope, verdict):
    row = judged("C23", *converged(label_slope, input_slope), reading="output")
    assert (row["estimate"], row["verdict"]) == (pytest.approx(label_slope), verdict)
    slopes = np.array(row["details"]["values"])
    np.testing.assert_allclose(slopes, [[label_slope, input_slope]] * INITS, atol=1e-12)


def test_a_slope_needs_two_fractions_and_known_ones():
    tables, known = converged(0.3, 0.1)
    for run in known:
        known[run]["training_fraction"] = 0.5
    with pytest.raises(ClaimError, match=r"all runs are trained on 0\.5"):
        judged("C23", tables, known, "output")
    del known["few"]["training_fraction"]
    with pytest.raises(ClaimError, match="'few'"):
        judged("C23", tables, known, "output")
