"""Bins on what the units of a layer receive (Saxe et al. 2018, appendix, figures 13 to 15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.binned import BinnedEstimator


@dataclass(frozen=True)
class NetInputEstimator(Estimator):
    """Discretise the net inputs of a layer by intervals of equal width, without ends.

    The array that it is called with holds net inputs, what units receive before their
    nonlinearity, not activations.

    Parameters
    ----------
    bin_width : float
        Width of the intervals, in units of the net input; an interval is floor(value / bin_width).
        As no value is outside, none is merged with those of an end. 1 are the 100 intervals on
        [-50, 50] of SAXE's figures.

    References
    ----------
    Saxe et al. (2018), ICLR, appendix, figures 13 to 15.

    Notes
    -----
    Taken back from stored activations, as atanh of tanh, net inputs would end where floating point
    rounds tanh to 1, in single precision at 9.01: beyond, all patterns would share an interval,
    and a layer that saturates would seem to compress.
    """

    name: ClassVar[str] = "net_input"
    reads: ClassVar[str] = "net_inputs"
    assumptions: ClassVar[str] = (
        "Each pattern occurs once and the layer is a function of it, so I(X;T) = H(T) of the net "
        "inputs' intervals. The nonlinearity is not part of T: saturation cannot compress here."
    )

    bin_width: float = 1.0

    def __post_init__(self):
        self._bins()

    def _bins(self) -> BinnedEstimator:
        return BinnedEstimator(bin_width=self.bin_width)

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer; see `Estimator`."""
        return self._bins().working_bytes(labels, units, dtype)

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        return self._bins().one_pass(activations, labels)
