"""The noise of noisy networks while they are trained."""

from __future__ import annotations

import numpy as np


def epoch_noise(units: int, samples: int, seed: np.uint64, epoch: int) -> np.ndarray:
    """Draw the standard normal noise of one network in one epoch.

    Parameters
    ----------
    units, samples : int
        Hidden units, and samples of the epoch.
    seed : uint64
        The network's own seed.
    epoch : int

    Returns
    -------
    noise : array of float32, shape (units, samples)
        Samples in the order in which they are met.

    Notes
    -----
    Philox (Salmon et al. 2011) with the seed and the epoch as its key: no two epochs share a
    stream.
    """
    key = np.array([seed, epoch], dtype=np.uint64)
    generator = np.random.Generator(np.random.Philox(key=key))
    return generator.standard_normal((units, samples), dtype=np.float32)
