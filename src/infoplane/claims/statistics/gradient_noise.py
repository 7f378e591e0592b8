"""Claim statistics on how far the gradients' signal-to-noise ratio (SNR) falls."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding, unit_of_quantity
from infoplane.claims.layers import choose_layers, combine_layers
from infoplane.claims.registry import claim_statistic
from infoplane.claims.statistics.compression import trajectory

log = logging.getLogger("infoplane")

LATE_SHARE = 0.5
"""Snapshots after this share of the epochs make up an SNR's final value."""


def fall_factors(snr: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """Return the largest SNR over the median one of the last half of training.

    Parameters
    ----------
    snr : array of float, shape (inits, epochs, layers)
        Defined values only are used.
    epochs : array of int, shape (epochs,)

    Returns
    -------
    factors : array of float64, shape (inits, layers)
        NaN where no SNR is defined, infinite where the final one is 0.
    """
    late = snr[:, epochs >= LATE_SHARE * epochs[-1]]
    factors = np.full((snr.shape[0], snr.shape[2]), np.nan)
    for init, layer in np.ndindex(*factors.shape):
        whole, end = snr[init, :, layer], late[init, :, layer]
        whole, end = whole[~np.isnan(whole)], end[~np.isnan(end)]
        if end.size:
            final = np.median(end)
            factors[init, layer] = whole.max() / final if final else np.inf
    return factors


@claim_statistic(needs=("estimator", "definition"), unit=unit_of_quantity)
def drop_given_snr_fall(
    evidence: Evidence, case: Case, *, quantity: str, layers: str | list[int], least_fall: float
) -> Finding:
    """Measure the largest drop of a condition whose SNR falls.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    quantity : str
        How the drop is told: ``net_drop_bits`` or ``lost_share``.
    layers : str or list of int
        The layer with the largest mean drop decides; the fall of the SNR is the median over
        initialisations, then over these layers.
    least_fall : float
        The premise: the SNR falls at least by this factor, see `fall_factors`.

    Returns
    -------
    Finding
    """
    drop = trajectory(evidence, case, quantity=quantity, layers=layers)
    noise = evidence.noise(case)
    chosen = choose_layers(case, noise, layers)
    factors = fall_factors(noise.measured["snr"], noise.epochs)[:, chosen]
    defined = ~np.isnan(factors).any(axis=1)
    if not defined.all():
        undefined = ", ".join(map(str, noise.inits[~defined]))
        log.warning("%s: the SNR is undefined and left out for initialisations %s", case, undefined)
    replicates = combine_layers(case, evidence.resampling.medians(factors[defined]), "median")
    premise = Condition(
        f"the SNR ({case.definition}) falls by the factor",
        evidence.resampling.interval(replicates),
        least_fall,
        "at_least",
    )
    return replace(drop, premises=(premise,))
