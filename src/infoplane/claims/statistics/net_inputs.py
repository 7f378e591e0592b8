"""Claim statistic on compression of what units receive, before their nonlinearity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import choose_layers, measured
from infoplane.claims.registry import claim_statistic
from infoplane.claims.statistics.compression import trajectory
from infoplane.claims.trajectories import Trajectories


@claim_statistic(
    needs=("estimator",), unit="bits", other_estimators=("precision_estimator", "binned_estimator")
)
def drop_before_nonlinearity(
    evidence: Evidence,
    case: Case,
    *,
    layers: str | list[int],
    precision_estimator: str,
    least_bits: float,
    binned_estimator: str,
    least_binned_drop_bits: float,
) -> Finding:
    """Measure the drop of the net inputs, where bins on the activations compress but lose nothing.

    Parameters
    ----------
    evidence : Evidence
    case : Case
        Its estimator reads net inputs.
    layers : str or list of int
        The layer with the largest mean drop decides; under the other estimators their mean.
    precision_estimator : str
        Tells whether patterns are apart at all.
    least_bits : float
        Under it, when the bins have lost half of what they lose in the end, I(X;T) is still at
        least this: the condition that information is lost late, if at all. It is read at the first
        snapshot from then on, of each network by its own epoch.
    binned_estimator : str
        Bins on the activations of the same networks.
    least_binned_drop_bits : float
        Their drop is at least this: without compression under bins there is none to explain.

    Returns
    -------
    Finding
    """
    own = trajectory(evidence, case, quantity="drop_bits", layers=layers)
    beside = {
        name: evidence.planes(replace(case, estimator=name))
        for name in (precision_estimator, binned_estimator)
    }
    precise, binned = beside.values()
    chosen = choose_layers(case, precise, layers)
    shared = np.intersect1d(precise.inits, binned.inits)
    drops = measured(case, binned, "drop_bits")[np.isin(binned.inits, shared)][:, chosen]
    when = half_loss_epochs(binned)[np.isin(binned.inits, shared)][:, chosen]
    kept = values_from(precise, when, np.isin(precise.inits, shared), chosen)
    condition = Condition(
        f"I(X;T) under {precision_estimator} when {binned_estimator} has lost half of its drop, "
        "mean, bits,",
        evidence.resampling.mean(kept.mean(axis=1)),
        least_bits,
        "at_least",
    )
    premise = Condition(
        f"drop under {binned_estimator}, mean, bits,",
        evidence.resampling.mean(drops.mean(axis=1)),
        least_binned_drop_bits,
        "at_least",
    )
    return replace(own, conditions=(condition,), premises=(premise,))


def half_loss_epochs(found: Trajectories) -> np.ndarray:
    """Return when half of what I(X;T) loses between its peak and the end is lost for good.

    Half of a loss is a level, which noise moves little; the steepest fall would be the largest
    difference between neighbouring snapshots, which noise alone makes.

    Parameters
    ----------
    found : Trajectories

    Returns
    -------
    epochs : array of int64, shape (inits, layers)
        The first snapshot from which on I(X;T) is at or below the middle between its largest and
        its final value; the last snapshot where nothing is lost.
    """
    bits = found.complete("mi_input_bits")
    last = found.epochs.size - 1
    if not found.inits.size:
        return np.empty((0, found.layers.size), dtype=np.int64)
    middle = (bits.max(axis=1) + bits[:, -1]) / 2
    above = bits > middle[:, None]
    # One after the last snapshot above the middle.
    place = found.epochs.size - above[:, ::-1].argmax(axis=1)
    return found.epochs[np.where(above.any(axis=1), np.minimum(place, last), last)]


def values_from(
    found: Trajectories, epochs: np.ndarray, networks: np.ndarray, layers: list[int]
) -> np.ndarray:
    """Return I(X;T) at the first snapshot from given epochs on, or at the last.

    Parameters
    ----------
    found : Trajectories
    epochs : array of int64, shape (networks, layers chosen)
    networks : array of bool, shape (inits,)
    layers : list of int
        Positions.

    Returns
    -------
    bits : array of float64, shape (networks, layers chosen)
    """
    bits = found.complete("mi_input_bits")[networks][:, :, layers]
    places = np.minimum(np.searchsorted(found.epochs, epochs), found.epochs.size - 1)
    return np.take_along_axis(bits, places[:, None], axis=1)[:, 0]
