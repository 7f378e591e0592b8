"""Compare conditions: statistics of the trajectories with their intervals."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from infoplane.claims.findings import DROP
from infoplane.claims.trajectories import Trajectories, summarise
from infoplane.statistics import Interval, Resampling

log = logging.getLogger("infoplane")

COMPARED = (
    "drop_bits",
    "peak_epoch",
    "initial_input_bits",
    "final_input_bits",
    "final_label_bits",
    "rise_bits",
)
LOCATION_OF = {"peak_epoch": "median"}
"""Epochs are log-spaced and skewed: their medians are compared, of all else the means."""

Planes = dict[tuple[str, str], Trajectories]


def choose_planes(found: Planes, runs: Sequence[str], estimators: Sequence[str]) -> Planes:
    """Return the trajectories of every run under every estimator that measured it.

    Parameters
    ----------
    found : dict of (run, estimator) to Trajectories
        What there is.
    runs, estimators : sequence of str

    Returns
    -------
    planes : dict of (run, estimator) to Trajectories
        In the order of `runs`, then `estimators`. Diverged networks are named in the log.

    Raises
    ------
    ValueError
        If a run has none of the estimators, or an estimator none of the runs.
    """
    keys = [(run, estimator) for run in runs for estimator in estimators]
    planes = {key: found[key] for key in keys if key in found}
    for place, kind, names in ((0, "run", runs), (1, "estimator", estimators)):
        for name in names:
            if not any(key[place] == name for key in planes):
                raise ValueError(
                    f"{kind} {name!r} is to be compared, but the tables have no row for it; "
                    f"they have {sorted({key[place] for key in found})}"
                )
    for key, one in planes.items():
        if one.diverged:
            names = ", ".join(map(str, one.diverged))
            log.warning("%s: diverged initialisations are left out: %s", ", ".join(key), names)
    return planes


def compare_conditions(planes: Planes, resampling: Resampling) -> list[dict]:
    """Return the quantities `COMPARED` of every layer, each with its interval.

    Parameters
    ----------
    planes : dict of (run, estimator) to Trajectories
    resampling : Resampling

    Returns
    -------
    rows : list of dict
        ``run, layer, estimator, quantity, estimate, ci_low, ci_high, inits, diverged``: the
        mean over initialisations, of the peak epoch the median, in bits and epochs.
    """
    rows = []
    for (run, estimator), found in planes.items():
        statistics = summarise(found)
        for quantity in COMPARED:
            location = LOCATION_OF.get(quantity, "mean")
            intervals = _intervals(found, quantity, statistics[quantity], location, resampling)
            for layer, interval in zip(found.layers, intervals, strict=True):
                key = {"run": run, "layer": int(layer), "estimator": estimator}
                rows.append(key | _measured(quantity, interval, len(found.inits), found.diverged))
    return rows


def _intervals(found, quantity, values, location, resampling) -> list[Interval]:
    if values.size and np.isnan(values).all():
        return [Interval(np.nan, np.nan, np.nan)] * values.shape[1]
    found.complete("mi_label_bits" if "label" in quantity else "mi_input_bits")
    replicates = resampling.medians(values) if location == "median" else resampling.means(values)
    return [resampling.interval(column) for column in replicates.T]


def _measured(quantity: str, interval: Interval, inits: int, diverged: tuple[int, ...]) -> dict:
    return {
        "quantity": quantity,
        "estimate": interval.estimate,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "inits": inits,
        "diverged": len(diverged),
    }


def compare_drops(
    planes: Planes, pairs: Sequence[Mapping[str, str]], resampling: Resampling
) -> list[dict]:
    """Return the ratio of the mean drops of pairs of runs, by layer and estimator.

    Parameters
    ----------
    planes : dict of (run, estimator) to Trajectories
    pairs : sequence of mapping
        ``run`` over ``reference``; both share their seeds, so that initialisation i starts
        alike in both and is resampled as a pair.
    resampling : Resampling

    Returns
    -------
    rows : list of dict
        As of `compare_conditions`, and ``reference``; the quantity is ``drop_ratio``.
    """
    rows = []
    for pair in pairs:
        run, reference = pair["run"], pair["reference"]
        shared = [name for other, name in planes if other == run and (reference, name) in planes]
        if not shared:
            raise ValueError(f"no estimator has measured both {run!r} and {reference!r}")
        for estimator in shared:
            both = planes[run, estimator], planes[reference, estimator]
            inits = np.intersect1d(both[0].inits, both[1].inits)
            drops = [summarise(found)["drop_bits"][np.isin(found.inits, inits)] for found in both]
            diverged = tuple({*both[0].diverged, *both[1].diverged})
            for place, layer in enumerate(both[0].layers):
                ratio = resampling.ratio_of_means(drops[0][:, place], drops[1][:, place])
                key = {"run": run, "reference": reference, "layer": int(layer)}
                key["estimator"] = estimator
                rows.append(key | _measured("drop_ratio", ratio, len(inits), diverged))
    return rows


def compare_differences(
    planes: Planes,
    pairs: Sequence[Mapping],
    estimators: Sequence[str],
    resampling: Resampling,
) -> list[dict]:
    """Return how much more each layer drops in one condition than in another, by pairs of networks.

    Parameters
    ----------
    planes : dict of (run, estimator) to Trajectories
    pairs : sequence of mapping
        What it ``shows``, a ``run`` and its ``reference``, whose initialisation i starts alike
        wherever it can; optionally the ``last_epoch`` of the run's paths, and the run's
        ``estimator`` with the ``reference_estimator``.
    estimators : sequence of str
        By which pairs without estimators of their own are compared.
    resampling : Resampling

    Returns
    -------
    rows : list of dict
        ``shows, run, reference, estimator, layer, difference_bits, ci_low, ci_high,
        reference_drop_bits, inits, diverged``; drops after the peak, net of noise.

    Raises
    ------
    ValueError
        If two conditions have different layers.
    """
    rows = []
    for pair in pairs:
        run, reference = pair["run"], pair["reference"]
        own = [(pair["estimator"], pair["reference_estimator"])] if "estimator" in pair else None
        for estimator, beside in own or [(name, name) for name in estimators]:
            both = [
                until(planes[run, estimator], pair.get("last_epoch")),
                planes[reference, beside],
            ]
            if not np.array_equal(both[0].layers, both[1].layers):
                raise ValueError(f"{run!r} and {reference!r} have different layers")
            inits = np.intersect1d(both[0].inits, both[1].inits)
            first, second = (summarise(found)[DROP][np.isin(found.inits, inits)] for found in both)
            means = resampling.means(np.hstack([first - second, second]))
            diverged = {*both[0].diverged, *both[1].diverged}
            for place, layer in enumerate(both[0].layers):
                interval = resampling.interval(means[:, place])
                rows.append(
                    {
                        "shows": pair["shows"],
                        "run": run,
                        "reference": reference,
                        "estimator": beside,
                        "layer": int(layer),
                        "difference_bits": interval.estimate,
                        "ci_low": interval.low,
                        "ci_high": interval.high,
                        "reference_drop_bits": means[0, len(both[0].layers) + place],
                        "inits": len(inits),
                        "diverged": len(diverged),
                    }
                )
    return rows


def until(found: Trajectories, last_epoch: int | None) -> Trajectories:
    """Return trajectories that end at an epoch, or at the last snapshot before it."""
    if last_epoch is None:
        return found
    kept = found.epochs <= last_epoch
    measured = {name: values[:, kept] for name, values in found.measured.items()}
    return replace(found, epochs=found.epochs[kept], measured=measured)
