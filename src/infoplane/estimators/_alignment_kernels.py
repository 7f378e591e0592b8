"""Compiled sums of Gaussian kernels over pairs of samples, at many widths."""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled
from infoplane.estimators._kde_kernels import REGROUPED, negative_power_of_two

# Terms that are added up in float32 before they go to float64.
RUN = 1024


@compiled(**REGROUPED)
def _add_terms(squared, factor):
    total, of_squares = np.float32(0.0), np.float32(0.0)
    for pair in range(squared.size):
        term = negative_power_of_two(squared[pair] * factor)
        total += term
        of_squares += term * term
    return total, of_squares


@compiled()
def kernel_sums(squared, factors):
    """Sum Gaussian kernels and their squares.

    Parameters
    ----------
    squared : array of float32, shape (pairs,)
        Squared distances.
    factors : array of float32, shape (widths,)
        1 / (ln 2 width^2).

    Returns
    -------
    sums : array of float64, shape (widths, 2)
        Of exp(-distance^2 / width^2) and of its square, to a relative error of about 1e-6.
    """
    sums = np.zeros((factors.size, 2))
    for first in range(0, squared.size, RUN):
        run = squared[first : first + RUN]
        for width in range(factors.size):
            total, of_squares = _add_terms(run, factors[width])
            sums[width, 0] += total
            sums[width, 1] += of_squares
    return sums
