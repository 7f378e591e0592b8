"""Estimators of mutual information, all behind one call.

>>> from infoplane.estimators import make_estimator
>>> estimate = make_estimator("binned", bins=30, low=-1.0, high=1.0)(activations, labels)
>>> estimate.mi_input_bits, estimate.mi_label_bits
"""

from __future__ import annotations

import inspect

from infoplane.estimators.base import Estimate, Estimator
from infoplane.estimators.binned import BinnedEstimator
from infoplane.estimators.kde import KdeEstimator

__all__ = ["ESTIMATORS", "Estimate", "Estimator", "make_estimator"]

ESTIMATORS: dict[str, type[Estimator]] = {
    estimator.method: estimator for estimator in (BinnedEstimator, KdeEstimator)
}


def make_estimator(method: str, **parameters) -> Estimator:
    """Make the estimator of a given name.

    Parameters
    ----------
    method : str
        A key of `ESTIMATORS`, such as ``"binned"`` or ``"kde"``.
    **parameters
        The estimator's own parameters.

    Returns
    -------
    Estimator
        A frozen object to call with activations and labels.

    Raises
    ------
    ValueError
        If there is no such method, or it has no such parameter, or a value is not allowed.
    """
    if method not in ESTIMATORS:
        raise ValueError(f"no estimator {method!r}; there are: {', '.join(sorted(ESTIMATORS))}")
    allowed = inspect.signature(ESTIMATORS[method]).parameters
    unknown = sorted(set(parameters) - set(allowed))
    if unknown:
        raise ValueError(
            f"estimator {method!r} has no parameter {unknown[0]!r}; it has: {', '.join(allowed)}"
        )
    return ESTIMATORS[method](**parameters)
