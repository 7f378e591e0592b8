"""Information at the precision of floating point: which rows are told apart at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_choice
from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.discrete import deterministic_estimate, exact_row_numbers

PRECISIONS = ("float16", "float32", "float64")


@dataclass(frozen=True)
class MachinePrecisionEstimator(Estimator):
    """Count the rows of activations that floating point tells apart.

    Parameters
    ----------
    precision : {'float16', 'float32', 'float64'}
        The activations are rounded to this type first. Rounding to a finer type than they
        were computed in changes nothing.

    References
    ----------
    Saxe et al. (2018), ICLR, appendix: bins as fine as the machine's precision.
    """

    name: ClassVar[str] = "machine_precision"
    assumptions: ClassVar[str] = (
        "Each pattern occurs once and T is a function of X, so I(X;T) = H(T) of the distinct "
        "rows; at log2(samples) all rows differ and nothing more can be seen."
    )

    precision: str = "float32"

    def __post_init__(self):
        require_choice("precision", self.precision, PRECISIONS)

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        limit = np.finfo(self.precision).max
        largest = max(activations.max(), -activations.min())
        if largest > limit:
            raise ValueError(
                f"activations must lie within +-{limit} to be rounded to {self.precision}; the "
                f"largest absolute value is {largest}"
            )
        return deterministic_estimate(exact_row_numbers(activations, self.precision), labels)
