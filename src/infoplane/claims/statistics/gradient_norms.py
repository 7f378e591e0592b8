"""Claim statistics on objections to two gradient phases, and on the reply to one of them."""

from __future__ import annotations

import logging

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import choose_layers, combine_layers, layers_text
from infoplane.claims.null_controls import surrogate_noise
from infoplane.claims.registry import claim_statistic
from infoplane.claims.trajectories import Trajectories
from infoplane.claims.transitions import (
    TOLERANCE,
    EventSearch,
    LogEpochs,
    log_epochs,
    log_snr,
    smooth,
)

log = logging.getLogger("infoplane")


@claim_statistic(needs=("definition",), unit="ratio")
def largest_snr(
    evidence: Evidence,
    case: Case,
    *,
    layers: str | list[int],
    events: dict,
    samples_in_batch: int = 1,
) -> Finding:
    """Measure the largest signal-to-noise ratio of the gradients along training.

    Parameters
    ----------
    evidence : Evidence
    case : Case
        By `szt_second`, whose ratio is that of squares, and `saxe_sample` the ratio is above 1
        where the mean is above the deviation. By `szt_first` and `szt_latest` it has a unit.
    layers : str or list of int
        The layer with the largest median decides.
    events : dict
        The fields of `infoplane.claims.transitions.EventSearch`; of their noise alone.
    samples_in_batch : int
        A ratio over samples, times the root of this, is that over mini-batches of so many samples
        drawn with replacement, by the central limit theorem; 1 leaves it as it is.

    Returns
    -------
    Finding
        Median over networks. The null is what noise makes of a ratio that stays at its median: a
        largest of many noisy values is above each of them. Networks without any ratio, whose layers
        are dead, are left out.

    References
    ----------
    Orhan, review of Shwartz-Ziv & Tishby (2017): the deviation is larger at every epoch.
    """
    if samples_in_batch != 1 and case.definition != "saxe_sample":
        raise ClaimError(
            f"claim {case.claim}: samples_in_batch is for saxe_sample, whose moments are over "
            f"samples, not for {case.definition}"
        )
    search, found = EventSearch(**events), evidence.noise(case)
    chosen = choose_layers(case, found, layers)
    snr = found.measured["snr"][:, :, chosen] * np.sqrt(samples_in_batch)
    defined = ~np.isnan(snr).all(axis=1).any(axis=1)
    _tell_left_out(case, found.inits[~defined], "has no signal-to-noise ratio")
    snr, inits = snr[defined], found.inits[defined]
    largest = np.nanmax(snr, axis=1, initial=0.0)
    at = _median_epochs(np.nan_to_num(snr, nan=-1.0), found.epochs)
    null = np.empty_like(largest)
    for place, init in enumerate(inits):
        null[place] = _largest_of_noise(snr[place], found.epochs, search, init)
    resampling = evidence.resampling
    return Finding(
        "largest signal-to-noise ratio along training, median, "
        f"{layers_text(found, chosen, 'largest')}; reached at epoch (median) {at}",
        resampling.interval(combine_layers(case, resampling.medians(largest), "largest")),
        inits,
        largest,
        found.diverged,
        null=resampling.interval(combine_layers(case, resampling.medians(null), "largest")),
    )


def _median_epochs(snr: np.ndarray, epochs: np.ndarray) -> str:
    if not len(snr):
        return "none"
    return ", ".join(f"{epoch:g}" for epoch in np.median(epochs[snr.argmax(axis=1)], axis=0))


def _largest_of_noise(snr, epochs: np.ndarray, search: EventSearch, init: int) -> np.ndarray:
    """Return the mean, over surrogates at the median level, of the largest ratio, by layer."""
    levels = log_snr(snr, epochs)
    told = ~np.isnan(levels).all(axis=0)
    sizes = np.full(levels.shape[1], np.inf)
    # Only layers whose ratio is infinite throughout have none.
    if told.any():
        drawn = surrogate_noise(levels[:, told], log_epochs(epochs), search, int(init))
        middle = np.nanmedian(levels[:, told], axis=0)
        sizes[told] = (10 ** (middle + np.nanmax(drawn, axis=1))).mean(axis=0)
    return sizes


@claim_statistic(needs=("definition",), unit="decades", table="metrics")
def gradient_fall_after_saturation(
    evidence: Evidence,
    case: Case,
    *,
    layers: list[int],
    saturated_share: float,
    least_error_fall: float,
    events: dict,
) -> Finding:
    """Measure by how many decades the mean gradient falls once the training error saturates.

    Parameters
    ----------
    evidence : Evidence
        Its table ``metrics`` has the learning curves, at the gradients' snapshots or more.
    case : Case
    layers : list of int
        Averaged.
    saturated_share : float
        The error saturates at the first snapshot by which it has made this share of its whole fall.
    least_error_fall : float
        The premise that networks learn: the training error falls by at least this.
    events : dict
        The fields of `infoplane.claims.transitions.EventSearch`: the norm of the mean is smoothed
        over its window, and another premise is that training goes on for at least its
        ``least_decades`` after the saturation, on average.

    Returns
    -------
    Finding
        log10 of the norm at the saturation over the last. The null is what it falls over as many
        decades of the epoch before the saturation, as far as there are any.

    References
    ----------
    Tishby, reply to Orhan's review of Shwartz-Ziv & Tishby (2017): the gradients must decrease when
    the training error saturates.
    """
    search, found = EventSearch(**events), evidence.noise(case)
    chosen, axis = choose_layers(case, found, layers), log_epochs(found.epochs)
    errors = 1 - _training_accuracy(evidence, case, found)
    levels = smooth(
        log_snr(found.measured["mean_norm"][:, :, chosen], found.epochs),
        axis,
        search.window_decades,
    )
    # A mean of exactly 0, in a dead layer, has no logarithm.
    defined = ~np.isnan(levels).any(axis=(1, 2))
    _tell_left_out(case, found.inits[~defined], "has a mean gradient of 0")
    errors, levels = errors[defined], levels[defined].mean(axis=2)
    falls, before, decades = _falls_around(errors, levels, axis, saturated_share)
    resampling = evidence.resampling
    premises = (
        Condition(
            "fall of the training error",
            resampling.mean(errors[:, 0] - errors.min(axis=1) if len(errors) else np.empty(0)),
            least_error_fall,
            "at_least",
        ),
        Condition(
            "decades of the epoch after the saturation",
            resampling.mean(decades),
            search.least_decades,
            "at_least",
        ),
    )
    epochs = 10 ** (axis.time[-1] - np.median(decades)) if len(decades) else np.nan
    return Finding(
        "decades by which the norm of the mean gradient falls after the training error saturates, "
        f"mean, {layers_text(found, chosen, 'mean')}; saturated at epoch (median) {epochs:.4g}",
        resampling.mean(falls),
        found.inits[defined],
        np.stack([falls, before, decades], axis=1),
        found.diverged,
        premises=premises,
        null=resampling.mean(before),
    )


@claim_statistic(needs=("definition",), unit="decades")
def gradient_mean_rise(
    evidence: Evidence, case: Case, *, layers: str | list[int], events: dict
) -> Finding:
    """Measure by how many decades the norm of the mean gradient rises from epoch 1 to the last.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    layers : str or list of int
        Averaged.
    events : dict
        The fields of `infoplane.claims.transitions.EventSearch`: the norm is smoothed over its
        window.

    Returns
    -------
    Finding
        Mean over networks; negative where it falls. The null is how large a change, up or down,
        noise alone makes of a norm that stays. Networks with a dead layer are left out.

    References
    ----------
    Schumacher (2018), planspace.org, on SZT's code with ReLU.
    """
    search, found = EventSearch(**events), evidence.noise(case)
    chosen, axis = choose_layers(case, found, layers), log_epochs(found.epochs)
    levels = log_snr(found.measured["mean_norm"][:, :, chosen], found.epochs)
    smoothed = smooth(levels, axis, search.window_decades)
    defined = ~np.isnan(smoothed).any(axis=(1, 2))
    _tell_left_out(case, found.inits[~defined], "has a mean gradient of 0")
    levels, smoothed, inits = levels[defined], smoothed[defined], found.inits[defined]
    rises = _last_minus_first(smoothed)
    null = np.empty_like(rises)
    for place, init in enumerate(inits):
        drawn = surrogate_noise(levels[place], axis, search, int(init))
        null[place] = abs(_last_minus_first(smooth(drawn, axis, search.window_decades))).mean()
    return Finding(
        "decades by which the norm of the mean gradient rises along training, mean, "
        f"{layers_text(found, chosen, 'mean')}",
        evidence.resampling.mean(rises),
        inits,
        rises,
        found.diverged,
        null=evidence.resampling.mean(null),
    )


def _last_minus_first(curves: np.ndarray) -> np.ndarray:
    """Return the change along curves of shape (..., snapshots, layers), mean over layers."""
    if not curves.shape[-2]:
        return np.zeros(curves.shape[:-2])
    return (curves[..., -1, :] - curves[..., 0, :]).mean(axis=-1)


def _training_accuracy(evidence: Evidence, case: Case, found: Trajectories) -> np.ndarray:
    """Return the training accuracy at the gradients' networks and snapshots."""
    curves = evidence.table(case, "metrics")
    for axis in ("inits", "epochs"):
        missing = np.setdiff1d(getattr(found, axis), getattr(curves, axis))
        if found.inits.size and missing.size:
            raise ClaimError(
                f"claim {case.claim}: metrics of run {case.run!r} lack the {axis} {missing}, which "
                "its gradients have"
            )
    inits, epochs = np.isin(curves.inits, found.inits), np.isin(curves.epochs, found.epochs)
    return curves.complete("train_accuracy")[inits][:, epochs, 0]


def _falls_around(
    errors: np.ndarray, levels: np.ndarray, axis: LogEpochs, saturated_share: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the falls after and before each network's saturation, and the decades after it."""
    rows = []
    for error, level in zip(errors, levels, strict=True):
        enough = error[0] - saturated_share * (error[0] - error.min())
        # From the first epoch on: levels are along its logarithm.
        place = int((error[-axis.time.size :] <= enough + TOLERANCE).argmax())
        decades = axis.time[-1] - axis.time[place]
        earlier = int(np.searchsorted(axis.time, axis.time[place] - decades - TOLERANCE))
        rows.append((level[place] - level[-1], level[earlier] - level[place], decades))
    return tuple(np.array(rows).reshape(-1, 3).T)


def _tell_left_out(case: Case, inits: np.ndarray, why: str) -> None:
    if inits.size:
        names = ", ".join(map(str, inits))
        log.warning("%s: initialisation %s %s and is left out", case, names, why)
