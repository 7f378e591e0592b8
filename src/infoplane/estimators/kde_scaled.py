"""Kernel bounds with noise that grows with a layer's scale (Chelombiev et al. 2019)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_choice, require_positive
from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.kde import KdeEstimator

SCALES = ("variance", "deviation")


@dataclass(frozen=True)
class ScaledKdeEstimator(Estimator):
    """Bound the information of a layer with noise that grows with the layer's largest value.

    Parameters
    ----------
    fraction : float
        With m the largest absolute activation of the layer: the noise variance over m, or the
        noise's standard deviation over m, depending on `scales`.
    bound : {'upper', 'lower'}
        Which of the two mixture bounds (see `KdeEstimator`).
    scales : {'variance', 'deviation'}
        What grows in proportion to m. Only with 'deviation' is the estimate independent of the
        layer's unit of measurement.

    References
    ----------
    Chelombiev, Houghton & O'Donnell (2019), ICLR: adaptive KDE, aKDE. The published code has
    a fixed standard deviation of 0.01, adds a sample of the noise before the estimate and takes
    absolute values, none of which is repeated here.
    """

    name: ClassVar[str] = "kde_scaled"
    assumptions: ClassVar[str] = (
        "T is the layer's output plus Gaussian noise that the network does not have, scaled to "
        "the layer's largest absolute value at that epoch: one outlier rescales the layer, and "
        "values of different epochs are taken at different noise."
    )

    fraction: float
    bound: str = "upper"
    scales: str = "variance"

    def __post_init__(self):
        require_positive("fraction", self.fraction)
        require_choice("bound", self.bound, ("upper", "lower"))
        require_choice("scales", self.scales, SCALES)

    def noise_variance(self, activations: np.ndarray) -> float:
        """Return the noise variance for one layer.

        Parameters
        ----------
        activations : array of float, shape (samples, units)

        Returns
        -------
        float
            In the square of the activations' unit.
        """
        largest = float(max(activations.max(), -activations.min()))
        return (
            self.fraction * largest
            if self.scales == "variance"
            else ((self.fraction * largest) ** 2)
        )

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        return KdeEstimator(noise_variance=1.0).working_bytes(labels, units, dtype)

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        if not activations.any():
            return Estimate(0.0, 0.0, math.log2(len(activations)))
        fixed = KdeEstimator(noise_variance=self.noise_variance(activations), bound=self.bound)
        return fixed(activations, labels)
