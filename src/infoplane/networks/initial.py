"""Distributions of initial weights."""

from __future__ import annotations

import numpy as np
import scipy

INITIAL_WEIGHTS = (
    "truncated_normal_fan_in",
    "truncated_normal_fan_out",
    "glorot",
    "he",
    "pytorch",
)


def initial_layer(
    shape: tuple[int, ...], distribution: str, generator: np.random.Generator
) -> np.ndarray:
    """Draw the initial weights and biases of one layer.

    Parameters
    ----------
    shape : tuple of int
        Of the weights: units, units that each one sees, and the shape of a convolution's kernel.
        A unit sees fan_in numbers, and one number of the layer below is seen by fan_out units.
    distribution : str
        ``"truncated_normal_fan_in"`` and ``"truncated_normal_fan_out"``: normal with standard
        deviation 1/sqrt(fan), cut at two standard deviations (SZT's and SAXE's code);
        ``"glorot"``: uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, eq. 16);
        ``"he"``: normal with standard deviation sqrt(2 / fan_in) (He et al. 2015, eq. 10);
        ``"pytorch"``: weights and biases uniform in +-1/sqrt(fan_in). Biases are zero
        elsewhere.
    generator : numpy.random.Generator

    Returns
    -------
    parameters : array of float64
        The weights, row-major, then the biases, one per unit.
    """
    units, kernel = shape[0], int(np.prod(shape[2:]))
    fan_in, fan_out = shape[1] * kernel, units * kernel
    biases = np.zeros(units)
    if distribution.startswith("truncated_normal"):
        fan = fan_in if distribution.endswith("fan_in") else fan_out
        lowest, highest = scipy.special.ndtr([-2.0, 2.0])
        share = generator.uniform(lowest, highest, shape)
        weights = scipy.special.ndtri(share) / np.sqrt(fan)
    elif distribution == "glorot":
        limit = np.sqrt(6.0 / (fan_in + fan_out))
        weights = generator.uniform(-limit, limit, shape)
    elif distribution == "he":
        weights = generator.normal(0.0, np.sqrt(2.0 / fan_in), shape)
    elif distribution == "pytorch":
        limit = 1.0 / np.sqrt(fan_in)
        weights = generator.uniform(-limit, limit, shape)
        biases = generator.uniform(-limit, limit, units)
    else:
        raise ValueError(f"no initial weights {distribution!r}")
    return np.concatenate([weights.ravel(), biases])
