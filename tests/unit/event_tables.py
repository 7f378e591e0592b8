"""Made-up trajectories with and without events, and the study's own search for them."""

import numpy as np

from infoplane.claims.transitions import EventSearch
from tests.unit.claim_tables import CLAIMS

SEARCH = EventSearch(**CLAIMS["C06"]["parameters"]["events"])
# As many as the study's: 400 log-spaced ones asked for.
EPOCHS = np.unique(np.concatenate([[0], np.rint(np.geomspace(1, 10000, 400)).astype(int)]))


def noisy(course, inits, deviation, memory=0.0, seed=0, epochs=EPOCHS):
    """Add stationary noise to a course: an autoregression whose correlation decays by `memory`.

    Returns an array of shape (inits, epochs, 1).
    """
    draws = np.random.default_rng(seed).normal(size=(epochs.size, inits))
    for step in range(1, epochs.size):
        draws[step] = memory * draws[step - 1] + np.sqrt(1 - memory**2) * draws[step]
    return (np.broadcast_to(course, epochs.shape)[:, None] + deviation * draws).T[:, :, None]
