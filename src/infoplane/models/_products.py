"""Products of matrices, which are deep linear networks, and slopes in their factors."""

from __future__ import annotations

from itertools import accumulate

import numpy as np


class Products:
    """Hold the products of the first factors, and of all after each, of a stack of networks.

    Parameters
    ----------
    factors : list of array, shape (networks, rows, columns)

    Attributes
    ----------
    whole : array, shape (networks, rows, columns)
        The product of all.
    """

    def __init__(self, factors: list[np.ndarray]):
        self._above = list(accumulate(factors, np.matmul))
        turned = (factor.swapaxes(1, 2) for factor in factors[:0:-1])
        # Transposed.
        self._below = list(accumulate(turned, np.matmul))[::-1]
        self.whole = self._above[-1]

    def slopes(self, slope: np.ndarray) -> list[np.ndarray]:
        """Return the slope in each factor: the product's, what stands left and right taken off."""
        found = []
        for place in range(len(self._above)):
            own = slope
            if place > 0:
                own = self._above[place - 1].swapaxes(1, 2) @ own
            if place < len(self._below):
                own = own @ self._below[place]
            found.append(own)
        return found
