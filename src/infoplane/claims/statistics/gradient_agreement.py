"""Claim statistic on whether the gradients of networks that start apart take the same course."""

from __future__ import annotations

import logging

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import choose_layers, layers_text
from infoplane.claims.null_controls import surrogate_noise
from infoplane.claims.registry import claim_statistic
from infoplane.claims.transitions import EventSearch, LogEpochs, log_epochs, log_snr, smooth

log = logging.getLogger("infoplane")

QUANTITIES = {"mean_norm": "norm of the mean gradient", "snr": "signal-to-noise ratio"}
"""What is compared, in words."""


@claim_statistic(needs=("definition",), unit="concordance")
def gradient_agreement(
    evidence: Evidence,
    case: Case,
    *,
    quantity: str,
    layers: str | list[int],
    least_agreement_of_noise: float,
    events: dict,
) -> Finding:
    """Measure how far the gradients of two networks agree along training, over pairs of networks.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    quantity : str
        One of `QUANTITIES`; its logarithm is compared, smoothed over log epochs.
    layers : str or list of int
        The agreement is averaged over them.
    least_agreement_of_noise : float
        The premise: networks that differ in their noise alone agree at least so well.
    events : dict
        The fields of `infoplane.claims.transitions.EventSearch`; of its window and its noise.

    Returns
    -------
    Finding
        Lin's concordance of two networks' curves, mean over all pairs: 1 where they are the same, 0
        where they are as far apart as at epochs drawn at random. The null is what it is where all
        networks follow their mean, each with noise of its own. Networks are resampled, and none is
        compared with itself. Those with a dead layer are left out. What an initialisation
        contributes is its mean agreement with the others.

    References
    ----------
    Lin (1989), "A concordance correlation coefficient to evaluate reproducibility", Biometrics.
    """
    if quantity not in QUANTITIES:
        raise ClaimError(
            f"claim {case.claim}: quantity {quantity!r} is not one of: {', '.join(QUANTITIES)}"
        )
    search, found = EventSearch(**events), evidence.noise(case)
    chosen, axis = choose_layers(case, found, layers), log_epochs(found.epochs)
    levels = log_snr(found.measured[quantity][:, :, chosen], found.epochs)
    # Somewhere without any value within reach, as where a gradient is exactly 0.
    defined = ~np.isnan(smooth(levels, axis, search.window_decades)).any(axis=(1, 2))
    for init in found.inits[~defined]:
        log.warning("%s: initialisation %s has no gradient and is left out", case, init)
    levels, inits = levels[defined], found.inits[defined]
    agreed = concordances(smooth(levels, axis, search.window_decades), axis)
    noise = _of_noise(levels, axis, inits, search)
    resampling = evidence.resampling
    shares = resampling.means(np.eye(len(inits)))
    null = resampling.interval(over_pairs(noise, shares))
    return Finding(
        f"concordance of the {QUANTITIES[quantity]} of two networks along training, mean over "
        f"pairs, {layers_text(found, chosen, 'mean')}",
        resampling.interval(over_pairs(agreed, shares)),
        inits,
        (agreed.sum(axis=1) - 1) / max(len(inits) - 1, 1),
        found.diverged,
        premises=(
            Condition(
                "concordance of networks that differ in their noise alone",
                null,
                least_agreement_of_noise,
                "at_least",
            ),
        ),
        null=null,
    )


def concordances(curves: np.ndarray, axis: LogEpochs) -> np.ndarray:
    """Return the concordance of every two networks, mean over layers.

    Parameters
    ----------
    curves : array of float, shape (..., inits, snapshots, layers)
    axis : LogEpochs
        Snapshots weigh as many decades as are nearest to them.

    Returns
    -------
    concordances : array of float64, shape (..., inits, inits)
        ``2 cov(a, b) / (var(a) + var(b) + (mean(a) - mean(b))^2)``; 1 where both are one constant.
    """
    curves = np.moveaxis(curves, -1, -3)  # (..., layers, inits, snapshots)
    weights = axis.cells / axis.cells.sum()
    means = curves @ weights
    centred = curves - means[..., None]
    together = np.einsum("...is,...js,s->...ij", centred, centred, weights, optimize=True)
    variances = np.diagonal(together, axis1=-2, axis2=-1)
    apart = variances[..., :, None] + variances[..., None, :]
    apart = apart + (means[..., :, None] - means[..., None, :]) ** 2
    agreed = np.divide(2 * together, apart, np.ones_like(together), where=apart > 0)
    return agreed.mean(axis=-3)


def over_pairs(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Average what two networks have in common over pairs, as often as resamples hold them.

    Parameters
    ----------
    values : array of float, shape (inits, inits)
        Symmetric; of the diagonal nothing is taken.
    shares : array of float, shape (rows, inits)
        Of each network in each resample; they add up to 1.

    Returns
    -------
    means : array of float64, shape (rows,)
        NaN where a resample holds one network alone.
    """
    between = values - np.diag(np.diagonal(values))
    pairs = 1 - (shares**2).sum(axis=1)
    sums = ((shares @ between) * shares).sum(axis=1)
    return np.divide(sums, pairs, np.full_like(sums, np.nan), where=pairs > 1e-12)


def _of_noise(
    levels: np.ndarray, axis: LogEpochs, inits: np.ndarray, search: EventSearch
) -> np.ndarray:
    """Return the concordances, mean over surrogates, if all networks followed their mean."""
    if not len(inits):
        return np.empty((0, 0))
    course = np.nanmean(levels, axis=0)
    drawn = np.stack(
        [
            course + surrogate_noise(own, axis, search, int(init))
            for own, init in zip(levels, inits, strict=True)
        ],
        axis=1,
    )
    agreed = np.zeros((len(inits), len(inits)))
    for curves in drawn:
        agreed += concordances(smooth(curves, axis, search.window_decades), axis)
    return agreed / len(drawn)
