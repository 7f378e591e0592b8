import dataclasses

import numpy as np
import pytest

from infoplane.claims.null_controls import fall_null, peak_null
from infoplane.claims.transitions import (
    crossing_epochs,
    fall_epochs,
    local_lines,
    log_epochs,
    log_snr,
    smooth,
)
from tests.unit.event_tables import EPOCHS, SEARCH, noisy

SPARSE = np.array([0, 1, 10, 100, 1000, 10000])


def with_gaps():
    values = np.random.default_rng(0).normal(size=(2, EPOCHS.size - 1, 3))
    values[0, 40:70, 1] = values[1, :, 2] = np.nan
    return values


def test_smoothing_is_the_mean_in_each_window():
    axis, values = log_epochs(EPOCHS), with_gaps()
    found = smooth(values, axis, 0.5)
    for place in (0, 1, 30, 55, 200, axis.time.size - 1):
        near = np.abs(axis.time - axis.time[place]) <= 0.25 + 1e-9
        for init, layer in np.ndindex(2, 3):
            use = near & ~np.isnan(values[init, :, layer])
            expected = np.nan
            if use.any():
                expected = np.average(values[init, use, layer], weights=axis.cells[use])
            # Differences of running sums lose a few of 16 digits.
            assert found[init, place, layer] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_local_lines_are_least_squares():
    axis, values = log_epochs(EPOCHS), with_gaps()
    found = local_lines(values, axis, 0.5)
    for place in (3, 30, 55, 200, axis.time.size - 1):
        near = np.abs(axis.time - axis.time[place]) <= 0.25 + 1e-9
        use = near & ~np.isnan(values[0, :, 1])
        if use.sum() < 2:
            assert np.isnan(found.slopes[0, place, 1])
            continue
        time = axis.time[use] - axis.time[place]
        design = np.column_stack([np.ones(time.size), time])
        level, slope = np.linalg.lstsq(design, values[0, use, 1], rcond=None)[0]
        assert found.levels[0, place, 1] == pytest.approx(level, rel=1e-8)
        assert found.slopes[0, place, 1] == pytest.approx(slope, rel=1e-8)
        if use[place]:
            hat = design @ np.linalg.pinv(design)
            own = np.flatnonzero(np.flatnonzero(use) == place)[0]
            assert found.leverages[0, place, 1] == pytest.approx(hat[own, own], rel=1e-8)
    assert np.isnan(found.levels[1, :, 2]).all()


def test_cells_add_up_to_the_run():
    axis = log_epochs(EPOCHS)
    assert axis.epochs[0] == 1
    assert axis.cells.sum() == pytest.approx(4.0)
    assert log_epochs(np.array([0])).epochs.size == 0
    with pytest.raises(ValueError, match="one increasing row"):
        log_epochs(np.array([0, 2, 2]))


@pytest.mark.parametrize(
    ("snr", "expected"),
    [
        ([9, 2, 2, 2, 0.5, 0.5], 1000),
        ([9, 2, 0.5, 0.5, 0.5, 0.5], 10),
        # Half a decade of 2.5, less than a tenth, does not last below 1.
        ([9, 2, 2, 0.5, 0.5, 2], np.inf),
        # It comes back, then goes for good.
        ([9, 2, 0.5, 2, 0.5, 0.5], 1000),
        # Epoch 0 has no logarithm; a ratio that was never above 1 does not cross.
        ([9, 0.5, 0.5, 0.5, 0.5, 0.5], np.inf),
        ([0.1, 2, 2, 2, 2, 2], np.inf),
        # Neither above nor below.
        ([9, np.nan, 0, np.inf, 0.5, 0.5], np.inf),
        ([9, np.nan, 2, np.nan, 0.5, 0.5], 1000),
    ],
)
def test_crossing_by_hand(snr, expected):
    # Snapshots are a decade apart: no window holds two.
    assert crossing_epochs(np.array(snr)[None, :, None], SPARSE, SEARCH)[0, 0] == expected


def test_a_phase_needs_its_time():
    long = dataclasses.replace(SEARCH, least_decades=1.6)
    snr = np.array([9, 2, 2, 2, 0.5, 0.5])[None, :, None]
    assert crossing_epochs(snr, SPARSE, SEARCH)[0, 0] == 1000
    # Above 1 for 2.5 decades, but below 1 for 1.5 only.
    assert crossing_epochs(snr, SPARSE, long)[0, 0] == np.inf


@pytest.mark.parametrize(("deviation", "memory"), [(0.3, 0.0), (0.6, 0.0), (0.3, 0.9)])
def test_a_stationary_ratio_does_not_cross_though_single_snapshots_do(deviation, memory):
    snr = np.exp(noisy(np.log(1.5), 200, deviation, memory))
    dips = np.logical_or.accumulate(snr > 1, axis=1) & (snr < 1)
    assert dips.any(axis=1).mean() > 0.95
    assert np.isfinite(crossing_epochs(snr, EPOCHS, SEARCH)).mean() < 0.1


@pytest.mark.parametrize(("deviation", "tolerance"), [(0.0, 0.05), (0.3, 0.1), (0.6, 0.15)])
@pytest.mark.parametrize("epoch", [30, 350, 3000])
def test_a_step_is_found_where_it_is(epoch, deviation, tolerance):
    course = np.where(epoch > EPOCHS, np.log(3.0), np.log(0.3))
    found = crossing_epochs(np.exp(noisy(course, 100, deviation)), EPOCHS, SEARCH)[:, 0]
    assert np.isfinite(found).all()
    # Snapshots are 3 % apart there; 35 share a window, so noise shifts its zero by a few.
    assert np.median(found) == pytest.approx(epoch, rel=0.05)
    assert (np.abs(np.log(found / epoch)) < tolerance).mean() >= 0.8


def fall_at(centre):
    """Return an SNR whose logarithm falls like a tanh of log epoch, steepest at the centre."""
    return 10 ** -np.tanh(2 * np.log10(np.maximum(EPOCHS, 0.5) / centre))[None, :, None]


@pytest.mark.parametrize("centre", [30.0, 350.0, 2000.0])
def test_steepest_fall_is_where_the_slope_is(centre):
    found = fall_epochs(fall_at(centre), EPOCHS, SEARCH)
    assert found[0, 0] == pytest.approx(centre, 0.05)


def test_steepest_fall_sees_through_noise_and_gaps():
    snr = fall_at(350.0) * np.exp(noisy(0.0, 50, 0.2))
    snr[:, [5, 50, 99]] = np.array([np.nan, 0.0, np.inf])[:, None]
    found = fall_epochs(snr, EPOCHS, SEARCH)[:, 0]
    # Noise moves the fitted lines; neighbouring differences would point anywhere.
    assert (np.abs(np.log(found / 350)) < np.log(1.3)).mean() >= 0.9


def test_no_fall_has_no_steepest_epoch():
    rising = np.maximum(EPOCHS, 1)[None, :, None] / 7.0
    assert np.isnan(fall_epochs(rising, EPOCHS, SEARCH)).all()
    assert np.isnan(fall_epochs(np.full((1, EPOCHS.size, 1), np.nan), EPOCHS, SEARCH)).all()


def test_undefined_ratios_have_no_logarithm():
    found = log_snr(np.array([[1.0], [10.0], [0.0], [np.inf], [np.nan]]), np.arange(5))
    np.testing.assert_array_equal(found[:, 0], [1.0, np.nan, np.nan, np.nan])


def test_a_run_of_its_start_alone_has_no_event():
    snr = np.full((3, 1, 2), 0.5)
    assert np.isinf(crossing_epochs(snr, np.array([0]), SEARCH)).all()
    assert np.isnan(fall_epochs(snr, np.array([0]), SEARCH)).all()
    for null in (fall_null, peak_null):
        assert not null(snr, np.array([0]), np.arange(3), SEARCH).stands_out(SEARCH).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window_decades": 0.0}, "window_decades must be above 0, not 0.0"),
        ({"least_decades": -1.0}, "least_decades must be above 0"),
        ({"lasting_share": 1.1}, r"lasting_share must lie in \(0, 1\]"),
        ({"most_false": 0.0}, r"most_false must lie in \(0, 1\]"),
        ({"surrogates": 0}, "surrogates must be at least 1"),
    ],
)
def test_searches_that_mean_nothing_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SEARCH, **change)
