"""Differential entropy of a layer from nearest neighbours, in place of information."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_not_negative, require_whole
from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.knn import (
    PADDING_ROWS,
    add_noise,
    check_class_sizes,
    kozachenko_leonenko_entropy_bits,
)


@dataclass(frozen=True)
class KraskovEntropyEstimator(Estimator):
    """Estimate the differential entropy of a layer, in place of I(X;T).

    `mi_input_bits` is h(T), which equals I(X;T) only up to an unknown constant that grows
    without bound as an imagined noise vanishes. It may be negative. `mi_label_bits` is
    h(T) - sum_y p(y) h(T|y), an information.

    Parameters
    ----------
    neighbours : int
        k; the paper has 2.
    jitter_variance : float
        Variance of Gaussian noise added to tell duplicated rows apart. 0 refuses them. The
        entropy of a layer with duplicates is the jitter's, not the layer's.
    seed : int
        Seed of the jitter.

    References
    ----------
    Saxe et al. (2018), ICLR, appendix, figure 12; Kraskov et al. (2004), equation 20.
    """

    name: ClassVar[str] = "kraskov_entropy"
    assumptions: ClassVar[str] = (
        "The layer has a density; mi_input_bits is its differential entropy, which depends on "
        "the unit of the activations and cannot be compared between layers. Ill-posed for "
        "layers with duplicated rows."
    )

    neighbours: int = 2
    jitter_variance: float = 0.0
    seed: int = 0

    def __post_init__(self):
        require_whole("neighbours", self.neighbours, at_least=1)
        require_not_negative("jitter_variance", self.jitter_variance)
        require_whole("seed", self.seed, at_least=0)

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        return 8 * units * (4 * labels.size + PADDING_ROWS)

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        values = add_noise(activations, self.jitter_variance, 1, self.seed)
        check_class_sizes(labels, self.neighbours)
        entropy_bits = kozachenko_leonenko_entropy_bits(values, self.neighbours)
        conditional_bits = sum(
            np.mean(labels == label)
            * kozachenko_leonenko_entropy_bits(values[labels == label], self.neighbours)
            for label in np.unique(labels)
        )
        return Estimate(entropy_bits, float(entropy_bits - conditional_bits), math.inf)
