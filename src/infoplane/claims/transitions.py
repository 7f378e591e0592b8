"""The transition from drift to diffusion: when the noise of the gradients takes over."""

from __future__ import annotations

import math

import numpy as np

from infoplane.claims.trajectories import Trajectories


def crossing_epochs(snr: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """Return the first epoch with an SNR below 1 after one above 1.

    Parameters
    ----------
    snr : array of float, shape (inits, epochs, layers)
        NaN, as of a dead layer's gradient, is neither above nor below.
    epochs : array of int, shape (epochs,)

    Returns
    -------
    crossing : array of float64, shape (inits, layers)
        Infinite where there is none.
    """
    crossed = np.logical_or.accumulate(snr > 1, axis=1) & (snr < 1)
    return np.where(crossed.any(axis=1), epochs[crossed.argmax(axis=1)], np.inf)


def transitions(found: Trajectories) -> list[dict]:
    """Return when the noise takes over in each layer, over networks.

    Parameters
    ----------
    found : Trajectories
        Which measured ``snr``.

    Returns
    -------
    rows : list of dict
        ``layer, transition_epoch, networks, crossing``: the median crossing epoch, infinite where
        more than half of the networks never cross, over how many networks, and the share of them
        that cross. NaN without networks.
    """
    crossing = crossing_epochs(found.measured["snr"], found.epochs)
    rows = []
    for layer, epochs in zip(found.layers, crossing.T, strict=True):
        # The upper of the two middle values: an average with infinity has no meaning.
        middle = np.quantile(epochs, 0.5, method="higher") if epochs.size else math.nan
        rows.append(
            {
                "layer": int(layer),
                "transition_epoch": float(middle),
                "networks": epochs.size,
                "crossing": float(np.isfinite(epochs).mean()) if epochs.size else math.nan,
            }
        )
    return rows
