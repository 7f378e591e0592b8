"""What training does when, and where its randomness comes from: snapshot epochs and seeds."""

from __future__ import annotations

import numpy as np

PURPOSES = ("weights", "split", "order", "noise", "permutation")


def snapshot_epochs(epochs: int, snapshots: int) -> np.ndarray:
    """Return the epochs whose parameters are kept: 0, then log-spaced, dense early.

    Parameters
    ----------
    epochs : int
        Length of training; always the last snapshot.
    snapshots : int
        Log-spaced epochs to ask for between 1 and `epochs`; early ones coincide when rounded,
        so fewer are kept (400 over 10,000 epochs leave 273).

    Returns
    -------
    epochs : array of int64
        Increasing. Epoch e means the parameters after e passes over the training set.
    """
    spaced = np.rint(np.geomspace(1, epochs, snapshots)).astype(np.int64)
    return np.unique(np.concatenate([[0], spaced, [epochs]]))


def seed_sequence(seed: int, initialisation: int, purpose: str) -> np.random.SeedSequence:
    """Return the source of randomness of one initialisation for one purpose.

    Parameters
    ----------
    seed : int
        The run's seed.
    initialisation : int
        Index of the network within the run.
    purpose : str
        One of `PURPOSES`.

    Returns
    -------
    numpy.random.SeedSequence
        The same whatever the chunk, the cores and the order of jobs.
    """
    return np.random.SeedSequence(seed, spawn_key=(initialisation, PURPOSES.index(purpose)))
