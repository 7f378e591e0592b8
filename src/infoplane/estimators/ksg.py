"""The estimators of Kraskov, Stoegbauer & Grassberger on a layer with declared noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import digamma

from infoplane.checks import require_choice, require_positive, require_whole
from infoplane.estimators._continuous import TIED_SHARE, check_tied_share
from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.knn import (
    METRICS,
    PADDING_ROWS,
    VARIANTS,
    add_noise,
    ksg_information_bits,
    ross_information_bits,
)
from infoplane.units import BITS_PER_NAT


@dataclass(frozen=True)
class KsgEstimator(Estimator):
    """Estimate I(X;T) of a layer with Gaussian noise from neighbours in the joint space.

    T = h(X) + noise. h(X) is all of X that T depends on, so I(X;T) = I(h(X);T), of two
    continuous variables. I(T;Y) is Ross's, of the same noisy samples.

    Parameters
    ----------
    noise_variance : float
        Of the noise added to each unit, in squared units of activation; above 0.
    neighbours : int
        k.
    variant : {1, 2}
        Neighbours counted within a cube (1) or within a rectangle (2) about each sample.
    metric : {'maximum', 'euclidean'}
        The distance within the layer and within its noisy copy. That of I(T;Y) is the maximum.
    seed : int
        Of the noise.
    tied_share : float
        The largest share of rows of the layer that may repeat another; each at most `neighbours`
        times.

    References
    ----------
    Kraskov, Stoegbauer & Grassberger (2004), Phys. Rev. E 69, 066138, equations 8 and 9;
    Ross (2014), equation 2.
    """

    name: ClassVar[str] = "ksg"
    assumptions: ClassVar[str] = (
        "T is the layer's output plus Gaussian noise that the network does not have; each "
        "pattern occurs once. The layer itself has a density: duplicated rows, as of dead or "
        "saturated units, are refused beyond a small share. The joint density is constant over the "
        "distance to the k-th neighbour; strong dependence is underestimated, and nothing above "
        "psi(samples) - psi(k) can be found."
    )

    noise_variance: float | None = None
    neighbours: int = 3
    variant: int = 1
    metric: str = "maximum"
    seed: int = 0
    tied_share: float = TIED_SHARE

    def __post_init__(self):
        require_positive("noise_variance", self.noise_variance)
        require_whole("neighbours", self.neighbours, at_least=1)
        require_choice("variant", self.variant, VARIANTS)
        require_choice("metric", self.metric, METRICS)
        require_whole("seed", self.seed, at_least=0)
        check_tied_share(self.tied_share)

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        return 8 * units * (9 * labels.size + 2 * PADDING_ROWS)

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        noisy = add_noise(activations, self.noise_variance, 1, self.seed)
        return Estimate(
            ksg_information_bits(
                activations, noisy, self.neighbours, self.variant, self.metric, self.tied_share
            ),
            ross_information_bits(noisy, labels, self.neighbours, self.tied_share),
            ksg_ceiling_bits(len(labels), self.neighbours, self.variant),
        )


def ksg_ceiling_bits(samples: int, neighbours: int, variant: int) -> float:
    """Return what the estimator gives for a variable and itself, the most it can give.

    Parameters
    ----------
    samples, neighbours : int
    variant : {1, 2}

    Returns
    -------
    float
        psi(N) - psi(k), minus 1 / k for variant 2, in bits: the neighbours in the joint space
        are then those of both variables.
    """
    nats = digamma(samples) - digamma(neighbours) - (1 / neighbours if variant == 2 else 0.0)
    return float(nats * BITS_PER_NAT)
