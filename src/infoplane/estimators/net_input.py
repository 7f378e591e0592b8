"""Bins on the net input of a tanh layer (Saxe et al. 2018, appendix, figures 13 to 15)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from infoplane.checks import require_finite, require_whole
from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.discrete import deterministic_estimate, row_numbers

if TYPE_CHECKING:
    from infoplane.networks import Network


def net_input_codes(activations: np.ndarray, bins: int, low: float, high: float) -> np.ndarray:
    """Put tanh activations into intervals whose edges are tanh of equally spaced net inputs.

    Parameters
    ----------
    activations : array of float, shape (samples, units)
        tanh of the net inputs, within [-1, 1].
    bins : int
        Number of intervals.
    low, high : float
        The range of the net input.

    Returns
    -------
    array of int64, shape (samples, units)
        0 .. bins - 1. Exactly -1 or 1, whose net input floating point no longer tells, goes to
        the first or last interval.

    Raises
    ------
    ValueError
        If an activation is outside [-1, 1] or its net input is outside [low, high].
    """
    size = np.abs(activations)
    if size.max() > 1:
        raise ValueError(
            "net-input bins are for tanh layers, whose activations lie within [-1, 1]; the "
            f"largest absolute value is {size.max()}"
        )
    saturated = size == 1
    below_one = np.nextafter(activations.dtype.type(1), activations.dtype.type(0))
    least_saturated = float(np.arctanh(np.float64(below_one)))
    net_inputs = np.arctanh(np.where(saturated, 0, activations).astype(np.float64))
    net_inputs[saturated] = np.copysign(least_saturated, activations[saturated])
    if net_inputs.min() < low or net_inputs.max() > high:
        raise ValueError(
            f"the net inputs must lie within the range [{low}, {high}]; "
            f"they reach from {net_inputs.min():.6g} to {net_inputs.max():.6g}"
        )
    codes = np.floor((net_inputs - low) / (high - low) * bins).astype(np.int64)
    codes = np.clip(codes, 0, bins - 1)
    codes[saturated] = np.where(activations[saturated] > 0, bins - 1, 0)
    return codes


@dataclass(frozen=True)
class NetInputBinnedEstimator(Estimator):
    """Discretise a tanh layer by equal intervals of its net input.

    Parameters
    ----------
    bins : int
        Number of intervals.
    low, high : float
        The range of the net input, in net-input units; a net input outside is an error. Single
        precision tells tanh from 1 up to a net input of about 8.7.

    References
    ----------
    Saxe et al. (2018), ICLR, appendix, figures 13 to 15.
    """

    name: ClassVar[str] = "net_input"
    assumptions: ClassVar[str] = (
        "The layer is tanh, each pattern occurs once and T is a function of X, so I(X;T) = H(T) "
        "of the net inputs' intervals. Saturation cannot compress here, except where floating "
        "point rounds the activation to 1."
    )

    bins: int = 100
    low: float = -50.0
    high: float = 50.0

    def __post_init__(self):
        require_whole("bins", self.bins, at_least=2)
        require_finite("low", self.low)
        require_finite("high", self.high)
        if not self.low < self.high:
            raise ValueError(f"low must be below high ({self.high!r}), not {self.low!r}")

    def refusal(self, network: Network) -> str:
        """Refuse networks whose hidden layers are not tanh."""
        if network.activation == "tanh":
            return ""
        return f"takes hidden layers for tanh, not {network.activation or 'other'} ones"

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        codes = net_input_codes(activations, self.bins, self.low, self.high)
        return deterministic_estimate(
            row_numbers(codes, self.bins), labels, activations.shape[1] * math.log2(self.bins)
        )
